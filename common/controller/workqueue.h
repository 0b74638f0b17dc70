// SPDX-License-Identifier: Apache-2.0
// Keys to work on: each key once, never by two workers at a time, with delays and back-off per key. client-go's workqueue in C.
#ifndef CUBE_COMMON_CONTROLLER_WORKQUEUE_H
#define CUBE_COMMON_CONTROLLER_WORKQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

struct workqueue;

// name labels the metrics (workqueue_depth{name=...} and its kin). Back-off doubles from base to max, in nanoseconds; 0, 0: 5 ms to 1000 s.
struct workqueue *workqueue_new(const char *name, struct clock *clock, int64_t backoff_base, int64_t backoff_max);
void workqueue_free(struct workqueue *queue);                 // shut down and drained before
void workqueue_add(struct workqueue *queue, const char *key); // again while in progress: comes back after workqueue_done
void workqueue_add_after(struct workqueue *queue, const char *key, int64_t delay); // the earliest of several times wins
void workqueue_add_rate_limited(struct workqueue *queue, const char *key);
void workqueue_forget(struct workqueue *queue, const char *key); // resets the key's back-off
int workqueue_failures(struct workqueue *queue, const char *key);
// The next key, malloc'd; waits for one. NULL: shut down. Each key got must be given back by workqueue_done.
char *workqueue_get(struct workqueue *queue);
void workqueue_done(struct workqueue *queue, const char *key);
size_t workqueue_len(struct workqueue *queue);
void workqueue_shut_down(struct workqueue *queue); // getters return NULL; nothing more is taken

#endif
