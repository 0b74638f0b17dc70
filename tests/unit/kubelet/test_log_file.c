// SPDX-License-Identifier: Apache-2.0
// Lines, tails and filters of container logs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "kubelet/log_file.h"
#include "kubelet/log_stream.h"
#include "kubelet/server_logs.h"

static void test_lines(void **state) {
    (void)state;
    static const struct {
        const char *line;
        bool good, is_stderr, partial;
        const char *text;
    } rows[] = {
        {"2026-11-23T20:50:38.123456789Z stdout F hello world", true, false, false, "hello world"},
        {"2026-11-23T20:50:38.123456789Z stderr F ", true, true, false, ""},
        {"2026-11-23T20:50:38.123456789Z stdout P half", true, false, true, "half"},
        {"2026-11-23T20:50:38.123456789Z stdout P:x half", true, false, true, "half"},
        {"2026-11-23T20:50:38+01:00 stdout F x", true, false, false, "x"},
        {"2026-11-23T20:50:38Z stdout F", true, false, false, ""},
        {"", false, false, false, ""},
        {"hello", false, false, false, ""},
        {"yesterday stdout F x", false, false, false, ""},
        {"2026-11-23T20:50:38Z stdin F x", false, false, false, ""},
        {"2026-11-23T20:50:38Z stdout", false, false, false, ""},
        {"2026-11-23T20:50:38Z stdout  x", false, false, false, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct log_file_line line;
        if (log_file_parse(rows[i].line, strlen(rows[i].line), &line) != rows[i].good)
            fail_msg("row %zu", i);
        if (!rows[i].good)
            continue;
        assert_int_equal(line.is_stderr, rows[i].is_stderr);
        assert_int_equal(line.partial, rows[i].partial);
        assert_int_equal(line.text_len, strlen(rows[i].text));
        assert_memory_equal(line.text, rows[i].text, line.text_len);
    }
}

static const char sample[] = "2026-11-23T20:00:01Z stdout F one\n"
                             "2026-11-23T20:00:02Z stderr F two\n"
                             "2026-11-23T20:00:03Z stdout P three \n"
                             "2026-11-23T20:00:03Z stdout F and a half\n"
                             "2026-11-23T20:00:04Z stdout F four\n";

static void test_filter(void **state) {
    (void)state;
    static const struct {
        struct log_stream_options options;
        const char *expected;
    } rows[] = {
        {{.limit_bytes = -1}, "one\ntwo\nthree and a half\nfour\n"},
        {{.limit_bytes = -1, .timestamps = true},
         "2026-11-23T20:00:01Z one\n2026-11-23T20:00:02Z two\n2026-11-23T20:00:03Z three and a half\n2026-11-23T20:00:04Z "
         "four\n"},
        {{.limit_bytes = 6}, "one\ntw"},
        {{.limit_bytes = -1, .only_stderr = true}, "two\n"},
        {{.limit_bytes = -1, .only_stdout = true}, "one\nthree and a half\nfour\n"},
        {{.limit_bytes = -1, .since = INT64_C(1795464003) * SECOND}, "three and a half\nfour\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        // Whatever pieces the bytes come in, the result is the same.
        for (size_t piece = 1; piece < sizeof(sample); piece = piece * 3 + 1) {
            struct log_filter filter = {.options = rows[i].options};
            AUTO_STR out = {0};
            bool over = false;
            for (size_t at = 0; at < sizeof(sample) - 1 && !over; at += piece)
                over = log_filter_feed(&filter, sample + at, MIN(piece, sizeof(sample) - 1 - at), &out);
            assert_string_equal(str_text(&out), rows[i].expected);
            log_filter_clear(&filter);
        }
    }
}

static void test_tail(void **state) {
    (void)state;
    char path[] = "/tmp/cube-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, sample, sizeof(sample) - 1), sizeof(sample) - 1);
    static const struct {
        size_t lines;
        const char *begins;
    } rows[] = {{1, "2026-11-23T20:00:04Z"},
                {2, "2026-11-23T20:00:03Z stdout F"},
                {5, "2026-11-23T20:00:01Z"},
                {99, "2026-11-23T20:00:01Z"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *from = sample + log_file_tail_offset(fd, rows[i].lines);
        assert_memory_equal(from, rows[i].begins, strlen(rows[i].begins));
    }
    assert_int_equal(log_file_tail_offset(fd, 0), sizeof(sample) - 1);
    AUTO_STR text = {0};
    log_file_tail_text(path, 2, 100, &text);
    assert_string_equal(str_text(&text), "and a half\nfour\n");
    str_clear(&text);
    log_file_tail_text(path, 80, 7, &text);
    assert_string_equal(str_text(&text), "f\nfour\n");
    close(fd);
    unlink(path);
}

static void test_options(void **state) {
    (void)state;
    static const struct {
        const char *query;
        int status;
    } rows[] = {
        {"", 0},
        {"follow=true&tailLines=10&timestamps=true&previous=true", 0},
        {"tailLines=0", 0},
        {"tailLines=-1", 422},
        {"tailLines=x", 422},
        {"limitBytes=0", 422},
        {"sinceSeconds=0", 422},
        {"sinceTime=yesterday", 422},
        {"sinceTime=2026-11-23T20:00:01Z", 0},
        {"sinceSeconds=9223372036854775807", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct log_stream_options options;
        bool previous;
        AUTO_STR message = {0};
        if (server_logs_options(rows[i].query, 100 * SECOND, &options, &previous, &message) != rows[i].status)
            fail_msg("%s: %s", rows[i].query, str_text(&message));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
