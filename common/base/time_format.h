// SPDX-License-Identifier: Apache-2.0
// Times and durations as Kubernetes writes them: RFC 3339, Go durations, and kubectl's ages.
#ifndef CUBE_COMMON_BASE_TIME_FORMAT_H
#define CUBE_COMMON_BASE_TIME_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/macro.h"

#define TIME_TEXT_SIZE 40

// All times are wall nanoseconds since 1970. The buffers take TIME_TEXT_SIZE bytes; each function returns its buffer.
const char *time_format_seconds(int64_t wall, char *buffer); // metav1.Time: 2026-11-23T20:50:38Z
const char *time_format_micro(int64_t wall, char *buffer);   // metav1.MicroTime: ...38.000000Z
const char *time_format_nano(int64_t wall, char *buffer);    // RFC3339Nano as CRI logs have it: ...38.123456789Z
// RFC 3339 with or without fraction and any offset; false if it is not one.
bool time_parse(const char *text, int64_t *ret_wall) MUST_CHECK;

// Go's time.ParseDuration: "1h30m", "100ms", "-1.5s", "0"; plain numbers but 0 are refused.
bool duration_parse(const char *text, int64_t *ret_nanoseconds) MUST_CHECK;
const char *duration_format(int64_t nanoseconds, char *buffer); // as Go's Duration.String: "1m30s"
// As kubectl's AGE column (duration.HumanDuration): 5s, 3m4s, 2d3h, 5y.
const char *duration_format_age(int64_t nanoseconds, char *buffer);

#endif
