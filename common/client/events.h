// SPDX-License-Identifier: Apache-2.0
// Events about objects, as `kubectl describe` shows them: recorded without blocking, repeated ones counted up, sent by one thread.
#ifndef CUBE_COMMON_CLIENT_EVENTS_H
#define CUBE_COMMON_CLIENT_EVENTS_H

#include "common/api/object.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/client/rest.h"

struct event_recorder;

// component is event.source.component ("kubelet"), host event.source.host (NULL: none).
struct event_recorder_config {
    struct rest *rest;
    struct clock *clock;
    struct random *random;
    const char *component;
    const char *host;
};

// What an event is about.
struct event_subject {
    const char *api_version, *kind, *ns, *name, *uid, *resource_version, *field_path; // NULL where unknown
};

struct event_recorder *event_recorder_new(const struct event_recorder_config *config);
// Sends what is queued for at most two seconds, then frees.
void event_recorder_free(struct event_recorder *recorder);
// type is "Normal" or "Warning". Never blocks: when 1,000 events wait, further ones are dropped. Equal events within ten minutes become
// one with a rising count (upstream's correlator: by source, subject, reason, message), limited to a burst of 25 per subject.
void event_record(struct event_recorder *recorder, const struct event_subject *subject, const char *type, const char *reason,
                  const char *format, ...) PRINTF_LIKE(5, 6);
struct event_subject event_subject_of(const struct object *object);  // borrows
struct event_subject event_subject_of_tree(const struct json *tree); // borrows

#endif
