// SPDX-License-Identifier: Apache-2.0
// All pods of the node: one worker for each on a pool of threads, the latest update wins, everything else is an event that wakes it.
#ifndef CUBE_KUBELET_PODS_H
#define CUBE_KUBELET_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/client/events.h"
#include "common/client/rest.h"
#include "kubelet/cgroup.h"
#include "kubelet/node_facts.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"
#include "kubelet/status_writer.h"

struct pods;

// All borrowed.
struct pods_config {
    const struct kubelet_options *options;
    const struct node_facts *facts;
    struct runtime *runtime;
    struct rest *rest; // for ConfigMaps and Secrets; NULL: there are none
    struct clock *clock;
    struct event_recorder *recorder; // NULL: events are only logged
    struct status_writer *statuses;  // NULL: statuses go nowhere
    struct cgroups *cgroups;
    // Told of each container that is seen to have ended, perhaps again and again; any thread. NULL: nobody.
    void (*on_ended)(void *context, const char *container_id);
    void *context;
};

struct pods *pods_new(const struct pods_config *config);
void pods_start(struct pods *pods);
void pods_stop(struct pods *pods); // waits for workers; containers go on
void pods_free(struct pods *pods);

void pods_update(struct pods *pods, const struct object *pod);  // added or changed in the API
void pods_removed(struct pods *pods, const struct object *pod); // no longer in the API
// The first list is in: sandboxes, containers, folders, logs and control groups of pods that it does not have are removed.
void pods_clean_orphans(struct pods *pods);
// Something happened to this container or sandbox.
void pods_runtime_event(struct pods *pods, const struct runtime_event *event);
void pods_wake_all(struct pods *pods); // events may have been missed
size_t pods_len(struct pods *pods);
uint64_t pods_updates(struct pods *pods); // how often the API has brought something new so far
// The object of a pod by namespace and name (a new reference; NULL if unknown) and all of them (informer_release).
const struct object *pods_get(struct pods *pods, const char *ns, const char *name);
void pods_list(struct pods *pods, struct ptr_vec *out);
// Kills, pulls or hooks are under way, for which pods_stop would wait.
bool pods_busy(struct pods *pods);
// A healthy dispatcher answers within a minute.
bool pods_healthy(struct pods *pods);
// Folder of the logs of a pod: <pod logs>/<namespace>_<name>_<uid>. Appends.
void pods_log_folder(const struct kubelet_options *options, const char *ns, const char *name, const char *uid, struct str *out);

#endif
