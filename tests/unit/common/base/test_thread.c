// SPDX-License-Identifier: Apache-2.0
// Locks, clocks, threads, the pool, the loop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/lock.h"
#include "common/base/loop.h"
#include "common/base/str.h"
#include "common/base/thread.h"

static struct lock guard;
static struct lock inner;

static int return_inside(void) {
    LOCKED(&guard) {
        LOCKED(&inner) {
            return 1;
        }
    }
    return 0;
}

static void test_locked(void **state UNUSED) {
    lock_init(&guard, "guard");
    lock_init(&inner, "inner");
    for (int i = 0; i < 3; i++)
        assert_int_equal(return_inside(), 1);
    LOCKED(&guard) {
        break;
    }
    LOCKED(&guard) {
        lock_assert_held(&guard);
    }
    lock_destroy(&guard); // asserts that it is free
    lock_destroy(&inner);
}

struct waiting {
    struct clock *clock;
    struct lock lock;
    struct cond cond;
    int64_t deadline;
    bool in_time;
    bool ended;
};

static void wait_once(void *argument) {
    struct waiting *w = argument;
    LOCKED(&w->lock) {
        w->in_time = true;
        while (w->in_time && !w->ended)
            w->in_time = clock_wait(w->clock, &w->cond, &w->lock, w->deadline);
    }
}

static void run_fake_wait(int64_t advance, bool signal, bool want_in_time) {
    struct waiting w = {.clock = clock_fake_new(1000), .deadline = 5 * SECOND};
    lock_init(&w.lock, "w");
    cond_init(&w.cond);
    struct thread *thread = thread_start("waiter", wait_once, &w);
    while (clock_fake_waiters(w.clock) == 0)
        usleep(100);
    clock_fake_advance(w.clock, advance);
    if (signal)
        LOCKED(&w.lock) {
            w.ended = true;
            cond_signal(&w.cond);
        }
    thread_join(thread);
    assert_int_equal(w.in_time, want_in_time);
    assert_true(clock_monotonic(w.clock) == advance);
    assert_true(clock_wall(w.clock) == advance + 1000);
    cond_destroy(&w.cond);
    lock_destroy(&w.lock);
    clock_fake_free(w.clock);
}

static void test_fake_clock(void **state UNUSED) {
    run_fake_wait(5 * SECOND, false, false);
    run_fake_wait(4 * SECOND, true, true);
    for (int i = 0; i < 50; i++)
        run_fake_wait(6 * SECOND, false, false);
}

static void test_system_clock(void **state UNUSED) {
    struct waiting w = {.clock = clock_system()};
    lock_init(&w.lock, "w");
    cond_init(&w.cond);
    int64_t start = clock_monotonic(w.clock);
    w.deadline = start + 20 * MILLISECOND;
    wait_once(&w);
    assert_false(w.in_time);
    assert_true(clock_monotonic(w.clock) - start >= 20 * MILLISECOND);
    cond_destroy(&w.cond);
    lock_destroy(&w.lock);
}

static _Atomic int jobs_done;

static void do_job(void *argument) {
    usleep((useconds_t)(uintptr_t)argument);
    jobs_done++;
}

static void test_pool(void **state UNUSED) {
    struct thread_pool *pool = thread_pool_new("pool", 4, 1);
    for (int i = 0; i < 1000; i++)
        assert_true(thread_pool_submit(pool, do_job, (void *)(uintptr_t)(i % 7 * 10)));
    while (thread_pool_queue_len(pool) > 0)
        usleep(1000);
    usleep(1200 * 1000); // all workers end
    for (int i = 0; i < 100; i++)
        assert_true(thread_pool_submit(pool, do_job, (void *)(uintptr_t)10));
    thread_pool_stop(pool);
    assert_int_equal(jobs_done, 1100);
}

struct looping {
    struct loop *loop;
    struct str order;
    int pipe[2];
    struct loop_timer *cancelled;
};

static void add_a(void *argument) {
    struct looping *l = argument;
    str_append_char(&l->order, 'a');
    loop_timer_cancel(l->loop, l->cancelled);
}

static void add_b(void *argument) {
    struct looping *l = argument;
    str_append_char(&l->order, 'b');
    assert_int_equal(write(l->pipe[1], "x", 1), 1);
}

static void never(void *argument) {
    str_append_char(&((struct looping *)argument)->order, '!');
}

static void end(void *argument) {
    struct looping *l = argument;
    str_append_char(&l->order, 'e');
    loop_stop(l->loop);
}

static void on_pipe(void *argument, uint32_t events) {
    struct looping *l = argument;
    char c = 0;
    assert_true(events & EPOLLIN);
    assert_int_equal(read(l->pipe[0], &c, 1), 1);
    str_append_char(&l->order, c);
    loop_remove(l->loop, l->pipe[0]);
    loop_timer_add(l->loop, 0, end, l);
}

static void post_b(void *argument) {
    struct looping *l = argument;
    loop_post(l->loop, add_b, l);
}

static void post_from_thread(void *argument) {
    struct thread *thread = thread_start("poster", post_b, argument);
    thread_join(thread);
}

static void test_loop(void **state UNUSED) {
    struct looping l = {.loop = loop_new()};
    assert_int_equal(pipe(l.pipe), 0);
    assert_int_equal(loop_add(l.loop, l.pipe[0], EPOLLIN, on_pipe, &l, NULL), 0);
    assert_int_equal(loop_add(l.loop, l.pipe[0], EPOLLIN, on_pipe, &l, NULL), -1);
    assert_int_equal(loop_change(l.loop, l.pipe[0], EPOLLIN, NULL), 0);
    assert_int_equal(loop_change(l.loop, 999, EPOLLIN, NULL), -1);
    assert_int_equal(loop_add(l.loop, -1, EPOLLIN, on_pipe, &l, NULL), -1);
    l.cancelled = loop_timer_add(l.loop, 5 * MILLISECOND, never, &l);
    loop_timer_add(l.loop, 4 * MILLISECOND, post_from_thread, &l);
    loop_timer_add(l.loop, MILLISECOND, add_a, &l);
    loop_timer_add(l.loop, HOUR, never, &l);
    loop_run(l.loop);
    assert_string_equal(str_text(&l.order), "abxe");
    loop_stop(l.loop);
    loop_run(l.loop); // a stop before the run counts
    loop_post(l.loop, never, &l);
    loop_free(l.loop);
    close(l.pipe[0]);
    close(l.pipe[1]);
    str_free(&l.order);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_locked), cmocka_unit_test(test_fake_clock),
                                       cmocka_unit_test(test_system_clock), cmocka_unit_test(test_pool),
                                       cmocka_unit_test(test_loop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
