// SPDX-License-Identifier: Apache-2.0
// The system's clock and a clock for tests.
#include "common/base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/list.h"

int64_t clock_wall(struct clock *clock) {
    return clock->ops->wall(clock);
}

int64_t clock_monotonic(struct clock *clock) {
    return clock->ops->monotonic(clock);
}

bool clock_wait(struct clock *clock, struct cond *cond, struct lock *lock, int64_t monotonic_deadline) {
    if (monotonic_deadline == TIME_NEVER) {
        cond_wait(cond, lock);
        return true;
    }
    return clock->ops->wait(clock, cond, lock, monotonic_deadline);
}

static int64_t now(clockid_t id) {
    struct timespec time;
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t system_wall(struct clock *clock UNUSED) {
    return now(CLOCK_REALTIME);
}

static int64_t system_monotonic(struct clock *clock UNUSED) {
    return now(CLOCK_MONOTONIC);
}

static bool system_wait(struct clock *clock UNUSED, struct cond *cond, struct lock *lock, int64_t monotonic_deadline) {
    return cond_wait_until(cond, lock, monotonic_deadline);
}

struct clock *clock_system(void) {
    static const struct clock_ops ops = {
        .name = "system", .wall = system_wall, .monotonic = system_monotonic, .wait = system_wait};
    static struct clock clock = {.ops = &ops};
    return &clock;
}

struct fake_clock {
    struct clock clock;
    struct lock lock; // taken inside of any waiter's own lock
    int64_t wall_start;
    int64_t elapsed;
    struct list waiters;
    size_t waiter_count;
};

struct fake_waiter {
    struct list_node node;
    struct cond *cond;
};

static struct fake_clock *fake_of(struct clock *clock) {
    return CONTAINER_OF(clock, struct fake_clock, clock);
}

static int64_t fake_monotonic(struct clock *clock) {
    struct fake_clock *fake = fake_of(clock);
    LOCKED(&fake->lock) {
        return fake->elapsed;
    }
    return 0;
}

static int64_t fake_wall(struct clock *clock) {
    return fake_of(clock)->wall_start + fake_monotonic(clock);
}

// The advance can come between the look at the time and the wait, when its broadcast wakes nobody: hence the short real wait. A signal can
// meet a wait that is just timing out, and is lost to it then: hence one wait only, and the caller looks at its condition again.
static bool fake_wait(struct clock *clock, struct cond *cond, struct lock *lock, int64_t monotonic_deadline) {
    struct fake_clock *fake = fake_of(clock);
    struct fake_waiter waiter = {.cond = cond};
    LOCKED(&fake->lock) {
        if (fake->elapsed >= monotonic_deadline)
            return false;
        list_push_back(&fake->waiters, &waiter.node);
        fake->waiter_count++;
    }
    cond_wait_until(cond, lock, now(CLOCK_MONOTONIC) + 2 * MILLISECOND);
    LOCKED(&fake->lock) {
        list_remove(&waiter.node);
        fake->waiter_count--;
    }
    return fake_monotonic(clock) < monotonic_deadline;
}

struct clock *clock_fake_new(int64_t wall_start) {
    static const struct clock_ops ops = {.name = "fake", .wall = fake_wall, .monotonic = fake_monotonic, .wait = fake_wait};
    struct fake_clock *fake = alloc_zero(sizeof(*fake));
    fake->clock.ops = &ops;
    lock_init(&fake->lock, "fake clock");
    fake->wall_start = wall_start;
    list_init(&fake->waiters);
    return &fake->clock;
}

void clock_fake_advance(struct clock *clock, int64_t nanoseconds) {
    struct fake_clock *fake = fake_of(clock);
    LOCKED(&fake->lock) {
        fake->elapsed += nanoseconds;
        LIST_FOREACH(node, &fake->waiters) {
            cond_broadcast(CONTAINER_OF(node, struct fake_waiter, node)->cond);
        }
    }
}

size_t clock_fake_waiters(struct clock *clock) {
    struct fake_clock *fake = fake_of(clock);
    LOCKED(&fake->lock) {
        return fake->waiter_count;
    }
    return 0;
}

void clock_fake_free(struct clock *clock) {
    if (!clock)
        return;
    struct fake_clock *fake = fake_of(clock);
    assert(fake->waiter_count == 0);
    lock_destroy(&fake->lock);
    free(fake);
}
