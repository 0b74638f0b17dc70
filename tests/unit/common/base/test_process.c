// SPDX-License-Identifier: Apache-2.0
// Children, stop requests, resource use, and log lines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/thread.h"

static void test_run(void **state UNUSED) {
    static const struct {
        const char *script;
        const char *input;
        int status;
        const char *out;
        const char *errors;
    } rows[] = {{"cat; echo bad >&2; exit 3", "hello", 3, "hello", "bad\n"},
                {"cat", NULL, 0, "", ""},
                {"kill -TERM $$", NULL, 143, "", ""},
                {"true", "never read", 0, "", ""},
                {"sleep 60 & echo started", NULL, 0, "started\n", ""},
                {"wc -c < /dev/stdin", "12345", 0, "5\n", ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR out = {0};
        AUTO_STR errors = {0};
        struct process_output output = {.out = &out, .errors = &errors, .status = -1};
        const char *argv[] = {"sh", "-c", rows[i].script, NULL};
        assert_int_equal(process_run(argv, rows[i].input, 20 * SECOND, &output, NULL), 0);
        assert_int_equal(output.status, rows[i].status);
        assert_string_equal(str_text(&out), rows[i].out);
        assert_string_equal(str_text(&errors), rows[i].errors);
    }
}

static void test_run_failures(void **state UNUSED) {
    AUTO_ERROR err = NULL;
    const char *missing[] = {"/no/such/program", NULL};
    assert_int_equal(process_run(missing, NULL, 0, NULL, &err), -1);
    assert_string_equal(err->message, "run \"/no/such/program\": no such file or directory");
    error_freep(&err);
    const char *slow[] = {"sh", "-c", "sleep 60; true", NULL};
    int64_t start = clock_monotonic(clock_system());
    assert_int_equal(process_run(slow, NULL, 100 * MILLISECOND, NULL, &err), -1);
    assert_string_equal(err->message, "run \"sh\": timed out after 100ms");
    assert_true(clock_monotonic(clock_system()) - start < 10 * SECOND);
    error_freep(&err);
    const char *big[] = {"sh", "-c", "yes", NULL};
    AUTO_STR out = {0};
    struct process_output output = {.out = &out};
    assert_int_equal(process_run(big, NULL, 60 * SECOND, &output, &err), -1);
    assert_non_null(strstr(err->message, "larger than"));
}

static void request(void *argument UNUSED) {
    usleep(10000);
    process_request_stop(5);
}

static void test_stop(void **state UNUSED) {
    process_block_stop_signals();
    struct thread *thread = thread_start("stopper", request, NULL);
    assert_int_equal(process_wait_for_stop(), 0);
    assert_int_equal(process_stop_exit_code(), 5);
    thread_join(thread);
    kill(getpid(), SIGTERM);
    assert_int_equal(process_wait_for_stop(), SIGTERM);
}

static void test_notify(void **state UNUSED) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/cube-notify-%d", (int)getpid());
    AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    process_notify("READY=1");
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    process_notify("READY=1");
    char buffer[32] = "";
    assert_int_equal(recv(fd, buffer, sizeof(buffer), 0), 7);
    assert_string_equal(buffer, "READY=1");
    unsetenv("NOTIFY_SOCKET");
    unlink(address.sun_path);
}

static void test_resources(void **state UNUSED) {
    assert_true(process_resident_bytes() > 100000);
    assert_true(process_cpu_seconds() > 0);
    double now = (double)clock_wall(clock_system()) / 1e9;
    assert_true(process_start_seconds() > now - 120 && process_start_seconds() < now + 1);
    assert_true(strlen(process_hostname()) > 0);
    uint64_t before = process_resident_bytes();
    process_trim_resident();
    assert_true(process_resident_bytes() <= before);
}

// What log_write puts on stderr meanwhile.
static void log_into(struct str *out) {
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    int saved = dup(2);
    dup2(pipe_fds[1], 2);
    log_info("hello \"you\"", "key", "a\nb", "none", NULL, "number", log_int(-5), "time", log_duration(1250 * MILLISECOND), NULL);
    log_error("bad", "err", "x=\"y\"", NULL);
    log_v(1, "not seen", NULL);
    dup2(saved, 2);
    close(saved);
    close(pipe_fds[1]);
    char buffer[4096];
    ssize_t got = read(pipe_fds[0], buffer, sizeof(buffer));
    assert_true(got > 0);
    str_append_n(out, buffer, (size_t)got);
    close(pipe_fds[0]);
}

static void test_log_text(void **state UNUSED) {
    AUTO_STR text = {0};
    log_into(&text);
    AUTO_STR_LIST lines = {0};
    str_list_split(&lines, text.data, '\n');
    assert_int_equal(lines.len, 3);
    int month = 0;
    int hour = 0;
    int minute = 0;
    int pid = 0;
    int line = 0;
    int end = 0;
    assert_int_equal(
        sscanf(lines.items[0], "I%4d %2d:%2d:%*2d.%*6d %7d test_process.c:%d] %n", &month, &hour, &minute, &pid, &line, &end), 5);
    assert_int_equal(pid, getpid());
    assert_string_equal(lines.items[0] + end, "\"hello \\\"you\\\"\" key=\"a\\nb\" none=\"\" number=\"-5\" time=\"1.25s\"");
    assert_int_equal(lines.items[1][0], 'E');
    assert_true(str_ends(lines.items[1], "] \"bad\" err=\"x=\\\"y\\\"\""));
}

static void test_log_json(void **state UNUSED) {
    AUTO_STR text = {0};
    log_set_format(LOG_FORMAT_JSON);
    log_into(&text);
    log_set_format(LOG_FORMAT_TEXT);
    assert_true(str_starts(text.data, "{\"ts\":1"));
    assert_non_null(strstr(text.data, ",\"caller\":\"test_process.c:"));
    assert_non_null(strstr(text.data, "\"msg\":\"hello \\\"you\\\"\",\"v\":0,\"key\":\"a\\nb\",\"none\":\"\",\"number\":\"-5\""));
    assert_non_null(strstr(text.data, "\"msg\":\"bad\",\"err\":\"x=\\\"y\\\"\"}\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_run),       cmocka_unit_test(test_run_failures),
                                       cmocka_unit_test(test_stop),      cmocka_unit_test(test_notify),
                                       cmocka_unit_test(test_resources), cmocka_unit_test(test_log_text),
                                       cmocka_unit_test(test_log_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
