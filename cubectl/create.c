// SPDX-License-Identifier: Apache-2.0
// `create -f`.
#include "cubectl/create.h"

#include "common/base/macro.h"
#include "cubectl/create_configmap.h"
#include "cubectl/create_namespace.h"
#include "cubectl/create_object.h"
#include "cubectl/create_secret.h"
#include "cubectl/create_serviceaccount.h"
#include "cubectl/failure.h"

struct create_file_options {
    struct create_options create;
    struct str_list filenames;
    char *selector;
    bool recursive;
};

#define MEMBER(member) offsetof(struct create_file_options, member)

static const struct option options_table[] = {
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders to create the objects of", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    CREATE_OPTIONS(struct create_file_options),
    {"kustomize", 'k', OPTION_REFUSED, 0, NULL, "", "build the manifests first and pass them with -f"},
    COMMAND_OPTIONS_END,
};

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct create_file_options *options = opaque;
    CLEANUP(create_plan_free) struct create_plan plan = {0};
    AUTO_TARGETS targets = {0};
    if (arguments->len > 0)
        return failure_usage(session, err, "Unexpected args: [%s]", arguments->items[0]);
    if (options->filenames.len == 0)
        return error_set(err, "must specify one of -f and -k");
    if (create_plan_make(&options->create, &plan, err) < 0)
        return -1;
    struct target_query query = {.filenames = &options->filenames, .recursive = options->recursive};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    if (targets.len == 0 && session->failures.len == 0)
        return error_set(err, "no objects passed to create");
    for (size_t i = 0; i < targets.len; i++) {
        struct error *error = NULL;
        if (create_object(session, &options->create, &plan, &targets.items[i], &error) < 0)
            failure_add(session, error);
        fflush(session->out);
    }
    return 0;
}

static const struct command *const subcommands[] = {
    &create_configmap_command, &create_namespace_command, &create_secret_command, &create_serviceaccount_command, NULL,
};

const struct command create_command = {
    .name = "create",
    .arguments = "-f FILENAME",
    .summary = "Create a resource from a file or from stdin",
    .options = options_table,
    .options_size = sizeof(struct create_file_options),
    .run = run,
    .subcommands = subcommands,
};
