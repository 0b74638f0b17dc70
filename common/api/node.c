// SPDX-License-Identifier: Apache-2.0
// Facts about nodes, and their typed view.
#include "common/api/node.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/str.h"
#include "common/base/time_format.h"

bool node_is_ready(const struct json *node) {
    return meta_condition_is(node, "Ready", "True");
}

bool node_is_unschedulable(const struct json *node) {
    return json_find_bool(node, "spec.unschedulable", false);
}

const char *node_address(const struct json *node, const char *type) {
    return json_get_string(json_array_find(json_find(node, "status.addresses"), "type", type, NULL), "address");
}

const char *node_preferred_address(const struct json *node, const char *const *types) {
    for (; *types; types++)
        if (node_address(node, *types))
            return node_address(node, *types);
    return NULL;
}

// The index of the taint, or the count of taints if there is none.
static size_t find_taint(const struct json *taints, const char *key, const char *effect) {
    size_t i = 0;
    for (; i < json_len(taints); i++) {
        const struct json *taint = json_at(taints, i);
        if (str_equal(json_get_string(taint, "key"), key) && (!effect || str_equal(json_get_string(taint, "effect"), effect)))
            break;
    }
    return i;
}

bool node_has_taint(const struct json *node, const char *key, const char *effect) {
    const struct json *taints = json_find(node, "spec.taints");
    return find_taint(taints, key, effect) < json_len(taints);
}

bool node_add_taint(struct json *node, const char *key, const char *value, const char *effect, int64_t time_added) {
    if (node_has_taint(node, key, effect))
        return false;
    struct json *taint = json_new_object();
    json_set_string(taint, "key", key);
    json_set_string(taint, "value", str_empty(value) ? NULL : value);
    json_set_string(taint, "effect", effect);
    char buffer[TIME_TEXT_SIZE];
    if (time_added)
        json_set_string(taint, "timeAdded", time_format_seconds(time_added, buffer));
    json_append(json_ensure_array(node, "spec.taints"), taint);
    return true;
}

bool node_remove_taint(struct json *node, const char *key, const char *effect) {
    struct json *taints = json_find(node, "spec.taints");
    size_t at = find_taint(taints, key, effect);
    if (at == json_len(taints))
        return false;
    json_delete(taints, at);
    if (json_len(taints) == 0)
        json_remove(json_get(node, "spec"), "taints");
    return true;
}

// --- the view ------------------------------------------------------------------------------------------------------------

static void fill_taints(struct node_view *view, const struct json *rows) {
    view->taints = alloc_array(json_len(rows) + 1, sizeof(*view->taints));
    view->taint_count = json_len(rows);
    for (size_t i = 0; i < json_len(rows); i++) {
        const struct json *row = json_at(rows, i);
        view->taints[i] = (struct pod_taint){alloc_string(json_get_text(row, "key")), alloc_string(json_get_text(row, "value")),
                                             alloc_string(json_get_text(row, "effect"))};
    }
}

static void fill_images(struct node_view *view, const struct json *rows) {
    for (size_t i = 0; i < json_len(rows); i++) {
        const struct json *names = json_get(json_at(rows, i), "names");
        int64_t size = json_get_int(json_at(rows, i), "sizeBytes", 0);
        for (size_t n = 0; n < json_len(names); n++) {
            if (!json_string(json_at(names, n)))
                continue;
            view->images = alloc_resize(view->images, view->image_count + 1, sizeof(*view->images));
            view->images[view->image_count++] = (struct node_image){alloc_string(json_string(json_at(names, n))), size};
        }
    }
}

struct node_view *node_view_new(const struct object *object) {
    AUTO_JSON node = object_tree(object);
    struct node_view *view = alloc_zero(sizeof(*view));
    view->object = object_ref(object);
    view->ready = node_is_ready(node);
    view->unschedulable = node_is_unschedulable(node);
    resource_amounts_add_json(&view->allocatable, json_find(node, "status.allocatable"));
    fill_taints(view, json_find(node, "spec.taints"));
    fill_images(view, json_find(node, "status.images"));
    return view;
}

void node_view_free(struct node_view *view) {
    if (!view)
        return;
    object_unref(view->object);
    resource_amounts_free(&view->allocatable);
    for (size_t i = 0; i < view->taint_count; i++) {
        free(view->taints[i].key);
        free(view->taints[i].value);
        free(view->taints[i].effect);
    }
    free(view->taints);
    for (size_t i = 0; i < view->image_count; i++)
        free(view->images[i].name);
    free(view->images);
    free(view);
}
