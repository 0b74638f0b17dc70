// SPDX-License-Identifier: Apache-2.0
// Threads with small stacks and names, and a fixed pool of workers.
#ifndef CUBE_COMMON_BASE_THREAD_H
#define CUBE_COMMON_BASE_THREAD_H

#include <stdbool.h>
#include <stddef.h>

struct thread;

#define THREAD_STACK_SIZE ((size_t)256 * 1024)

// Starts function(argument) on a new thread; name (at most 15 bytes count) shows in ps -L. Aborts if the OS refuses.
struct thread *thread_start(const char *name, void (*function)(void *argument), void *argument);
void thread_join(struct thread *thread); // and frees it
void thread_detach(struct thread *thread);

struct thread_pool;

// Workers are started as work comes and end after idle_seconds without any (0: never), at most `max` of them.
struct thread_pool *thread_pool_new(const char *name, size_t max, int idle_seconds);
// Queues the job; jobs start in order. false: the pool is stopping and the job was not taken.
bool thread_pool_submit(struct thread_pool *pool, void (*function)(void *argument), void *argument);
size_t thread_pool_queue_len(struct thread_pool *pool);
void thread_pool_stop(struct thread_pool *pool); // runs what is queued, joins, frees

#endif
