// SPDX-License-Identifier: Apache-2.0
// Reads and writes metadata and conditions of object trees.
#include "common/api/meta.h"

#include "common/base/str.h"
#include "common/base/time_format.h"

static const struct json *metadata(const struct json *object) {
    return json_get(object, "metadata");
}

const char *meta_name(const struct json *object) {
    return json_get_text(metadata(object), "name");
}

const char *meta_namespace(const struct json *object) {
    return json_get_text(metadata(object), "namespace");
}

const char *meta_uid(const struct json *object) {
    return json_get_text(metadata(object), "uid");
}

const char *meta_resource_version(const struct json *object) {
    return json_get_text(metadata(object), "resourceVersion");
}

int64_t meta_generation(const struct json *object) {
    return json_get_int(metadata(object), "generation", 0);
}

bool meta_deleting(const struct json *object) {
    return json_get(metadata(object), "deletionTimestamp") != NULL;
}

const char *meta_label(const struct json *object, const char *key) {
    return json_get_string(json_get(metadata(object), "labels"), key);
}

const char *meta_annotation(const struct json *object, const char *key) {
    return json_get_string(json_get(metadata(object), "annotations"), key);
}

static void set_entry(struct json *object, const char *map, const char *key, const char *value) {
    if (value) {
        json_set_string(json_ensure_object(json_ensure_object(object, "metadata"), map), key, value);
        return;
    }
    struct json *entries = json_get(metadata(object), map);
    if (!entries)
        return;
    json_remove(entries, key);
    if (json_object_size(entries) == 0)
        json_remove(json_get(object, "metadata"), map);
}

void meta_set_label(struct json *object, const char *key, const char *value) {
    set_entry(object, "labels", key, value);
}

void meta_set_annotation(struct json *object, const char *key, const char *value) {
    set_entry(object, "annotations", key, value);
}

bool meta_has_finalizer(const struct json *object, const char *finalizer) {
    return json_array_has_string(json_get(metadata(object), "finalizers"), finalizer);
}

bool meta_add_finalizer(struct json *object, const char *finalizer) {
    if (meta_has_finalizer(object, finalizer))
        return false;
    json_append(json_ensure_array(object, "metadata.finalizers"), json_new_string(finalizer));
    return true;
}

bool meta_remove_finalizer(struct json *object, const char *finalizer) {
    struct json *finalizers = json_get(metadata(object), "finalizers");
    for (size_t i = 0; i < json_len(finalizers); i++) {
        if (!str_equal(json_string(json_at(finalizers, i)), finalizer))
            continue;
        json_delete(finalizers, i);
        if (json_len(finalizers) == 0)
            json_remove(json_get(object, "metadata"), "finalizers");
        return true;
    }
    return false;
}

static int64_t time_at(const struct json *object, const char *key) {
    int64_t wall = 0;
    return time_parse(json_get_text(metadata(object), key), &wall) ? wall : 0;
}

int64_t meta_creation_time(const struct json *object) {
    return time_at(object, "creationTimestamp");
}

int64_t meta_deletion_time(const struct json *object) {
    return time_at(object, "deletionTimestamp");
}

struct json *meta_controller(const struct json *object) {
    const struct json *owners = json_get(metadata(object), "ownerReferences");
    for (size_t i = 0; i < json_len(owners); i++)
        if (json_get_bool(json_at(owners, i), "controller", false))
            return json_at(owners, i);
    return NULL;
}

bool meta_owned_by(const struct json *object, const char *uid) {
    return json_array_find(json_get(metadata(object), "ownerReferences"), "uid", uid, NULL) != NULL;
}

struct json *meta_new_controller_reference(const char *api_version, const char *kind, const char *name, const char *uid) {
    struct json *reference = json_new_object();
    json_set_string(reference, "apiVersion", api_version);
    json_set_string(reference, "kind", kind);
    json_set_string(reference, "name", name);
    json_set_string(reference, "uid", uid);
    json_set_bool(reference, "controller", true);
    json_set_bool(reference, "blockOwnerDeletion", true);
    return reference;
}

struct json *meta_condition(const struct json *object, const char *type) {
    return json_array_find(json_find(object, "status.conditions"), "type", type, NULL);
}

bool meta_condition_is(const struct json *object, const char *type, const char *status) {
    return str_equal(json_get_string(meta_condition(object, type), "status"), status);
}

// Empty counts as absent.
static bool set_text(struct json *object, const char *key, const char *text) {
    if (str_equal(json_get_text(object, key), text ? text : ""))
        return false;
    json_set_string(object, key, str_empty(text) ? NULL : text);
    return true;
}

bool meta_set_condition(struct json *object, const char *type, const char *status, const char *reason, const char *message,
                        int64_t now) {
    struct json *condition = meta_condition(object, type);
    bool changed = !condition;
    if (!condition) {
        condition = json_new_object();
        json_set_string(condition, "type", type);
        json_append(json_ensure_array(object, "status.conditions"), condition);
    }
    if (set_text(condition, "status", status)) {
        char buffer[TIME_TEXT_SIZE];
        json_set_string(condition, "lastTransitionTime", time_format_seconds(now, buffer));
        changed = true;
    }
    changed = set_text(condition, "reason", reason) || changed;
    return set_text(condition, "message", message) || changed;
}
