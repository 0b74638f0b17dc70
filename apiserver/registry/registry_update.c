// SPDX-License-Identifier: Apache-2.0
// PUT: an object replaced by what the body says, whole or through a subresource.
#include "apiserver/registry/scale.h"
#include "apiserver/registry/write.h"

struct update_source {
    struct write_source source;
    const struct registry_body *body;
};

static int make_from_body(struct write_source *source, const struct write *write, const struct json *current,
                          struct json **ret_object, struct error **err) {
    struct update_source *update = CONTAINER_OF(source, struct update_source, source);
    const struct registry_request *request = write->request;
    struct decode_target target = decode_target_of_subresource(request->resource, request->subresource);
    AUTO_JSON decoded = NULL;
    if (decode_body(update->body, &target, request->field_validation, write->warnings, &decoded, err) < 0 ||
        write_check_name(write, decoded, err) < 0)
        return -1;
    if (scale_is(request))
        return scale_apply(write, decoded, current, ret_object, err);
    *ret_object = STEAL(decoded);
    return 0;
}

int registry_update(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                    struct registry_result *ret_result, struct error **err) {
    struct write write;
    struct update_source update = {.source = {.make = make_from_body, .creates = true}, .body = body};
    AUTO_REGISTRY_RESULT result = {0};
    write_begin(&write, registry, request);
    if (write_existing(&write, &update.source, &result, err) < 0 || scale_answer(request, &result, err) < 0)
        return -1;
    *ret_result = result;
    result = (struct registry_result){0};
    return 0;
}
