// SPDX-License-Identifier: Apache-2.0
// Wakes watches when their time is over: one thread and a heap of deadlines.
#ifndef CUBE_APISERVER_WATCH_TIMERS_H
#define CUBE_APISERVER_WATCH_TIMERS_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/heap.h"

struct watch_timers;

// Embedded in what waits; zero-initialise. Constant between add and cancel.
struct watch_timer {
    struct heap_node node;
    int64_t deadline; // monotonic
    void (*expired)(void *argument);
    void *argument;
};

struct watch_timers *watch_timers_new(struct clock *clock);
void watch_timers_free(struct watch_timers *timers); // stops the thread; no timer may be left
// expired is called once at the deadline, with the timers' lock held: it must not block nor call back in here.
void watch_timers_add(struct watch_timers *timers, struct watch_timer *timer);
// expired is not running and will not be called once this has returned. Nothing happens if it was called already.
void watch_timers_cancel(struct watch_timers *timers, struct watch_timer *timer);
// Calls expired of all now, as if their time were over.
void watch_timers_expire_all(struct watch_timers *timers);

#endif
