// SPDX-License-Identifier: Apache-2.0
// Strings, quoting, numbers, lists.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/str.h"

static void test_append(void **state UNUSED) {
    AUTO_STR s = {0};
    assert_string_equal(str_text(&s), "");
    str_append_n(&s, "", 0);
    assert_string_equal(s.data, "");
    for (int i = 0; i < 1000; i++)
        str_append_int(&s, i % 10);
    assert_int_equal(s.len, 1000);
    str_truncate(&s, 3);
    str_printf(&s, "-%0400d", 7);
    assert_int_equal(s.len, 404);
    str_remove_front(&s, 402);
    assert_string_equal(s.data, "07");
    str_remove_front(&s, 99);
    assert_string_equal(s.data, "");
    str_append_int(&s, INT64_MIN);
    str_append_uint(&s, UINT64_MAX);
    assert_string_equal(s.data, "-922337203685477580818446744073709551615");
    char *taken = str_take(&s);
    assert_null(s.data);
    free(taken);
    taken = str_take(&s);
    assert_string_equal(taken, "");
    free(taken);
}

static void test_quoted(void **state UNUSED) {
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {{"", "\"\""},
                {"a b", "\"a b\""},
                {"a\"b\\c", "\"a\\\"b\\\\c\""},
                {"\a\b\t\n\v\f\r", "\"\\a\\b\\t\\n\\v\\f\\r\""},
                {"\x01\x7f", "\"\\x01\\x7f\""},
                {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
                {"\xff\xc3", "\"\\xff\\xc3\""},
                {"\xc0\xaf", "\"\\xc0\\xaf\""},
                {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
                {"\xc2\xa0\xe2\x80\x8b", "\"\\u00a0\\u200b\""},
                {"\xf4\x8f\xbf\xbf", "\"\\U0010ffff\""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR s = {0};
        str_append_quoted(&s, rows[i].in);
        assert_string_equal(str_text(&s), rows[i].out);
    }
}

static void test_double(void **state UNUSED) {
    static const struct {
        double in;
        const char *out;
    } rows[] = {{0, "0"},          {1, "1"},           {-1.5, "-1.5"},      {0.1, "0.1"},
                {0.005, "0.005"},  {1e6, "1e+06"},     {123456, "123456"},  {1234567, "1.234567e+06"},
                {1e-5, "1e-05"},   {0.0001, "0.0001"}, {2.5e10, "2.5e+10"}, {1.0 / 3, "0.3333333333333333"},
                {1e300, "1e+300"}, {100000, "100000"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR s = {0};
        str_append_double(&s, rows[i].in);
        assert_string_equal(str_text(&s), rows[i].out);
    }
}

static void test_int64(void **state UNUSED) {
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {{"0", true, 0},
                {"-1", true, -1},
                {"+5", true, 5},
                {"9223372036854775807", true, INT64_MAX},
                {"9223372036854775808", false, 0},
                {"-9223372036854775808", true, INT64_MIN},
                {"-9223372036854775809", false, 0},
                {"", false, 0},
                {"-", false, 0},
                {" 1", false, 0},
                {"1 ", false, 0},
                {"0x1", false, 0},
                {"99999999999999999999999", false, 0},
                {NULL, false, 0},
                {"--1", false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = 0;
        assert_int_equal(str_to_int64(rows[i].text, &value), rows[i].good);
        assert_true(value == rows[i].value);
    }
    uint64_t value = 7;
    assert_false(str_to_uint64("18446744073709551616", &value));
    assert_false(str_to_uint64("-1", &value));
    assert_true(str_to_uint64("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
}

static void test_other_numbers(void **state UNUSED) {
    static const char *const bad_doubles[] = {"", " 1", "1 ", "inf", "nan", "0x10", "1e999", ".", "-", "1..2", NULL};
    double value = 0;
    for (size_t i = 0; i < ARRAY_LEN(bad_doubles); i++)
        assert_false(str_to_double(bad_doubles[i], &value));
    assert_true(str_to_double("-.5", &value));
    assert_true(value == -0.5);
    assert_true(str_to_double("1e3", &value));
    assert_true(value == 1000);
    bool truth = false;
    assert_true(str_to_bool("True", &truth) && truth);
    assert_true(str_to_bool("f", &truth) && !truth);
    assert_false(str_to_bool("yes", &truth));
    assert_false(str_to_bool("", &truth));
    assert_false(str_to_bool(NULL, &truth));
}

static void test_predicates(void **state UNUSED) {
    assert_true(str_equal(NULL, NULL));
    assert_false(str_equal(NULL, ""));
    assert_true(str_starts("abc", "ab"));
    assert_false(str_starts("a", "ab"));
    assert_true(str_ends("abc", "bc"));
    assert_false(str_ends("c", "bc"));
    assert_string_equal(str_skip_prefix("abc", "ab"), "c");
    assert_null(str_skip_prefix("abc", "b"));
    assert_true(str_equal_nocase("Content-TYPE", "content-type"));
    assert_false(str_equal_nocase("a", "ab"));
}

static void test_list(void **state UNUSED) {
    AUTO_STR_LIST list = {0};
    str_list_split(&list, "", ',');
    assert_int_equal(list.len, 0);
    str_list_split(&list, "b,,a,", ',');
    assert_int_equal(list.len, 4);
    str_list_remove(&list, "");
    str_list_remove(&list, "missing");
    str_list_sort(&list);
    CLEANUP(free_ptr) char *joined = str_list_join(&list, "|");
    assert_string_equal(joined, "|a|b");
    assert_true(str_list_contains(&list, "a"));
    assert_false(str_list_contains(&list, "c"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_append),        cmocka_unit_test(test_quoted),
                                       cmocka_unit_test(test_double),        cmocka_unit_test(test_int64),
                                       cmocka_unit_test(test_other_numbers), cmocka_unit_test(test_predicates),
                                       cmocka_unit_test(test_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
