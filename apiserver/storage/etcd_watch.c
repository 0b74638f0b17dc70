// SPDX-License-Identifier: Apache-2.0
// A watch through etcd's gateway: one request, then one JSON document a line, in chunks that need not be lines.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/etcd_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/vec.h"

#define LINE_MAX_BYTES ((size_t)256 << 20)

struct etcd_stream {
    const struct storage_watch *watch;
    struct str buffer; // what has come and was not yet read
    size_t searched;   // so much of it holds no newline
    uint64_t last;     // the revision of the last event
    bool done;         // the callback wants no more
    int status;        // HTTP
    struct error *error;
};

static struct storage_event to_event(const struct etcd_event *event) {
    bool put = !event->deleted;
    return (struct storage_event){.type = put ? STORAGE_PUT : STORAGE_DELETE,
                                  .created = put && event->item.create_revision == event->item.mod_revision,
                                  .key = event->item.key,
                                  .bytes = put ? event->item.bytes : NULL,
                                  .len = put ? event->item.len : 0,
                                  .previous = event->previous.key ? event->previous.bytes : NULL,
                                  .previous_len = event->previous.len,
                                  .mod_revision = event->item.mod_revision};
}

static bool deliver(struct etcd_stream *stream, const struct etcd_answer *answer) {
    const struct storage_watch *watch = stream->watch;
    struct vec events = VEC_OF(struct storage_event);
    for (size_t i = 0; i < answer->event_count; i++) {
        struct storage_event event = to_event(&answer->events[i]);
        vec_push(&events, &event);
    }
    // The header's revision may be ahead of events that are still to come: only the events' own count, and progress messages.
    uint64_t revision = answer->event_count ? answer->events[answer->event_count - 1].item.mod_revision : answer->revision;
    stream->last = MAX(stream->last, revision);
    bool go_on =
        watch->on_events(watch->context, events.len ? VEC_AT(&events, struct storage_event, 0) : NULL, events.len, revision);
    vec_free(&events);
    return go_on;
}

static bool fail(struct etcd_stream *stream, const struct etcd_answer *answer) {
    etcd_answer_error(answer, &stream->error);
    return false;
}

// One document of the stream. false: the stream is over.
static bool read_document(struct etcd_stream *stream, const char *text, size_t len) {
    AUTO_ETCD_ANSWER answer = {0};
    if (etcd_json_read(text, len, &answer, &stream->error) < 0)
        return false;
    if (answer.failed || stream->status != 200)
        return fail(stream, &answer);
    if (answer.canceled) {
        if (answer.compact_revision)
            storage_error_compacted(&stream->error);
        else
            etcd_answer_error(&answer, &stream->error);
        return false;
    }
    if (answer.created) {
        if (stream->watch->on_start)
            stream->watch->on_start(stream->watch->context);
        return true;
    }
    stream->done = !deliver(stream, &answer);
    return !stream->done;
}

static bool on_start(void *context, int status, const char *content_type UNUSED) {
    struct etcd_stream *stream = context;
    stream->status = status;
    return true;
}

static bool on_data(void *context, const char *bytes, size_t len) {
    struct etcd_stream *stream = context;
    str_append_n(&stream->buffer, bytes, len);
    size_t start = 0;
    bool go_on = true;
    for (const char *newline; go_on; start = (size_t)(newline - stream->buffer.data) + 1, stream->searched = start) {
        newline = memchr(stream->buffer.data + stream->searched, '\n', stream->buffer.len - stream->searched);
        if (!newline)
            break;
        const char *line = stream->buffer.data + start;
        go_on = read_document(stream, line, (size_t)(newline - line));
    }
    str_remove_front(&stream->buffer, start);
    stream->searched = stream->buffer.len;
    if (go_on && stream->buffer.len > LINE_MAX_BYTES) {
        error_set(&stream->error, "a message of etcd's watch is larger than %zu bytes", LINE_MAX_BYTES);
        return false;
    }
    return go_on;
}

int etcd_watch(struct storage *storage, const struct storage_watch *watch, struct error **err) {
    struct etcd *etcd = CONTAINER_OF(storage, struct etcd, storage);
    struct etcd_stream stream = {.watch = watch};
    AUTO_STR body = {0};
    etcd_json_watch(&body, watch->prefix, watch->start_revision, watch->previous);
    // Without a leader the watch would be silent for ever; so it ends with an error.
    const struct http_header headers[] = {{"Content-Type", "application/json"}, {"Grpc-Metadata-hasleader", "true"}};
    struct http_request request = {.method = "POST",
                                   .path = "/v3/watch",
                                   .headers = headers,
                                   .header_count = ARRAY_LEN(headers),
                                   .body = str_text(&body),
                                   .body_len = body.len};
    struct stream_handler handler = {.on_start = on_start, .on_data = on_data, .context = &stream};
    size_t endpoint = atomic_load(&etcd->preferred);
    AUTO_ERROR failure = NULL;
    int result = transport_stream(etcd->transports[endpoint], &request, &handler, watch->stop, &failure);
    bool stopped = stream.done || (watch->stop && atomic_load(&watch->stop->stopped));
    if (!stopped && !stream.error && stream.buffer.len)
        read_document(&stream, stream.buffer.data, stream.buffer.len); // error frames have no newline
    str_free(&stream.buffer);
    if (stream.error) {
        bool compacted = error_has_code(stream.error, 410);
        if (!compacted && !stopped)
            atomic_compare_exchange_strong(&etcd->preferred, &endpoint, (endpoint + 1) % etcd->transport_count);
        return error_move(err, &stream.error);
    }
    if (result < 0 && !stopped) {
        atomic_compare_exchange_strong(&etcd->preferred, &endpoint, (endpoint + 1) % etcd->transport_count);
        return etcd_transport_error(err, &failure);
    }
    return 0;
}
