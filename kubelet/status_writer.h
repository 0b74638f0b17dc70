// SPDX-License-Identifier: Apache-2.0
// Writes pod statuses to the API: the latest one of each pod, as the smallest strategic merge patch, and the final delete of a pod that
// has ended.
#ifndef CUBE_KUBELET_STATUS_WRITER_H
#define CUBE_KUBELET_STATUS_WRITER_H

#include "common/base/clock.h"
#include "common/client/informer.h"
#include "common/client/rest.h"
#include "common/data/json.h"

struct status_writer;

struct status_writer_config {
    struct rest *rest;
    struct clock *clock;
    struct informer *pods; // what the API has; may be NULL: asked for each time
};

struct status_writer *status_writer_new(const struct status_writer_config *config);
void status_writer_start(struct status_writer *writer);
// Queues the status (serialised here, the tree stays the caller's); a queued older one is replaced. then_delete: after it was written, the
// pod is deleted with grace period 0. Any thread.
void status_writer_put(struct status_writer *writer, const struct object *pod, const struct json *status, bool then_delete);
// The pod is gone: forgets it.
void status_writer_forget(struct status_writer *writer, const char *uid);
void status_writer_stop(struct status_writer *writer); // what is queued and due is tried once more
void status_writer_free(struct status_writer *writer);

// The patch that takes base (a pod with the status that the API has) to status; NULL: nothing differs. Pure. Conditions get
// lastTransitionTime: base's where the status stays, else now.
struct json *status_writer_patch(const struct json *base, const struct json *status, int64_t now);

#endif
