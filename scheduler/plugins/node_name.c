// SPDX-License-Identifier: Apache-2.0
// spec.nodeName of a pod that is not bound yet (it is only ever set together with the binding, but a scheduler may be asked).
#include "scheduler/plugins/node_name.h"

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    if (str_empty(pod->view->node_name) || str_equal(pod->view->node_name, node->name))
        return true;
    str_list_add(reasons, "node(s) didn't match the requested node name");
    return false;
}

const struct plugin node_name = {.name = "NodeName", .filter = filter};
