// SPDX-License-Identifier: Apache-2.0
// Wakes watches when their time is over: one thread and a heap of deadlines.
#include "apiserver/watch_timers.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/macro.h"
#include "common/base/thread.h"

struct watch_timers {
    struct clock *clock; // constant
    struct thread *thread;
    struct lock lock;
    struct cond changed;
    struct heap heap; // under lock
    bool stopping;    // under lock
};

static struct watch_timer *timer_of(struct heap_node *node) {
    return CONTAINER_OF(node, struct watch_timer, node);
}

static bool earlier(const struct heap_node *a, const struct heap_node *b) {
    return CONTAINER_OF(a, const struct watch_timer, node)->deadline < CONTAINER_OF(b, const struct watch_timer, node)->deadline;
}

static void run(void *argument) {
    struct watch_timers *timers = argument;
    lock_acquire(&timers->lock);
    while (!timers->stopping) {
        struct heap_node *first = heap_peek(&timers->heap);
        if (first && timer_of(first)->deadline <= clock_monotonic(timers->clock)) {
            struct watch_timer *timer = timer_of(heap_pop(&timers->heap));
            timer->expired(timer->argument);
            continue;
        }
        clock_wait(timers->clock, &timers->changed, &timers->lock, first ? timer_of(first)->deadline : TIME_NEVER);
    }
    lock_release(&timers->lock);
}

struct watch_timers *watch_timers_new(struct clock *clock) {
    struct watch_timers *timers = alloc_zero(sizeof(*timers));
    timers->clock = clock;
    timers->heap.before = earlier;
    lock_init(&timers->lock, "watch timers");
    cond_init(&timers->changed);
    timers->thread = thread_start("watch-timers", run, timers);
    return timers;
}

void watch_timers_free(struct watch_timers *timers) {
    LOCKED(&timers->lock) {
        timers->stopping = true;
        cond_broadcast(&timers->changed);
    }
    thread_join(timers->thread);
    heap_free(&timers->heap);
    cond_destroy(&timers->changed);
    lock_destroy(&timers->lock);
    free(timers);
}

void watch_timers_add(struct watch_timers *timers, struct watch_timer *timer) {
    timer->node.index = HEAP_NONE;
    LOCKED(&timers->lock) {
        heap_push(&timers->heap, &timer->node);
        if (heap_peek(&timers->heap) == &timer->node)
            cond_signal(&timers->changed);
    }
}

void watch_timers_cancel(struct watch_timers *timers, struct watch_timer *timer) {
    LOCKED(&timers->lock)
    heap_remove(&timers->heap, &timer->node);
}

void watch_timers_expire_all(struct watch_timers *timers) {
    LOCKED(&timers->lock) {
        struct heap_node *node;
        while ((node = heap_pop(&timers->heap)))
            timer_of(node)->expired(timer_of(node)->argument);
    }
}
