// SPDX-License-Identifier: Apache-2.0
// Garbage collection by owner references.
//
// The graph is in the informers: each has an index by its objects' owners, so an object's dependents are one look-up per resource. Keys are
// "<row>|<namespace/name>" with the row of the resource in our table. Nothing is deleted on what a cache says alone: the object and an
// owner that the caches do not have are read from the server first.
#include "controller-manager/garbage_collector.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/controller/controller.h"

#define INDEX_OWNER "owner"
#define FINALIZER_FOREGROUND "foregroundDeletion"
#define FINALIZER_ORPHAN "orphan"

struct collector;

// One watched resource. Constant once started.
struct collected {
    struct collector *collector;
    const struct resource *resource;
    size_t row;
    struct informer *informer;
};

struct collector {
    struct controller_context *context;
    struct collected *rows;
    size_t count;
    struct control_loop *loop;
};

struct str_view {
    const char *bytes;
    size_t len;
};

// --- graph -------------------------------------------------------------------------------------------------------------

static bool may_have(const struct object *object, const char *member) {
    return memmem(object->json, object->len, member, strlen(member)) != NULL;
}

static void index_owners(const struct object *object, void (*emit)(void *, const char *), void *emit_context) {
    if (!may_have(object, "\"ownerReferences\""))
        return;
    AUTO_JSON tree = object_tree(object);
    const struct json *owners = json_find(tree, "metadata.ownerReferences");
    for (size_t i = 0; i < json_len(owners); i++)
        emit(emit_context, json_get_text(json_at(owners, i), "uid"));
}

static void enqueue(const struct collected *collected, const struct object *object) {
    CLEANUP(free_ptr) char *object_key_text = object_key(object);
    CLEANUP(free_ptr) char *key = alloc_printf("%zu|%s", collected->row, object_key_text);
    workqueue_add(control_loop_queue(collected->collector->loop), key);
}

// Calls visit for each object that names uid as an owner, until it returns false.
static void each_dependent(struct collector *self, const char *uid,
                           bool (*visit)(void *context, const struct collected *collected, const struct object *dependent),
                           void *context) {
    bool more = true;
    for (size_t i = 0; i < self->count && more; i++) {
        struct ptr_vec dependents = {0};
        informer_by_index(self->rows[i].informer, INDEX_OWNER, uid, &dependents);
        for (size_t d = 0; d < dependents.len && more; d++)
            more = visit(context, &self->rows[i], dependents.items[d]);
        informer_release(&dependents);
    }
}

static bool enqueue_dependent(void *context UNUSED, const struct collected *collected, const struct object *dependent) {
    enqueue(collected, dependent);
    return true;
}

// The row and cached object that an owner reference means; NULL: the caches do not have it.
static const struct object *cached_owner(struct collector *self, const struct json *reference, const char *ns,
                                         const struct collected **ret_row) {
    const struct resource *resource =
        resources_find_api_version_kind(json_get_text(reference, "apiVersion"), json_get_text(reference, "kind"));
    *ret_row = NULL;
    for (size_t i = 0; i < self->count && resource; i++) {
        if (self->rows[i].resource != resource)
            continue;
        *ret_row = &self->rows[i];
        const char *name = json_get_text(reference, "name");
        CLEANUP(free_ptr) char *key = resource->namespaced ? alloc_printf("%s/%s", ns, name) : alloc_string(name);
        const struct object *owner = informer_get(self->rows[i].informer, key);
        if (owner && str_equal(owner->uid, json_get_string(reference, "uid")))
            return owner;
        object_unref(owner);
        return NULL;
    }
    return NULL;
}

// Owners that wait for their dependents want to know when one is gone.
static void enqueue_waiting_owners(struct collector *self, const struct object *object) {
    if (!may_have(object, "\"ownerReferences\""))
        return;
    AUTO_JSON tree = object_tree(object);
    const struct json *owners = json_find(tree, "metadata.ownerReferences");
    for (size_t i = 0; i < json_len(owners); i++) {
        const struct collected *row;
        AUTO_OBJECT owner = cached_owner(self, json_at(owners, i), object->ns, &row);
        if (owner && owner->deleting)
            enqueue(row, owner);
    }
}

// The bytes of metadata.ownerReferences: references hold no arrays, so the first ']' ends them. Empty if there are none.
static struct str_view owners_text(const struct object *object) {
    static const char name[] = "\"ownerReferences\":[";
    const char *begin = memmem(object->json, object->len, name, sizeof(name) - 1);
    const char *end = begin ? memchr(begin, ']', (size_t)(object->json + object->len - begin)) : NULL;
    return end ? (struct str_view){begin, (size_t)(end - begin)} : (struct str_view){"", 0};
}

static bool owners_changed(const struct object *old, const struct object *new) {
    struct str_view before = owners_text(old);
    struct str_view after = owners_text(new);
    return before.len != after.len || memcmp(before.bytes, after.bytes, after.len) != 0;
}

static void on_object(void *context, const struct object *old, const struct object *new) {
    const struct collected *collected = context;
    if (!new) {
        each_dependent(collected->collector, old->uid, enqueue_dependent, NULL);
        enqueue_waiting_owners(collected->collector, old);
        return;
    }
    bool own_work = new->deleting &&may_have(new, "\"finalizers\"");
    bool changed = !old || owners_changed(old, new);
    bool owned = owners_text(new).len > 0;
    if (own_work || (owned && changed && !new->deleting))
        enqueue(collected, new);
    // A dependent that no longer names its owner (orphaned) frees the owner as a deleted one does.
    if (old && changed)
        enqueue_waiting_owners(collected->collector, old);
}

// --- actions -----------------------------------------------------------------------------------------------------------

// The object that is being looked at, fresh from the server.
struct item {
    struct collector *collector;
    const struct collected *row;
    struct json *tree;
    struct rest_target target;
};

static int remove_finalizer(const struct item *item, const char *finalizer, struct error **err) {
    meta_remove_finalizer(item->tree, finalizer);
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "resourceVersion", meta_resource_version(item->tree));
    struct json *left = json_find(item->tree, "metadata.finalizers");
    json_set(metadata, "finalizers", left ? json_clone(left) : NULL);
    return rest_patch(item->collector->context->rest, &item->target, REST_PATCH_MERGE, patch, NULL, err);
}

// Does the dependent hold up its owner's deletion?
static bool blocks(const struct object *dependent, const char *owner_uid) {
    AUTO_JSON tree = object_tree(dependent);
    const struct json *reference = json_array_find(json_find(tree, "metadata.ownerReferences"), "uid", owner_uid, NULL);
    return json_get_bool(reference, "blockOwnerDeletion", false);
}

struct foreground {
    const char *owner_uid;
    bool blocked;
};

static bool delete_in_foreground(void *context, const struct collected *collected, const struct object *dependent) {
    struct foreground *foreground = context;
    foreground->blocked |= blocks(dependent, foreground->owner_uid);
    enqueue(collected, dependent);
    return true;
}

static int finish_foreground(const struct item *item, struct error **err) {
    struct foreground foreground = {.owner_uid = meta_uid(item->tree)};
    each_dependent(item->collector, foreground.owner_uid, delete_in_foreground, &foreground);
    return foreground.blocked ? 0 : remove_finalizer(item, FINALIZER_FOREGROUND, err);
}

struct orphaning {
    struct collector *collector;
    const char *owner_uid;
    struct error *failure;
};

static bool orphan_dependent(void *context, const struct collected *collected, const struct object *dependent) {
    struct orphaning *orphaning = context;
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "uid", dependent->uid);
    struct json *removal = json_new_object();
    json_set_string(removal, "$patch", "delete");
    json_set_string(removal, "uid", orphaning->owner_uid);
    struct json *owners = json_new_array();
    json_append(owners, removal);
    json_set(metadata, "ownerReferences", owners);
    struct rest_target target = {.resource = collected->resource, .ns = dependent->ns, .name = dependent->name};
    struct error *failure = NULL;
    if (rest_patch(orphaning->collector->context->rest, &target, REST_PATCH_STRATEGIC, patch, NULL, &failure) == 0)
        return true;
    if (error_is(failure, "NotFound") || error_is(failure, "Invalid")) { // gone, or another object by now
        error_free(failure);
        return true;
    }
    orphaning->failure = failure;
    return false;
}

static int finish_orphaning(const struct item *item, struct error **err) {
    struct orphaning orphaning = {.collector = item->collector, .owner_uid = meta_uid(item->tree)};
    each_dependent(item->collector, orphaning.owner_uid, orphan_dependent, &orphaning);
    if (orphaning.failure)
        return error_move(err, &orphaning.failure);
    return remove_finalizer(item, FINALIZER_ORPHAN, err);
}

// --- owners ------------------------------------------------------------------------------------------------------------

enum owner_state { OWNER_SOLID, OWNER_WAITING, OWNER_DANGLING };

static enum owner_state state_of(const struct json *owner) {
    return meta_deleting(owner) && meta_has_finalizer(owner, FINALIZER_FOREGROUND) ? OWNER_WAITING : OWNER_SOLID;
}

static int owner_state(struct collector *self, const struct json *reference, const char *ns, enum owner_state *ret_state,
                       struct error **err) {
    const struct collected *row;
    AUTO_OBJECT cached = cached_owner(self, reference, ns, &row);
    if (cached) {
        AUTO_JSON tree = object_tree(cached);
        *ret_state = state_of(tree);
        return 0;
    }
    const struct resource *resource =
        resources_find_api_version_kind(json_get_text(reference, "apiVersion"), json_get_text(reference, "kind"));
    // An owner of an unknown kind, or one in a namespace that the reference cannot name, is none of our business.
    if (!resource || (resource->namespaced && str_empty(ns))) {
        *ret_state = OWNER_SOLID;
        return 0;
    }
    struct rest_target target = {
        .resource = resource, .ns = resource->namespaced ? ns : NULL, .name = json_get_text(reference, "name")};
    AUTO_JSON owner = NULL;
    struct error *failure = NULL;
    if (rest_get(self->context->rest, &target, &owner, &failure) < 0) {
        if (!error_is(failure, "NotFound"))
            return error_move(err, &failure);
        error_free(failure);
        *ret_state = OWNER_DANGLING;
        return 0;
    }
    *ret_state = str_equal(meta_uid(owner), json_get_string(reference, "uid")) ? state_of(owner) : OWNER_DANGLING;
    return 0;
}

// What the owners of an object are, and its references without those that mean nothing any more.
struct owners {
    size_t solid, waiting, dangling;
    struct json *kept;
};

static int look_at_owners(const struct item *item, struct owners *owners, struct error **err) {
    const struct json *references = json_find(item->tree, "metadata.ownerReferences");
    owners->kept = json_new_array();
    for (size_t i = 0; i < json_len(references); i++) {
        enum owner_state state = OWNER_SOLID;
        if (owner_state(item->collector, json_at(references, i), meta_namespace(item->tree), &state, err) < 0)
            return -1;
        owners->solid += state == OWNER_SOLID;
        owners->waiting += state == OWNER_WAITING;
        owners->dangling += state == OWNER_DANGLING;
        if (state == OWNER_SOLID)
            json_append(owners->kept, json_clone(json_at(references, i)));
    }
    return 0;
}

static int drop_references(const struct item *item, const struct owners *owners, struct error **err) {
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "resourceVersion", meta_resource_version(item->tree));
    json_set_string(metadata, "uid", meta_uid(item->tree));
    json_set(metadata, "ownerReferences", json_clone(owners->kept));
    return rest_patch(item->collector->context->rest, &item->target, REST_PATCH_MERGE, patch, NULL, err);
}

struct dependents {
    bool any;
    bool waiting; // one of them is itself deleted in the foreground
};

static bool note_dependent(void *context, const struct collected *collected UNUSED, const struct object *dependent) {
    struct dependents *dependents = context;
    dependents->any = true;
    if (dependent->deleting) {
        AUTO_JSON tree = object_tree(dependent);
        dependents->waiting |= state_of(tree) == OWNER_WAITING;
    }
    return !dependents->waiting;
}

// In a circle of owners everybody would wait for everybody: an object whose own dependents wait already blocks none of its owners.
static int unblock_owners(const struct item *item, struct error **err) {
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "resourceVersion", meta_resource_version(item->tree));
    struct json *references = json_find(item->tree, "metadata.ownerReferences");
    for (size_t i = 0; i < json_len(references); i++)
        json_set_bool(json_at(references, i), "blockOwnerDeletion", false);
    json_set(metadata, "ownerReferences", json_clone(references));
    struct json *patched = NULL;
    if (rest_patch(item->collector->context->rest, &item->target, REST_PATCH_MERGE, patch, &patched, err) < 0)
        return -1;
    json_set_string(json_get(item->tree, "metadata"), "resourceVersion", meta_resource_version(patched));
    json_unref(patched);
    return 0;
}

static int delete_item(const struct item *item, bool owner_waits, struct error **err) {
    struct dependents dependents = {0};
    each_dependent(item->collector, meta_uid(item->tree), note_dependent, &dependents);
    if (owner_waits && dependents.waiting && unblock_owners(item, err) < 0)
        return -1;
    const char *policy = "Background";
    if (owner_waits && dependents.any)
        policy = "Foreground";
    else if (meta_has_finalizer(item->tree, FINALIZER_ORPHAN))
        policy = "Orphan";
    else if (meta_has_finalizer(item->tree, FINALIZER_FOREGROUND))
        policy = "Foreground";
    // Of this version only: it must not have found a new owner meanwhile.
    struct rest_delete_options options = {.grace_period_seconds = -1,
                                          .propagation_policy = policy,
                                          .precondition_uid = meta_uid(item->tree),
                                          .precondition_resource_version = meta_resource_version(item->tree)};
    log_v(2, "deleting", "resource", item->target.resource->plural, "namespace", item->target.ns, "name", item->target.name,
          "policy", policy, NULL);
    return rest_delete(item->collector->context->rest, &item->target, &options, err);
}

static int collect(const struct item *item, struct error **err) {
    if (meta_deleting(item->tree)) {
        if (meta_has_finalizer(item->tree, FINALIZER_ORPHAN))
            return finish_orphaning(item, err);
        if (meta_has_finalizer(item->tree, FINALIZER_FOREGROUND))
            return finish_foreground(item, err);
        return 0;
    }
    struct owners owners = {0};
    int result = look_at_owners(item, &owners, err);
    size_t gone = owners.waiting + owners.dangling;
    if (result == 0 && gone > 0)
        result = owners.solid > 0 ? drop_references(item, &owners, err) : delete_item(item, owners.waiting > 0, err);
    json_unref(owners.kept);
    return result;
}

// --- sync --------------------------------------------------------------------------------------------------------------

// Are all owners in the caches and alive? Most objects are done with this, without a request.
static bool plainly_owned(struct collector *self, const struct object *object) {
    if (object->deleting)
        return false;
    AUTO_JSON tree = object_tree(object);
    const struct json *references = json_find(tree, "metadata.ownerReferences");
    for (size_t i = 0; i < json_len(references); i++) {
        const struct collected *row;
        AUTO_OBJECT owner = cached_owner(self, json_at(references, i), object->ns, &row);
        if (!owner || owner->deleting)
            return false;
    }
    return true;
}

static int sync_object(void *context, const char *key, struct sync_result *result, struct error **err) {
    struct collector *self = context;
    char *rest_of_key = NULL;
    size_t row = strtoul(key, &rest_of_key, 10);
    const struct collected *collected = &self->rows[row];
    AUTO_OBJECT object = informer_get(collected->informer, rest_of_key + 1);
    if (!object || plainly_owned(self, object))
        return 0;
    struct item item = {
        .collector = self, .row = collected, .target = {.resource = collected->resource, .ns = object->ns, .name = object->name}};
    struct error *failure = NULL;
    int done = rest_get(self->context->rest, &item.target, &item.tree, &failure);
    if (done == 0 && str_equal(meta_uid(item.tree), object->uid))
        done = collect(&item, &failure);
    json_unref(item.tree);
    if (done == 0)
        return 0;
    if (error_is(failure, "NotFound") || error_is(failure, "Conflict")) {
        result->outcome = error_is(failure, "Conflict") ? SYNC_REQUEUE : SYNC_DONE;
        error_free(failure);
        return 0;
    }
    return error_move(err, &failure);
}

// --- life --------------------------------------------------------------------------------------------------------------

// Events own nothing and are owned by nothing; they come by the thousand.
static bool is_collected(const struct resource *resource) {
    uint32_t wanted = RESOURCE_VERB_LIST | RESOURCE_VERB_WATCH | RESOURCE_VERB_DELETE;
    return (resource->verbs & wanted) == wanted && resource != resource_events();
}

static void *make(struct controller_context *context) {
    struct collector *self = alloc_zero(sizeof(*self));
    size_t count;
    const struct resource *const *resources = resources_all(&count);
    self->context = context;
    self->rows = alloc_array(count, sizeof(*self->rows));
    struct control_loop_config config = {.name = "garbage-collector-controller",
                                         .clock = context->clock,
                                         .workers = (int)context->options->concurrent_gc_syncs,
                                         .sync = sync_object,
                                         .context = self};
    self->loop = control_loop_new(&config);
    if (!context->options->enable_garbage_collector)
        return self;
    for (size_t i = 0; i < count; i++) {
        if (!is_collected(resources[i]))
            continue;
        struct collected *collected = &self->rows[self->count];
        *collected = (struct collected){.collector = self, .resource = resources[i], .row = self->count};
        collected->informer = controller_context_metadata_informer(context, resources[i]);
        informer_add_index(collected->informer, INDEX_OWNER, index_owners);
        informer_add_handler(collected->informer, (struct informer_handler){on_object, collected});
        self->count++;
    }
    return self;
}

static void start(void *controller) {
    struct collector *self = controller;
    struct informer **wait_for = alloc_array(self->count + 1, sizeof(*wait_for));
    for (size_t i = 0; i < self->count; i++)
        wait_for[i] = self->rows[i].informer;
    control_loop_start(self->loop, wait_for);
    free(wait_for);
}

static void stop(void *controller) {
    control_loop_stop(((struct collector *)controller)->loop);
}

static void free_controller(void *controller) {
    struct collector *self = controller;
    control_loop_free(self->loop);
    free(self->rows);
    free(self);
}

const struct controller_descriptor garbage_collector = {.name = "garbage-collector-controller",
                                                        .alias = "garbagecollector",
                                                        .make = make,
                                                        .start = start,
                                                        .stop = stop,
                                                        .free = free_controller};
