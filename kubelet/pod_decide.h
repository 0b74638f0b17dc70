// SPDX-License-Identifier: Apache-2.0
// Decides what to do for one pod. Pure: (pod, observed, remembered, now) -> actions; nothing here calls the system.
//
// Follows upstream's computePodActions: one sandbox; init containers one after the other, restartable ones (sidecars) kept running;
// then all containers; restarts by policy with back-off; a pod that is being ended only gets kills, sidecars last.
#ifndef CUBE_KUBELET_POD_DECIDE_H
#define CUBE_KUBELET_POD_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/vec.h"
#include "common/data/json.h"
#include "kubelet/pod_observed.h"

enum pod_action_type {
    POD_ACTION_CREATE_SANDBOX, // attempt
    POD_ACTION_STOP_SANDBOX,   // id
    POD_ACTION_START,          // container, attempt (its restart count); id: one that never ran and is removed first
    POD_ACTION_KILL,           // container, id, grace_seconds, message
    POD_ACTION_BACK_OFF,       // container: show CrashLoopBackOff; retry_at
};

// Strings are borrowed from the inputs but for message.
struct pod_action {
    enum pod_action_type type;
    const struct json *container; // spec entry; NULL for a container that the spec does not have (any more)
    const char *name;
    const char *id;
    bool init;
    uint32_t attempt;
    int64_t grace_seconds;
    int64_t retry_at;
    char *message; // of the Killing event; NULL: the usual one
};

enum pod_outcome {
    POD_OUTCOME_RUN,   // goes on
    POD_OUTCOME_END,   // nothing of it may run any more; kills are under way
    POD_OUTCOME_ENDED, // nothing runs, and nothing shall
};

struct pod_decision {
    enum pod_outcome outcome;
    struct vec actions; // struct pod_action
    int64_t wake_at;    // wall; TIME_NEVER: no reason to look again without an event
};

// memory is only read.
void pod_decide(const struct json *pod, const struct pod_observed *observed, const struct pod_memory *memory, int64_t now,
                struct pod_decision *ret_decision);
void pod_decision_free(struct pod_decision *decision);

// Upstream's rule: may this container run (again)?
bool pod_decide_should_restart(const struct json *pod, const struct json *container, bool init,
                               const struct pod_observed *observed, const struct pod_memory *memory);
// Back-off as flowcontrol.Backoff: notes one more restart.
void pod_decide_note_restart(struct pod_container_memory *memory, int64_t finished_at, int64_t now);
// The grace period that the pod's deletion or spec gives, at least 1 s.
int64_t pod_decide_grace_seconds(const struct json *pod);
// What identifies a container's definition; a container made from another one is replaced. Hex text in a buffer of 17.
const char *pod_decide_hash(const struct json *container, char buffer[17]);

#endif
