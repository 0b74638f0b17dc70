// SPDX-License-Identifier: Apache-2.0
// Mutexes that know their holder, and condition variables. Everything that blocks in Cube goes through lock.h, thread.h and
// clock.h, so that a simulation can put coroutines underneath.
#ifndef CUBE_COMMON_BASE_LOCK_H
#define CUBE_COMMON_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/macro.h"

struct lock {
    pthread_mutex_t mutex;
    pthread_t holder;
    bool held;
    const char *name;
};

struct cond {
    pthread_cond_t condition; // on CLOCK_MONOTONIC
};

void lock_init(struct lock *lock, const char *name); // name: a literal
void lock_destroy(struct lock *lock);
void lock_acquire(struct lock *lock); // asserts that the caller does not hold it
void lock_release(struct lock *lock);
void lock_assert_held(const struct lock *lock);

void cond_init(struct cond *cond);
void cond_destroy(struct cond *cond);
void cond_wait(struct cond *cond, struct lock *lock); // spurious wake-ups happen; for a bound: clock_wait
// For clock.c: the same until CLOCK_MONOTONIC passes the deadline (nanoseconds); false: it has.
bool cond_wait_until(struct cond *cond, struct lock *lock, int64_t monotonic_deadline);
void cond_signal(struct cond *cond);
void cond_broadcast(struct cond *cond);

// LOCKED(&x->lock) { ... } holds it for the block; leaving by return or break releases it.
struct lock *lock_scope_enter(struct lock *lock);
void lock_scope_leave(struct lock **lock);
// Blocks nest without shadowing each other's variable.
// clang-format off
#define LOCKED(lock_pointer) LOCKED_EXPAND(lock_pointer, __COUNTER__)
#define LOCKED_EXPAND(lock_pointer, n) LOCKED_NAMED(lock_pointer, n)
#define LOCKED_NAMED(lock_pointer, n)                                                                                            \
    for (struct lock *scope_##n CLEANUP(lock_scope_leave) = lock_scope_enter(lock_pointer), *once_##n = scope_##n; once_##n;      \
         once_##n = NULL)
// clang-format on

#endif
