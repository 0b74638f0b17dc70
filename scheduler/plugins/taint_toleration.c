// SPDX-License-Identifier: Apache-2.0
// Taints and tolerations.
#include "scheduler/plugins/taint_toleration.h"

#include <stdlib.h>

#include "common/base/alloc.h"

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    for (size_t i = 0; i < node->view->taint_count; i++) {
        const struct pod_taint *taint = &node->view->taints[i];
        if (str_equal(taint->effect, "PreferNoSchedule") || pod_view_tolerates(pod->view, taint))
            continue;
        str_list_take(reasons, alloc_printf("node(s) had untolerated taint {%s: %s}", taint->key, taint->value));
        return false;
    }
    return true;
}

static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    int64_t unwanted = 0;
    for (size_t i = 0; i < node->view->taint_count; i++) {
        const struct pod_taint *taint = &node->view->taints[i];
        unwanted += str_equal(taint->effect, "PreferNoSchedule") && !pod_view_tolerates(pod->view, taint);
    }
    return unwanted;
}

const struct plugin taint_toleration = {
    .name = "TaintToleration", .filter = filter, .score = score, .normalize = PLUGIN_LOWEST_BEST, .weight = 3};
