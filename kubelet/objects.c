// SPDX-License-Identifier: Apache-2.0
// ConfigMaps and Secrets of pods from the API, and the downward API.
#include "kubelet/objects.h"

#include <string.h>

#include "kubelet/downward.h"

static int get_object(void *context, const char *kind, const char *ns, const char *name, struct json **ret_object,
                      struct error **err) {
    const struct objects_context *objects = context;
    if (!objects->rest)
        return error_set(err, "%s \"%s\" can't be read: the kubelet runs without an API server", kind, name);
    bool secret = strcmp(kind, "Secret") == 0;
    const struct rest_target target = {.resource = secret ? resource_secrets() : resource_configmaps(), .ns = ns, .name = name};
    AUTO_ERROR failure = NULL;
    if (rest_get(objects->rest, &target, ret_object, &failure) == 0)
        return 0;
    // Upstream's kubelet reads from its cache, whose message names the kind in the singular.
    if (error_is(failure, "NotFound"))
        return error_set_api(err, 404, "NotFound", "%s \"%s\" not found", secret ? "secret" : "configmap", name);
    return error_move(err, &failure);
}

static int field_text(void *context, const struct json *pod, const char *path, struct str *out, struct error **err) {
    const struct objects_context *objects = context;
    (void)pod; // the context's own
    return downward_field(objects->pod, path, out, err);
}

static int resource_text(void *context, const struct json *pod, const struct json *reference, struct str *out,
                         struct error **err) {
    const struct objects_context *objects = context;
    (void)pod;
    return downward_resource(objects->pod, json_get_text(reference, "containerName"), json_get_text(reference, "resource"),
                             json_get_string(reference, "divisor"), out, err);
}

void objects_volume_host(struct objects_context *context, struct volume_host *ret_host) {
    *ret_host = (struct volume_host){
        .get_object = get_object, .field_text = field_text, .resource_text = resource_text, .context = context};
}
