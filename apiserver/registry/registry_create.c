// SPDX-License-Identifier: Apache-2.0
// POST: a new object, with generated names tried again when they are taken.
#include <stdlib.h>

#include "apiserver/registry/binding.h"
#include "apiserver/registry/write.h"
#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

// As upstream's RetryGenerateName.
#define GENERATED_NAME_ATTEMPTS 8

struct create_source {
    struct write_source source;
    const struct registry_body *body;
    bool generates; // the last attempt's name was to be generated
};

static int make_from_body(struct write_source *source, const struct write *write, const struct json *current,
                          struct json **ret_object, struct error **err) {
    (void)current;
    struct create_source *create = CONTAINER_OF(source, struct create_source, source);
    struct decode_target target = decode_target_of_resource(write->request->resource);
    if (decode_body(create->body, &target, write->request->field_validation, write->warnings, ret_object, err) < 0)
        return -1;
    create->generates = !meta_name(*ret_object)[0] && json_find_text(*ret_object, "metadata.generateName")[0];
    return 0;
}

// What is there under the wanted name; the message tells if that is about to go.
static int taken(const struct write *write, const char *name, bool generated, struct error **err) {
    AUTO_CURRENT current = {0};
    AUTO_ERROR exists = NULL;
    status_already_exists(&exists, write->request->resource, name);
    if (generated) {
        AUTO_STR resource = {0};
        resource_append_name(write->request->resource, &resource);
        free(exists->message);
        exists->message =
            alloc_printf("%s \"%s\" already exists, the server was not able to generate a unique name for the object",
                         str_text(&resource), name);
        exists->retry_after_seconds = 1;
    } else if (current_load_stored(&current, write->registry, write->request, name, NULL) == 0 && current.object &&
               current.object->deleting) {
        error_prefix(&exists, "object is being deleted");
    }
    return error_move(err, &exists);
}

int registry_create(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                    struct registry_result *ret_result, struct error **err) {
    if (str_equal(registry_subresource(request), "binding") || str_equal(request->resource->plural, "bindings"))
        return binding_create(registry, request, body, ret_result, err);
    struct write write;
    struct create_source create = {.source = {.make = make_from_body, .creates = true}, .body = body};
    const struct current nothing = {0};
    write_begin(&write, registry, request);
    for (int attempt = 1;; attempt++, write_next_attempt(&write)) {
        AUTO_STORAGE_RESULT met = {0};
        CLEANUP(free_ptr) char *name = NULL;
        write.made_name = &name;
        enum write_outcome outcome = write_object(&write, &create.source, &nothing, ret_result, &met, err);
        write.made_name = NULL;
        if (outcome != WRITE_LOST)
            return outcome == WRITE_DONE ? 0 : -1;
        if (!create.generates || attempt == GENERATED_NAME_ATTEMPTS)
            return taken(&write, name, create.generates, err);
    }
}
