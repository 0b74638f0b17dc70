// SPDX-License-Identifier: Apache-2.0
// One object to create: sent, or only shown, and reported. Shared by `create` and its subcommands.
#ifndef CUBE_CUBECTL_CREATE_OBJECT_H
#define CUBE_CUBECTL_CREATE_OBJECT_H

#include "cubectl/command.h"
#include "cubectl/output.h"
#include "cubectl/target.h"
#include "cubectl/write_options.h"

// The flags that `create` and all its subcommands take.
struct create_options {
    struct global_options global;
    char *output, *dry_run, *validate, *manager;
    bool save_config, show_managed_fields, allow_missing;
};

#define CREATE_OPTIONS(type)                                                                                                     \
    {"output", 'o', OPTION_STRING, offsetof(type, create.output), NULL, "Output format: json, yaml, name, jsonpath=...", NULL},  \
        {"dry-run", 0, OPTION_STRING, offsetof(type, create.dry_run), "none", "Must be \"none\", \"server\", or \"client\"",     \
         NULL},                                                                                                                  \
        {"validate",    0,                                                                                                       \
         OPTION_STRING, offsetof(type, create.validate),                                                                         \
         "strict",      "Unknown fields: strict (true), warn, or ignore (false)",                                                \
         NULL},                                                                                                                  \
        {"field-manager",                                                                                                        \
         0,                                                                                                                      \
         OPTION_STRING,                                                                                                          \
         offsetof(type, create.manager),                                                                                         \
         "kubectl-create",                                                                                                       \
         "Name of the manager used to track field ownership",                                                                    \
         NULL},                                                                                                                  \
        {"save-config", 0, OPTION_BOOL, offsetof(type, create.save_config), NULL, "Keep the configuration in an annotation",     \
         NULL},                                                                                                                  \
        {"show-managed-fields",                                                                                                  \
         0,                                                                                                                      \
         OPTION_BOOL,                                                                                                            \
         offsetof(type, create.show_managed_fields),                                                                             \
         NULL,                                                                                                                   \
         "Keep managedFields in JSON and YAML",                                                                                  \
         NULL},                                                                                                                  \
    {                                                                                                                            \
        "allow-missing-template-keys", 0, OPTION_BOOL, offsetof(type, create.allow_missing), "true",                             \
            "Ignore keys that a template names and an object lacks", NULL                                                        \
    }

// What the flags mean.
struct create_plan {
    enum write_dry_run dry_run;
    const char *validation;
    struct output *output;
};

int create_plan_make(const struct create_options *options, struct create_plan *ret_plan, struct error **err) MUST_CHECK;
void create_plan_free(struct create_plan *plan);
// Creates (or shows) target->object and prints what was done.
int create_object(struct session *session, const struct create_options *options, const struct create_plan *plan,
                  const struct target *target, struct error **err) MUST_CHECK;
// The same for an object made of flags: its namespace is the session's; kubectl's `failed to create configmap: ...` names it.
int create_made(struct session *session, const struct create_options *options, struct json *object,
                struct error **err) MUST_CHECK;

#endif
