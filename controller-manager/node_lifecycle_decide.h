// SPDX-License-Identifier: Apache-2.0
// The pure half of the node lifecycle controller: is a node silent, which conditions and taints follow, how healthy is a zone.
#ifndef CUBE_CONTROLLER_MANAGER_NODE_LIFECYCLE_DECIDE_H
#define CUBE_CONTROLLER_MANAGER_NODE_LIFECYCLE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/data/json.h"

// Sets Ready and the pressure conditions of a silent node to Unknown. true: something changed.
bool node_lifecycle_mark_unknown(struct json *node, int64_t now);

enum node_health { NODE_HEALTHY, NODE_NOT_READY, NODE_UNREACHABLE };
enum node_health node_lifecycle_health(const struct json *node); // from its Ready condition

// Puts the NoSchedule taints right that follow from conditions and spec.unschedulable. true: something changed.
bool node_lifecycle_fix_schedule_taints(struct json *node, int64_t now);
// Puts or takes the NoExecute taints not-ready and unreachable. may_add: a new one is within the zone's rate. ret_wanted: one is missing
// because of may_add. true: something changed.
bool node_lifecycle_fix_execute_taints(struct json *node, bool may_add, int64_t now, bool *ret_wanted);
// Takes both off, whatever the node's conditions say. true: something changed.
bool node_lifecycle_remove_execute_taints(struct json *node);

enum zone_state { ZONE_NORMAL, ZONE_PARTIAL_DISRUPTION, ZONE_FULL_DISRUPTION };
enum zone_state node_lifecycle_zone_state(size_t ready, size_t not_ready, double unhealthy_threshold);

// Settings of the eviction rate, as the flags have them.
struct zone_rates {
    double normal, secondary; // nodes per second
    size_t large_cluster;
};
// all_down: every zone is fully disrupted, so the fault is more likely here than there: 0.
double node_lifecycle_zone_rate(enum zone_state state, size_t nodes, bool all_down, const struct zone_rates *rates);

#endif
