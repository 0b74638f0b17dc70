// SPDX-License-Identifier: Apache-2.0
// What a scheduling plug-in is: a filter, a score, or both; pure functions of the pod and the nodes.
#ifndef CUBE_SCHEDULER_PLUGINS_PLUGIN_H
#define CUBE_SCHEDULER_PLUGINS_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/pod.h"
#include "common/api/selector.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/base/vec.h"
#include "scheduler/plugins/node_info.h"

#define PLUGIN_MAX_SCORE 100

// A preferred node affinity term.
struct preferred_term {
    struct node_selector *selector;
    int64_t weight;
};

// The pod that is being scheduled, with what plug-ins would otherwise work out for each node again. Constant during a cycle.
struct plugin_pod {
    const struct pod_view *view;
    struct json *tree;                       // only if the pod has affinity or spread constraints
    struct node_selector *required_affinity; // NULL: none
    struct vec preferred_affinity;           // struct preferred_term
    const struct map
        *owner_spread; // node name -> number of pods with the same owner (as a pointer-sized integer); NULL: no owner
};

// How raw scores become 0..PLUGIN_MAX_SCORE.
enum plugin_normalize {
    PLUGIN_AS_IS,
    PLUGIN_HIGHEST_BEST, // the highest raw score becomes 100
    PLUGIN_LOWEST_BEST,  // the highest becomes 0, none (0) becomes 100
};

struct plugin {
    const char *name; // upstream's: "NodeResourcesFit"
    // May the pod run there? If not, adds why (upstream's words) to reasons. NULL: no say.
    bool (*filter)(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons);
    // NULL: no say.
    int64_t (*score)(const struct plugin_pod *pod, const struct node_info *node);
    enum plugin_normalize normalize;
    int64_t weight;
};

#endif
