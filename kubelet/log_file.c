// SPDX-License-Identifier: Apache-2.0
// Container log files in CRI's format.
#include "kubelet/log_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/time_format.h"

#define BLOCK 4096

bool log_file_parse(const char *bytes, size_t len, struct log_file_line *ret_line) {
    const char *end = bytes + len;
    const char *stream = memchr(bytes, ' ', len);
    if (!stream || stream - bytes >= TIME_TEXT_SIZE)
        return false;
    struct log_file_line line = {.stamp = bytes, .stamp_len = (size_t)(stream - bytes)};
    char stamp[TIME_TEXT_SIZE];
    memcpy(stamp, bytes, line.stamp_len);
    stamp[line.stamp_len] = '\0';
    if (!time_parse(stamp, &line.time))
        return false;
    stream++;
    const char *tags = memchr(stream, ' ', (size_t)(end - stream));
    if (!tags || tags - stream != 6)
        return false;
    line.is_stderr = memcmp(stream, "stderr", 6) == 0;
    if (!line.is_stderr && memcmp(stream, "stdout", 6) != 0)
        return false;
    tags++;
    const char *text = memchr(tags, ' ', (size_t)(end - tags));
    size_t tag_len = (size_t)((text ? text : end) - tags);
    if (tag_len == 0)
        return false;
    // Tags are separated by colons; the first says whether the line is whole.
    line.partial = tags[0] == 'P' && (tag_len == 1 || tags[1] == ':');
    line.text = text ? text + 1 : end;
    line.text_len = (size_t)(end - line.text);
    *ret_line = line;
    return true;
}

int log_file_head(const char *path, size_t max, struct str *out) {
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    str_reserve(out, max);
    while (out->len < max) {
        char block[BLOCK];
        size_t want = max - out->len < sizeof(block) ? max - out->len : sizeof(block);
        ssize_t n = read(fd, block, want);
        if (n < 0)
            return -1;
        if (n == 0)
            return 0;
        str_append_n(out, block, (size_t)n);
    }
    return 0;
}

off_t log_file_tail_offset(int fd, size_t lines) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return 0;
    if (lines == 0)
        return st.st_size;
    off_t at = st.st_size;
    size_t seen = 0;
    char block[BLOCK];
    while (at > 0) {
        size_t want = at < BLOCK ? (size_t)at : BLOCK;
        at -= (off_t)want;
        ssize_t n = pread(fd, block, want, at);
        if (n <= 0)
            return 0;
        for (ssize_t i = n; i-- > 0;) {
            // The newline at the very end closes the last line.
            if (block[i] == '\n' && at + i != st.st_size - 1 && ++seen == lines)
                return at + i + 1;
        }
    }
    return 0;
}

void log_file_tail_text(const char *path, size_t lines, size_t max, struct str *out) {
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    AUTO_STR raw = {0}, text = {0};
    off_t at = log_file_tail_offset(fd, lines);
    char block[BLOCK];
    ssize_t n;
    while (raw.len < 64 * max && (n = pread(fd, block, sizeof(block), at)) > 0) {
        str_append_n(&raw, block, (size_t)n);
        at += n;
    }
    const char *p = str_text(&raw), *end = p + raw.len;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        struct log_file_line line;
        if (log_file_parse(p, len, &line)) {
            str_append_n(&text, line.text, line.text_len);
            if (!line.partial)
                str_append_char(&text, '\n');
        }
        p += len + 1;
    }
    size_t skip = text.len > max ? text.len - max : 0;
    str_append_n(out, str_text(&text) + skip, text.len - skip);
}
