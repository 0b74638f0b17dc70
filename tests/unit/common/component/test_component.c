// SPDX-License-Identifier: Apache-2.0
// The main of daemons, each run in a child: exit codes, order of parts, what is printed.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/thread.h"
#include "common/component/component.h"

struct program {
    struct component_logging logging;
    char *word;
    char *fail; // the part whose start fails; "configure"
    int64_t exit_with;
    bool linger;
};

static const struct option table[] = {
    {"word", 0, OPTION_STRING, offsetof(struct program, word), "none", "A word.", NULL},
    {"fail", 0, OPTION_STRING, offsetof(struct program, fail), "", "", NULL},
    {"exit-with", 0, OPTION_INT, offsetof(struct program, exit_with), "-1", "", NULL},
    {"linger", 0, OPTION_BOOL, offsetof(struct program, linger), "false", "", NULL},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

static int configure(void *context, const struct option *rows, const struct str_list *given, struct error **err) {
    (void)rows;
    struct program *program = context;
    if (str_equal(program->fail, "configure"))
        return error_set(err, "bad configuration");
    printf("configure given=%zu ", given->len);
    return 0;
}

static int start(const struct program *program, const char *name, struct error **err) {
    if (str_equal(program->fail, name))
        return error_set(err, "no luck");
    printf("+%s ", name);
    fflush(stdout);
    return 0;
}

static int start_first(void *context, struct error **err) {
    return start(context, "first", err);
}

static void stop_first(void *context) {
    (void)context;
    printf("-first ");
}

static int start_second(void *context, struct error **err) {
    struct program *program = context;
    if (start(program, "second", err) < 0)
        return -1;
    if (program->exit_with >= 0)
        component_exit((int)program->exit_with);
    return 0;
}

static void stop_second(void *context) {
    const struct program *program = context;
    while (program->linger)
        pause();
    printf("-second ");
}

static const struct component_part parts[] = {
    {"first", start_first, stop_first}, {"nothing", NULL, NULL}, {"second", start_second, stop_second}, {NULL, NULL, NULL}};

// Runs it in a child; signals are sent once "+second" was printed. Returns the exit code, or 128 + signal.
static int run(const char *const *argv, int signal_count, char *output, size_t size) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        struct program program = {0};
        const struct component component = {.name = "testd",
                                            .options = table,
                                            .program = &program,
                                            .configure = configure,
                                            .parts = parts,
                                            .logging_offset = offsetof(struct program, logging)};
        int argc = 0;
        while (argv[argc])
            argc++;
        int code = component_main(&component, argc, (char **)(uintptr_t)argv);
        fflush(stdout);
        _exit(code);
    }
    close(pipes[1]);
    size_t len = 0;
    ssize_t got;
    int sent = 0;
    while (len < size - 1 && (got = read(pipes[0], output + len, size - 1 - len)) > 0) {
        len += (size_t)got;
        output[len] = '\0';
        if (strstr(output, "+second") && sent < signal_count) {
            for (; sent < signal_count; sent++) {
                usleep(100000);
                kill(pid, SIGTERM);
            }
        }
    }
    output[len] = '\0';
    close(pipes[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const struct {
    const char *argv[5];
    int signals;
    int code;
    const char *output; // part of it
    const char *absent;
} rows[] = {
    {{"testd", "--help"}, 0, 0, "Usage:\n  testd [flags]\n\nFlags:\n", "configure"},
    {{"testd", "--version"}, 0, 0, "Kubernetes v1.32", "configure"},
    {{"testd", "--version=raw"}, 0, 0, "\"gitVersion\":\"v1.32", "configure"},
    {{"testd", "--nope"}, 0, 1, "Error: unknown flag: --nope\n", "configure"},
    {{"testd", "--exit-with=x"}, 0, 1, "Error: invalid argument \"x\" for \"--exit-with\" flag", "configure"},
    {{"testd", "argument"}, 0, 1, "Error: ", "configure"},
    {{"testd", "--logging-format=xml"}, 0, 1, "Unsupported log format", "+first"},
    {{"testd", "--fail=configure"}, 0, 1, "\"command failed\" err=\"bad configuration\"", "+first"},
    {{"testd", "--fail=first"}, 0, 1, "\"command failed\" err=\"first: no luck\"", "-first"},
    {{"testd", "--fail=second"}, 0, 1, "\"command failed\" err=\"second: no luck\"", "-second"},
    {{"testd", "--word=x", "-v=1"}, 1, 0, "FLAG: --word=\\\"x\\\"", NULL},
    {{"testd", "--word=x"}, 1, 0, "-second -first ", NULL},
    {{"testd", "--exit-with=0"}, 0, 0, "-second -first ", NULL},
    {{"testd", "--exit-with=1"}, 0, 1, "+second", "-second"}, // a lost lease: nothing may be finished any more
    {{"testd", "--linger"}, 2, 1, "+second", "-first"},       // the second signal does not wait for parts
};

static void test_rows(void **state) {
    (void)state;
    static char output[65536];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int code = run(rows[i].argv, rows[i].signals, output, sizeof(output));
        if (code != rows[i].code || !strstr(output, rows[i].output) || (rows[i].absent && strstr(output, rows[i].absent)))
            fail_msg("row %zu: %d %s", i, code, output);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
