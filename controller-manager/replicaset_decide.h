// SPDX-License-Identifier: Apache-2.0
// The pure half of the ReplicaSet controller: how many pods to create, which to delete, what the status is.
#ifndef CUBE_CONTROLLER_MANAGER_REPLICASET_DECIDE_H
#define CUBE_CONTROLLER_MANAGER_REPLICASET_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/pod.h"
#include "common/base/error.h"
#include "common/data/json.h"

// At most so many pods are created or deleted in one sync.
#define REPLICASET_BURST 500

// What the ranking needs to know of an active pod. tree is owned by whoever filled this in.
struct replicaset_pod {
    struct json *tree;
    bool assigned;
    enum pod_phase phase;
    bool ready;
    bool available;
    int64_t ready_since;   // wall; 0 if not ready
    int64_t created;       // wall
    int64_t deletion_cost; // annotation controller.kubernetes.io/pod-deletion-cost
    int restarts;          // the most of its containers'
    int sidecar_restarts;  // the most of its sidecars'
    int neighbours;        // active pods of the same family on its node
};

// neighbours stays 0.
struct replicaset_pod replicaset_pod_of(struct json *take_tree, int64_t min_ready_seconds, int64_t now);

struct replicaset_decision {
    int create;
    const struct replicaset_pod **deletes; // into the pods handed in
    size_t delete_count;
};

// wanted is spec.replicas. Deletions are ranked as upstream's ActivePodsWithRanks: unassigned before assigned, pending before unknown before
// running, not ready before ready, lower deletion cost, more neighbours, shorter ready, more restarts (of containers, then of sidecars),
// younger. Times are compared in powers of two of their age; where these are equal and the times are not, the UID decides.
void replicaset_decide(int64_t wanted, const struct replicaset_pod *pods, size_t count, int64_t now,
                       struct replicaset_decision *ret_decision);
void replicaset_decision_free(struct replicaset_decision *decision);

// The new status tree; manage_error (may be NULL) becomes the condition ReplicaFailure.
struct json *replicaset_status(const struct json *replicaset, const struct replicaset_pod *pods, size_t count,
                               const struct error *manage_error, int64_t now);

#endif
