// SPDX-License-Identifier: Apache-2.0
// A watch as a response stream: events of a cache's watcher as lines of JSON, also as Tables and partial metadata.
//
// Plain JSON events are never copied into a buffer of their own: what is sent is a prefix, the object's bytes and a newline, and the stream
// remembers how much of that is out. Only read touches that state; wakes come from the cache and from the timer.
#include "apiserver/watch_response.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/encode.h"
#include "apiserver/request_metrics.h"
#include "apiserver/server_state.h"
#include "apiserver/watch_timers.h"
#include "common/api/resources.h"
#include "common/api/schema.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

#define MAX_TIMEOUT_SECONDS INT64_C(1000000000)

struct piece {
    const char *bytes;
    size_t len;
};

struct watch_stream {
    struct api_stream base;
    // Constant.
    struct apiserver *server;
    struct watch_cache_watcher *watcher;
    struct watch_response_options options;
    struct watch_timer timer;
    void (*wake)(void *argument); // set before the first read
    void *wake_argument;

    // Owned by the reader.
    struct watch_cache_event event; // whose bytes are being sent
    struct piece pieces[3];
    size_t piece_count;
    size_t piece;      // the one that is being sent
    size_t sent;       // bytes of it
    struct str text;   // an event that had to be written
    bool headers_sent; // of a Table
    bool over;
};

int64_t watch_response_deadline(struct apiserver *server, int64_t timeout_seconds) {
    int64_t now = clock_monotonic(server->config.clock);
    if (timeout_seconds > 0)
        return now + MIN(timeout_seconds, MAX_TIMEOUT_SECONDS) * SECOND;
    double factor = 1 + random_unit(server->config.random);
    return now + (int64_t)((double)server->config.min_watch_timeout * factor);
}

// --- writing events -------------------------------------------------------------------------------------------------------------

static struct piece piece_of(const char *bytes, size_t len) {
    return (struct piece){bytes, len};
}

static void send_text(struct watch_stream *stream) {
    stream->pieces[0] = piece_of(str_text(&stream->text), stream->text.len);
    stream->piece_count = 1;
}

static void send_object(struct watch_stream *stream) {
    static const char *const prefixes[] = {
        [WATCH_CACHE_ADDED] = "{\"type\":\"ADDED\",\"object\":",
        [WATCH_CACHE_MODIFIED] = "{\"type\":\"MODIFIED\",\"object\":",
        [WATCH_CACHE_DELETED] = "{\"type\":\"DELETED\",\"object\":",
    };
    const struct object *object = stream->event.object;
    const char *prefix = prefixes[stream->event.type];
    stream->pieces[0] = piece_of(prefix, strlen(prefix));
    stream->pieces[1] = piece_of(object->json, object->len);
    stream->pieces[2] = piece_of("}\n", 2);
    stream->piece_count = 3;
}

static void write_event(struct watch_stream *stream, const char *type, const struct json *object) {
    str_printf(&stream->text, "{\"type\":\"%s\",\"object\":", type);
    json_write(object, &stream->text);
    str_append(&stream->text, "}\n");
    send_text(stream);
}

// A bookmark has no object: one that holds just what clients read from it.
static struct json *bookmark_tree(const struct watch_stream *stream) {
    struct json *object = json_new_object();
    AUTO_STR revision = {0};
    str_append_uint(&revision, stream->event.revision);
    schema_set_kind(object, stream->options.resource->api_version, stream->options.resource->kind);
    json_put_string(object, "metadata.resourceVersion", str_text(&revision));
    if (stream->event.initial_events_end) {
        struct json *annotations = json_new_object();
        json_set_string(annotations, "k8s.io/initial-events-end", "true");
        json_put(object, "metadata.annotations", annotations);
    }
    return object;
}

static void send_converted(struct watch_stream *stream) {
    const struct watch_cache_event *event = &stream->event;
    const char *type = watch_cache_event_name(event->type);
    AUTO_JSON tree = event->object ? object_tree(event->object) : bookmark_tree(stream);
    if (stream->options.negotiation.form == NEGOTIATION_PARTIAL) {
        AUTO_JSON partial = encode_partial(tree, stream->options.negotiation.meta_version);
        write_event(stream, type, partial);
        return;
    }
    struct table_options options = {.include = stream->options.include,
                                    .meta_version = stream->options.negotiation.meta_version,
                                    .now = clock_wall(stream->server->config.clock),
                                    .no_headers = stream->headers_sent};
    stream->headers_sent = true;
    AUTO_JSON table = table_new(stream->options.resource, &options);
    json_put_string(table, "metadata.resourceVersion", json_find_string(tree, "metadata.resourceVersion"));
    table_add(table, stream->options.resource, tree, &options);
    write_event(stream, type, table);
}

static void send_event(struct watch_stream *stream) {
    if (stream->options.negotiation.form != NEGOTIATION_OBJECT) {
        send_converted(stream);
    } else if (stream->event.object) {
        send_object(stream);
    } else {
        watch_cache_event_write(watch_cache_watcher_cache(stream->watcher), &stream->event, &stream->text);
        send_text(stream);
    }
}

static void send_error(struct watch_stream *stream, const struct error *error) {
    AUTO_JSON status = status_from_error(error);
    write_event(stream, "ERROR", status);
    stream->over = true; // behind this event
}

// --- the stream -------------------------------------------------------------------------------------------------------------------

static size_t copy_pieces(struct watch_stream *stream, char *buffer, size_t max) {
    size_t copied = 0;
    while (stream->piece < stream->piece_count && copied < max) {
        const struct piece *piece = &stream->pieces[stream->piece];
        size_t len = MIN(piece->len - stream->sent, max - copied);
        memcpy(buffer + copied, piece->bytes + stream->sent, len);
        copied += len;
        stream->sent += len;
        if (stream->sent == piece->len) {
            stream->piece++;
            stream->sent = 0;
        }
    }
    return copied;
}

static void finish_event(struct watch_stream *stream) {
    watch_cache_event_free(&stream->event);
    str_free(&stream->text);
    stream->piece = stream->piece_count = stream->sent = 0;
}

static bool time_is_over(const struct watch_stream *stream) {
    return stream->server->watches_ended || clock_monotonic(stream->server->config.clock) >= stream->options.deadline;
}

// Takes the next event. false: there is none now, or the stream is over.
static bool next_event(struct watch_stream *stream) {
    if (stream->over)
        return false;
    if (time_is_over(stream)) {
        stream->over = true;
        return false;
    }
    AUTO_ERROR error = NULL;
    switch (watch_cache_next(stream->watcher, &stream->event, &error)) {
    case WATCH_CACHE_NEXT_EVENT:
        send_event(stream);
        return true;
    case WATCH_CACHE_NEXT_EMPTY:
        return false;
    case WATCH_CACHE_NEXT_END:
        stream->over = true;
        return false;
    case WATCH_CACHE_NEXT_ERROR:
        send_error(stream, error);
        return true;
    }
    return false;
}

static ssize_t watch_read(struct api_stream *base, char *buffer, size_t max) {
    struct watch_stream *stream = CONTAINER_OF(base, struct watch_stream, base);
    size_t copied = 0;
    for (;;) {
        copied += copy_pieces(stream, buffer + copied, max - copied);
        if (stream->piece < stream->piece_count)
            return (ssize_t)copied; // the buffer is full
        finish_event(stream);
        if (copied == max || !next_event(stream))
            break;
    }
    if (copied)
        return (ssize_t)copied;
    return stream->over ? API_STREAM_END : 0;
}

static void watch_expired(void *argument) {
    struct watch_stream *stream = argument;
    stream->wake(stream->wake_argument);
}

static void watch_set_wake(struct api_stream *base, void (*wake)(void *argument), void *argument) {
    struct watch_stream *stream = CONTAINER_OF(base, struct watch_stream, base);
    stream->wake = wake;
    stream->wake_argument = argument;
    watch_cache_watcher_set_wake(stream->watcher, wake, argument);
    stream->timer = (struct watch_timer){.deadline = stream->options.deadline, .expired = watch_expired, .argument = stream};
    watch_timers_add(stream->server->timers, &stream->timer);
}

static void watch_free(struct api_stream *base) {
    struct watch_stream *stream = CONTAINER_OF(base, struct watch_stream, base);
    if (stream->wake)
        watch_timers_cancel(stream->server->timers, &stream->timer);
    watch_cache_watcher_free(stream->watcher);
    finish_event(stream);
    request_metrics_long_running(-1);
    free(stream);
}

static const struct api_stream_ops watch_stream_ops = {"watch", watch_read, watch_set_wake, watch_free};

void watch_response_set(struct api_call *call, const struct watch_response_options *options,
                        struct watch_cache_watcher *take_watcher) {
    struct watch_stream *stream = alloc_zero(sizeof(*stream));
    stream->base.ops = &watch_stream_ops;
    stream->server = call->server;
    stream->watcher = take_watcher;
    stream->options = *options;
    stream->timer.node.index = HEAP_NONE;
    request_metrics_long_running(1);
    api_response_take_stream(call->response, 200, "application/json", &stream->base);
}

void watch_response_set_expired(struct api_call *call, const struct error *error) {
    struct str event = {0};
    AUTO_JSON status = status_from_error(error);
    str_append(&event, "{\"type\":\"ERROR\",\"object\":");
    json_write(status, &event);
    str_append(&event, "}\n");
    api_response_take_bytes(call->response, 200, "application/json", &event);
}
