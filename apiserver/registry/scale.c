// SPDX-License-Identifier: Apache-2.0
// The scale subresource.
#include "apiserver/registry/scale.h"

#include <stdio.h>

#include "common/api/meta.h"
#include "common/api/selector.h"
#include "common/api/status.h"

bool scale_is(const struct registry_request *request) {
    return str_equal(registry_subresource(request), "scale");
}

int scale_of(const struct json *object, struct json **ret_scale, struct error **err) {
    static const char *const copied[] = {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"};
    AUTO_SELECTOR selector = NULL;
    AUTO_ERROR cause = NULL;
    if (selector_from_json(json_find(object, "spec.selector"), &selector, &cause) < 0)
        return status_internal(err, "failed to parse selector: %s", error_message(cause));
    AUTO_STR selector_text = {0};
    selector_append_text(selector, &selector_text);

    AUTO_JSON scale = json_new_object();
    json_set_string(scale, "kind", "Scale");
    json_set_string(scale, "apiVersion", "autoscaling/v1");
    struct json *metadata = json_ensure_object(scale, "metadata");
    for (size_t i = 0; i < ARRAY_LEN(copied); i++)
        strategy_copy_member(metadata, json_get(object, "metadata"), copied[i]);
    struct json *spec = json_ensure_object(scale, "spec");
    struct json *status = json_ensure_object(scale, "status");
    // As upstream encodes it: no replicas in spec where they are zero.
    if (json_find_int(object, "spec.replicas", 0) != 0)
        json_set_int(spec, "replicas", json_find_int(object, "spec.replicas", 0));
    json_set_int(status, "replicas", json_find_int(object, "status.replicas", 0));
    if (selector_text.len)
        json_set_string(status, "selector", str_text(&selector_text));
    *ret_scale = STEAL(scale);
    return 0;
}

int scale_apply(const struct write *write, const struct json *scale, const struct json *current, struct json **ret_object,
                struct error **err) {
    const struct resource *resource = write->request->resource;
    const char *name = write->request->name;
    int64_t replicas = json_find_int(scale, "spec.replicas", 0);
    if (replicas < 0) {
        AUTO_FIELD_ERRORS errors = {0};
        field_errors_invalid_int(&errors, "spec.replicas", replicas, "must be greater than or equal to 0");
        return status_invalid_kind(err, "autoscaling", "Scale", name, &errors);
    }
    const char *uid = meta_uid(scale);
    if (uid[0] && !str_equal(uid, meta_uid(current))) {
        AUTO_STR cause = {0};
        str_printf(&cause, "Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, meta_uid(current));
        return status_conflict(err, resource, name, str_text(&cause));
    }
    AUTO_JSON object = json_clone(current);
    json_put(object, "spec.replicas", json_new_int(replicas));
    const char *version = meta_resource_version(scale);
    json_set_string(json_get(object, "metadata"), "resourceVersion", version[0] ? version : NULL);
    *ret_object = STEAL(object);
    return 0;
}

int scale_answer(const struct registry_request *request, struct registry_result *result, struct error **err) {
    if (!scale_is(request) || !result->object)
        return 0;
    AUTO_JSON object = object_tree(result->object);
    AUTO_JSON scale = NULL;
    struct object *made = NULL;
    if (scale_of(object, &scale, err) < 0 || object_new(scale, NULL, &made, err) < 0)
        return -1;
    object_unref(result->object);
    result->object = made;
    return 0;
}
