// SPDX-License-Identifier: Apache-2.0
// The default constraint of upstream's system defaulting: pods of one owner spread by node. Constraints that pods bring themselves are
// refused in scheduler/schedule.c until they are there.
#include "scheduler/plugins/pod_topology_spread.h"

static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    return pod->owner_spread ? (int64_t)(size_t)map_get(pod->owner_spread, node->name) : 0;
}

const struct plugin pod_topology_spread = {
    .name = "PodTopologySpread", .score = score, .normalize = PLUGIN_LOWEST_BEST, .weight = 2};
