// SPDX-License-Identifier: Apache-2.0
// `create serviceaccount`.
#include "cubectl/create_serviceaccount.h"

#include "common/base/macro.h"
#include "cubectl/create_object.h"
#include "cubectl/failure.h"

struct serviceaccount_options {
    struct create_options create;
};

static const struct option options_table[] = {
    CREATE_OPTIONS(struct serviceaccount_options),
    COMMAND_OPTIONS_END,
};

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct serviceaccount_options *options = opaque;
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    AUTO_JSON object = json_new_object();
    schema_set_kind(object, "v1", "ServiceAccount");
    json_set(json_ensure_object(object, "metadata"), "creationTimestamp", NULL);
    json_put_string(object, "metadata.name", arguments->items[0]);
    return create_made(session, &options->create, object, err);
}

const struct command create_serviceaccount_command = {
    .name = "serviceaccount",
    .aliases = "sa",
    .arguments = "NAME",
    .summary = "Create a serviceaccount with the specified name",
    .options = options_table,
    .options_size = sizeof(struct serviceaccount_options),
    .run = run,
};
