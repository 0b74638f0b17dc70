// SPDX-License-Identifier: Apache-2.0
// The distance between the used shares of CPU and memory.
#include "scheduler/plugins/node_resources_balanced_allocation.h"

static double share(int64_t used, int64_t allocatable) {
    double fraction = (double)used / (double)allocatable;
    return MIN(fraction, 1.0);
}

// With two resources the standard deviation of the shares is half their distance.
static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    // One resource alone is always balanced.
    if (node->view->allocatable.cpu_milli <= 0 || node->view->allocatable.memory <= 0)
        return PLUGIN_MAX_SCORE;
    double cpu = share(node->requested.cpu_milli + pod->view->requests.cpu_milli, node->view->allocatable.cpu_milli);
    double memory = share(node->requested.memory + pod->view->requests.memory, node->view->allocatable.memory);
    double distance = cpu > memory ? cpu - memory : memory - cpu;
    return (int64_t)((1 - distance / 2) * PLUGIN_MAX_SCORE);
}

const struct plugin node_resources_balanced_allocation = {
    .name = "NodeResourcesBalancedAllocation", .score = score, .normalize = PLUGIN_AS_IS, .weight = 1};
