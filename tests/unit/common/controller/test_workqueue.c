// SPDX-License-Identifier: Apache-2.0
// The work queue: each key once, never twice at a time, delays, back-off, shutdown, many threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/metrics.h"
#include "common/base/str.h"
#include "common/base/thread.h"
#include "common/controller/workqueue.h"

static struct workqueue *make(const char *name, struct clock *clock) {
    return workqueue_new(name, clock, 0, 0);
}

static void expect_next(struct workqueue *queue, const char *wanted) {
    char *key = workqueue_get(queue);
    assert_non_null(key);
    assert_string_equal(key, wanted);
    free(key);
}

static void test_each_key_once_in_order(void **state) {
    (void)state;
    struct workqueue *queue = make("order", clock_system());
    const char *const added[] = {"a", "b", "a", "c", "b", "a"};
    for (size_t i = 0; i < ARRAY_LEN(added); i++)
        workqueue_add(queue, added[i]);
    assert_int_equal(workqueue_len(queue), 3);
    const char *const wanted[] = {"a", "b", "c"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        expect_next(queue, wanted[i]);
        workqueue_done(queue, wanted[i]);
    }
    assert_int_equal(workqueue_len(queue), 0);
    workqueue_shut_down(queue);
    workqueue_free(queue);
}

static double adds_of(const char *name) {
    static const char *const labels[] = {"name", NULL};
    struct metric_family *family =
        metric_family_new(METRIC_COUNTER, "workqueue_adds_total", "Total number of adds handled by workqueue", labels, NULL, 0);
    return metric_value(metric_get(family, (const char *const[]){name, NULL}));
}

// A key that is added while it is worked on comes back once, after done; the add counts once.
static void test_added_in_progress(void **state) {
    (void)state;
    struct workqueue *queue = make("in-progress", clock_system());
    workqueue_add(queue, "a");
    expect_next(queue, "a");
    workqueue_add(queue, "a");
    workqueue_add(queue, "a");
    assert_int_equal(workqueue_len(queue), 0);
    workqueue_done(queue, "a");
    assert_int_equal(workqueue_len(queue), 1);
    assert_true(adds_of("in-progress") == 2);
    expect_next(queue, "a");
    workqueue_done(queue, "a");
    assert_int_equal(workqueue_len(queue), 0);
    workqueue_shut_down(queue);
    workqueue_free(queue);
}

static void test_delays(void **state) {
    (void)state;
    struct clock *clock = clock_fake_new(0);
    struct workqueue *queue = make("delays", clock);
    workqueue_add_after(queue, "late", 10 * SECOND);
    workqueue_add_after(queue, "early", 5 * SECOND);
    workqueue_add_after(queue, "late", 2 * SECOND);   // earlier than before: wins
    workqueue_add_after(queue, "early", 50 * SECOND); // later than before: has no effect
    workqueue_add_after(queue, "now", 0);
    workqueue_add_after(queue, "past", -5);
    assert_int_equal(workqueue_len(queue), 2);
    expect_next(queue, "now");
    workqueue_done(queue, "now");
    expect_next(queue, "past");
    workqueue_done(queue, "past");
    clock_fake_advance(clock, 2 * SECOND);
    expect_next(queue, "late");
    workqueue_done(queue, "late");
    clock_fake_advance(clock, 3 * SECOND);
    expect_next(queue, "early");
    workqueue_done(queue, "early");
    workqueue_shut_down(queue);
    workqueue_free(queue);
    clock_fake_free(clock);
}

struct getter {
    struct workqueue *queue;
    char *key;
};

static void get_one(void *argument) {
    struct getter *getter = argument;
    getter->key = workqueue_get(getter->queue);
}

// A getter that waits for a late key must wake up for an earlier one.
static void test_earlier_delay_wakes_waiting_getter(void **state) {
    (void)state;
    struct clock *clock = clock_fake_new(0);
    struct workqueue *queue = make("wake", clock);
    workqueue_add_after(queue, "late", HOUR);
    struct getter getter = {.queue = queue};
    struct thread *thread = thread_start("getter", get_one, &getter);
    while (clock_fake_waiters(clock) == 0)
        ;
    workqueue_add_after(queue, "early", SECOND);
    clock_fake_advance(clock, SECOND);
    thread_join(thread);
    assert_string_equal(getter.key, "early");
    free(getter.key);
    workqueue_done(queue, "early");
    workqueue_shut_down(queue);
    workqueue_free(queue);
    clock_fake_free(clock);
}

static void test_backoff(void **state) {
    (void)state;
    struct clock *clock = clock_fake_new(0);
    struct workqueue *queue = workqueue_new("backoff", clock, 10 * MILLISECOND, 100 * MILLISECOND);
    const int64_t wanted[] = {10, 20, 40, 80, 100, 100};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        workqueue_add_rate_limited(queue, "a");
        assert_int_equal(workqueue_failures(queue, "a"), (int)i + 1);
        clock_fake_advance(clock, wanted[i] * MILLISECOND - 1);
        workqueue_add(queue, "probe"); // a get looks for ripe keys
        expect_next(queue, "probe");
        workqueue_done(queue, "probe");
        assert_int_equal(workqueue_len(queue), 0);
        clock_fake_advance(clock, 1);
        expect_next(queue, "a");
        workqueue_done(queue, "a");
    }
    workqueue_forget(queue, "a");
    assert_int_equal(workqueue_failures(queue, "a"), 0);
    workqueue_forget(queue, "unknown");
    assert_int_equal(workqueue_failures(queue, "unknown"), 0);
    workqueue_shut_down(queue);
    workqueue_free(queue);
    clock_fake_free(clock);
}

static void test_shut_down_wakes_and_refuses(void **state) {
    (void)state;
    struct workqueue *queue = make("shutdown", clock_system());
    struct getter getter = {.queue = queue};
    struct thread *thread = thread_start("getter", get_one, &getter);
    workqueue_shut_down(queue);
    thread_join(thread);
    assert_null(getter.key);
    workqueue_add(queue, "a");
    workqueue_add_after(queue, "b", SECOND);
    workqueue_add_rate_limited(queue, "c");
    assert_int_equal(workqueue_len(queue), 0);
    assert_null(workqueue_get(queue));
    workqueue_free(queue);
}

// Shut down with keys in every state: nothing leaks, done still works.
static void test_free_with_leftovers(void **state) {
    (void)state;
    struct workqueue *queue = make("leftovers", clock_system());
    workqueue_add(queue, "working");
    expect_next(queue, "working");
    workqueue_add(queue, "working");
    workqueue_add(queue, "ready");
    workqueue_add_after(queue, "delayed", HOUR);
    workqueue_add_rate_limited(queue, "failed");
    workqueue_shut_down(queue);
    workqueue_done(queue, "working");
    workqueue_free(queue);
}

#define KEYS 50
#define ROUNDS 2000

struct crowd {
    struct workqueue *queue;
    _Atomic int busy[KEYS];
    _Atomic int overlaps;
    _Atomic int synced;
};

static void work(void *argument) {
    struct crowd *crowd = argument;
    for (char *key; (key = workqueue_get(crowd->queue)); free(key)) {
        int index = atoi(key);
        if (crowd->busy[index]++ != 0)
            crowd->overlaps++;
        crowd->synced++;
        crowd->busy[index]--;
        workqueue_done(crowd->queue, key);
    }
}

static void produce(void *argument) {
    struct crowd *crowd = argument;
    for (int i = 0; i < ROUNDS; i++) {
        char *key = alloc_printf("%d", i % KEYS);
        if (i % 7 == 0)
            workqueue_add_rate_limited(crowd->queue, key);
        else if (i % 5 == 0)
            workqueue_add_after(crowd->queue, key, 10 * MICROSECOND);
        else
            workqueue_add(crowd->queue, key);
        if (i % 11 == 0)
            workqueue_forget(crowd->queue, key);
        free(key);
    }
}

static void test_many_threads(void **state) {
    (void)state;
    struct crowd crowd = {.queue = make("crowd", clock_system())};
    struct thread *workers[4], *producers[3];
    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        workers[i] = thread_start("worker", work, &crowd);
    for (size_t i = 0; i < ARRAY_LEN(producers); i++)
        producers[i] = thread_start("producer", produce, &crowd);
    for (size_t i = 0; i < ARRAY_LEN(producers); i++)
        thread_join(producers[i]);
    // What was added last must still be worked on before the end.
    for (int i = 0; i < KEYS; i++) {
        char *key = alloc_printf("%d", i);
        workqueue_add(crowd.queue, key);
        free(key);
    }
    while (workqueue_len(crowd.queue) > 0)
        ;
    workqueue_shut_down(crowd.queue);
    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        thread_join(workers[i]);
    assert_int_equal(crowd.overlaps, 0);
    assert_true(crowd.synced >= KEYS);
    workqueue_free(crowd.queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_once_in_order),
        cmocka_unit_test(test_added_in_progress),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_earlier_delay_wakes_waiting_getter),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_shut_down_wakes_and_refuses),
        cmocka_unit_test(test_free_with_leftovers),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
