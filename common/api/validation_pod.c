// SPDX-License-Identifier: Apache-2.0
// Rules of Pods: the spec, and what an update may change of it.
#include "common/api/validation_pod.h"

#include "common/api/validation_pod_spec.h"
#include "common/base/alloc.h"
#include "common/base/str.h"

void validation_pod(const struct json *object, struct field_errors *errors) {
    AUTO_STR path = {0};
    str_append(&path, "spec");
    validation_pod_spec(json_get(object, "spec"), &path, errors);
}

void validation_pod_create(const struct json *object, struct field_errors *errors) {
    const struct json *spec = json_get(object, "spec");
    if (json_len(json_get(spec, "ephemeralContainers")))
        field_errors_forbidden(errors, "spec.ephemeralContainers", "cannot be set on create");
    if (*json_get_text(spec, "nodeName") && json_len(json_get(spec, "schedulingGates")))
        field_errors_forbidden(errors, "spec.nodeName", "cannot be set until all schedulingGates have been cleared");
}

// --- what an update may change -------------------------------------------------------------------------------------------

static bool same_count(const struct json *spec, const struct json *before, const char *list) {
    return json_len(json_get(spec, list)) == json_len(json_get(before, list));
}

// Gives the copy the old images, so that what differs then is what may not.
static void put_images_back(struct json *copy, const struct json *before, const char *list) {
    struct json *containers = json_get(copy, list);
    const struct json *old = json_get(before, list);
    for (size_t i = 0; i < json_len(containers); i++)
        json_set_string(json_at(containers, i), "image", json_get_string(json_at(old, i), "image"));
}

static void put_back(struct json *copy, const struct json *before, const char *field) {
    json_remove(copy, field);
    if (json_get(before, field))
        json_set(copy, field, json_clone(json_get(before, field)));
}

static void check_deadline(const struct json *spec, const struct json *before, struct field_errors *errors) {
    static const char path[] = "spec.activeDeadlineSeconds";
    const struct json *now = json_get(spec, "activeDeadlineSeconds");
    const struct json *old = json_get(before, "activeDeadlineSeconds");
    if (old && !now)
        field_errors_invalid(errors, path, NULL, "must not update from a positive integer to nil value");
    else if (old && json_int(now, 0) > json_int(old, 0))
        field_errors_invalid(errors, path, now, "must be less than or equal to previous value");
}

static bool same_toleration(const struct json *a, const struct json *b) {
    static const char *const fields[] = {"key", "operator", "value", "effect"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!str_equal(json_get_text(a, fields[i]), json_get_text(b, fields[i])))
            return false;
    return true;
}

static void check_tolerations(const struct json *spec, const struct json *before, struct field_errors *errors) {
    const struct json *now = json_get(spec, "tolerations");
    const struct json *old = json_get(before, "tolerations");
    for (size_t i = 0; i < json_len(old); i++) {
        bool found = false;
        for (size_t n = 0; n < json_len(now); n++)
            found = found || same_toleration(json_at(old, i), json_at(now, n));
        if (!found) {
            field_errors_forbidden(errors, "spec.tolerations",
                                   "existing toleration can not be modified except its tolerationSeconds");
            return;
        }
    }
}

// Gates may go, not come.
static void check_gates(const struct json *spec, const struct json *before, struct field_errors *errors) {
    const struct json *gates = json_get(spec, "schedulingGates");
    for (size_t i = 0; i < json_len(gates); i++) {
        const char *name = json_get_text(json_at(gates, i), "name");
        CLEANUP(free_ptr) char *path = alloc_printf("spec.schedulingGates[%zu]", i);
        if (!json_array_find(json_get(before, "schedulingGates"), "name", name, NULL))
            field_errors_forbidden(errors, path, "only deletion is allowed, but found new scheduling gate");
    }
}

// A line for each field of the spec that differs.
static void append_differences(const struct json *spec, const struct json *before, struct str *out) {
    for (struct json_iter it = json_iter(spec); json_iter_next(&it);)
        if (!json_equal(it.value, json_get(before, it.key)))
            str_printf(out, "  spec.%s differs\n", it.key);
    for (struct json_iter it = json_iter(before); json_iter_next(&it);)
        if (!json_has(spec, it.key))
            str_printf(out, "  spec.%s is gone\n", it.key);
}

static void check_rest(const struct json *spec, const struct json *before, struct field_errors *errors) {
    AUTO_JSON copy = json_clone(spec);
    put_images_back(copy, before, "containers");
    put_images_back(copy, before, "initContainers");
    put_back(copy, before, "activeDeadlineSeconds");
    put_back(copy, before, "tolerations");
    put_back(copy, before, "schedulingGates");
    // nodeSelector and affinity may be narrowed while a gate holds the pod.
    if (json_len(json_get(before, "schedulingGates"))) {
        put_back(copy, before, "nodeSelector");
        put_back(copy, before, "affinity");
    }
    if (json_get_int(before, "terminationGracePeriodSeconds", 0) < 0 &&
        json_get_int(spec, "terminationGracePeriodSeconds", 0) == 1)
        put_back(copy, before, "terminationGracePeriodSeconds");
    if (json_equal(copy, before))
        return;
    AUTO_STR detail = {0};
    str_append(&detail, "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n");
    append_differences(copy, before, &detail);
    field_errors_forbidden(errors, "spec", str_text(&detail));
}

void validation_pod_update(const struct json *object, const struct json *old, struct field_errors *errors) {
    const struct json *spec = json_get(object, "spec");
    const struct json *before = json_get(old, "spec");
    if (!same_count(spec, before, "containers")) {
        field_errors_forbidden(errors, "spec.containers", "pod updates may not add or remove containers");
        return;
    }
    if (!same_count(spec, before, "initContainers")) {
        field_errors_forbidden(errors, "spec.initContainers", "pod updates may not add or remove containers");
        return;
    }
    check_deadline(spec, before, errors);
    check_tolerations(spec, before, errors);
    check_gates(spec, before, errors);
    check_rest(spec, before, errors);
}

// --- status --------------------------------------------------------------------------------------------------------------

static bool is_terminated(const struct json *status) {
    return json_find(status, "state.terminated") != NULL;
}

// A container that is not to be restarted must not come back to life.
static void check_transitions(const struct json *object, const struct json *old, const char *list, struct field_errors *errors) {
    const char *policy = json_find_text(old, "spec.restartPolicy");
    const struct json *before = json_get(json_get(old, "status"), list);
    const struct json *now = json_get(json_get(object, "status"), list);
    if (str_equal(policy, "Always"))
        return;
    for (size_t i = 0; i < json_len(before); i++) {
        const struct json *status = json_at(before, i);
        bool failed = json_find_int(status, "state.terminated.exitCode", 0) != 0;
        const char *name = json_get_text(status, "name");
        const struct json *container = json_array_find(json_find(old, "spec.initContainers"), "name", name, NULL);
        bool sidecar = str_equal(json_get_text(container, "restartPolicy"), "Always");
        if (!is_terminated(status) || sidecar || (str_equal(policy, "OnFailure") && failed))
            continue;
        size_t at;
        const struct json *after = json_array_find(now, "name", name, &at);
        CLEANUP(free_ptr) char *path = alloc_printf("status.%s[%zu].state", list, i);
        if (after && !is_terminated(after))
            field_errors_forbidden(errors, path, "may not be transitioned to non-terminated state");
    }
}

void validation_pod_update_status(const struct json *object, const struct json *old, struct field_errors *errors) {
    const char *node = json_find_text(object, "spec.nodeName");
    if (!str_equal(node, json_find_text(old, "spec.nodeName")))
        field_errors_forbidden(errors, "status.nodeName", "may not be changed directly");
    check_transitions(object, old, "containerStatuses", errors);
    check_transitions(object, old, "initContainerStatuses", errors);
}
