// SPDX-License-Identifier: Apache-2.0
// Container log files in CRI's format (`2026-11-23T20:50:38.123456789Z stdout F text`): reading lines, tails, rotation names.
#ifndef CUBE_KUBELET_LOG_FILE_H
#define CUBE_KUBELET_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/str.h"

// One parsed line; text is borrowed from the input. partial: the next line goes on without a newline between.
struct log_file_line {
    int64_t time;
    const char *stamp; // as written
    size_t stamp_len;
    bool is_stderr, partial;
    const char *text;
    size_t text_len;
};
// bytes without the newline. false: no line of this format.
bool log_file_parse(const char *bytes, size_t len, struct log_file_line *ret_line);

// At most max bytes from the beginning of any file; -1: can't be read.
int log_file_head(const char *path, size_t max, struct str *out);
// The text (without times) of the last `lines` lines, at most max bytes of it.
void log_file_tail_text(const char *path, size_t lines, size_t max, struct str *out);
// Where the last `lines` lines begin in the open file; 0 if it has fewer.
off_t log_file_tail_offset(int fd, size_t lines);

#endif
