// SPDX-License-Identifier: Apache-2.0
// RFC 7386 JSON merge patches.
#include "common/data/merge_patch.h"

// The member as an object, made if it is none. Unlike json_ensure_object it takes keys that hold dots.
static struct json *object_member(struct json *object, const char *key) {
    struct json *member = json_get(object, key);
    if (!json_is_object(member)) {
        member = json_new_object();
        json_set(object, key, member);
    }
    return member;
}

// Into an object that the caller owns.
static void merge_into(struct json *target, const struct json *patch) {
    for (struct json_iter it = json_iter(patch); json_iter_next(&it);) {
        if (!it.value)
            json_remove(target, it.key);
        else if (json_is_object(it.value))
            merge_into(object_member(target, it.key), it.value);
        else
            json_set(target, it.key, json_clone(it.value));
    }
}

struct json *merge_patch_apply(const struct json *target, const struct json *patch) {
    if (!json_is_object(patch))
        return json_clone(patch);
    struct json *result = json_is_object(target) ? json_clone(target) : json_new_object();
    merge_into(result, patch);
    return result;
}

struct json *merge_patch_create(const struct json *original, const struct json *modified) {
    struct json *patch = json_new_object();
    for (struct json_iter it = json_iter(original); json_iter_next(&it);)
        if (!json_has(modified, it.key))
            json_set(patch, it.key, NULL);
    for (struct json_iter it = json_iter(modified); json_iter_next(&it);) {
        const struct json *old = json_get(original, it.key);
        if (json_is_object(old) && json_is_object(it.value)) {
            struct json *inner = merge_patch_create(old, it.value);
            if (json_object_size(inner) > 0)
                json_set(patch, it.key, inner);
            else
                json_unref(inner);
        } else if (!json_has(original, it.key) || !json_equal(old, it.value)) {
            json_set(patch, it.key, json_clone(it.value));
        }
    }
    return patch;
}

// Leaves only the nulls (deletions) or only the rest; objects that become empty by it go too.
static void keep(struct json *patch, bool nulls) {
    for (struct json_iter it = json_iter(patch); json_iter_next(&it);) {
        bool was_empty = json_is_object(it.value) && json_object_size(it.value) == 0;
        keep(it.value, nulls);
        bool is_object = json_is_object(it.value);
        bool stays = is_object ? (json_object_size(it.value) > 0 || (was_empty && !nulls)) : (it.value == NULL) == nulls;
        if (!stays)
            json_remove(patch, it.key);
    }
}

// Puts what `more` has into the patch, nulls included.
static void combine(struct json *patch, const struct json *more) {
    for (struct json_iter it = json_iter(more); json_iter_next(&it);) {
        struct json *old = json_get(patch, it.key);
        if (json_is_object(old) && json_is_object(it.value))
            combine(old, it.value);
        else
            json_set(patch, it.key, json_clone(it.value));
    }
}

struct json *merge_patch_three_way(const struct json *original, const struct json *modified, const struct json *current) {
    struct json *patch = merge_patch_create(current, modified);
    keep(patch, false);
    AUTO_JSON deletions = merge_patch_create(original, modified);
    keep(deletions, true);
    combine(patch, deletions);
    return patch;
}
