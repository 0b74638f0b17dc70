// SPDX-License-Identifier: Apache-2.0
// Time as a seam: nothing asks the OS for the time or waits for it but through a clock that it was handed.
#ifndef CUBE_COMMON_BASE_CLOCK_H
#define CUBE_COMMON_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/lock.h"

#define NANOSECOND INT64_C(1)
#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define TIME_NEVER INT64_MAX

struct clock;

// The operations a clock has; wait returns when the condition is signalled, at the deadline, or spuriously.
struct clock_ops {
    const char *name;
    int64_t (*wall)(struct clock *clock);
    int64_t (*monotonic)(struct clock *clock);
    bool (*wait)(struct clock *clock, struct cond *cond, struct lock *lock, int64_t monotonic_deadline);
};
struct clock {
    const struct clock_ops *ops;
};

int64_t clock_wall(struct clock *clock);      // nanoseconds since 1970
int64_t clock_monotonic(struct clock *clock); // nanoseconds since some start
// Waits as cond_wait does, at most until the deadline (TIME_NEVER: no bound). false: the deadline has passed.
bool clock_wait(struct clock *clock, struct cond *cond, struct lock *lock, int64_t monotonic_deadline);

struct clock *clock_system(void);

// A clock that stands still until it is told to move; waits end when it passes their deadline.
struct clock *clock_fake_new(int64_t wall_start);
void clock_fake_advance(struct clock *clock, int64_t nanoseconds);
// How many threads wait now with a deadline: a test waits for them before it moves the clock.
size_t clock_fake_waiters(struct clock *clock);
void clock_fake_free(struct clock *clock);

#endif
