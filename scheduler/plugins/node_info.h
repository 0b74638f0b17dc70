// SPDX-License-Identifier: Apache-2.0
// A node as the scheduler sees it: its view, the pods on it, and what they use together.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_INFO_H
#define CUBE_SCHEDULER_PLUGINS_NODE_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/node.h"
#include "common/api/pod.h"
#include "common/base/vec.h"

// Owned and locked by the scheduler's cache.
struct node_info {
    char *name;
    struct node_view *view; // NULL: pods are bound to a node that is not known (yet)
    struct ptr_vec pods;    // const struct pod_view *, borrowed from the cache
    struct resource_amounts requested;
    int64_t nonzero_cpu_milli, nonzero_memory;
};

struct node_info *node_info_new(const char *name);
void node_info_free(struct node_info *info);
void node_info_add_pod(struct node_info *info, const struct pod_view *pod);
void node_info_remove_pod(struct node_info *info, const struct pod_view *pod);
// "" where the node has no such label.
const char *node_info_label(const struct node_info *info, const char *key);

#endif
