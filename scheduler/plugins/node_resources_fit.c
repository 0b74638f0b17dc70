// SPDX-License-Identifier: Apache-2.0
// Requests against allocatable.
#include "scheduler/plugins/node_resources_fit.h"

#include <stdlib.h>

#include "common/base/alloc.h"

static bool fits(const char *name, int64_t wanted, int64_t used, int64_t allocatable, struct str_list *reasons) {
    if (wanted <= 0 || wanted <= allocatable - used)
        return true;
    str_list_take(reasons, alloc_printf("Insufficient %s", name));
    return false;
}

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    const struct resource_amounts *wanted = &pod->view->requests;
    const struct resource_amounts *has = &node->view->allocatable;
    const struct resource_amounts *used = &node->requested;
    bool result = true;
    if ((int64_t)node->pods.len + 1 > has->pods) {
        str_list_add(reasons, "Too many pods");
        result = false;
    }
    result &= fits("cpu", wanted->cpu_milli, used->cpu_milli, has->cpu_milli, reasons);
    result &= fits("memory", wanted->memory, used->memory, has->memory, reasons);
    result &= fits("ephemeral-storage", wanted->ephemeral_storage, used->ephemeral_storage, has->ephemeral_storage, reasons);
    for (size_t i = 0; i < wanted->other_count; i++) {
        const char *name = wanted->others[i].name;
        result &= fits(name, wanted->others[i].value, resource_amounts_get(used, name), resource_amounts_get(has, name), reasons);
    }
    return result;
}

// How much of a resource would be left, 0 to 100.
static int64_t share_left(int64_t used, int64_t allocatable) {
    if (allocatable <= 0 || used > allocatable)
        return 0;
    return (allocatable - used) * PLUGIN_MAX_SCORE / allocatable;
}

// Upstream's LeastAllocated over cpu and memory, with its assumption for containers that request nothing.
static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    int64_t cpu = share_left(node->nonzero_cpu_milli + pod->view->nonzero_cpu_milli, node->view->allocatable.cpu_milli);
    int64_t memory = share_left(node->nonzero_memory + pod->view->nonzero_memory, node->view->allocatable.memory);
    // What the node does not have at all has no say.
    int64_t weight = (node->view->allocatable.cpu_milli > 0) + (node->view->allocatable.memory > 0);
    return weight > 0 ? (cpu + memory) / weight : 0;
}

const struct plugin node_resources_fit = {
    .name = "NodeResourcesFit", .filter = filter, .score = score, .normalize = PLUGIN_AS_IS, .weight = 1};
