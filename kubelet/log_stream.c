// SPDX-License-Identifier: Apache-2.0
// Container logs as HTTP bodies.
//
// Reads happen in the server's read callback; a follower at the end of its file waits until the inotify thread, which starts with the
// first follower, or the end of its container wakes it. Locks: streams->lock protects the list and the flags of its members.
#include "kubelet/log_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/base/vec.h"
#include "kubelet/log_file.h"

#define BLOCK 16384
#define LINE_MAX_BYTES ((size_t)1024 * 1024)

struct log_streams {
    struct lock lock;
    // under lock
    struct list followers;
    struct thread *thread;
    bool stopping;
    // constant after the thread started
    int inotify, wake;
};

struct log_stream {
    // constant
    struct log_streams *streams;
    char *path, *container_id;
    // owned by the reader
    int fd;
    struct log_filter filter;
    struct str out;
    size_t out_at;
    bool finished;
    bool moved; // the file was seen to have a successor: what is read once more is all that it will ever have
    // under streams->lock
    struct list_node node;
    struct http_stream *stream;
    int watch;
    bool ended; // no more will be written
};

// --- filter --------------------------------------------------------------------------------------------------------------------

static void emit_line(struct log_filter *filter, const char *bytes, size_t len, struct str *out) {
    struct log_file_line line;
    const struct log_stream_options *options = &filter->options;
    if (!log_file_parse(bytes, len, &line))
        return;
    if ((options->since > 0 && line.time < options->since) || (options->only_stdout && line.is_stderr) ||
        (options->only_stderr && !line.is_stderr))
        return;
    if (options->timestamps && !filter->within_line) {
        str_append_n(out, line.stamp, line.stamp_len);
        str_append_char(out, ' ');
    }
    str_append_n(out, line.text, line.text_len);
    if (!line.partial)
        str_append_char(out, '\n');
    filter->within_line = line.partial;
}

bool log_filter_feed(struct log_filter *filter, const char *bytes, size_t len, struct str *out) {
    size_t before = out->len;
    str_append_n(&filter->pending, bytes, len);
    const char *p = str_text(&filter->pending), *end = p + filter->pending.len, *newline;
    while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
        emit_line(filter, p, (size_t)(newline - p), out);
        p = newline + 1;
    }
    size_t used = (size_t)(p - str_text(&filter->pending));
    if (used > 0)
        str_remove_front(&filter->pending, used);
    if (filter->pending.len > LINE_MAX_BYTES)
        str_clear(&filter->pending); // no line of a runtime is that long
    int64_t limit = filter->options.limit_bytes;
    if (limit >= 0 && filter->written + (int64_t)(out->len - before) >= limit) {
        str_truncate(out, before + (size_t)(limit - filter->written));
        filter->written = limit;
        return true;
    }
    filter->written += (int64_t)(out->len - before);
    return false;
}

void log_filter_clear(struct log_filter *filter) {
    str_free(&filter->pending);
}

// --- one body ------------------------------------------------------------------------------------------------------------------

#define WATCHED (IN_MODIFY | IN_MOVE_SELF | IN_CLOSE_WRITE) // closed: the runtime goes on with a new file

// The file was moved away by a rotation: go on with the new one.
static bool reopen_if_rotated(struct log_stream *self) {
    struct stat own, present;
    if (stat(self->path, &present) < 0 || fstat(self->fd, &own) < 0 || own.st_ino == present.st_ino)
        return false;
    if (!self->moved) {
        self->moved = true;
        return true;
    }
    self->moved = false;
    int fd = open(self->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    close(self->fd);
    self->fd = fd;
    LOCKED(&self->streams->lock) {
        if (self->watch >= 0)
            self->watch = inotify_add_watch(self->streams->inotify, self->path, WATCHED);
    }
    return true;
}

static ssize_t read_body(void *context, char *buffer, size_t max) {
    struct log_stream *self = context;
    while (self->out_at == self->out.len) {
        if (self->finished)
            return HTTP_STREAM_END;
        str_clear(&self->out);
        self->out_at = 0;
        // Before reading: what is written between the read and the end is then found by the next round.
        bool ended = true;
        LOCKED(&self->streams->lock) {
            ended = self->ended || self->streams->stopping;
        }
        char block[BLOCK];
        ssize_t n = read(self->fd, block, sizeof(block));
        if (n < 0)
            return HTTP_STREAM_ABORT;
        if (n > 0) {
            self->finished = log_filter_feed(&self->filter, block, (size_t)n, &self->out);
            continue;
        }
        if (self->filter.options.follow && reopen_if_rotated(self))
            continue;
        if (!self->filter.options.follow || ended)
            return HTTP_STREAM_END;
        return HTTP_STREAM_WAIT;
    }
    size_t n = MIN(self->out.len - self->out_at, max);
    memcpy(buffer, self->out.data + self->out_at, n);
    self->out_at += n;
    return (ssize_t)n;
}

static void close_body(void *context) {
    struct log_stream *self = context;
    struct http_stream *stream = NULL;
    LOCKED(&self->streams->lock) {
        bool shared = false;
        list_remove(&self->node);
        LIST_FOREACH(node, &self->streams->followers) {
            shared = shared || CONTAINER_OF(node, struct log_stream, node)->watch == self->watch;
        }
        if (self->watch >= 0 && !shared)
            inotify_rm_watch(self->streams->inotify, self->watch);
        stream = STEAL(self->stream);
    }
    http_stream_unref(stream);
    close(self->fd);
    log_filter_clear(&self->filter);
    str_free(&self->out);
    free(self->path);
    free(self->container_id);
    free(self);
}

static const struct http_stream_ops body_ops = {.read = read_body, .closed = close_body};

// --- following -----------------------------------------------------------------------------------------------------------------

static void wake_watchers(struct log_streams *streams, int watch) {
    struct ptr_vec woken = {0};
    LOCKED(&streams->lock) {
        LIST_FOREACH(node, &streams->followers) {
            struct log_stream *self = CONTAINER_OF(node, struct log_stream, node);
            if ((watch < 0 || self->watch == watch) && self->stream)
                ptr_vec_push(&woken, http_stream_ref(self->stream));
        }
    }
    for (size_t i = 0; i < woken.len; i++) {
        http_stream_wake(woken.items[i]);
        http_stream_unref(woken.items[i]);
    }
    ptr_vec_free(&woken);
}

static void follow(void *argument) {
    struct log_streams *streams = argument;
    for (;;) {
        struct pollfd pollers[] = {{.fd = streams->inotify, .events = POLLIN}, {.fd = streams->wake, .events = POLLIN}};
        if (poll(pollers, 2, -1) < 0 && errno != EINTR)
            return;
        if (pollers[1].revents)
            return;
        _Alignas(struct inotify_event) char buffer[4096];
        ssize_t n = read(streams->inotify, buffer, sizeof(buffer));
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
            wake_watchers(streams, event->mask & IN_Q_OVERFLOW ? -1 : event->wd);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
}

struct log_streams *log_streams_new(void) {
    struct log_streams *streams = alloc_zero(sizeof(*streams));
    lock_init(&streams->lock, "log_streams");
    list_init(&streams->followers);
    streams->inotify = -1;
    streams->wake = -1;
    return streams;
}

void log_streams_stop(struct log_streams *streams) {
    struct thread *thread = NULL;
    LOCKED(&streams->lock) {
        streams->stopping = true;
        thread = STEAL(streams->thread);
    }
    wake_watchers(streams, -1);
    uint64_t one = 1;
    if (thread && write(streams->wake, &one, sizeof(one)) == sizeof(one))
        thread_join(thread);
}

void log_streams_free(struct log_streams *streams) {
    if (!streams)
        return;
    fd_closep(&streams->inotify);
    fd_closep(&streams->wake);
    lock_destroy(&streams->lock);
    free(streams);
}

void log_streams_ended(struct log_streams *streams, const char *container_id) {
    struct ptr_vec woken = {0};
    LOCKED(&streams->lock) {
        LIST_FOREACH(node, &streams->followers) {
            struct log_stream *self = CONTAINER_OF(node, struct log_stream, node);
            if (self->ended || strcmp(self->container_id, container_id) != 0)
                continue;
            self->ended = true;
            if (self->stream)
                ptr_vec_push(&woken, http_stream_ref(self->stream));
        }
    }
    for (size_t i = 0; i < woken.len; i++) {
        http_stream_wake(woken.items[i]);
        http_stream_unref(woken.items[i]);
    }
    ptr_vec_free(&woken);
}

// Under lock.
static void add_follower(struct log_streams *streams, struct log_stream *self) {
    if (streams->inotify < 0) {
        streams->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        streams->wake = eventfd(0, EFD_CLOEXEC);
    }
    if (!streams->thread && !streams->stopping)
        streams->thread = thread_start("logs", follow, streams);
    self->watch = inotify_add_watch(streams->inotify, self->path, WATCHED);
    list_push_back(&streams->followers, &self->node);
}

int log_stream_reply(struct log_streams *streams, struct http_server_request *request, const struct log_stream_source *source,
                     const struct log_stream_options *options, struct error **err) {
    int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "failed to try resolving symlinks in path \"%s\"", source->path);
    struct log_stream *self = alloc_zero(sizeof(*self));
    self->streams = streams;
    self->path = alloc_string(source->path);
    self->container_id = alloc_string(source->container_id);
    self->fd = fd;
    self->watch = -1;
    self->filter.options = *options;
    self->ended = !source->running;
    if (options->tail_lines >= 0)
        lseek(fd, log_file_tail_offset(fd, (size_t)options->tail_lines), SEEK_SET);
    const struct http_server_head head = {.status = 200, .content_type = "text/plain; charset=utf-8"};
    bool follows = options->follow && source->running;
    if (follows) {
        LOCKED(&streams->lock) {
            add_follower(streams, self);
        }
    }
    // The body may be over, and self gone, before this returns: the reference is handed over only if it is still there.
    struct http_stream *stream = http_server_reply_stream(request, &head, &body_ops, self);
    bool kept = false;
    if (follows) {
        LOCKED(&streams->lock) {
            LIST_FOREACH(node, &streams->followers) {
                struct log_stream *other = CONTAINER_OF(node, struct log_stream, node);
                if (other == self && !other->stream) {
                    other->stream = stream;
                    kept = true;
                }
            }
        }
    }
    if (!kept)
        http_stream_unref(stream);
    else
        wake_watchers(streams, -1); // what came before somebody could wake it
    return 0;
}
