// SPDX-License-Identifier: Apache-2.0
// Health answers, byte for byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/component/health.h"

static bool good(void *context, struct str *reason) {
    (void)context;
    (void)reason;
    return true;
}

static bool bad(void *context, struct str *reason) {
    (void)context;
    str_append(reason, "secret reason");
    return false;
}

static const struct health_check checks[] = {{"ping", good, NULL}, {"etcd", bad, NULL}, {"log", good, NULL}};

static const struct {
    size_t first, count; // of the checks above
    const char *endpoint, *sub_path, *query;
    int status;
    const char *body;
} rows[] = {
    {0, 1, "healthz", "", NULL, 200, "ok"},
    {0, 0, "healthz", "", NULL, 200, "ok"},
    {0, 1, "healthz", "", "verbose", 200, "[+]ping ok\nhealthz check passed\n"},
    {0, 1, "livez", "", "verbose=", 200, "[+]ping ok\nlivez check passed\n"},
    {0, 1, "readyz", "", "verbose=false", 200, "[+]ping ok\nreadyz check passed\n"}, // being there is enough
    {0, 1, "readyz", "", "verbosely", 200, "ok"},
    {0, 2, "readyz", "", NULL, 500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"},
    {0, 3, "livez", "", "verbose", 500, "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nlivez check failed\n"},
    {0, 2, "readyz", "", "exclude=etcd", 200, "ok"},
    {0, 2, "readyz", "", "verbose&exclude=etcd", 200, "[+]ping ok\n[+]etcd excluded: ok\nreadyz check passed\n"},
    {0, 1, "readyz", "", "exclude=nope", 200, "ok"},
    {0, 1, "readyz", "", "verbose&exclude=nope", 200,
     "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for \"nope\"\nreadyz check passed\n"},
    {0, 1, "readyz", "", "exclude=a&exclude=b&exclude=a&verbose", 200,
     "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for \"a\",\"b\"\nreadyz check passed\n"},
    {0, 2, "readyz", "", "exclude=nope", 500,
     "[+]ping ok\n[-]etcd failed: reason withheld\nwarn: some health checks cannot be excluded: no matches for "
     "\"nope\"\nreadyz check failed\n"},
    {0, 2, "readyz", "", "exclude=%65tcd", 200, "ok"},
    {0, 3, "livez", "ping", NULL, 200, "ok"},
    {0, 3, "livez", "ping", "verbose", 200, "ok"},
    {0, 3, "livez", "nope", NULL, 404, "404 page not found\n"},
    {0, 3, "livez", "etcd", NULL, 500, "internal server error: reason withheld\n"},
};

static void test_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct health_answer answer;
        health_answer(rows[i].endpoint, rows[i].sub_path, rows[i].query, checks + rows[i].first, rows[i].count, &answer);
        assert_string_equal(str_text(&answer.body), rows[i].body);
        assert_int_equal(answer.status, rows[i].status);
        health_answer_free(&answer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
