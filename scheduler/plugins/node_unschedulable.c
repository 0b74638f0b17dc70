// SPDX-License-Identifier: Apache-2.0
// spec.unschedulable.
#include "scheduler/plugins/node_unschedulable.h"

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    const struct pod_taint cordon = {
        .key = (char *)"node.kubernetes.io/unschedulable", .value = (char *)"", .effect = (char *)"NoSchedule"};
    if (!node->view->unschedulable || pod_view_tolerates(pod->view, &cordon))
        return true;
    str_list_add(reasons, "node(s) were unschedulable");
    return false;
}

const struct plugin node_unschedulable = {.name = "NodeUnschedulable", .filter = filter};
