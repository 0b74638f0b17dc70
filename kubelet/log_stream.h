// SPDX-License-Identifier: Apache-2.0
// Container logs as HTTP bodies: tail, since, timestamps, limits, and following a file as it grows and is rotated (inotify).
#ifndef CUBE_KUBELET_LOG_STREAM_H
#define CUBE_KUBELET_LOG_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/net/http_server.h"

struct log_streams;

struct log_stream_options {
    bool follow, timestamps;
    int64_t since;       // wall; 0: all
    int64_t tail_lines;  // -1: all
    int64_t limit_bytes; // -1: none
    bool only_stdout, only_stderr;
};

struct log_streams *log_streams_new(void);
// Ends all followers' bodies. No stream may be started afterwards.
void log_streams_stop(struct log_streams *streams);
void log_streams_free(struct log_streams *streams); // no body may be under way

// Whose log it is. running: the container still runs (a follower waits for log_streams_ended).
struct log_stream_source {
    const char *path, *container_id;
    bool running;
};
// Replies to the request with the log. -1: not replied (the file can't be opened).
int log_stream_reply(struct log_streams *streams, struct http_server_request *request, const struct log_stream_source *source,
                     const struct log_stream_options *options, struct error **err) MUST_CHECK;
// The container has ended and its log is whole: its followers finish.
void log_streams_ended(struct log_streams *streams, const char *container_id);

// The pure middle: takes raw bytes of a log file, appends what the client gets. Keeps half lines in `pending`. true: the limit is reached.
struct log_filter {
    struct log_stream_options options;
    struct str pending;
    bool within_line; // the last line was a partial one: its time was written already
    int64_t written;
};
bool log_filter_feed(struct log_filter *filter, const char *bytes, size_t len, struct str *out);
void log_filter_clear(struct log_filter *filter);

#endif
