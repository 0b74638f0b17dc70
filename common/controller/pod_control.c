// SPDX-License-Identifier: Apache-2.0
// Pods made and deleted through the API for an owning object.
#include "common/controller/pod_control.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"

struct rest_pod_control {
    struct pod_control base;
    struct rest *rest;
    struct event_recorder *recorder;
};

// The pod that a template describes, owned by `owner`.
static struct json *pod_from_template(const char *ns, const struct json *template, const struct object *owner) {
    struct json *pod = json_new_object();
    json_set_string(pod, "apiVersion", "v1");
    json_set_string(pod, "kind", "Pod");
    struct json *metadata = json_ensure_object(pod, "metadata");
    char *prefix = alloc_printf("%s-", owner->name);
    json_set_string(metadata, "generateName", prefix);
    free(prefix);
    json_set_string(metadata, "namespace", ns);
    static const char *const copied[] = {"labels", "annotations", "finalizers"};
    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        const struct json *value = json_get(json_get(template, "metadata"), copied[i]);
        if (value)
            json_set(metadata, copied[i], json_clone(value));
    }
    struct json *owners = json_new_array();
    json_append(owners, meta_new_controller_reference(owner->api_version, owner->kind, owner->name, owner->uid));
    json_set(metadata, "ownerReferences", owners);
    json_set(pod, "spec", json_clone(json_get(template, "spec")));
    return pod;
}

static int create_pod(struct pod_control *control, const char *ns, const struct json *template, const struct object *owner,
                      struct error **err) {
    struct rest_pod_control *self = CONTAINER_OF(control, struct rest_pod_control, base);
    struct event_subject subject = event_subject_of(owner);
    struct rest_target target = {.resource = resource_pods(), .ns = ns};
    AUTO_JSON pod = pod_from_template(ns, template, owner);
    AUTO_JSON created = NULL;
    struct error *failure = NULL;
    if (rest_create(self->rest, &target, pod, &created, &failure) < 0) {
        // A namespace on its way out refuses all creations; saying so for each pod would only make noise.
        if (!error_is(failure, "Forbidden") || failure->cause_count == 0)
            event_record(self->recorder, &subject, "Warning", "FailedCreate", "Error creating: %s", error_message(failure));
        return error_move(err, &failure);
    }
    event_record(self->recorder, &subject, "Normal", "SuccessfulCreate", "Created pod: %s", meta_name(created));
    return 0;
}

static int delete_pod(struct pod_control *control, const char *ns, const char *name, const struct object *owner,
                      struct error **err) {
    struct rest_pod_control *self = CONTAINER_OF(control, struct rest_pod_control, base);
    struct event_subject subject = event_subject_of(owner);
    struct rest_target target = {.resource = resource_pods(), .ns = ns, .name = name};
    struct error *failure = NULL;
    if (rest_delete(self->rest, &target, NULL, &failure) < 0) {
        if (!error_is(failure, "NotFound"))
            event_record(self->recorder, &subject, "Warning", "FailedDelete", "Error deleting: %s", error_message(failure));
        return error_move(err, &failure);
    }
    event_record(self->recorder, &subject, "Normal", "SuccessfulDelete", "Deleted pod: %s", name);
    return 0;
}

static int patch_pod(struct pod_control *control, const char *ns, const char *name, const struct json *strategic_patch,
                     struct error **err) {
    struct rest_pod_control *self = CONTAINER_OF(control, struct rest_pod_control, base);
    struct rest_target target = {.resource = resource_pods(), .ns = ns, .name = name};
    return rest_patch(self->rest, &target, REST_PATCH_STRATEGIC, strategic_patch, NULL, err);
}

static const struct pod_control_ops rest_pod_control_ops = {
    .create = create_pod,
    .delete = delete_pod,
    .patch = patch_pod,
};

struct pod_control *pod_control_new(struct rest *rest, struct event_recorder *recorder) {
    struct rest_pod_control *self = alloc_zero(sizeof(*self));
    self->base.ops = &rest_pod_control_ops;
    self->rest = rest;
    self->recorder = recorder;
    return &self->base;
}

void pod_control_free(struct pod_control *control) {
    free(control ? CONTAINER_OF(control, struct rest_pod_control, base) : NULL);
}
