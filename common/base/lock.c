// SPDX-License-Identifier: Apache-2.0
// Mutexes that know their holder, and condition variables, on pthreads.
//
// held and holder are read by threads that do not hold the lock (to assert that they don't), so they are accessed atomically:
// whoever sees held == true sees that holder's name or a later one, never its own from an earlier time.
#include "common/base/lock.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <time.h>

static void check(int result) {
    assert(result == 0);
    (void)result;
}

static bool held_by_caller(const struct lock *lock) {
    return __atomic_load_n(&lock->held, __ATOMIC_ACQUIRE) &&
           pthread_equal(__atomic_load_n(&lock->holder, __ATOMIC_RELAXED), pthread_self());
}

static void mark_held(struct lock *lock) {
    __atomic_store_n(&lock->holder, pthread_self(), __ATOMIC_RELAXED);
    __atomic_store_n(&lock->held, true, __ATOMIC_RELEASE);
}

static void mark_free(struct lock *lock) {
    __atomic_store_n(&lock->held, false, __ATOMIC_RELEASE);
}

void lock_init(struct lock *lock, const char *name) {
    *lock = (struct lock){.name = name};
    check(pthread_mutex_init(&lock->mutex, NULL));
}

void lock_destroy(struct lock *lock) {
    assert(!__atomic_load_n(&lock->held, __ATOMIC_ACQUIRE));
    check(pthread_mutex_destroy(&lock->mutex));
}

void lock_acquire(struct lock *lock) {
    assert(!held_by_caller(lock));
    check(pthread_mutex_lock(&lock->mutex));
    mark_held(lock);
}

void lock_release(struct lock *lock) {
    lock_assert_held(lock);
    mark_free(lock);
    check(pthread_mutex_unlock(&lock->mutex));
}

void lock_assert_held(const struct lock *lock) {
    assert(held_by_caller(lock));
    (void)lock;
}

void cond_init(struct cond *cond) {
    pthread_condattr_t attributes;
    check(pthread_condattr_init(&attributes));
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    check(pthread_cond_init(&cond->condition, &attributes));
    check(pthread_condattr_destroy(&attributes));
}

void cond_destroy(struct cond *cond) {
    check(pthread_cond_destroy(&cond->condition));
}

void cond_wait(struct cond *cond, struct lock *lock) {
    lock_assert_held(lock);
    mark_free(lock);
    check(pthread_cond_wait(&cond->condition, &lock->mutex));
    mark_held(lock);
}

bool cond_wait_until(struct cond *cond, struct lock *lock, int64_t monotonic_deadline) {
    lock_assert_held(lock);
    if (monotonic_deadline < 0)
        monotonic_deadline = 0;
    struct timespec until = {.tv_sec = (time_t)(monotonic_deadline / 1000000000),
                             .tv_nsec = (long)(monotonic_deadline % 1000000000)};
    mark_free(lock);
    int result = pthread_cond_timedwait(&cond->condition, &lock->mutex, &until);
    mark_held(lock);
    assert(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

void cond_signal(struct cond *cond) {
    check(pthread_cond_signal(&cond->condition));
}

void cond_broadcast(struct cond *cond) {
    check(pthread_cond_broadcast(&cond->condition));
}

struct lock *lock_scope_enter(struct lock *lock) {
    lock_acquire(lock);
    return lock;
}

void lock_scope_leave(struct lock **lock) {
    if (*lock)
        lock_release(*lock);
}
