// SPDX-License-Identifier: Apache-2.0
// `create secret generic`.
#include "cubectl/create_secret.h"

#include "common/base/macro.h"
#include "cubectl/create_data.h"
#include "cubectl/create_object.h"
#include "cubectl/failure.h"

struct secret_options {
    struct create_options create;
    struct create_data data;
    char *type;
};

#define MEMBER(member) offsetof(struct secret_options, member)

static const struct option options_table[] = {
    {"from-literal", 0, OPTION_ARRAY, MEMBER(data.literals), NULL, "A key and its value: mykey=somevalue", NULL},
    {"from-file", 0, OPTION_LIST, MEMBER(data.files), NULL, "A file ([key=]path) or a folder of files", NULL},
    {"from-env-file", 0, OPTION_LIST, MEMBER(data.env_files), NULL, "A file of lines KEY=VALUE", NULL},
    {"type", 0, OPTION_STRING, MEMBER(type), NULL, "The type of secret to create", NULL},
    CREATE_OPTIONS(struct secret_options),
    COMMAND_OPTIONS_END,
};

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct secret_options *options = opaque;
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    AUTO_JSON object = json_new_object();
    schema_set_kind(object, "v1", "Secret");
    if (create_data_fill(&options->data, "Secret", arguments->items[0], object, err) < 0)
        return -1;
    json_set(json_ensure_object(object, "metadata"), "creationTimestamp", NULL);
    json_put_string(object, "metadata.name", arguments->items[0]);
    if (!str_empty(options->type))
        json_set_string(object, "type", options->type);
    return create_made(session, &options->create, object, err);
}

static const struct command create_secret_generic_command = {
    .name = "generic",
    .arguments = "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]",
    .summary = "Create a secret from a local file, directory, or literal value",
    .options = options_table,
    .options_size = sizeof(struct secret_options),
    .run = run,
};

static const struct command *const subcommands[] = {&create_secret_generic_command, NULL};

const struct command create_secret_command = {
    .name = "secret",
    .arguments = "",
    .summary = "Create a secret using a specified subcommand",
    .subcommands = subcommands,
};
