// SPDX-License-Identifier: Apache-2.0
// POST pods/<name>/binding and POST bindings: a pod is given its node.
#include "apiserver/registry/binding.h"

#include "apiserver/registry/write.h"
#include "apiserver/registry/write_metadata.h"
#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/api/validation.h"
#include "common/base/alloc.h"

// What upstream's group-qualified resource is in the conflicts of bindings.
static int conflict(const char *pod, struct error **err, const char *cause) {
    AUTO_ERROR error = NULL;
    error_set_api(&error, 409, "Conflict", "Operation cannot be fulfilled on pods/binding \"%s\": %s", pod, cause);
    error_set_details(error, NULL, "pods/binding", pod);
    return error_move(err, &error);
}

static int check_pod(const struct json *pod, const struct json *binding, struct error **err) {
    const char *name = meta_name(pod);
    AUTO_STR cause = {0};
    const char *uid = meta_uid(binding);
    const char *version = meta_resource_version(binding);
    if (uid[0] && !str_equal(uid, meta_uid(pod)))
        return write_metadata_uid_conflict(resource_pods(), meta_namespace(pod), name, uid, meta_uid(pod), err);
    if (version[0] && !str_equal(version, meta_resource_version(pod)))
        return status_conflict(err, resource_pods(), name, STATUS_CONFLICT_MODIFIED);
    if (meta_deleting(pod))
        str_printf(&cause, "pod %s is being deleted, cannot be assigned to a host", name);
    else if (json_find_text(pod, "spec.nodeName")[0])
        str_printf(&cause, "pod %s is already assigned to node \"%s\"", name, json_find_text(pod, "spec.nodeName"));
    else if (json_len(json_find(pod, "spec.schedulingGates")) > 0)
        str_printf(&cause, "pod %s has non-empty .spec.schedulingGates", name);
    return cause.len ? conflict(name, err, str_text(&cause)) : 0;
}

static struct json *assign(const struct json *pod, const struct json *binding, int64_t now) {
    struct json *assigned = json_clone(pod);
    json_put_string(assigned, "spec.nodeName", json_find_text(binding, "target.name"));
    for (struct json_iter it = json_iter(json_find(binding, "metadata.annotations")); json_iter_next(&it);)
        meta_set_annotation(assigned, it.key, json_string(it.value));
    meta_set_condition(assigned, "PodScheduled", "True", NULL, NULL, now);
    return assigned;
}

// Stores the assignment; write is about the pod.
static int assign_pod(struct write *write, const char *name, const struct json *binding, struct error **err) {
    AUTO_CURRENT current = {0};
    if (current_load(&current, write->registry, write->request, name, err) < 0)
        return -1;
    for (;;) {
        AUTO_STORAGE_RESULT met = {0};
        AUTO_REGISTRY_RESULT result = {0};
        AUTO_ERROR failed = NULL;
        if (!current.object)
            return status_not_found(err, resource_pods(), name);
        if (check_pod(current.tree, binding, &failed) < 0) {
            if (!current_was_stale(&current, write->registry, write->request, name))
                return error_move(err, &failed);
            continue;
        }
        AUTO_JSON assigned = assign(current.tree, binding, write->context.now);
        enum write_outcome outcome = write_store(write, assigned, &current, &result, &met, &failed);
        if (outcome == WRITE_DONE)
            return 0;
        if (outcome != WRITE_LOST)
            return error_move(err, &failed);
        if (current_take_item(&current, resource_pods(), &met.current, err) < 0)
            return -1;
    }
}

static int check_binding(const struct registry_request *request, struct json *binding, struct error **err) {
    const char *name = meta_name(binding);
    const char *ns = request->ns ? request->ns : "";
    struct json *metadata = json_ensure_object(binding, "metadata");
    const char *found_ns = json_get_text(metadata, "namespace");
    if (found_ns[0] && !str_equal(found_ns, ns))
        return status_bad_request(err, "the namespace of the provided object does not match the namespace sent on the request");
    json_set_string(metadata, "namespace", ns);
    if (!str_empty(request->name) && !str_equal(request->name, name))
        return status_bad_request(err, "name in URL does not match name in Binding object");
    AUTO_FIELD_ERRORS errors = {0};
    validation_binding(binding, &errors);
    return errors.len ? status_invalid_kind(err, "", "Binding", name, &errors) : 0;
}

int binding_create(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                   struct registry_result *ret_result, struct error **err) {
    const struct resource *bindings = resource_bindings();
    struct decode_target target = decode_target_of_resource(bindings);
    struct write write;
    AUTO_JSON binding = NULL;
    struct registry_request about_pod = *request;
    about_pod.resource = resource_pods();
    if (request->resource != bindings)
        about_pod.subresource = "binding";

    write_begin(&write, registry, request);
    if (decode_body(body, &target, request->field_validation, request->warnings, &binding, err) < 0 ||
        check_binding(request, binding, err) < 0 || write_admit(&write, ADMISSION_CREATE, binding, NULL, err) < 0 ||
        write_admit_validate(&write, ADMISSION_CREATE, binding, NULL, err) < 0)
        return -1;
    write_begin(&write, registry, &about_pod);
    if (assign_pod(&write, meta_name(binding), binding, err) < 0)
        return -1;
    *ret_result = (struct registry_result){
        .code = 201,
        .status = alloc_string("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"code\":201}"),
    };
    return 0;
}
