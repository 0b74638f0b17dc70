// SPDX-License-Identifier: Apache-2.0
// The decision: which node a pod goes to, or why none. Pure.
#ifndef CUBE_SCHEDULER_SCHEDULE_H
#define CUBE_SCHEDULER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/map.h"
#include "common/base/random.h"
#include "scheduler/plugins/plugin.h"

// Prepares a pod for plug-ins. Constraints that this scheduler does not know yet are an error: such a pod must not be placed as if it
// had none. owner_spread is borrowed.
int schedule_prepare(const struct object *pod, const struct map *owner_spread, struct plugin_pod *ret_pod,
                     struct error **err) MUST_CHECK;
void schedule_release(struct plugin_pod *pod);

// The nodes to choose from, and where the search starts, so that all nodes get their turn when only some are looked at.
struct schedule_nodes {
    struct node_info *const *nodes;
    size_t count;
    size_t *start;  // in and out
    int percentage; // percentageOfNodesToScore; 0: adaptive, as upstream
};

struct schedule_result {
    const char *node; // borrowed from the nodes; NULL: none fits
    char *message;    // then: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) ...`
};

void schedule_pod(const struct plugin_pod *pod, const struct schedule_nodes *nodes, struct random *random,
                  struct schedule_result *ret_result);
void schedule_result_free(struct schedule_result *result);

#endif
