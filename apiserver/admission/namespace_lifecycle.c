// SPDX-License-Identifier: Apache-2.0
// Writes only into namespaces that exist and are not being deleted; the system namespaces stay.
#include "apiserver/admission/namespace_lifecycle.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/map.h"

// For so long after a delete of a namespace the cache's word for it being active is not trusted, as upstream.
#define LIVE_LOOKUP_TIME (30 * SECOND)

struct deleted_namespace {
    int64_t until; // monotonic
};

struct namespace_lifecycle {
    // constant
    struct admission_plugin plugin;
    struct reader *reader;
    struct clock *clock;
    struct lock lock;
    // under lock
    struct map deleted; // name to struct deleted_namespace
};

static int start(const struct admission_setup *setup, struct admission_plugin **ret_plugin, struct error **err) {
    (void)err;
    struct namespace_lifecycle *self = alloc_zero(sizeof(*self));
    self->plugin.type = &namespace_lifecycle;
    self->reader = setup->reader;
    self->clock = setup->clock;
    self->deleted = MAP_OWNING(free);
    lock_init(&self->lock, "namespace lifecycle");
    *ret_plugin = &self->plugin;
    return 0;
}

static void free_plugin(struct admission_plugin *plugin) {
    struct namespace_lifecycle *self = CONTAINER_OF(plugin, struct namespace_lifecycle, plugin);
    map_free(&self->deleted);
    lock_destroy(&self->lock);
    free(self);
}

static bool is_immortal(const char *name) {
    static const char *const immortal[] = {"default", "kube-system", "kube-public"};
    for (size_t i = 0; i < ARRAY_LEN(immortal); i++)
        if (str_equal(name, immortal[i]))
            return true;
    return false;
}

static void remember_deleted(struct namespace_lifecycle *self, const char *name) {
    int64_t now = clock_monotonic(self->clock);
    LOCKED(&self->lock) {
        for (struct map_iter it = {.map = &self->deleted}; map_next(&it);)
            if (((struct deleted_namespace *)it.value)->until <= now)
                free(map_iter_remove(&self->deleted, &it));
        struct deleted_namespace *deleted = alloc_zero(sizeof(*deleted));
        deleted->until = now + LIVE_LOOKUP_TIME;
        map_put(&self->deleted, name, deleted);
    }
}

static bool was_deleted(struct namespace_lifecycle *self, const char *name) {
    int64_t now = clock_monotonic(self->clock);
    bool recent = false;
    LOCKED(&self->lock) {
        const struct deleted_namespace *deleted = map_get(&self->deleted, name);
        recent = deleted && deleted->until > now;
    }
    return recent;
}

static bool is_terminating(const struct object *ns) {
    return str_equal(object_field(ns, "status.phase"), "Terminating");
}

// Storage has the last word where the cache has none, or where it says "active" of what was just deleted.
static int look_up(struct namespace_lifecycle *self, const char *name, const struct object **ret_ns, struct error **err) {
    AUTO_ERROR missing = NULL;
    AUTO_OBJECT ns = NULL;
    if (reader_get(self->reader, resource_namespaces(), "", name, &ns, &missing) < 0) {
        if (!error_is(missing, "NotFound"))
            return error_move(err, &missing);
    } else if (is_terminating(ns) || !was_deleted(self, name)) {
        *ret_ns = STEAL(ns);
        return 0;
    }
    return reader_get_live(self->reader, resource_namespaces(), "", name, ret_ns, err);
}

static int refuse_terminating(const struct admission_attributes *attributes, struct error **err) {
    AUTO_ERROR error = NULL;
    const char *ns = attributes->ns;
    admission_forbid(attributes, &error, "unable to create new content in namespace %s because it is being terminated", ns);
    error_add_cause(error, "NamespaceTerminating", "metadata.namespace", "namespace %s is being terminated", ns);
    return error_move(err, &error);
}

static int mutate(struct admission_plugin *plugin, struct admission_attributes *attributes, struct error **err) {
    struct namespace_lifecycle *self = CONTAINER_OF(plugin, struct namespace_lifecycle, plugin);
    bool deletes = attributes->operation == ADMISSION_DELETE;
    if (attributes->resource == resource_namespaces()) {
        if (!deletes)
            return 0;
        if (is_immortal(attributes->name))
            return admission_forbid(attributes, err, "this namespace may not be deleted");
        remember_deleted(self, attributes->name);
        return 0;
    }
    if (str_empty(attributes->ns) || deletes)
        return 0;
    AUTO_OBJECT ns = NULL;
    if (look_up(self, attributes->ns, &ns, err) < 0)
        return -1;
    if (attributes->operation == ADMISSION_CREATE && is_terminating(ns))
        return refuse_terminating(attributes, err);
    return 0;
}

// Refusing in the mutating half, as upstream does: nothing else need look at what is refused.
const struct admission_plugin_type namespace_lifecycle = {
    .name = "NamespaceLifecycle",
    .operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE,
    .start = start,
    .mutate = mutate,
    .free = free_plugin,
};
