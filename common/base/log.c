// SPDX-License-Identifier: Apache-2.0
// Structured log lines on stderr: each is built in memory and leaves in one write, so lines of several threads don't mix.
#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/str.h"

static _Atomic int log_format = LOG_FORMAT_TEXT;
static _Atomic int log_verbosity;
static const char *_Atomic log_prefix;

void log_set_format(enum log_format format) {
    log_format = (int)format;
}

void log_set_verbosity(int verbosity) {
    log_verbosity = verbosity;
}

bool log_enabled(int verbosity) {
    return atomic_load_explicit(&log_verbosity, memory_order_relaxed) >= verbosity;
}

void log_set_prefix(const char *prefix) {
    log_prefix = prefix;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// One line in the making.
struct line {
    struct str text;
    enum log_level level;
    const char *file;
    int number;
    const char *message;
};

static void append_text_head(struct line *line, int64_t wall) {
    static const char letters[] = "IWEF";
    time_t seconds = (time_t)(wall / SECOND);
    struct tm local;
    localtime_r(&seconds, &local);
    const char *prefix = log_prefix;
    str_printf(&line->text, "%s%s%c%02d%02d %02d:%02d:%02d.%06d %7d %s:%d] ", prefix ? prefix : "", prefix ? " " : "",
               letters[line->level], local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
               (int)(wall % SECOND / MICROSECOND), (int)getpid(), base_name(line->file), line->number);
    str_append_quoted(&line->text, line->message);
}

static void append_json_string(struct str *out, const char *text) {
    static const char escapes[] = "\b\t\n\f\r";
    static const char letters[] = "btnfr";
    str_append_char(out, '"');
    for (; *text != '\0'; text++) {
        const char *found = strchr(escapes, *text);
        if (*text == '"' || *text == '\\')
            str_printf(out, "\\%c", *text);
        else if (found)
            str_printf(out, "\\%c", letters[found - escapes]);
        else if ((unsigned char)*text < 0x20)
            str_printf(out, "\\u%04x", (unsigned)*text);
        else
            str_append_char(out, *text);
    }
    str_append_char(out, '"');
}

static void append_json_head(struct line *line, int64_t wall) {
    str_printf(&line->text, "{\"ts\":%" PRId64 ".%04d,\"caller\":\"%s:%d\",\"msg\":", wall / MILLISECOND,
               (int)(wall % MILLISECOND / 100), base_name(line->file), line->number);
    append_json_string(&line->text, line->message);
    if (line->level < LOG_LEVEL_ERROR)
        str_append(&line->text, ",\"v\":0"); // upstream's error lines have no verbosity
}

static void append_pairs(struct line *line, bool json, va_list args) {
    const char *key = NULL;
    while ((key = va_arg(args, const char *))) {
        const char *value = va_arg(args, const char *);
        if (!value)
            value = "";
        if (json) {
            str_append_char(&line->text, ',');
            append_json_string(&line->text, key);
            str_append_char(&line->text, ':');
            append_json_string(&line->text, value);
        } else {
            str_printf(&line->text, " %s=", key);
            str_append_quoted(&line->text, value);
        }
    }
}

// A short write can only be to a full pipe or disk; the rest follows, a failure has nowhere to be told.
static void write_out(const struct str *text) {
    size_t done = 0;
    while (done < text->len) {
        ssize_t written = write(STDERR_FILENO, text->data + done, text->len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        done += (size_t)written;
    }
}

void log_write(enum log_level level, const char *file, int line_number, const char *message, ...) {
    int saved_errno = errno;
    struct line line = {.level = level, .file = file, .number = line_number, .message = message};
    bool json = log_format == LOG_FORMAT_JSON;
    int64_t wall = clock_wall(clock_system());
    if (json)
        append_json_head(&line, wall);
    else
        append_text_head(&line, wall);
    va_list args;
    va_start(args, message);
    append_pairs(&line, json, args);
    va_end(args);
    str_append(&line.text, json ? "}\n" : "\n");
    write_out(&line.text);
    str_free(&line.text);
    errno = saved_errno;
}

static char *next_buffer(size_t *ret_size) {
    static _Thread_local char buffers[8][32];
    static _Thread_local unsigned turn;
    *ret_size = sizeof(buffers[0]);
    return buffers[turn++ % ARRAY_LEN(buffers)];
}

const char *log_int(int64_t value) {
    size_t size = 0;
    char *buffer = next_buffer(&size);
    snprintf(buffer, size, "%" PRId64, value);
    return buffer;
}

const char *log_duration(int64_t nanoseconds) {
    size_t size = 0;
    char *buffer = next_buffer(&size);
    snprintf(buffer, size, "%.6f", (double)nanoseconds / (double)SECOND);
    char *end = buffer + strlen(buffer);
    while (end[-1] == '0')
        end--;
    if (end[-1] == '.')
        end--;
    end[0] = 's';
    end[1] = '\0';
    return buffer;
}
