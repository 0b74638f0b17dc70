// SPDX-License-Identifier: Apache-2.0
// A cache's recent events in a growing ring.
#include "apiserver/storage/event_log.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"

#define EVENT_OVERHEAD 256

struct logged_event *event_log_at(const struct event_log *log, size_t index) {
    assert(index < log->len);
    return &log->events[(log->head + index) & (log->cap - 1)];
}

static size_t event_bytes(const struct logged_event *event) {
    return EVENT_OVERHEAD + (event->object ? event->object->len : 0) + (event->gone ? event->gone->len : 0);
}

static void grow(struct event_log *log) {
    size_t cap = log->cap ? 2 * log->cap : 16;
    struct logged_event *events = alloc_array(cap, sizeof(*events));
    for (size_t i = 0; i < log->len; i++)
        events[i] = *event_log_at(log, i);
    free(log->events);
    log->events = events;
    log->head = 0;
    log->cap = cap;
}

struct logged_event *event_log_append(struct event_log *log, const struct logged_event *take_event) {
    if (log->len == log->cap)
        grow(log);
    struct logged_event *event = &log->events[(log->head + log->len++) & (log->cap - 1)];
    *event = *take_event;
    log->bytes += event_bytes(event);
    return event;
}

size_t event_log_seek(const struct event_log *log, uint64_t revision) {
    size_t low = 0, high = log->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (event_log_at(log, middle)->revision <= revision)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_oldest(struct event_log *log) {
    struct logged_event *event = event_log_at(log, 0);
    log->bytes -= event_bytes(event);
    log->start = event->revision;
    object_unref(event->object);
    object_unref(event->previous);
    object_unref(event->gone);
    log->head = (log->head + 1) & (log->cap - 1);
    log->len--;
}

void event_log_trim(struct event_log *log, int64_t oldest, size_t bytes) {
    while (log->len > 1 && (event_log_at(log, 0)->time < oldest || log->bytes > bytes))
        drop_oldest(log);
}

const struct object *event_log_gone(struct event_log *log, struct logged_event *event) {
    if (!event->gone) {
        event->gone = object_with_version(event->previous, event->revision);
        log->bytes += event->gone->len;
    }
    return event->gone;
}

void event_log_reset(struct event_log *log, uint64_t start) {
    while (log->len)
        drop_oldest(log);
    log->start = start;
}

void event_log_free(struct event_log *log) {
    event_log_reset(log, 0);
    free(log->events);
    *log = (struct event_log){0};
}
