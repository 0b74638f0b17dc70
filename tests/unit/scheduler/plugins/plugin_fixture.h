// SPDX-License-Identifier: Apache-2.0
// Pods and nodes from short JSON, for tests of plug-ins.
#ifndef CUBE_TESTS_UNIT_SCHEDULER_PLUGINS_PLUGIN_FIXTURE_H
#define CUBE_TESTS_UNIT_SCHEDULER_PLUGINS_PLUGIN_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "scheduler/plugins/plugin.h"

// Single quotes stand for double ones.
static inline const struct object *fixture_object(const struct resource *resource, const char *text) {
    char *json = alloc_string(text);
    for (char *c = json; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    struct object *object = NULL;
    struct error *err = NULL;
    if (object_new_from_bytes(json, strlen(json), resource, &object, &err) < 0) {
        fprintf(stderr, "%s: %s\n", json, error_message(err));
        abort();
    }
    free(json);
    return object;
}

// spec: members of its spec, without braces.
static inline const struct object *fixture_pod(const char *name, const char *spec) {
    char *text = alloc_printf(
        "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'%s','namespace':'n','uid':'uid-%s'},'spec':{%s}}", name, name, spec);
    const struct object *object = fixture_object(resource_pods(), text);
    free(text);
    return object;
}

// node: members besides metadata.name.
static inline const struct object *fixture_node_object(const char *name, const char *labels, const char *spec,
                                                       const char *status) {
    char *text =
        alloc_printf("{'kind':'Node','apiVersion':'v1','metadata':{'name':'%s','labels':{%s}},'spec':{%s},'status':{%s}}", name,
                     labels, spec, status);
    const struct object *object = fixture_object(resource_nodes(), text);
    free(text);
    return object;
}

#endif
