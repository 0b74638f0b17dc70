// SPDX-License-Identifier: Apache-2.0
// Filter, score, choose.
#include "scheduler/schedule.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "scheduler/plugins/plugins.h"

#define FEASIBLE_MIN 100
#define PERCENTAGE_MIN 5
#define PERCENTAGE_BASE 50
#define NODES_PER_PERCENT 125

// --- preparation -------------------------------------------------------------------------------------------------------

static int refuse_unknown(const struct json *tree, struct error **err) {
    static const char *const unknown[] = {"spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
                                          "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        if (json_len(json_find(tree, unknown[i])) > 0)
            return error_set(err, "%s is not supported by this scheduler yet", unknown[i]);
    }
    const struct json *constraints = json_find(tree, "spec.topologySpreadConstraints");
    for (size_t i = 0; i < json_len(constraints); i++) {
        if (!str_equal(json_get_text(json_at(constraints, i), "whenUnsatisfiable"), "ScheduleAnyway"))
            return error_set(err,
                             "spec.topologySpreadConstraints[%zu] with whenUnsatisfiable DoNotSchedule is not supported by this "
                             "scheduler yet",
                             i);
    }
    return 0;
}

static int prepare_affinity(struct plugin_pod *pod, struct error **err) {
    const struct json *affinity = json_find(pod->tree, "spec.affinity.nodeAffinity");
    const struct json *required = json_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
    if (required && node_selector_from_json(required, &pod->required_affinity, err) < 0)
        return -1;
    const struct json *preferred = json_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < json_len(preferred); i++) {
        struct preferred_term term = {.weight = json_get_int(json_at(preferred, i), "weight", 0)};
        if (node_selector_from_term(json_get(json_at(preferred, i), "preference"), &term.selector, err) < 0)
            return -1;
        vec_push(&pod->preferred_affinity, &term);
    }
    return 0;
}

int schedule_prepare(const struct object *object, const struct map *owner_spread, struct plugin_pod *ret_pod,
                     struct error **err) {
    struct plugin_pod pod = {
        .view = pod_view_new(object), .preferred_affinity = VEC_OF(struct preferred_term), .owner_spread = owner_spread};
    if (pod.view->has_affinity || pod.view->has_spread) {
        pod.tree = object_tree(object);
        if (refuse_unknown(pod.tree, err) < 0 || prepare_affinity(&pod, err) < 0) {
            schedule_release(&pod);
            return -1;
        }
    }
    *ret_pod = pod;
    return 0;
}

void schedule_release(struct plugin_pod *pod) {
    for (size_t i = 0; i < pod->preferred_affinity.len; i++)
        node_selector_free(VEC_AT(&pod->preferred_affinity, struct preferred_term, i)->selector);
    vec_free(&pod->preferred_affinity);
    node_selector_free(pod->required_affinity);
    pod_view_free((struct pod_view *)pod->view);
    json_unref(pod->tree);
}

// --- filter ------------------------------------------------------------------------------------------------------------

// How many feasible nodes are enough: all in small clusters, a share that shrinks with the size in large ones (upstream's numbers).
static size_t enough(size_t nodes, int percentage) {
    if (nodes < FEASIBLE_MIN)
        return nodes;
    size_t percent = (size_t)percentage;
    if (percent == 0) {
        size_t shrink = nodes / NODES_PER_PERCENT;
        percent = shrink + PERCENTAGE_MIN < PERCENTAGE_BASE ? PERCENTAGE_BASE - shrink : PERCENTAGE_MIN;
    }
    if (percent >= 100)
        return nodes;
    return MAX(nodes * percent / 100, (size_t)FEASIBLE_MIN);
}

static bool passes(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    for (size_t i = 0; i < plugins_count; i++) {
        if (plugins_all[i]->filter && !plugins_all[i]->filter(pod, node, reasons))
            return false;
    }
    return true;
}

static void count_reasons(struct map *counts, struct str_list *reasons) {
    for (size_t i = 0; i < reasons->len; i++)
        map_put(counts, reasons->items[i], (void *)((size_t)map_get(counts, reasons->items[i]) + 1));
    str_list_free(reasons);
}

static void find_feasible(const struct plugin_pod *pod, const struct schedule_nodes *nodes, struct ptr_vec *feasible,
                          struct map *reason_counts) {
    size_t wanted = enough(nodes->count, nodes->percentage);
    size_t looked_at = 0;
    AUTO_STR_LIST reasons = {0};
    for (; looked_at < nodes->count && feasible->len < wanted; looked_at++) {
        struct node_info *node = nodes->nodes[(*nodes->start + looked_at) % nodes->count];
        if (passes(pod, node, &reasons))
            ptr_vec_push(feasible, node);
        else
            count_reasons(reason_counts, &reasons);
    }
    if (nodes->count > 0)
        *nodes->start = (*nodes->start + looked_at) % nodes->count;
}

// --- score -------------------------------------------------------------------------------------------------------------

static void normalize(int64_t *scores, size_t count, enum plugin_normalize how) {
    int64_t highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = MAX(highest, scores[i]);
    for (size_t i = 0; i < count && how != PLUGIN_AS_IS; i++) {
        int64_t share = highest > 0 ? scores[i] * PLUGIN_MAX_SCORE / highest : 0;
        scores[i] = how == PLUGIN_HIGHEST_BEST ? share : PLUGIN_MAX_SCORE - share;
    }
}

static void add_scores(const struct plugin *plugin, const struct plugin_pod *pod, const struct ptr_vec *feasible, int64_t *one,
                       int64_t *totals) {
    for (size_t i = 0; i < feasible->len; i++)
        one[i] = plugin->score(pod, feasible->items[i]);
    normalize(one, feasible->len, plugin->normalize);
    for (size_t i = 0; i < feasible->len; i++)
        totals[i] += one[i] * plugin->weight;
}

// The best node; among equals each has the same chance.
static const struct node_info *choose(const struct plugin_pod *pod, const struct ptr_vec *feasible, struct random *random) {
    int64_t *totals = alloc_array(feasible->len, sizeof(*totals));
    int64_t *one = alloc_array(feasible->len, sizeof(*one));
    for (size_t p = 0; p < plugins_count; p++) {
        if (plugins_all[p]->score)
            add_scores(plugins_all[p], pod, feasible, one, totals);
    }
    size_t best = 0;
    uint64_t equals = 1;
    for (size_t i = 1; i < feasible->len; i++) {
        if (totals[i] > totals[best]) {
            best = i;
            equals = 1;
        } else if (totals[i] == totals[best] && random_below(random, ++equals) == 0) {
            best = i;
        }
    }
    free(one);
    free(totals);
    return feasible->items[best];
}

// --- result ------------------------------------------------------------------------------------------------------------

static char *explain(const struct map *reason_counts, size_t node_count) {
    if (node_count == 0)
        return alloc_string("no nodes available to schedule pods");
    AUTO_STR_LIST lines = {0};
    for (struct map_iter it = {.map = reason_counts}; map_next(&it);)
        str_list_take(&lines, alloc_printf("%zu %s", (size_t)it.value, it.key));
    str_list_sort(&lines);
    CLEANUP(free_ptr) char *joined = str_list_join(&lines, ", ");
    return alloc_printf("0/%zu nodes are available: %s.", node_count, joined);
}

void schedule_pod(const struct plugin_pod *pod, const struct schedule_nodes *nodes, struct random *random,
                  struct schedule_result *ret_result) {
    struct ptr_vec feasible = {0};
    CLEANUP(map_free) struct map reason_counts = {0};
    *ret_result = (struct schedule_result){0};
    find_feasible(pod, nodes, &feasible, &reason_counts);
    if (feasible.len == 0)
        ret_result->message = explain(&reason_counts, nodes->count);
    else if (feasible.len == 1)
        ret_result->node = ((const struct node_info *)feasible.items[0])->name;
    else
        ret_result->node = choose(pod, &feasible, random)->name;
    ptr_vec_free(&feasible);
}

void schedule_result_free(struct schedule_result *result) {
    free(result->message);
    *result = (struct schedule_result){0};
}
