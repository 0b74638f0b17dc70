// SPDX-License-Identifier: Apache-2.0
// Facts about a node: readiness, allocatable, taints, and the typed view that the scheduler keeps.
#ifndef CUBE_COMMON_API_NODE_H
#define CUBE_COMMON_API_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/api/pod.h"
#include "common/api/resource_amounts.h"
#include "common/data/json.h"

bool node_is_ready(const struct json *node);
bool node_is_unschedulable(const struct json *node);
const char *node_address(const struct json *node, const char *type); // "InternalIP"; NULL if absent
// The first of these types (NULL-ended) that the node has; NULL if none.
const char *node_preferred_address(const struct json *node, const char *const *types);
bool node_has_taint(const struct json *node, const char *key, const char *effect); // effect NULL: any
// true: the taint was not there. value may be NULL; time_added 0: none.
bool node_add_taint(struct json *node, const char *key, const char *value, const char *effect, int64_t time_added);
bool node_remove_taint(struct json *node, const char *key, const char *effect); // true: it was there

struct node_image {
    char *name;
    int64_t size;
};

// Constant once made; one owner.
struct node_view {
    const struct object *object; // with name and labels
    bool ready;
    bool unschedulable;
    struct resource_amounts allocatable;
    struct pod_taint *taints;
    size_t taint_count;
    struct node_image *images; // a row for each name of each image
    size_t image_count;
};

struct node_view *node_view_new(const struct object *object); // takes a reference
void node_view_free(struct node_view *view);

#endif
