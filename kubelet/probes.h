// SPDX-License-Identifier: Apache-2.0
// Liveness, readiness and startup probes: when each is due, runs on a pool, thresholds; results wake their pod.
#ifndef CUBE_KUBELET_PROBES_H
#define CUBE_KUBELET_PROBES_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/base/thread.h"
#include "common/data/json.h"
#include "kubelet/pod_observed.h"
#include "kubelet/runtime/runtime.h"

struct probes;

// What a run came to. crossed: `result` is new. message: why the run failed; NULL: it passed.
struct probes_outcome {
    const char *container, *container_id;
    enum pod_probe probe;
    bool crossed;
    enum pod_probe_result result;
    const char *message;
};
// How a probe's owner is told. Any thread.
typedef void (*probes_report)(void *owner, const struct probes_outcome *outcome);

struct probes_config {
    struct runtime *runtime;
    struct clock *clock;
    struct thread_pool *pool;
    probes_report report;
    // Keeps the owner while a probe runs.
    void (*hold)(void *owner);
    void (*release)(void *owner);
};

struct probes *probes_new(const struct probes_config *config);
// No probe runs afterwards.
void probes_stop(struct probes *probes);
void probes_free(struct probes *probes);

// Whose probes. key identifies the owner (pod uid).
struct probes_subject {
    void *owner;
    const char *key, *container_id, *pod_ip;
    const struct json *container; // its spec entry
    int64_t started_at;           // wall
};
// Begins the probes of a container that runs (all is copied). Liveness and readiness wait for the startup probe; what another
// container id of the same name had is dropped.
void probes_add(struct probes *probes, const struct probes_subject *subject);
void probes_remove(struct probes *probes, const char *key, const char *container); // container NULL: all of the pod's
bool probes_has(struct probes *probes, const char *key, const char *container, const char *container_id);

#endif
