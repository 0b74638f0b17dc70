// SPDX-License-Identifier: Apache-2.0
// Structured log lines in klog's text format or JSON, on stderr.
//
//   log_info("pod started", "pod", key, "node", name, NULL)
//   I1123 17:49:00.000000    1234 pod_worker.c:88] "pod started" pod="default/web" node="n1"
//
// Pairs are (const char *key, const char *value) and end with NULL; a NULL value prints as "". Use log_int for numbers.
#ifndef CUBE_COMMON_BASE_LOG_H
#define CUBE_COMMON_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

void log_set_format(enum log_format format);
void log_set_verbosity(int verbosity); // --v; default 0
bool log_enabled(int verbosity);
// component names the JSON field "component"-less klog prefix of test output; NULL for none.
void log_set_prefix(const char *prefix);

void log_write(enum log_level level, const char *file, int line, const char *message, ...) __attribute__((sentinel));

#define log_info(...) log_write(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__)
// log_v(2, "message", ..., NULL): only at --v=2 or more.
#define log_v(verbosity, ...)                                                                                                    \
    do {                                                                                                                         \
        if (log_enabled(verbosity))                                                                                              \
            log_write(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__);                                                          \
    } while (0)

// A number as text for a log pair; one of 8 thread-local buffers, so good for one log line.
const char *log_int(int64_t value);
// Nanoseconds as seconds with unit ("1.25s"), the same buffers.
const char *log_duration(int64_t nanoseconds);

#endif
