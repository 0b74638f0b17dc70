// SPDX-License-Identifier: Apache-2.0
// Quantities: canonical text, values, rounding, refusals.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"

static const struct {
    const char *text;
    const char *canonical; // NULL: refused
    int64_t value;
    int64_t milli;
} rows[] = {
    {"0", "0", 0, 0},
    {"100m", "100m", 1, 100},
    {"1000m", "1", 1, 1000},
    {"0.5", "500m", 1, 500},
    {"1.5Gi", "1536Mi", 1610612736, 1610612736000},
    {"1024Mi", "1Gi", 1073741824, 1073741824000},
    {"1Ki", "1Ki", 1024, 1024000},
    {"1023Ki", "1023Ki", 1047552, 1047552000},
    {"0.5Ki", "512", 512, 512000},
    {"1.1Ki", "1126400m", 1127, 1126400},
    {"12e6", "12e6", 12000000, INT64_C(12000000000)},
    {"3e2", "300", 300, 300000},
    {"1E", "1E", INT64_C(1000000000000000000), INT64_MAX},
    {"1e3", "1e3", 1000, 1000000},
    {"1000", "1k", 1000, 1000000},
    {"123456", "123456", 123456, 123456000},
    {"-100m", "-100m", -1, -100},
    {"-1.5", "-1500m", -2, -1500},
    {"+5", "5", 5, 5000},
    {"1n", "1n", 1, 1},
    {"0.1n", "1n", 1, 1},
    {"1u", "1u", 1, 1},
    {".5", "500m", 1, 500},
    {"5.", "5", 5, 5000},
    {"007", "7", 7, 7000},
    {"1.G", "1G", 1000000000, INT64_C(1000000000000)},
    {"100Ei", "9223372036854775807", INT64_MAX, INT64_MAX},
    {"", NULL, 0, 0},
    {"abc", NULL, 0, 0},
    {"1 Gi", NULL, 0, 0},
    {"1gi", NULL, 0, 0},
    {"1Gib", NULL, 0, 0},
    {"1.2.3", NULL, 0, 0},
    {"1e", NULL, 0, 0},
    {"1ee3", NULL, 0, 0},
    {"--1", NULL, 0, 0},
    {"1m5", NULL, 0, 0},
    {"0x10", NULL, 0, 0},
};

static void test_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct quantity q;
        AUTO_ERROR err = NULL;
        int result = quantity_parse(rows[i].text, &q, &err);
        if (!rows[i].canonical) {
            assert_int_equal(result, -1);
            assert_non_null(err);
            continue;
        }
        if (result < 0)
            fail_msg("%s: %s", rows[i].text, error_message(err));
        CLEANUP(free_ptr) char *text = quantity_text(&q);
        assert_string_equal(text, rows[i].canonical);
        assert_int_equal(quantity_value(&q), rows[i].value);
        assert_int_equal(quantity_milli_value(&q), rows[i].milli);
        // Canonical text is a fixed point.
        struct quantity again;
        assert_int_equal(quantity_parse(text, &again, NULL), 0);
        assert_int_equal(quantity_compare(&q, &again), 0);
    }
}

static void test_huge(void **state) {
    (void)state;
    struct quantity q;
    assert_int_equal(quantity_parse("1e100", &q, NULL), 0);
    assert_int_equal(quantity_value(&q), INT64_MAX);
    assert_int_equal(quantity_parse("-1e2000000000", &q, NULL), 0);
    assert_int_equal(quantity_value(&q), INT64_MIN);
    assert_int_equal(quantity_parse("1e-2000000000", &q, NULL), 0);
    assert_int_equal(quantity_value(&q), 1);
}

static void test_messages(void **state) {
    (void)state;
    struct quantity q;
    AUTO_ERROR format = NULL;
    assert_int_equal(quantity_parse("1 Gi", &q, &format), -1);
    assert_string_equal(error_message(format),
                        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    AUTO_ERROR suffix = NULL;
    assert_int_equal(quantity_parse("1KK", &q, &suffix), -1);
    assert_string_equal(error_message(suffix), "unable to parse quantity's suffix");
}

static void test_sums(void **state) {
    (void)state;
    struct quantity sum = {0};
    struct quantity a;
    struct quantity b;
    assert_int_equal(quantity_parse("1Gi", &a, NULL), 0);
    assert_int_equal(quantity_parse("512Mi", &b, NULL), 0);
    quantity_add(&sum, &a);
    quantity_add(&sum, &b);
    CLEANUP(free_ptr) char *text = quantity_text(&sum);
    assert_string_equal(text, "1536Mi");
    quantity_subtract(&sum, &a);
    assert_int_equal(quantity_compare(&sum, &b), 0);
}

static void test_json(void **state) {
    (void)state;
    AUTO_JSON map = json_new_object();
    json_set_int(map, "cpu", 2);
    json_set_string(map, "memory", " 1Gi ");
    json_set_bool(map, "bad", true);
    assert_int_equal(quantity_json_milli_value(map, "cpu"), 2000);
    assert_int_equal(quantity_json_value(map, "memory"), 1073741824);
    assert_int_equal(quantity_json_value(map, "bad"), 0);
    assert_int_equal(quantity_json_value(map, "absent"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_huge), cmocka_unit_test(test_messages),
        cmocka_unit_test(test_sums),  cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
