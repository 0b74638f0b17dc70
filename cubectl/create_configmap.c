// SPDX-License-Identifier: Apache-2.0
// `create configmap`.
#include "cubectl/create_configmap.h"

#include "common/base/macro.h"
#include "cubectl/create_data.h"
#include "cubectl/create_object.h"
#include "cubectl/failure.h"

struct configmap_options {
    struct create_options create;
    struct create_data data;
};

#define MEMBER(member) offsetof(struct configmap_options, member)

static const struct option options_table[] = {
    {"from-literal", 0, OPTION_ARRAY, MEMBER(data.literals), NULL, "A key and its value: mykey=somevalue", NULL},
    {"from-file", 0, OPTION_LIST, MEMBER(data.files), NULL, "A file ([key=]path) or a folder of files", NULL},
    {"from-env-file", 0, OPTION_LIST, MEMBER(data.env_files), NULL, "A file of lines KEY=VALUE", NULL},
    CREATE_OPTIONS(struct configmap_options),
    COMMAND_OPTIONS_END,
};

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct configmap_options *options = opaque;
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    AUTO_JSON object = json_new_object();
    schema_set_kind(object, "v1", "ConfigMap");
    if (create_data_fill(&options->data, "ConfigMap", arguments->items[0], object, err) < 0)
        return -1;
    json_set(json_ensure_object(object, "metadata"), "creationTimestamp", NULL);
    json_put_string(object, "metadata.name", arguments->items[0]);
    return create_made(session, &options->create, object, err);
}

const struct command create_configmap_command = {
    .name = "configmap",
    .aliases = "cm",
    .arguments = "NAME [--from-file=[key=]source] [--from-literal=key1=value1]",
    .summary = "Create a config map from a local file, directory or literal value",
    .options = options_table,
    .options_size = sizeof(struct configmap_options),
    .run = run,
};
