// SPDX-License-Identifier: Apache-2.0
// Admission: the plug-ins that change and check a write between defaulting and storage.
#ifndef CUBE_APISERVER_ADMISSION_ADMISSION_H
#define CUBE_APISERVER_ADMISSION_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/reader.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct resource;

// Bits, so that a plug-in names several.
enum admission_operation {
    ADMISSION_CREATE = 1,
    ADMISSION_UPDATE = 2,
    ADMISSION_DELETE = 4,
    ADMISSION_CONNECT = 8,
};

// Who asks. All borrowed.
struct admission_user {
    const char *name;
    const char *uid; // "" if unknown
    const char *const *groups;
    size_t group_count;
};

// One write. Everything is borrowed; only mutating plug-ins may change `object`.
struct admission_attributes {
    enum admission_operation operation;
    const struct resource *resource;
    const char *subresource;           // "" for the resource itself
    const char *ns;                    // "" for cluster scope
    const char *name;                  // "" on a create with generateName before the name was made
    struct json *object;               // NULL on delete and connect
    const struct json *old_object;     // NULL on create and connect
    const struct admission_user *user; // NULL: the server itself
    bool dry_run;
    struct str_list *warnings; // texts for Warning headers; NULL: not wanted
};

// What plug-ins are made with. All borrowed and valid as long as the chain.
struct admission_setup {
    struct reader *reader;
    struct clock *clock;
    const char *enable;                             // --enable-admission-plugins, comma separated; NULL or ""
    const char *disable;                            // --disable-admission-plugins
    int64_t default_not_ready_toleration_seconds;   // --default-not-ready-toleration-seconds (upstream's default: 300)
    int64_t default_unreachable_toleration_seconds; // --default-unreachable-toleration-seconds (300)
};

struct admission_plugin;

// A plug-in type; instances of this are the rows of chain.c. mutate and validate may be NULL. They refuse by an API error
// (403 Forbidden, 404 NotFound, 422 Invalid ...). They are called from many threads at once.
struct admission_plugin_type {
    const char *name;    // as the flags write it: "NamespaceLifecycle"
    unsigned operations; // which of enum admission_operation it handles
    int (*start)(const struct admission_setup *setup, struct admission_plugin **ret_plugin, struct error **err);
    int (*mutate)(struct admission_plugin *plugin, struct admission_attributes *attributes, struct error **err);
    int (*validate)(struct admission_plugin *plugin, const struct admission_attributes *attributes, struct error **err);
    void (*free)(struct admission_plugin *plugin);
};
struct admission_plugin {
    const struct admission_plugin_type *type;
};

// A Forbidden error as upstream's admission.NewForbidden words it: `pods "x" is forbidden: <reason>`. Returns -1.
int admission_forbid(const struct admission_attributes *attributes, struct error **err, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
