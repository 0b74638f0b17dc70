// SPDX-License-Identifier: Apache-2.0
// Streams of an HTTP server: chunked bodies that wait for their producer, and the watch for clients that leave meanwhile.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/net/http_server_internal.h"

// Chunked bodies are made in the connection's own buffer; this only sizes an unused block of the response.
#define STREAM_BLOCK 128
#define HANGUP_BATCH 64

static void resume_if_suspended(struct http_stream *stream) {
    lock_assert_held(&stream->lock);
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

// The client has gone or must go: the reader will find out.
static void mark_gone(struct http_stream *stream) {
    LOCKED(&stream->lock) {
        stream->gone = true;
        if (!stream->closed)
            resume_if_suspended(stream);
    }
}

static void watch_for_hangup(struct http_stream *stream) {
    if (stream->watched)
        return;
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = stream};
    LOCKED(&stream->server->hangup_lock) {
        stream->watched = epoll_ctl(stream->server->hangup_epoll, EPOLL_CTL_ADD, stream->fd, &event) == 0;
    }
}

// Suspends unless something has come since the last read. false: read again.
static bool wait_for_wake(struct http_stream *stream) {
    bool waits = false;
    watch_for_hangup(stream);
    LOCKED(&stream->lock) {
        if (!stream->pending && !stream->gone && !stream->server->draining) {
            stream->suspended = true;
            MHD_suspend_connection(stream->connection);
            waits = true;
        }
    }
    return waits;
}

// Ends the reply and the connection at once. Not by MHD_CONTENT_READER_END_WITH_ERROR: MHD then frees the connection only when every one
// that has been idle for longer has gone. The end goes nowhere, fails, and so closes.
static ssize_t cut_off(struct http_stream *stream) {
    (void)shutdown(stream->fd, SHUT_RDWR);
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t stream_read(void *cls, uint64_t position UNUSED, char *buffer, size_t max) {
    struct http_stream *stream = cls;
    for (;;) {
        bool gone = false;
        LOCKED(&stream->lock) {
            gone = stream->gone;
            stream->pending = false;
        }
        if (gone)
            return cut_off(stream);
        if (stream->server->draining)
            return MHD_CONTENT_READER_END_OF_STREAM;
        ssize_t len = stream->ops->read(stream->context, buffer, max);
        if (len > 0)
            return len;
        if (len == HTTP_STREAM_END)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (len != HTTP_STREAM_WAIT)
            return cut_off(stream);
        if (wait_for_wake(stream))
            return 0;
    }
}

struct http_stream *http_server_reply_stream(struct http_server_request *request, const struct http_server_head *head,
                                             const struct http_stream_ops *ops, void *context) {
    struct http_server_exchange *exchange = (struct http_server_exchange *)request;
    struct http_server *server = exchange->server;
    struct http_stream *stream = alloc_zero(sizeof(*stream));
    stream->references = 2; // the exchange's and the caller's
    stream->server = server;
    stream->connection = exchange->connection;
    stream->fd = exchange->link->fd;
    stream->ops = ops;
    stream->context = context;
    lock_init(&stream->lock, "http_stream");
    exchange->stream = stream; // before it is published
    LOCKED(&server->lock)
    list_push_back(&server->streams, &stream->node);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, stream, NULL);
    http_server_add_headers(response, head);
    http_server_exchange_publish(exchange, (unsigned)head->status, response);
    return stream;
}

void http_server_stream_over(struct http_stream *stream) {
    struct http_server *server = stream->server;
    if (stream->watched) {
        LOCKED(&server->hangup_lock)
        (void)epoll_ctl(server->hangup_epoll, EPOLL_CTL_DEL, stream->fd, NULL);
    }
    LOCKED(&stream->lock)
    stream->closed = true;
    stream->ops->closed(stream->context);
    LOCKED(&server->lock) {
        list_remove(&stream->node);
        cond_broadcast(&server->changed);
    }
    http_stream_unref(stream);
}

void http_stream_wake(struct http_stream *stream) {
    LOCKED(&stream->lock) {
        stream->pending = true;
        if (!stream->closed)
            resume_if_suspended(stream);
    }
}

void http_stream_abort(struct http_stream *stream) {
    LOCKED(&stream->lock) {
        stream->gone = true;
        if (!stream->closed) {
            (void)shutdown(stream->fd, SHUT_RDWR);
            resume_if_suspended(stream);
        }
    }
}

struct http_stream *http_stream_ref(struct http_stream *stream) {
    atomic_fetch_add_explicit(&stream->references, 1, memory_order_relaxed);
    return stream;
}

void http_stream_unref(struct http_stream *stream) {
    if (stream == NULL || atomic_fetch_sub_explicit(&stream->references, 1, memory_order_acq_rel) != 1)
        return;
    lock_destroy(&stream->lock);
    free(stream);
}

void http_server_streams_wake(struct http_server *server) {
    LOCKED(&server->lock) {
        LIST_FOREACH(node, &server->streams)
        http_stream_wake(CONTAINER_OF(node, struct http_stream, node));
    }
}

// Takes and handles events as one step under hangup_lock.
static void handle_hangups(struct http_server *server) {
    struct epoll_event events[HANGUP_BATCH];
    LOCKED(&server->hangup_lock) {
        int count = epoll_wait(server->hangup_epoll, events, HANGUP_BATCH, 0);
        for (int i = 0; i < count; i++)
            mark_gone(events[i].data.ptr);
    }
}

static void watch_hangups(void *argument) {
    struct http_server *server = argument;
    struct pollfd fds[] = {{.fd = server->hangup_epoll, .events = POLLIN}, {.fd = server->hangup_stop, .events = POLLIN}};
    for (;;) {
        if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
            return;
        if (fds[1].revents != 0)
            return;
        if (fds[0].revents != 0)
            handle_hangups(server);
    }
}

int http_server_hangup_start(struct http_server *server, struct error **err) {
    server->hangup_epoll = epoll_create1(EPOLL_CLOEXEC);
    server->hangup_stop = eventfd(0, EFD_CLOEXEC);
    if (server->hangup_epoll < 0 || server->hangup_stop < 0)
        return error_set_errno(err, errno, "epoll for clients that leave");
    server->hangup_thread = thread_start("http-hangup", watch_hangups, server);
    return 0;
}

void http_server_hangup_stop(struct http_server *server) {
    if (server->hangup_thread != NULL) {
        uint64_t one = 1;
        if (write(server->hangup_stop, &one, sizeof(one)) == sizeof(one))
            thread_join(STEAL(server->hangup_thread));
    }
    fd_closep(&server->hangup_epoll);
    fd_closep(&server->hangup_stop);
}
