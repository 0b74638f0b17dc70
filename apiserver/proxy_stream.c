// SPDX-License-Identifier: Apache-2.0
// Hands the answer of another server (a kubelet) on as a response stream, with a bounded buffer between the two.
//
// Two hold the shared state: the thread that reads from the other server, and the response stream. The reader waits while the buffer is full;
// it ends when the other side does, or when the stream is freed.
#include "apiserver/proxy_stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver/request_metrics.h"
#include "apiserver/server_state.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/thread.h"

#define BUFFER_BOUND ((size_t)256 * 1024)
#define ERROR_BODY_BOUND ((size_t)50000)

struct proxy_stream {
    struct api_stream base;
    // Constant.
    struct transport *transport; // owned by the thread
    char *path;
    struct stream_stop stop;

    struct lock lock;
    struct cond changed;
    // Under lock.
    int holders;
    bool started; // status is known, or the thread has ended
    bool ended;
    bool abandoned; // the response is gone
    int status;
    char *content_type;
    struct error *error;
    struct str buffer;
    void (*wake)(void *argument);
    void *wake_argument;
};

// Threads that live now, so that a program can end in order.
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t none;
    size_t count;
} threads = {.mutex = PTHREAD_MUTEX_INITIALIZER, .none = PTHREAD_COND_INITIALIZER};

static void count_thread(int change) {
    pthread_mutex_lock(&threads.mutex);
    threads.count += (size_t)change;
    if (!threads.count)
        pthread_cond_broadcast(&threads.none);
    pthread_mutex_unlock(&threads.mutex);
}

void proxy_stream_wait_all(void) {
    pthread_mutex_lock(&threads.mutex);
    while (threads.count)
        pthread_cond_wait(&threads.none, &threads.mutex);
    pthread_mutex_unlock(&threads.mutex);
}

static void let_go(struct proxy_stream *stream) {
    bool last = false;
    LOCKED(&stream->lock)
    last = --stream->holders == 0;
    if (!last)
        return;
    error_free(stream->error);
    free(stream->content_type);
    free(stream->path);
    str_free(&stream->buffer);
    cond_destroy(&stream->changed);
    lock_destroy(&stream->lock);
    free(stream);
}

static bool good(int status) {
    return status >= 200 && status <= 206;
}

// --- the reading thread ----------------------------------------------------------------------------------------------------------

static bool on_start(void *context, int status, const char *content_type) {
    struct proxy_stream *stream = context;
    LOCKED(&stream->lock) {
        stream->status = status;
        stream->content_type = alloc_string_or_null(content_type);
        stream->started = good(status); // of an error the body is wanted first
        cond_broadcast(&stream->changed);
    }
    return true;
}

static bool on_data(void *context, const char *bytes, size_t len) {
    struct proxy_stream *stream = context;
    bool go_on = true;
    LOCKED(&stream->lock) {
        while (stream->started && stream->buffer.len >= BUFFER_BOUND && !stream->abandoned)
            cond_wait(&stream->changed, &stream->lock);
        go_on = !stream->abandoned;
        if (!good(stream->status)) {
            len = MIN(len, ERROR_BODY_BOUND - MIN(stream->buffer.len, ERROR_BODY_BOUND));
            go_on = go_on && len > 0;
        }
        str_append_n(&stream->buffer, bytes, len);
        if (stream->wake && go_on)
            stream->wake(stream->wake_argument);
    }
    return go_on;
}

static void read_all(void *argument) {
    struct proxy_stream *stream = argument;
    struct http_request request = {.method = "GET", .path = stream->path};
    struct stream_handler handler = {on_start, on_data, stream};
    AUTO_ERROR error = NULL;
    int result = transport_stream(stream->transport, &request, &handler, &stream->stop, &error);
    transport_free(stream->transport);
    LOCKED(&stream->lock) {
        if (result < 0)
            stream->error = STEAL(error);
        stream->started = true;
        stream->ended = true;
        cond_broadcast(&stream->changed);
        if (stream->wake && !stream->abandoned)
            stream->wake(stream->wake_argument);
    }
    let_go(stream);
    count_thread(-1);
}

// --- the response stream -----------------------------------------------------------------------------------------------------------

static ssize_t proxy_read(struct api_stream *base, char *buffer, size_t max) {
    struct proxy_stream *stream = CONTAINER_OF(base, struct proxy_stream, base);
    ssize_t result = 0;
    LOCKED(&stream->lock) {
        size_t len = MIN(max, stream->buffer.len);
        if (len) {
            memcpy(buffer, stream->buffer.data, len);
            str_remove_front(&stream->buffer, len);
            cond_broadcast(&stream->changed);
            result = (ssize_t)len;
        } else if (stream->ended) {
            result = API_STREAM_END;
        }
    }
    return result;
}

static void proxy_set_wake(struct api_stream *base, void (*wake)(void *argument), void *argument) {
    struct proxy_stream *stream = CONTAINER_OF(base, struct proxy_stream, base);
    LOCKED(&stream->lock) {
        stream->wake = wake;
        stream->wake_argument = argument;
    }
}

static void proxy_free(struct api_stream *base) {
    struct proxy_stream *stream = CONTAINER_OF(base, struct proxy_stream, base);
    LOCKED(&stream->lock) {
        stream->abandoned = true;
        stream->wake = NULL;
        stream->stop.stopped = true;
        cond_broadcast(&stream->changed);
    }
    request_metrics_long_running(-1);
    let_go(stream);
}

static const struct api_stream_ops proxy_ops = {"proxy", proxy_read, proxy_set_wake, proxy_free};

// --- opening -------------------------------------------------------------------------------------------------------------------------

// As upstream's GenericHttpResponseChecker.
static int answer_error(const struct proxy_stream *stream, const struct proxy_stream_request *request, struct error **err) {
    const char *body = str_text(&stream->buffer);
    switch (stream->status) {
    case 400:
        return status_bad_request(err, "%s", body);
    case 404:
        return error_set_api(err, 404, "NotFound", "the server could not find the requested resource ( %s %s)", request->resource,
                             request->name);
    case 500:
        return status_internal(err, "%s", body);
    default:
        return status_from_http(stream->status, "", body, err);
    }
}

static struct proxy_stream *start(const struct proxy_stream_request *request) {
    struct proxy_stream *stream = alloc_zero(sizeof(*stream));
    stream->base.ops = &proxy_ops;
    stream->transport = request->take_transport;
    stream->path = alloc_string(request->path);
    stream->holders = 2;
    lock_init(&stream->lock, "proxy stream");
    cond_init(&stream->changed);
    count_thread(1);
    request_metrics_long_running(1);
    thread_detach(thread_start("proxy-stream", read_all, stream));
    return stream;
}

int proxy_stream_open(struct api_call *call, const struct proxy_stream_request *request, struct error **err) {
    struct proxy_stream *stream = start(request);
    int result = 0;
    // Only for the answer's beginning: a worker waits here, and a kubelet that hangs must not take them all.
    struct clock *clock = call->server->config.clock;
    int64_t deadline = call->started + call->server->config.request_timeout;
    LOCKED(&stream->lock) {
        while (!stream->started && clock_wait(clock, &stream->changed, &stream->lock, deadline)) {
        }
        if (!stream->started)
            result = storage_error_deadline(err);
        else if (stream->error && !stream->status)
            result = error_set_api(err, 500, NULL, "Get \"%s\": %s", request->path, error_message(stream->error));
        else if (!good(stream->status))
            result = answer_error(stream, request, err);
    }
    if (result < 0) {
        proxy_free(&stream->base);
        return -1;
    }
    AUTO_STR type = {0};
    LOCKED(&stream->lock)
    str_append(&type, stream->content_type ? stream->content_type : "text/plain");
    api_response_take_stream(call->response, 200, str_text(&type), &stream->base);
    return 0;
}
