// SPDX-License-Identifier: Apache-2.0
// The common main of all daemons.
#include "common/component/component.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/component/trim.h"
#include "common/component/version.h"

#define LOGGING(member) offsetof(struct component_logging, member)

static const struct option logging_options[] = {
    {"v", 'v', OPTION_INT, LOGGING(verbosity), "0", "number for the log level verbosity", NULL},
    {"vmodule", 0, OPTION_STRING, LOGGING(vmodule), "", "", "per-file verbosity is not kept apart: use -v"},
    {"logging-format", 0, OPTION_STRING, LOGGING(format), "text", "Sets the log format. Permitted formats: \"json\", \"text\".",
     NULL},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

// The klog flags that upstream removed in 1.26; old units still pass them.
static const struct option removed_options[] = {
    {"logtostderr", 0, OPTION_IGNORED_BOOL, 0, NULL, "", "logs always go to stderr"},
    {"alsologtostderr", 0, OPTION_IGNORED_BOOL, 0, NULL, "", "logs always go to stderr"},
    {"log-dir", 0, OPTION_IGNORED, 0, NULL, "", "logs always go to stderr"},
    {"log-file", 0, OPTION_IGNORED, 0, NULL, "", "logs always go to stderr"},
    {"stderrthreshold", 0, OPTION_IGNORED, 0, NULL, "", "logs always go to stderr"},
    {"log-flush-frequency", 0, OPTION_IGNORED, 0, NULL, "", "log lines are written at once"},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

void component_exit(int exit_code) {
    process_request_stop(exit_code);
}

// A copy of rows whose offsets count from the program's struct. NULL rows give an empty table.
static struct option *move_options(const struct option *rows, size_t offset) {
    struct option *moved = options_join(&rows, rows ? 1 : 0);
    for (struct option *row = moved; row->name; row++)
        row->offset += offset;
    return moved;
}

static struct option *join_options(const struct component *component) {
    struct option *logging = move_options(logging_options, component->logging_offset);
    struct option *group = move_options(component->group.rows, component->group.offset);
    const struct option *const tables[] = {component->options, group, logging, removed_options};
    struct option *joined = options_join(tables, ARRAY_LEN(tables));
    free(group);
    free(logging);
    return joined;
}

static void print_help(const struct component *component, const struct option *table) {
    AUTO_STR text = {0};
    str_printf(&text, "Usage:\n  %s [flags]\n\nFlags:\n", component->name);
    options_help(table, &text);
    fputs(str_text(&text), stdout);
}

static void print_version(bool raw) {
    if (!raw) {
        puts("Kubernetes " VERSION_GIT);
        return;
    }
    struct json *info = version_info();
    char *text = json_text(info);
    puts(text);
    free(text);
    json_unref(info);
}

static int set_up_logs(const struct component *component, struct error **err) {
    const struct component_logging *logging =
        (const struct component_logging *)((const char *)component->program + component->logging_offset);
    if (str_equal(logging->format, "json"))
        log_set_format(LOG_FORMAT_JSON);
    else if (!str_equal(logging->format, "text"))
        return error_set(err, "format: Invalid value: \"%s\": Unsupported log format", logging->format);
    log_set_verbosity((int)logging->verbosity);
    return 0;
}

static void log_options(const struct component *component, const struct option *table) {
    if (!log_enabled(1))
        return;
    AUTO_STR text = {0};
    AUTO_STR_LIST lines = {0};
    options_list(table, component->program, &text);
    str_list_split(&lines, str_text(&text), '\n');
    for (size_t i = 0; i < lines.len; i++) {
        if (!str_empty(lines.items[i]))
            log_info(lines.items[i], NULL);
    }
}

static void stop_parts(const struct component *component, size_t started) {
    while (started > 0) {
        const struct component_part *part = &component->parts[--started];
        log_v(2, "stopping", "part", part->name, NULL);
        if (part->stop)
            part->stop(component->program);
    }
}

static int wait_for_stop(void) {
    struct trim trim = {0};
    int signal = 0;
    while (!process_wait_for_stop_within(TRIM_LOOK_INTERVAL, &signal))
        if (trim_is_due(&trim, clock_monotonic(clock_system()), process_cpu_time()))
            process_trim_resident();
    return signal;
}

static int run_parts(const struct component *component, struct error **err) {
    size_t started = 0;
    for (; component->parts[started].name; started++) {
        const struct component_part *part = &component->parts[started];
        if (part->start && part->start(component->program, err) < 0) {
            error_prefix(err, "%s", part->name);
            stop_parts(component, started);
            return -1;
        }
    }
    process_notify("READY=1");
    log_info("started", "component", component->name, "version", VERSION_GIT, NULL);
    int signal = wait_for_stop();
    log_info("stopping", "component", component->name, "signal", log_int(signal), NULL);
    process_notify("STOPPING=1");
    // Who ends because something is lost (the lease) must not go on acting while it cleans up: another one is at work already.
    if (signal == 0 && process_stop_exit_code() != 0)
        process_exit_now(process_stop_exit_code());
    process_exit_at_next_signal(1);
    stop_parts(component, started);
    return 0;
}

static int run(const struct component *component, const struct option *table, const struct str_list *given) {
    AUTO_ERROR err = NULL;
    if (set_up_logs(component, &err) < 0 ||
        (component->configure && component->configure(component->program, table, given, &err) < 0) ||
        (log_options(component, table), run_parts(component, &err)) < 0) {
        log_error("command failed", "err", error_message(err), NULL);
        return 1;
    }
    return process_stop_exit_code();
}

int component_main(const struct component *component, int argc, char **argv) {
    alloc_tune_for_small_daemon();
    process_block_stop_signals();
    struct option *table = join_options(component);
    struct options_result result = {.allow_arguments = false};
    AUTO_ERROR err = NULL;
    int code = 1;
    if (options_parse(table, component->program, argc, argv, &result, &err) < 0) {
        fprintf(stderr, "Error: %s\n", error_message(err));
    } else if (str_equal(result.special, "help")) {
        print_help(component, table);
        code = 0;
    } else if (str_starts(result.special ? result.special : "", "version")) {
        print_version(str_equal(result.special, "version=raw"));
        code = 0;
    } else {
        code = run(component, table, &result.given);
    }
    options_result_free(&result);
    options_free(table, component->program);
    free(table);
    return code;
}
