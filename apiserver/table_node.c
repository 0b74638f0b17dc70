// SPDX-License-Identifier: Apache-2.0
// Cells of nodes: status, roles and addresses, as upstream's printer computes them.
#include "apiserver/table_kinds.h"
#include "common/api/meta.h"
#include "common/api/node.h"
#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/base/str.h"

#define ROLE_PREFIX "node-role.kubernetes.io/"
#define ROLE_LABEL "kubernetes.io/role"

static void append_status(const struct json *node, struct str *out) {
    const struct json *ready = meta_condition(node, "Ready");
    if (!ready)
        str_append(out, "Unknown");
    else
        str_append(out, str_equal(json_get_string(ready, "status"), "True") ? "Ready" : "NotReady");
    if (json_find_bool(node, "spec.unschedulable", false))
        str_append(out, ",SchedulingDisabled");
}

static char *roles_of(const struct json *node) {
    AUTO_STR_LIST roles = {0};
    for (struct json_iter it = json_iter(json_find(node, "metadata.labels")); json_iter_next(&it);) {
        const char *role = str_skip_prefix(it.key, ROLE_PREFIX);
        if (!role && str_equal(it.key, ROLE_LABEL))
            role = json_string(it.value);
        if (!str_empty(role) && !str_list_contains(&roles, role))
            str_list_add(&roles, role);
    }
    str_list_sort(&roles);
    if (!roles.len)
        str_list_add(&roles, TABLE_NONE);
    return str_list_join(&roles, ",");
}

static void set_info(const struct json *node, struct json *cells, const char *name, const char *path) {
    const char *text = json_find_string(node, path);
    json_set_string(cells, name, str_empty(text) ? TABLE_UNKNOWN : text);
}

static void set_address(const struct json *node, struct json *cells, const char *name, const char *type) {
    const char *address = node_address(node, type);
    json_set_string(cells, name, address ? address : TABLE_NONE);
}

static void node_cells(const struct json *node, int64_t now UNUSED, struct json *cells) {
    AUTO_STR status = {0};
    append_status(node, &status);
    json_set_string(cells, "status", str_text(&status));
    CLEANUP(free_ptr) char *roles = roles_of(node);
    json_set_string(cells, "roles", roles);
    set_address(node, cells, "internalIP", "InternalIP");
    set_address(node, cells, "externalIP", "ExternalIP");
    set_info(node, cells, "osImage", "status.nodeInfo.osImage");
    set_info(node, cells, "kernelVersion", "status.nodeInfo.kernelVersion");
    set_info(node, cells, "containerRuntime", "status.nodeInfo.containerRuntimeVersion");
}

const struct table_kind table_node = {"", "nodes", node_cells, NULL};
