// SPDX-License-Identifier: Apache-2.0
// `create namespace`.
#include "cubectl/create_namespace.h"

#include "common/base/macro.h"
#include "cubectl/create_object.h"
#include "cubectl/failure.h"

struct namespace_options {
    struct create_options create;
};

static const struct option options_table[] = {
    CREATE_OPTIONS(struct namespace_options),
    COMMAND_OPTIONS_END,
};

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct namespace_options *options = opaque;
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    AUTO_JSON object = json_new_object();
    schema_set_kind(object, "v1", "Namespace");
    json_set(json_ensure_object(object, "metadata"), "creationTimestamp", NULL);
    json_put_string(object, "metadata.name", arguments->items[0]);
    json_set(object, "spec", json_new_object());
    json_set(object, "status", json_new_object());
    return create_made(session, &options->create, object, err);
}

const struct command create_namespace_command = {
    .name = "namespace",
    .aliases = "ns",
    .arguments = "NAME",
    .summary = "Create a namespace with the specified name",
    .options = options_table,
    .options_size = sizeof(struct namespace_options),
    .run = run,
};
