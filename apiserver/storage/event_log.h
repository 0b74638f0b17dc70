// SPDX-License-Identifier: Apache-2.0
// A cache's recent events, oldest first, within a time and a memory bound.
#ifndef CUBE_APISERVER_STORAGE_EVENT_LOG_H
#define CUBE_APISERVER_STORAGE_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"

// All references are owned by the log.
struct logged_event {
    uint64_t revision;
    int64_t time;                  // monotonic
    const struct object *object;   // NULL: deleted
    const struct object *previous; // NULL: was not there
    const struct object *gone;     // previous with the event's revision, what DELETED shows; made at first need
};

// Zero-initialise to start.
struct event_log {
    struct logged_event *events; // a ring of `cap` (a power of two) elements
    size_t head;
    size_t len;
    size_t cap;
    size_t bytes;   // of the objects that events hold, roughly
    uint64_t start; // all events behind this revision are here
};

// Valid until the log changes.
struct logged_event *event_log_append(struct event_log *log, const struct logged_event *take_event);
struct logged_event *event_log_at(const struct event_log *log, size_t index);
// The index of the first event behind the revision; len if there is none.
size_t event_log_seek(const struct event_log *log, uint64_t revision);
// Drops events older than `oldest`, and the oldest while more than `bytes` are held; the newest one stays.
void event_log_trim(struct event_log *log, int64_t oldest, size_t bytes);
// Borrowed. For events with a previous object only.
const struct object *event_log_gone(struct event_log *log, struct logged_event *event);
// Drops all events; history begins at the revision.
void event_log_reset(struct event_log *log, uint64_t start);
void event_log_free(struct event_log *log);

#endif
