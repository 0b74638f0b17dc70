// SPDX-License-Identifier: Apache-2.0
// Runs the rules of the schema, of metadata, and of the object's kind: one row a kind.
#include "common/api/validation.h"

#include <stdlib.h>

#include "common/api/validation_configmap.h"
#include "common/api/validation_event.h"
#include "common/api/validation_lease.h"
#include "common/api/validation_namespace.h"
#include "common/api/validation_node.h"
#include "common/api/validation_pod.h"
#include "common/api/validation_replicaset.h"
#include "common/api/validation_secret.h"

// Functions may be NULL. create also runs on updates.
static const struct kind_rules {
    const char *group;
    const char *kind;
    void (*create)(const struct json *object, struct field_errors *errors);
    void (*create_only)(const struct json *object, struct field_errors *errors);
    void (*update)(const struct json *object, const struct json *old, struct field_errors *errors);
    void (*update_status)(const struct json *object, const struct json *old, struct field_errors *errors);
} kinds[] = {
    {"", "Pod", validation_pod, validation_pod_create, validation_pod_update, validation_pod_update_status},
    {"", "Node", validation_node, NULL, validation_node_update, NULL},
    {"", "Secret", validation_secret, NULL, validation_secret_update, NULL},
    {"", "ConfigMap", validation_configmap, NULL, validation_configmap_update, NULL},
    {"", "Namespace", validation_namespace, NULL, NULL, validation_namespace_update_status},
    {"", "Event", validation_event, NULL, NULL, NULL},
    {"apps", "ReplicaSet", validation_replicaset, NULL, NULL, validation_replicaset_update_status},
    {"coordination.k8s.io", "Lease", validation_lease, NULL, NULL, NULL},
};

static const struct kind_rules *rules_of(const struct resource *resource) {
    static const struct kind_rules none = {0};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_equal(kinds[i].kind, resource->kind) && str_equal(kinds[i].group, resource->group))
            return &kinds[i];
    return &none;
}

static void validate(const struct resource *resource, const struct json *object, struct field_errors *errors) {
    validation_object_meta(resource, object, errors);
    schema_validate(resource->type, object, errors);
    const struct kind_rules *rules = rules_of(resource);
    if (rules->create)
        rules->create(object, errors);
}

void validation_create(const struct resource *resource, const struct json *object, struct field_errors *errors) {
    validate(resource, object, errors);
    const struct kind_rules *rules = rules_of(resource);
    if (rules->create_only)
        rules->create_only(object, errors);
}

void validation_update(const struct resource *resource, const struct json *object, const struct json *old,
                       struct field_errors *errors) {
    validation_object_meta_update(object, old, errors);
    validate(resource, object, errors);
    schema_validate_update(resource->type, object, old, errors);
    const struct kind_rules *rules = rules_of(resource);
    if (rules->update)
        rules->update(object, old, errors);
}

// Keeps what is about the status; the rest is the old object's own.
static void keep_status_errors(struct field_errors *errors, size_t first) {
    size_t kept = first;
    for (size_t i = first; i < errors->len; i++) {
        if (str_starts(errors->items[i].field, "status")) {
            errors->items[kept++] = errors->items[i];
            continue;
        }
        free(errors->items[i].field);
        free(errors->items[i].message);
    }
    errors->len = kept;
}

void validation_update_status(const struct resource *resource, const struct json *object, const struct json *old,
                              struct field_errors *errors) {
    validation_object_meta_update(object, old, errors);
    validation_object_meta(resource, object, errors);
    size_t first = errors->len;
    schema_validate(resource->type, object, errors);
    keep_status_errors(errors, first);
    const struct kind_rules *rules = rules_of(resource);
    if (rules->update_status)
        rules->update_status(object, old, errors);
}

void validation_binding(const struct json *binding, struct field_errors *errors) {
    static const char *const kinds_of_target[] = {"Node", "<empty>", NULL};
    const struct json *target = json_get(binding, "target");
    const char *kind = json_get_text(target, "kind");
    if (*kind && !str_equal(kind, "Node"))
        field_errors_not_supported(errors, "target.kind", kind, kinds_of_target);
    if (!*json_get_text(target, "name"))
        field_errors_required(errors, "target.name", NULL);
}
