// SPDX-License-Identifier: Apache-2.0
// How namespaces are written: phase, the kubernetes finalizer, the name label, deletion in two steps.
#include "apiserver/registry/namespace_strategy.h"

#include "common/api/meta.h"
#include "common/base/str.h"

#define FINALIZER "kubernetes"
#define NAME_LABEL "kubernetes.io/metadata.name"

static void prepare_create(const struct strategy_context *context, struct json *ns) {
    (void)context;
    struct json *status = json_new_object();
    json_set_string(status, "phase", "Active");
    json_set(ns, "status", status);
    struct json *finalizers = json_ensure_array(ns, "spec.finalizers");
    if (!json_array_has_string(finalizers, FINALIZER))
        json_append(finalizers, json_new_string(FINALIZER));
    meta_set_label(ns, NAME_LABEL, meta_name(ns));
}

static void prepare_update(const struct strategy_context *context, struct json *ns, const struct json *old) {
    (void)context;
    strategy_copy_member(ns, old, "status");
    strategy_copy_member(json_ensure_object(ns, "spec"), json_get(old, "spec"), "finalizers");
    meta_set_label(ns, NAME_LABEL, meta_name(ns));
}

static void prepare_subresource(const struct strategy_context *context, struct json *ns, const struct json *old) {
    if (str_equal(context->subresource, "finalize"))
        strategy_copy_member(ns, old, "status");
    meta_set_label(ns, NAME_LABEL, meta_name(ns));
}

static bool held(const struct json *ns) {
    return json_len(json_find(ns, "spec.finalizers")) > 0;
}

static void mark_deleted(struct json *ns) {
    json_put_string(ns, "status.phase", "Terminating");
}

const struct strategy namespace_strategy = {
    .group = "",
    .resource = "namespaces",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_subresource = prepare_subresource,
    .held = held,
    .mark_deleted = mark_deleted,
};
