// SPDX-License-Identifier: Apache-2.0
// Rules of Nodes: taints are unique, the pod network and provider ID are set once.
#include "common/api/validation_node.h"

#include "common/base/alloc.h"

static bool same_taint(const struct json *a, const struct json *b) {
    return str_equal(json_get_text(a, "key"), json_get_text(b, "key")) &&
           str_equal(json_get_text(a, "effect"), json_get_text(b, "effect"));
}

void validation_node(const struct json *object, struct field_errors *errors) {
    const struct json *taints = json_find(object, "spec.taints");
    for (size_t i = 0; i < json_len(taints); i++) {
        for (size_t before = 0; before < i; before++) {
            if (!same_taint(json_at(taints, before), json_at(taints, i)))
                continue;
            CLEANUP(free_ptr) char *path = alloc_printf("spec.taints[%zu]", i);
            field_errors_duplicate(errors, path, json_at(taints, i));
            break;
        }
    }
}

void validation_node_update(const struct json *object, const struct json *old, struct field_errors *errors) {
    const struct json *spec = json_get(object, "spec");
    const struct json *before = json_get(old, "spec");
    if (json_len(json_get(before, "podCIDRs")) && !json_equal(json_get(spec, "podCIDRs"), json_get(before, "podCIDRs")))
        field_errors_forbidden(errors, "spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
    const char *provider = json_get_text(before, "providerID");
    if (*provider && !str_equal(provider, json_get_text(spec, "providerID")))
        field_errors_forbidden(errors, "spec.providerID", "node updates may not change providerID except from \"\" to valid");
}
