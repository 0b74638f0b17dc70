// SPDX-License-Identifier: Apache-2.0
// Finds elements by merge key and puts merged lists in order, as apimachinery's strategicpatch does.
#include "common/api/strategic_patch_list.h"

static bool same(const struct json *a, const struct json *b, const char *key) {
    return key ? json_has(a, key) && json_equal(json_get(a, key), json_get(b, key)) : json_equal(a, b);
}

size_t strategic_patch_list_find(const struct json *list, const struct json *element, const char *key) {
    for (size_t i = 0; i < json_len(list); i++)
        if (same(json_at(list, i), element, key))
            return i;
    return STRATEGIC_PATCH_NOT_FOUND;
}

bool strategic_patch_list_of_objects(const struct json *list) {
    return json_is_object(json_at(list, 0));
}

static void append_ref(struct json *list, struct json *value) {
    json_append(list, value ? json_ref(value) : NULL);
}

// Splits into what order names (in its order) and the rest (in server's order, unknown ones behind).
static void partition(const struct json *merged, const struct json *order, const char *key, struct json *named,
                      struct json *others) {
    for (size_t i = 0; i < json_len(order); i++)
        for (size_t m = 0; m < json_len(merged); m++)
            if (same(json_at(merged, m), json_at(order, i), key) &&
                strategic_patch_list_find(named, json_at(merged, m), key) == STRATEGIC_PATCH_NOT_FOUND)
                append_ref(named, json_at(merged, m));
    for (size_t m = 0; m < json_len(merged); m++)
        if (strategic_patch_list_find(order, json_at(merged, m), key) == STRATEGIC_PATCH_NOT_FOUND)
            append_ref(others, json_at(merged, m));
}

struct json *strategic_patch_list_ordered(const struct json *merged, const struct json *order, const struct json *server,
                                          const char *key) {
    AUTO_JSON named = json_new_array();
    AUTO_JSON others = json_new_array();
    partition(merged, order, key, named, others);
    struct json *result = json_new_array();
    size_t i = 0;
    size_t j = 0;
    while (i < json_len(others) || j < json_len(named)) {
        bool take_other = j >= json_len(named);
        if (i < json_len(others) && j < json_len(named)) {
            size_t at = strategic_patch_list_find(server, json_at(others, i), key);
            size_t bound = strategic_patch_list_find(server, json_at(named, j), key);
            take_other = at != STRATEGIC_PATCH_NOT_FOUND && bound != STRATEGIC_PATCH_NOT_FOUND && at < bound;
        }
        append_ref(result, take_other ? json_at(others, i++) : json_at(named, j++));
    }
    return result;
}
