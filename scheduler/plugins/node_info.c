// SPDX-License-Identifier: Apache-2.0
// Sums over the pods of a node.
#include "scheduler/plugins/node_info.h"

#include <stdlib.h>

#include "common/base/alloc.h"

struct node_info *node_info_new(const char *name) {
    struct node_info *info = alloc_zero(sizeof(*info));
    info->name = alloc_string(name);
    return info;
}

void node_info_free(struct node_info *info) {
    if (!info)
        return;
    node_view_free(info->view);
    ptr_vec_free(&info->pods);
    resource_amounts_free(&info->requested);
    free(info->name);
    free(info);
}

void node_info_add_pod(struct node_info *info, const struct pod_view *pod) {
    ptr_vec_push(&info->pods, (void *)pod);
    resource_amounts_add(&info->requested, &pod->requests);
    info->nonzero_cpu_milli += pod->nonzero_cpu_milli;
    info->nonzero_memory += pod->nonzero_memory;
}

void node_info_remove_pod(struct node_info *info, const struct pod_view *pod) {
    for (size_t i = 0; i < info->pods.len; i++) {
        if (info->pods.items[i] != pod)
            continue;
        ptr_vec_remove(&info->pods, i);
        resource_amounts_subtract(&info->requested, &pod->requests);
        info->nonzero_cpu_milli -= pod->nonzero_cpu_milli;
        info->nonzero_memory -= pod->nonzero_memory;
        return;
    }
}

const char *node_info_label(const struct node_info *info, const char *key) {
    const char *value = info->view ? object_label(info->view->object, key) : NULL;
    return value ? value : "";
}
