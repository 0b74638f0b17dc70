// SPDX-License-Identifier: Apache-2.0
// Validates metadata, of new objects and of updates.
#include <string.h>

#include "common/api/meta.h"
#include "common/api/name_rules.h"
#include "common/api/validation.h"
#include "common/api/validation_labels.h"
#include "common/base/alloc.h"

const char *validation_name(const struct resource *resource, const char *name) {
    static const struct {
        const char *group;
        const char *plural;
        const char *(*check)(const char *name);
    } rows[] = {
        {"", "namespaces", name_rules_dns1123_label},
        {"", "events", name_rules_path_segment},
        {"", "bindings", name_rules_path_segment},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(rows[i].plural, resource->plural) && str_equal(rows[i].group, resource->group))
            return rows[i].check(name);
    return name_rules_dns1123_subdomain(name);
}

// A prefix may end with a dash: the name that is made of it will not.
static const char *check_generate_name(const struct resource *resource, const char *prefix) {
    size_t len = strlen(prefix);
    CLEANUP(free_ptr) char *name = alloc_string(prefix);
    if (len > 1 && prefix[len - 1] == '-') {
        name[len - 1] = '\0';
        name[len - 2] = 'a';
    }
    return validation_name(resource, name);
}

static void validate_names(const struct resource *resource, const struct json *object, struct field_errors *errors) {
    const char *prefix = json_find_text(object, "metadata.generateName");
    const char *message = *prefix ? check_generate_name(resource, prefix) : NULL;
    if (message)
        field_errors_invalid_text(errors, "metadata.generateName", prefix, message);
    const char *name = meta_name(object);
    message = *name ? validation_name(resource, name) : NULL;
    if (!*name)
        field_errors_required(errors, "metadata.name", "name or generateName is required");
    else if (message)
        field_errors_invalid_text(errors, "metadata.name", name, message);
    const char *ns = meta_namespace(object);
    message = *ns ? name_rules_dns1123_label(ns) : NULL;
    if (!resource->namespaced && *ns)
        field_errors_forbidden(errors, "metadata.namespace", "not allowed on this type");
    else if (resource->namespaced && !*ns)
        field_errors_required(errors, "metadata.namespace", NULL);
    else if (message)
        field_errors_invalid_text(errors, "metadata.namespace", ns, message);
}

static void validate_owner(const struct json *owner, struct field_errors *errors) {
    const char *api_version = json_get_text(owner, "apiVersion");
    const char *slash = strchr(api_version, '/');
    if (!*(slash ? slash + 1 : api_version))
        field_errors_invalid_text(errors, "metadata.ownerReferences.apiVersion", api_version, "version must not be empty");
    static const char *const fields[] = {"kind", "name", "uid"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        CLEANUP(free_ptr) char *path = alloc_printf("metadata.ownerReferences.%s", fields[i]);
        if (!*json_get_text(owner, fields[i]))
            field_errors_invalid_text(errors, path, "", "must not be empty");
    }
    if (str_equal(api_version, "v1") && str_equal(json_get_text(owner, "kind"), "Event"))
        field_errors_invalid(errors, "metadata.ownerReferences", owner, "/v1, Kind=Event is disallowed from being an owner");
}

static void validate_owners(const struct json *owners, struct field_errors *errors) {
    const char *first = NULL;
    for (size_t i = 0; i < json_len(owners); i++) {
        const struct json *owner = json_at(owners, i);
        validate_owner(owner, errors);
        if (!json_get_bool(owner, "controller", false))
            continue;
        CLEANUP(free_ptr)
        char *detail =
            first ? alloc_printf("Only one reference can have Controller set to true. Found \"true\" in references for %s and %s",
                                 first, json_get_text(owner, "name"))
                  : NULL;
        if (first)
            field_errors_invalid(errors, "metadata.ownerReferences", owners, detail);
        first = first ? first : json_get_text(owner, "name");
    }
}

static void validate_finalizers(const struct json *object, struct field_errors *errors) {
    const struct json *finalizers = json_find(object, "metadata.finalizers");
    for (size_t i = 0; i < json_len(finalizers); i++) {
        AUTO_STR path = {0};
        str_printf(&path, "metadata.finalizers[%zu]", i);
        validation_labels_finalizer(json_string(json_at(finalizers, i)), str_text(&path), errors);
    }
    if (meta_has_finalizer(object, "orphan") && meta_has_finalizer(object, "foregroundDeletion"))
        field_errors_invalid(errors, "metadata.finalizers", finalizers,
                             "finalizer orphan and foregroundDeletion cannot be both set");
}

void validation_object_meta(const struct resource *resource, const struct json *object, struct field_errors *errors) {
    validate_names(resource, object, errors);
    const struct json *metadata = json_get(object, "metadata");
    if (json_get_int(metadata, "generation", 0) < 0)
        field_errors_invalid(errors, "metadata.generation", json_get(metadata, "generation"),
                             "must be greater than or equal to 0");
    validation_labels(json_get(metadata, "labels"), "metadata.labels", errors);
    validation_labels_annotations(json_get(metadata, "annotations"), "metadata.annotations", errors);
    validate_owners(json_get(metadata, "ownerReferences"), errors);
    validate_finalizers(object, errors);
}

static void validate_new_finalizers(const struct json *object, const struct json *old, struct field_errors *errors) {
    if (!meta_deleting(old))
        return;
    const struct json *finalizers = json_find(object, "metadata.finalizers");
    AUTO_STR extra = {0};
    for (size_t i = 0; i < json_len(finalizers); i++) {
        const char *name = json_string(json_at(finalizers, i));
        if (!meta_has_finalizer(old, name))
            str_printf(&extra, "%s\"%s\"", extra.len ? ", " : "", name);
    }
    CLEANUP(free_ptr)
    char *detail = alloc_printf(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{%s}", str_text(&extra));
    if (extra.len)
        field_errors_forbidden(errors, "metadata.finalizers", detail);
}

void validation_object_meta_update(const struct json *object, const struct json *old, struct field_errors *errors) {
    static const char *const immutable[] = {
        "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"};
    validate_new_finalizers(object, old, errors);
    const struct json *now = json_get(object, "metadata");
    const struct json *before = json_get(old, "metadata");
    if (meta_generation(object) < meta_generation(old))
        field_errors_invalid(errors, "metadata.generation", json_get(now, "generation"), "must not be decremented");
    for (size_t i = 0; i < ARRAY_LEN(immutable); i++) {
        CLEANUP(free_ptr) char *path = alloc_printf("metadata.%s", immutable[i]);
        if (!json_equal(json_get(now, immutable[i]), json_get(before, immutable[i])))
            field_errors_invalid(errors, path, json_get(now, immutable[i]), "field is immutable");
    }
}
