// SPDX-License-Identifier: Apache-2.0
// Prometheus' text format.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/metrics.h"
#include "common/base/thread.h"

static void has(const struct str *text, const char *line) {
    if (!strstr(text->data, line))
        fail_msg("no %s in %s", line, text->data);
}

static void test_format(void **state UNUSED) {
    static const char *const labels[] = {"code", "verb", NULL};
    struct metric_family *requests =
        metric_family_new(METRIC_COUNTER, "b_requests_total", "Requests\nof \\ all.", labels, NULL, 0);
    struct metric *get = metric_get(requests, (const char *const[]){"200", "GET", NULL});
    assert_ptr_equal(get, metric_get(requests, (const char *const[]){"200", "GET", NULL}));
    metric_add(get, 2);
    metric_add(metric_get(requests, (const char *const[]){"2\"0\\0\n", "", NULL}), 1e6);
    struct metric *plain = metric_get(metric_family_new(METRIC_GAUGE, "a_gauge", "Gauge.", NULL, NULL, 0), NULL);
    metric_set(plain, 3);
    metric_add(plain, -4.5);
    assert_true(metric_value(plain) == -1.5);
    metric_family_new(METRIC_COUNTER, "c_unused_total", "No series.", labels, NULL, 0);
    AUTO_STR text = {0};
    metrics_write(&text);
    has(&text, "# HELP a_gauge Gauge.\n# TYPE a_gauge gauge\na_gauge -1.5\n"
               "# HELP b_requests_total Requests\\nof \\\\ all.\n# TYPE b_requests_total counter\n"
               "b_requests_total{code=\"200\",verb=\"GET\"} 2\n"
               "b_requests_total{code=\"2\\\"0\\\\0\\n\",verb=\"\"} 1e+06\n");
    assert_null(strstr(text.data, "c_unused"));
    has(&text, "\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ");
    has(&text, "\nprocess_resident_memory_bytes ");
    has(&text, "\nprocess_start_time_seconds ");
}

static void test_histogram(void **state UNUSED) {
    static const double buckets[] = {0.005, 1, 10};
    static const char *const labels[] = {"op", NULL};
    struct metric_family *family = metric_family_new(METRIC_HISTOGRAM, "d_seconds", "Time.", labels, buckets, 3);
    struct metric *metric = metric_get(family, (const char *const[]){"x", NULL});
    static const double values[] = {0.00390625, 0.5, 1, 11};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        metric_observe(metric, values[i]);
    assert_true(metric_value(metric) == 4);
    AUTO_STR text = {0};
    metrics_write(&text);
    has(&text, "# TYPE d_seconds histogram\n"
               "d_seconds_bucket{op=\"x\",le=\"0.005\"} 1\nd_seconds_bucket{op=\"x\",le=\"1\"} 3\n"
               "d_seconds_bucket{op=\"x\",le=\"10\"} 3\nd_seconds_bucket{op=\"x\",le=\"+Inf\"} 4\n"
               "d_seconds_sum{op=\"x\"} 12.50390625\nd_seconds_count{op=\"x\"} 4\n");
}

static void count_up(void *argument) {
    for (int i = 0; i < 10000; i++)
        metric_add(argument, 1);
}

static void test_threads(void **state UNUSED) {
    struct metric *metric = metric_get(metric_family_new(METRIC_COUNTER, "e_total", "Many.", NULL, NULL, 0), NULL);
    struct thread *threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start("counter", count_up, metric);
    for (int i = 0; i < 4; i++)
        thread_join(threads[i]);
    assert_true(metric_value(metric) == 40000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_format), cmocka_unit_test(test_histogram),
                                       cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
