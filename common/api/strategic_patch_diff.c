// SPDX-License-Identifier: Apache-2.0
// Makes the three-way strategic patch of an apply: what modified adds or changes against current, and what it dropped since original.
#include <string.h>

#include "common/api/strategic_patch.h"
#include "common/api/strategic_patch_list.h"
#include "common/base/alloc.h"

static struct json *diff_map(const struct schema_type *type, const struct json *original, const struct json *modified,
                             const struct json *current);

static void set_directive(struct json *patch, const char *directive, const char *name, struct json *take_value) {
    CLEANUP(free_ptr) char *key = alloc_printf("%s/%s", directive, name);
    json_set(patch, key, take_value);
}

// The element that the other list has for this one; NULL if none.
static const struct json *counterpart(const struct json *list, const struct json *element, const char *key) {
    size_t at = strategic_patch_list_find(list, element, key);
    return at == STRATEGIC_PATCH_NOT_FOUND ? NULL : json_at(list, at);
}

// Do the elements of modified stand in another order in current?
static bool order_differs(const struct json *modified, const struct json *current, const char *key) {
    size_t last = 0;
    for (size_t i = 0; i < json_len(modified); i++) {
        size_t at = strategic_patch_list_find(current, json_at(modified, i), key);
        if (at == STRATEGIC_PATCH_NOT_FOUND)
            continue;
        if (at < last)
            return true;
        last = at;
    }
    return false;
}

static void diff_objects(const struct schema_field *field, const struct json *original, const struct json *modified,
                         const struct json *current, struct json *patch) {
    const char *key = field->merge_key;
    AUTO_JSON changes = json_new_array();
    AUTO_JSON order = json_new_array();
    for (size_t i = 0; i < json_len(modified); i++) {
        const struct json *element = json_at(modified, i);
        const struct json *before = counterpart(current, element, key);
        struct json *name = json_new_object();
        json_set(name, key, json_clone(json_get(element, key)));
        json_append(order, name);
        struct json *change =
            before ? diff_map(field->type->element, counterpart(original, element, key), element, before) : json_clone(element);
        if (before && json_object_size(change))
            json_set(change, key, json_clone(json_get(element, key)));
        if (json_object_size(change))
            json_append(changes, change);
        else
            json_unref(change);
    }
    for (size_t i = 0; i < json_len(original); i++) {
        const struct json *element = json_at(original, i);
        if (counterpart(modified, element, key) || !counterpart(current, element, key))
            continue;
        struct json *removal = json_new_object();
        json_set_string(removal, "$patch", "delete");
        json_set(removal, key, json_clone(json_get(element, key)));
        json_append(changes, removal);
    }
    if (!json_len(changes) && !order_differs(modified, current, key))
        return;
    set_directive(patch, "$setElementOrder", field->name, json_ref(order));
    if (json_len(changes))
        json_set(patch, field->name, json_ref(changes));
}

static void diff_primitives(const struct schema_field *field, const struct json *original, const struct json *modified,
                            const struct json *current, struct json *patch) {
    AUTO_JSON added = json_new_array();
    AUTO_JSON removed = json_new_array();
    for (size_t i = 0; i < json_len(modified); i++)
        if (!counterpart(current, json_at(modified, i), NULL))
            json_append(added, json_clone(json_at(modified, i)));
    for (size_t i = 0; i < json_len(original); i++)
        if (!counterpart(modified, json_at(original, i), NULL) && counterpart(current, json_at(original, i), NULL))
            json_append(removed, json_clone(json_at(original, i)));
    if (!json_len(added) && !json_len(removed) && !order_differs(modified, current, NULL))
        return;
    set_directive(patch, "$setElementOrder", field->name, json_clone(modified));
    if (json_len(added))
        json_set(patch, field->name, json_ref(added));
    if (json_len(removed))
        set_directive(patch, "$deleteFromPrimitiveList", field->name, json_ref(removed));
}

static void diff_object_member(const struct schema_type *type, const struct schema_field *field, const char *name,
                               const struct json *trees[3], struct json *patch) {
    AUTO_JSON change = diff_map(type, trees[0], trees[1], trees[2]);
    if (!json_object_size(change))
        return;
    if (field && (field->patch & SCHEMA_PATCH_RETAIN_KEYS)) {
        struct json *keys = json_new_array();
        for (struct json_iter it = json_iter(trees[1]); json_iter_next(&it);)
            json_append(keys, json_new_string(it.key));
        json_set(change, "$retainKeys", keys);
    }
    json_set(patch, name, json_ref(change));
}

static void diff_member(const struct schema_type *type, const char *name, const struct json *trees[3], struct json *patch) {
    const struct schema_field *field = type && type->kind == SCHEMA_OBJECT ? schema_find(type, name) : NULL;
    const struct schema_type *value_type = field ? field->type : type && type->kind == SCHEMA_MAP ? type->element : NULL;
    const struct json *modified = trees[1];
    const struct json *current = trees[2];
    if (json_equal(modified, current) && modified)
        return;
    bool merges = field && (field->patch & SCHEMA_PATCH_MERGE) && field->type->kind == SCHEMA_LIST;
    if (json_is_object(modified) && json_is_object(current))
        diff_object_member(value_type, field, name, trees, patch);
    else if (merges && field->merge_key && json_is_array(modified) && json_is_array(current))
        diff_objects(field, trees[0], modified, current, patch);
    else if (merges && json_is_array(modified) && json_is_array(current))
        diff_primitives(field, trees[0], modified, current, patch);
    else
        json_set(patch, name, json_clone(modified));
}

static struct json *diff_map(const struct schema_type *type, const struct json *original, const struct json *modified,
                             const struct json *current) {
    struct json *patch = json_new_object();
    for (struct json_iter it = json_iter(modified); json_iter_next(&it);) {
        const struct json *trees[3] = {json_get(original, it.key), it.value, json_get(current, it.key)};
        if (it.value || trees[2])
            diff_member(type, it.key, trees, patch);
    }
    for (struct json_iter it = json_iter(original); json_iter_next(&it);)
        if (!json_has(modified, it.key) && json_has(current, it.key))
            json_set(patch, it.key, NULL);
    return patch;
}

int strategic_patch_three_way(const struct schema_type *type, const struct json *original, const struct json *modified,
                              const struct json *current, struct json **ret_patch, struct error **err) {
    if (!json_is_object(modified) || !json_is_object(current))
        return error_set(err, "strategic merge patch format is not supported");
    *ret_patch = diff_map(type, original, modified, current);
    return 0;
}
