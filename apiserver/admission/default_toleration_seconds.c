// SPDX-License-Identifier: Apache-2.0
// Pods tolerate not-ready and unreachable nodes for a while unless they say otherwise.
#include "apiserver/admission/default_toleration_seconds.h"

#include <stdlib.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"

#define TAINT_NOT_READY "node.kubernetes.io/not-ready"
#define TAINT_UNREACHABLE "node.kubernetes.io/unreachable"
#define NO_EXECUTE "NoExecute"

struct toleration_seconds {
    struct admission_plugin plugin;
    int64_t not_ready;
    int64_t unreachable;
};

static int start(const struct admission_setup *setup, struct admission_plugin **ret_plugin, struct error **err) {
    (void)err;
    struct toleration_seconds *self = alloc_zero(sizeof(*self));
    self->plugin.type = &default_toleration_seconds;
    self->not_ready = setup->default_not_ready_toleration_seconds;
    self->unreachable = setup->default_unreachable_toleration_seconds;
    *ret_plugin = &self->plugin;
    return 0;
}

static bool tolerates(const struct json *tolerations, const char *key) {
    for (size_t i = 0; i < json_len(tolerations); i++) {
        const struct json *toleration = json_at(tolerations, i);
        const char *found = json_get_text(toleration, "key");
        const char *effect = json_get_text(toleration, "effect");
        if ((str_empty(found) || str_equal(found, key)) && (str_empty(effect) || str_equal(effect, NO_EXECUTE)))
            return true;
    }
    return false;
}

static void add(struct json *tolerations, const char *key, int64_t seconds) {
    struct json *toleration = json_new_object();
    json_set_string(toleration, "key", key);
    json_set_string(toleration, "operator", "Exists");
    json_set_string(toleration, "effect", NO_EXECUTE);
    json_set_int(toleration, "tolerationSeconds", seconds);
    json_append(tolerations, toleration);
}

static int mutate(struct admission_plugin *plugin, struct admission_attributes *attributes, struct error **err) {
    (void)err;
    struct toleration_seconds *self = CONTAINER_OF(plugin, struct toleration_seconds, plugin);
    if (attributes->resource != resource_pods() || !str_empty(attributes->subresource))
        return 0;
    struct json *tolerations = json_find(attributes->object, "spec.tolerations");
    bool not_ready = tolerates(tolerations, TAINT_NOT_READY);
    bool unreachable = tolerates(tolerations, TAINT_UNREACHABLE);
    if (not_ready && unreachable)
        return 0;
    tolerations = json_ensure_array(attributes->object, "spec.tolerations");
    if (!not_ready)
        add(tolerations, TAINT_NOT_READY, self->not_ready);
    if (!unreachable)
        add(tolerations, TAINT_UNREACHABLE, self->unreachable);
    return 0;
}

static void free_plugin(struct admission_plugin *plugin) {
    free(CONTAINER_OF(plugin, struct toleration_seconds, plugin));
}

const struct admission_plugin_type default_toleration_seconds = {
    .name = "DefaultTolerationSeconds",
    .operations = ADMISSION_CREATE | ADMISSION_UPDATE,
    .start = start,
    .mutate = mutate,
    .free = free_plugin,
};
