// SPDX-License-Identifier: Apache-2.0
// An epoll loop for one thread: descriptors, timers, and wake-ups from other threads.
#ifndef CUBE_COMMON_BASE_LOOP_H
#define CUBE_COMMON_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct loop;
struct loop_timer;

struct loop *loop_new(void);
void loop_free(struct loop *loop);
// events and the callback's events are EPOLLIN, EPOLLOUT, ...; level-triggered. The descriptor stays the caller's.
int loop_add(struct loop *loop, int fd, uint32_t events, void (*callback)(void *argument, uint32_t events), void *argument,
             struct error **err) MUST_CHECK;
int loop_change(struct loop *loop, int fd, uint32_t events, struct error **err) MUST_CHECK;
void loop_remove(struct loop *loop, int fd);
// Runs callback once after the delay (nanoseconds). The timer is freed after it ran or by loop_timer_cancel.
struct loop_timer *loop_timer_add(struct loop *loop, int64_t delay, void (*callback)(void *argument), void *argument);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);
// Runs callback on the loop's thread soon. The only call that other threads may make, besides loop_stop.
void loop_post(struct loop *loop, void (*callback)(void *argument), void *argument);
void loop_run(struct loop *loop); // until loop_stop
void loop_stop(struct loop *loop);

#endif
