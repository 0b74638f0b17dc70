// SPDX-License-Identifier: Apache-2.0
// One pod's worker: what pods.c, which decides when it runs, and the files that do its work share.
#ifndef CUBE_KUBELET_POD_WORKER_H
#define CUBE_KUBELET_POD_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/base/heap.h"
#include "common/base/lock.h"
#include "common/base/map.h"
#include "common/base/thread.h"
#include "kubelet/images.h"
#include "kubelet/pod_context.h"
#include "kubelet/pod_decide.h"
#include "kubelet/pod_observed.h"
#include "kubelet/pods.h"
#include "kubelet/probes.h"

enum pod_worker_state { POD_WORKER_IDLE, POD_WORKER_QUEUED, POD_WORKER_RUNNING };

struct pod_worker {
    // constant
    struct pods *pods;
    char *uid, *ns, *name, *folder, *log_folder;
    // under pods->lock
    const struct object *object; // the latest
    bool gone;                   // the API has it no more
    enum pod_worker_state state;
    bool again;             // something came while it ran
    struct heap_node timer; // in pods->timers while wake_at is set
    int64_t wake_at;        // monotonic
    size_t operations;      // pulls, kills and hooks under way: the worker stays while there are any
    bool finished;          // nothing of it is left
    struct str_list ids;    // of its sandboxes and containers, as pods->by_id has them
    struct lock lock;
    // under lock
    struct pod_memory memory;
    struct str_list exited; // containers that an event said have ended
    // owned by the running sync
    bool cgroup_made;
    bool cleaned;   // volumes and control group of an ended pod are gone
    int exit_waits; // looks in a row that did not show an announced exit
    int failures;   // syncs in a row that could not see the runtime
    int mount_failures;
};

struct pods {
    // constant
    struct pods_config config;
    struct thread_pool *pool;
    struct thread *dispatcher;
    struct images *images;
    struct probes *probes;
    struct lock lock;
    struct cond cond; // for the dispatcher
    // under lock
    struct map workers; // uid -> pod_worker, owned
    struct map by_id;   // sandbox or container id -> pod_worker, borrowed
    struct heap timers;
    bool stopping;
    uint64_t updates;
};

// pods.c, for the files below. Wakes the worker now or at a monotonic time (the earlier of two wins).
void pod_worker_wake(struct pod_worker *worker);
void pod_worker_wake_at(struct pod_worker *worker, int64_t monotonic);
// Keeps the worker while something of it is under way on another thread; end wakes it.
void pod_worker_begin(struct pod_worker *worker);
void pod_worker_end(struct pod_worker *worker);

// Events of this container or sandbox are the worker's, from before it is started.
void pod_worker_know(struct pod_worker *worker, const char *id);

// One look at the pod and what follows from it (pod_sync.c).
void pod_sync(struct pod_worker *worker);

// What one sync has at hand (pod_sync.c) and gives to the actions.
struct pod_sync_state {
    struct pod_worker *worker;
    const struct object *object;
    struct json *pod;
    bool gone;
    struct pod_observed observed;
    struct pod_context context;
    struct str_list pod_ips;
    struct str cgroup_parent;
    struct map volume_paths;
    bool volumes_ready; // in this sync
};

// pod_start.c. true: something changed, look again at once.
bool pod_start_container(struct pod_sync_state *sync, const struct pod_action *action);
bool pod_start_sandbox(struct pod_sync_state *sync, uint32_t attempt);
bool pod_start_volumes(struct pod_sync_state *sync); // false: not ready; the worker wakes later
// pod_kill.c
void pod_kill_container(struct pod_sync_state *sync, const struct pod_action *action);
// Removes what is left in the runtime, and the pod's files. false: not all could be removed.
bool pod_kill_remove(struct pod_worker *worker, const struct pod_observed *observed);
// One ended container. false: not now.
bool pod_kill_remove_container(struct pod_worker *worker, const struct runtime_container *container);
bool pod_kill_clean(struct pod_worker *worker); // volumes and control group
// Keeps the newest ended container of each name, removes older ones, and sandboxes that are not the newest.
void pod_kill_collect(struct pod_sync_state *sync);

// Events of the pod, or of one of its containers (name NULL: the pod).
void pod_event_normal(struct pod_worker *worker, const struct object *object, const char *container, const char *reason,
                      const char *format, ...) PRINTF_LIKE(5, 6);
void pod_event_warning(struct pod_worker *worker, const struct object *object, const char *container, const char *reason,
                       const char *format, ...) PRINTF_LIKE(5, 6);

#endif
