// SPDX-License-Identifier: Apache-2.0
// Which nodes a pod asks for by their labels.
#include "scheduler/plugins/node_affinity.h"

static bool matches_node_selector(const struct pod_view *pod, const struct node_info *node) {
    for (size_t i = 0; i < pod->node_selector_count; i++) {
        const char *value = object_label(node->view->object, pod->node_selector[i].key);
        if (!str_equal(value, pod->node_selector[i].value))
            return false;
    }
    return true;
}

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    const struct object *object = node->view->object;
    bool matches = matches_node_selector(pod->view, node) &&
                   (!pod->required_affinity ||
                    node_selector_matches(pod->required_affinity, node->name, object->labels, object->label_count));
    if (!matches)
        str_list_add(reasons, "node(s) didn't match Pod's node affinity/selector");
    return matches;
}

static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    const struct object *object = node->view->object;
    int64_t sum = 0;
    for (size_t i = 0; i < pod->preferred_affinity.len; i++) {
        const struct preferred_term *term = VEC_AT(&pod->preferred_affinity, struct preferred_term, i);
        if (node_selector_matches(term->selector, node->name, object->labels, object->label_count))
            sum += term->weight;
    }
    return sum;
}

const struct plugin node_affinity = {
    .name = "NodeAffinity", .filter = filter, .score = score, .normalize = PLUGIN_HIGHEST_BEST, .weight = 2};
