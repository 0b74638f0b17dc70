// SPDX-License-Identifier: Apache-2.0
// Times and durations as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/time_format.h"

#define NOON (INT64_C(1795467038) * SECOND) // 2026-11-23T20:50:38Z

static void test_time_parse(void **state UNUSED) {
    static const struct {
        const char *text;
        bool good;
        int64_t wall;
    } rows[] = {{"2026-11-23T20:50:38Z", true, NOON},
                {"2026-11-23T20:50:38.5Z", true, NOON + SECOND / 2},
                {"2026-11-23T20:50:38.123456789Z", true, NOON + 123456789},
                {"2026-11-23T20:50:38.1234567891Z", true, NOON + 123456789},
                {"2026-11-23T22:50:38+02:00", true, NOON},
                {"2026-11-23T19:20:38-01:30", true, NOON},
                {"1970-01-01T00:00:00Z", true, 0},
                {"1969-12-31T23:59:59.5Z", true, -SECOND / 2},
                {"2024-02-29T00:00:00Z", true, INT64_C(1709164800) * SECOND},
                {"2023-02-29T00:00:00Z", false, 0},
                {"2026-11-23T20:50:38", false, 0},
                {"2026-11-23 20:50:38Z", false, 0},
                {"2026-11-23T20:50:60Z", false, 0},
                {"2026-11-23T24:00:00Z", false, 0},
                {"2026-13-01T00:00:00Z", false, 0},
                {"2026-11-23T20:50:38.Z", false, 0},
                {"2026-11-23T20:50:38Zx", false, 0},
                {"2026-11-23T20:50:38+2:00", false, 0},
                {"9999-01-01T00:00:00Z", false, 0},
                {"", false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t wall = 0;
        assert_int_equal(time_parse(rows[i].text, &wall), rows[i].good);
        assert_true(wall == rows[i].wall);
    }
}

static void test_time_format(void **state UNUSED) {
    char buffer[TIME_TEXT_SIZE];
    assert_string_equal(time_format_seconds(NOON + 999999999, buffer), "2026-11-23T20:50:38Z");
    assert_string_equal(time_format_micro(NOON + 1234, buffer), "2026-11-23T20:50:38.000001Z");
    assert_string_equal(time_format_nano(NOON + 123456789, buffer), "2026-11-23T20:50:38.123456789Z");
    assert_string_equal(time_format_nano(-1, buffer), "1969-12-31T23:59:59.999999999Z");
    for (int64_t wall = -40000 * 24 * HOUR; wall < 80000 * 24 * HOUR; wall += 13 * HOUR + 17 * SECOND) {
        int64_t parsed = 0;
        assert_true(time_parse(time_format_seconds(wall, buffer), &parsed));
        assert_true(parsed == wall);
    }
}

static void test_duration_parse(void **state UNUSED) {
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {{"0", true, 0},
                {"-0", true, 0},
                {"1h30m", true, 90 * MINUTE},
                {"100ms", true, 100 * MILLISECOND},
                {"-1.5s", true, -1500 * MILLISECOND},
                {"+5s", true, 5 * SECOND},
                {"1.5h", true, 90 * MINUTE},
                {".5s", true, SECOND / 2},
                {"5.s", true, 5 * SECOND},
                {"1us", true, 1000},
                {"1\xC2\xB5s", true, 1000},
                {"9223372036854775807ns", true, INT64_MAX},
                {"-9223372036854775808ns", true, INT64_MIN},
                {"9223372036854775808ns", false, 0},
                {"3000000h", false, 0},
                {"10", false, 0},
                {"", false, 0},
                {"-", false, 0},
                {"s", false, 0},
                {".s", false, 0},
                {"1d", false, 0},
                {"1h 5m", false, 0},
                {"1h5", false, 0},
                {"--1s", false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = 0;
        assert_int_equal(duration_parse(rows[i].text, &value), rows[i].good);
        assert_true(value == rows[i].value);
    }
}

static void test_duration_format(void **state UNUSED) {
    static const struct {
        int64_t value;
        const char *go;
        const char *age;
    } rows[] = {{0, "0s", "0s"},
                {1, "1ns", "0s"},
                {1100, "1.1\xC2\xB5s", "0s"},
                {2200000, "2.2ms", "0s"},
                {90 * SECOND, "1m30s", "90s"},
                {HOUR, "1h0m0s", "60m"},
                {-1500 * MILLISECOND, "-1.5s", "0s"},
                {-2 * SECOND, "-2s", "<invalid>"},
                {119 * SECOND, "1m59s", "119s"},
                {184 * SECOND, "3m4s", "3m4s"},
                {180 * SECOND, "3m0s", "3m"},
                {10 * MINUTE, "10m0s", "10m"},
                {3 * HOUR + 5 * MINUTE, "3h5m0s", "3h5m"},
                {47 * HOUR, "47h0m0s", "47h"},
                {51 * HOUR, "51h0m0s", "2d3h"},
                {24 * 8 * HOUR, "192h0m0s", "8d"},
                {24 * 729 * HOUR, "17496h0m0s", "729d"},
                {24 * 740 * HOUR, "17760h0m0s", "2y10d"},
                {24 * 365 * 8 * HOUR, "70080h0m0s", "8y"},
                {INT64_MIN, "-2562047h47m16.854775808s", "<invalid>"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char buffer[TIME_TEXT_SIZE];
        assert_string_equal(duration_format(rows[i].value, buffer), rows[i].go);
        assert_string_equal(duration_format_age(rows[i].value, buffer), rows[i].age);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_time_parse), cmocka_unit_test(test_time_format),
                                       cmocka_unit_test(test_duration_parse), cmocka_unit_test(test_duration_format)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
