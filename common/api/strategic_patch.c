// SPDX-License-Identifier: Apache-2.0
// Applies strategic merge patches. The trees that it works on are clones, so directives are taken out of the patch as they are met.
#include "common/api/strategic_patch.h"

#include <string.h>

#include "common/api/strategic_patch_list.h"
#include "common/base/alloc.h"

#define ORDER_PREFIX "$setElementOrder/"
#define DELETE_PREFIX "$deleteFromPrimitiveList/"

// What the schema says about a member; all zero where it says nothing.
struct member {
    const struct schema_type *type;
    unsigned patch;
    const char *merge_key;
};

static int merge_map(const struct schema_type *type, struct json *original, struct json *patch, struct json **ret_merged,
                     struct error **err);

static int bad_request(struct error **err, const char *message) {
    return error_set_api(err, 400, "BadRequest", "%s", message);
}

static struct member member_of(const struct schema_type *type, const char *name) {
    if (type && type->kind == SCHEMA_MAP)
        return (struct member){.type = type->element};
    const struct schema_field *field = type && type->kind == SCHEMA_OBJECT ? schema_find(type, name) : NULL;
    return field ? (struct member){field->type, field->patch, field->merge_key} : (struct member){0};
}

static const struct schema_type *element_of(const struct schema_type *list) {
    return list && list->kind == SCHEMA_LIST ? list->element : NULL;
}

static bool is_directive(const char *key) {
    return str_equal(key, "$patch") || str_equal(key, "$retainKeys") || str_starts(key, ORDER_PREFIX) ||
           str_starts(key, DELETE_PREFIX);
}

// A copy without directives and nulls: what a value becomes where nothing was.
static struct json *plain_copy(const struct json *value) {
    if (json_is_array(value)) {
        struct json *list = json_new_array();
        for (size_t i = 0; i < json_len(value); i++) {
            const char *directive = json_get_string(json_at(value, i), "$patch");
            if (!str_equal(directive, "delete") && !str_equal(directive, "replace"))
                json_append(list, plain_copy(json_at(value, i)));
        }
        return list;
    }
    if (!json_is_object(value))
        return json_clone(value);
    struct json *object = json_new_object();
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        if (it.value && !is_directive(it.key))
            json_set(object, it.key, plain_copy(it.value));
    return object;
}

// --- lists ---------------------------------------------------------------------------------------------------------------

static int no_merge_key(const struct json *element, const char *key, struct error **err) {
    CLEANUP(free_ptr) char *text = json_text(element);
    return error_set(err, "map: %s does not contain declared merge key: %s", text, key);
}

static void delete_matching(struct json *list, const struct json *element, const char *key) {
    for (size_t at; (at = strategic_patch_list_find(list, element, key)) != STRATEGIC_PATCH_NOT_FOUND;)
        json_delete(list, at);
}

// Takes the elements with $patch out of the patch and does what they say. *ret_replace: the rest replaces the list.
static int apply_special_elements(struct json *list, struct json *patch, const char *key, bool *ret_replace, struct error **err) {
    for (size_t i = 0; i < json_len(patch);) {
        const struct json *element = json_at(patch, i);
        const char *directive = json_get_string(element, "$patch");
        if (!json_has(element, "$patch")) {
            i++;
            continue;
        }
        if (str_equal(directive, "replace")) {
            *ret_replace = true;
        } else if (str_equal(directive, "delete")) {
            if (!json_has(element, key))
                return no_merge_key(element, key, err);
            delete_matching(list, element, key);
        } else if (str_equal(directive, "merge")) {
            return error_set(err, "merging lists cannot yet be specified in the patch");
        } else {
            CLEANUP(free_ptr) char *text = json_text(element);
            return error_set(err, "unknown patch type: %s in map: %s", directive ? directive : "<nil>", text);
        }
        json_delete(patch, i);
    }
    return 0;
}

static int merge_elements(const struct schema_type *type, struct json *list, struct json *patch, const char *key,
                          struct error **err) {
    for (size_t i = 0; i < json_len(patch); i++) {
        struct json *element = json_at(patch, i);
        if (!json_is_object(element))
            return error_set(err, "list element types are not identical");
        if (!json_has(element, key))
            return no_merge_key(element, key, err);
        size_t at = strategic_patch_list_find(list, element, key);
        if (at == STRATEGIC_PATCH_NOT_FOUND) {
            json_append(list, plain_copy(element));
            continue;
        }
        struct json *merged = NULL;
        if (merge_map(type, json_at(list, at), element, &merged, err) < 0)
            return -1;
        json_replace(list, at, merged);
    }
    return 0;
}

// Merges patch into a copy of list by the member's rules.
static int merge_list(const struct member *member, const struct json *original, struct json *patch, struct json **ret_merged,
                      struct error **err) {
    if (!(member->patch & SCHEMA_PATCH_MERGE)) {
        *ret_merged = plain_copy(patch);
        return 0;
    }
    AUTO_JSON list = json_clone(original);
    bool objects = strategic_patch_list_of_objects(json_len(patch) ? patch : list);
    if (objects) {
        if (!member->merge_key)
            return error_set(err, "cannot merge lists without merge key");
        bool replace = false;
        if (apply_special_elements(list, patch, member->merge_key, &replace, err) < 0)
            return -1;
        if (replace) {
            *ret_merged = plain_copy(patch);
            return 0;
        }
        if (merge_elements(element_of(member->type), list, patch, member->merge_key, err) < 0)
            return -1;
    } else {
        for (size_t i = 0; i < json_len(patch); i++)
            if (strategic_patch_list_find(list, json_at(patch, i), NULL) == STRATEGIC_PATCH_NOT_FOUND)
                json_append(list, json_clone(json_at(patch, i)));
    }
    *ret_merged = strategic_patch_list_ordered(list, patch, original, objects ? member->merge_key : NULL);
    return 0;
}

// --- directives of a map -------------------------------------------------------------------------------------------------

static int apply_retain_keys(struct json *original, struct json *patch, struct error **err) {
    if (!json_has(patch, "$retainKeys"))
        return 0;
    AUTO_JSON keys = json_clone(json_get(patch, "$retainKeys"));
    json_remove(patch, "$retainKeys");
    if (!json_is_array(keys))
        return bad_request(err, "invalid patch format of retainKeys");
    for (struct json_iter it = json_iter(patch); json_iter_next(&it);)
        if (it.value && !is_directive(it.key) && !json_array_has_string(keys, it.key))
            return bad_request(err, "invalid patch format of retainKeys");
    for (struct json_iter it = json_iter(original); json_iter_next(&it);)
        if (!json_array_has_string(keys, it.key))
            json_remove(original, it.key);
    return 0;
}

// The patch's own elements must stand in the order that the directive gives.
static int check_order(const struct json *patch, const struct json *order, const char *key, struct error **err) {
    size_t last = 0;
    for (size_t i = 0; i < json_len(patch); i++) {
        const struct json *element = json_at(patch, i);
        if (json_has(element, "$patch"))
            continue;
        size_t at = strategic_patch_list_find(order, element, key);
        if (at == STRATEGIC_PATCH_NOT_FOUND || at < last) {
            CLEANUP(free_ptr) char *have = json_text(patch);
            CLEANUP(free_ptr) char *want = json_text(order);
            return error_set(err, "The order in patch list:\n%s\n doesn't match $setElementOrder list:\n%s\n", have, want);
        }
        last = at;
    }
    return 0;
}

static int apply_one_order(const struct schema_type *type, struct json *original, struct json *patch, const char *directive,
                           struct error **err) {
    const char *name = directive + strlen(ORDER_PREFIX);
    AUTO_JSON order = json_clone(json_get(patch, directive));
    json_remove(patch, directive);
    struct json *list = json_get(original, name);
    struct json *changes = json_get(patch, name);
    if (!json_is_array(order) || (list && !json_is_array(list)) || (changes && !json_is_array(changes)))
        return bad_request(err, "invalid patch format of setElementOrder list");
    if (!list && !changes)
        return 0;
    struct member member = member_of(type, name);
    const char *key = strategic_patch_list_of_objects(order) ? member.merge_key : NULL;
    if (check_order(changes, order, key, err) < 0)
        return -1;
    AUTO_JSON merged = NULL;
    if (!changes)
        merged = json_clone(list);
    else if (!list)
        merged = plain_copy(changes);
    else if (merge_list(&member, list, changes, &merged, err) < 0)
        return -1;
    json_set(original, name, strategic_patch_list_ordered(merged, order, list, key));
    json_remove(patch, name);
    return 0;
}

static int apply_orders(const struct schema_type *type, struct json *original, struct json *patch, struct error **err) {
    AUTO_STR_LIST directives = {0};
    for (struct json_iter it = json_iter(patch); json_iter_next(&it);)
        if (str_starts(it.key, ORDER_PREFIX))
            str_list_add(&directives, it.key);
    for (size_t i = 0; i < directives.len; i++)
        if (apply_one_order(type, original, patch, directives.items[i], err) < 0)
            return -1;
    return 0;
}

static int delete_primitives(struct json *original, const char *name, const struct json *values, struct error **err) {
    if (!json_is_array(values))
        return bad_request(err, "invalid patch format of primitive list");
    struct json *list = json_get(original, name);
    if (!json_is_array(list))
        return 0;
    for (size_t i = 0; i < json_len(values); i++)
        delete_matching(list, json_at(values, i), NULL);
    return 0;
}

// --- maps ----------------------------------------------------------------------------------------------------------------

static int merge_member(const struct schema_type *type, struct json *original, const char *name, struct json *value,
                        struct error **err) {
    if (!value) {
        json_remove(original, name);
        return 0;
    }
    struct json *before = json_get(original, name);
    struct json *merged = NULL;
    struct member member = member_of(type, name);
    if (json_is_object(value) && json_is_object(before)) {
        if (merge_map(member.type, before, value, &merged, err) < 0)
            return -1;
    } else if (json_is_array(value) && json_is_array(before)) {
        if (merge_list(&member, before, value, &merged, err) < 0)
            return -1;
    } else {
        merged = plain_copy(value);
    }
    json_set(original, name, merged);
    return 0;
}

static int whole_map_directive(struct json *patch, struct json **ret_merged, struct error **err) {
    const char *directive = json_get_string(patch, "$patch");
    if (str_equal(directive, "delete")) {
        *ret_merged = json_new_object();
        return 0;
    }
    CLEANUP(free_ptr) char *text = json_text(patch);
    if (!str_equal(directive, "replace"))
        return error_set(err, "unknown patch type: %s in map: %s", directive ? directive : "<nil>", text);
    *ret_merged = plain_copy(patch);
    return 0;
}

// *ret_merged is a reference of its own: to original, changed, or to a new tree.
static int merge_map(const struct schema_type *type, struct json *original, struct json *patch, struct json **ret_merged,
                     struct error **err) {
    if (json_has(patch, "$patch") && !str_equal(json_get_string(patch, "$patch"), "merge"))
        return whole_map_directive(patch, ret_merged, err);
    json_remove(patch, "$patch");
    if (apply_retain_keys(original, patch, err) < 0 || apply_orders(type, original, patch, err) < 0)
        return -1;
    for (struct json_iter it = json_iter(patch); json_iter_next(&it);) {
        const char *deleted = str_skip_prefix(it.key, DELETE_PREFIX);
        int result =
            deleted ? delete_primitives(original, deleted, it.value, err) : merge_member(type, original, it.key, it.value, err);
        if (result < 0)
            return -1;
    }
    *ret_merged = json_ref(original);
    return 0;
}

int strategic_patch_apply(const struct schema_type *type, const struct json *original, const struct json *patch,
                          struct json **ret_object, struct error **err) {
    if (!json_is_object(patch) || !json_is_object(original))
        return bad_request(err, "strategic merge patch format is not supported");
    AUTO_JSON target = json_clone(original);
    AUTO_JSON changes = json_clone(patch);
    return merge_map(type, target, changes, ret_object, err);
}
