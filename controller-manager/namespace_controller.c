// SPDX-License-Identifier: Apache-2.0
// Deleting a namespace: everything in it goes, its conditions say what is left, then its finalizer is taken off.
#include "controller-manager/namespace_controller.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/map.h"
#include "common/controller/controller.h"

#define FINALIZER "kubernetes"
#define FINALIZER_WAIT (15 * SECOND) // how long objects with finalizers usually need

struct namespaces {
    struct controller_context *context;
    struct informer *namespaces;
    struct informer *pods;
    struct control_loop *loop;
};

// What is left in a namespace after a round of deletions.
struct remains {
    struct str_list failures; // messages of deletions that failed
    struct str_list content;  // `pods. has 2 resource instances`, ...
    struct map finalizers;    // finalizer -> number of objects that have it
    int64_t wait;             // nanoseconds after which another look is worth while; 0: nothing is left
};

static void remains_free(struct remains *remains) {
    str_list_free(&remains->failures);
    str_list_free(&remains->content);
    map_free(&remains->finalizers);
}

static void on_namespace(void *context, const struct object *old UNUSED, const struct object *new) {
    struct namespaces *self = context;
    if (new &&new->deleting)
        workqueue_add(control_loop_queue(self->loop), new->name);
}

// The last pod of a namespace that is going: look at once instead of waiting.
static void on_pod(void *context, const struct object *old, const struct object *new) {
    struct namespaces *self = context;
    if (new)
        return;
    AUTO_OBJECT namespace = informer_get(self->namespaces, old->ns);
    if (namespace && namespace->deleting)
        workqueue_add(control_loop_queue(self->loop), namespace->name);
}

// --- content -----------------------------------------------------------------------------------------------------------

static void note_item(struct remains *remains, const struct json *item, int64_t now) {
    const struct json *finalizers = json_find(item, "metadata.finalizers");
    for (size_t i = 0; i < json_len(finalizers); i++) {
        const char *name = json_string(json_at(finalizers, i));
        map_put(&remains->finalizers, name, (void *)((size_t)map_get(&remains->finalizers, name) + 1));
        remains->wait = MAX(remains->wait, FINALIZER_WAIT);
    }
    // deletionTimestamp is the time by which a graceful deletion is over.
    remains->wait = MAX(remains->wait, MAX(meta_deletion_time(item) - now, SECOND));
}

// Deletes all objects of one resource and notes what remains.
static int empty_resource(struct namespaces *self, const struct resource *resource, const char *ns, struct remains *remains,
                          struct error **err) {
    struct rest_target target = {.resource = resource, .ns = ns};
    struct rest_delete_options background = {.grace_period_seconds = -1, .propagation_policy = "Background"};
    AUTO_JSON list = NULL;
    if (rest_list(self->context->rest, &target, NULL, &list, err) < 0)
        return -1;
    if (json_len(json_get(list, "items")) == 0)
        return 0;
    if (rest_delete(self->context->rest, &target, &background, err) < 0)
        return -1;
    json_unref(STEAL(list));
    if (rest_list(self->context->rest, &target, NULL, &list, err) < 0)
        return -1;
    const struct json *items = json_get(list, "items");
    for (size_t i = 0; i < json_len(items); i++)
        note_item(remains, json_at(items, i), clock_wall(self->context->clock));
    if (json_len(items) > 0)
        str_list_take(&remains->content,
                      alloc_printf("%s.%s has %zu resource instances", resource->plural, resource->group, json_len(items)));
    return 0;
}

static void empty_namespace(struct namespaces *self, const char *ns, struct remains *remains) {
    size_t count;
    const struct resource *const *resources = resources_all(&count);
    for (size_t i = 0; i < count; i++) {
        const struct resource *resource = resources[i];
        if (!resource->namespaced || !resource_has_verb(resource, RESOURCE_VERB_LIST) ||
            !resource_has_verb(resource, RESOURCE_VERB_DELETECOLLECTION))
            continue;
        AUTO_ERROR err = NULL;
        if (empty_resource(self, resource, ns, remains, &err) < 0 && !error_is(err, "NotFound"))
            str_list_take(&remains->failures, alloc_printf("%s: %s", resource->plural, error_message(err)));
    }
}

// --- conditions --------------------------------------------------------------------------------------------------------

// The sorted items behind a text, as upstream words its messages; malloc'd.
static char *message_of(const char *text, struct str_list *items) {
    str_list_sort(items);
    CLEANUP(free_ptr) char *joined = str_list_join(items, ", ");
    return alloc_printf("%s%s", text, joined);
}

static char *finalizers_message(const struct remains *remains) {
    AUTO_STR_LIST items = {0};
    for (struct map_iter it = {.map = &remains->finalizers}; map_next(&it);)
        str_list_take(&items, alloc_printf("%s in %zu resource instances", it.key, (size_t)it.value));
    return message_of("Some content in the namespace has finalizers remaining: ", &items);
}

static char *failures_message(struct remains *remains) {
    CLEANUP(free_ptr) char *text = alloc_printf("Failed to delete all resource types, %zu remaining: ", remains->failures.len);
    return message_of(text, &remains->failures);
}

// Writes upstream's five conditions if they changed.
static int write_conditions(struct namespaces *self, const struct object *object, struct remains *remains, struct error **err) {
    int64_t now = clock_wall(self->context->clock);
    AUTO_JSON namespace = object_tree(object);
    CLEANUP(free_ptr) char *content = message_of("Some resources are remaining: ", &remains->content);
    CLEANUP(free_ptr) char *finalizers = finalizers_message(remains);
    CLEANUP(free_ptr) char *failures = failures_message(remains);
    const struct {
        const char *type;
        bool bad;
        const char *bad_reason, *bad_message, *good_reason, *good_message;
    } rows[] = {
        {"NamespaceDeletionDiscoveryFailure", false, NULL, NULL, "ResourcesDiscovered", "All resources successfully discovered"},
        {"NamespaceDeletionGroupVersionParsingFailure", false, NULL, NULL, "ParsedGroupVersions",
         "All legacy kube types successfully parsed"},
        {"NamespaceDeletionContentFailure", remains->failures.len > 0, "ContentDeletionFailed", failures, "ContentDeleted",
         "All content successfully deleted, may be waiting on finalization"},
        {"NamespaceContentRemaining", remains->content.len > 0, "SomeResourcesRemain", content, "ContentRemoved",
         "All content successfully removed"},
        {"NamespaceFinalizersRemaining", remains->finalizers.len > 0, "SomeFinalizersRemain", finalizers,
         "ContentHasNoFinalizers", "All content-preserving finalizers finished"},
    };
    bool changed = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reason = rows[i].bad ? rows[i].bad_reason : rows[i].good_reason;
        const char *message = rows[i].bad ? rows[i].bad_message : rows[i].good_message;
        changed |= meta_set_condition(namespace, rows[i].type, rows[i].bad ? "True" : "False", reason, message, now);
    }
    if (!changed)
        return 0;
    struct rest_target target = {.resource = resource_namespaces(), .name = object->name, .subresource = "status"};
    return rest_update(self->context->rest, &target, namespace, NULL, err);
}

// --- sync --------------------------------------------------------------------------------------------------------------

static bool has_our_finalizer(const struct json *namespace) {
    return json_array_has_string(json_find(namespace, "spec.finalizers"), FINALIZER);
}

static int finalize(struct namespaces *self, const char *name, struct error **err) {
    struct rest_target target = {.resource = resource_namespaces(), .name = name};
    AUTO_JSON namespace = NULL;
    if (rest_get(self->context->rest, &target, &namespace, err) < 0)
        return -1;
    struct json *finalizers = json_find(namespace, "spec.finalizers");
    for (size_t i = 0; i < json_len(finalizers);) {
        if (str_equal(json_string(json_at(finalizers, i)), FINALIZER))
            json_delete(finalizers, i);
        else
            i++;
    }
    target.subresource = "finalize";
    return rest_update(self->context->rest, &target, namespace, NULL, err);
}

// A namespace that is gone or changed meanwhile needs no error in the log.
static int tolerate(struct error **failure, struct sync_result *result, struct error **err) {
    if (error_is(*failure, "NotFound") || error_is(*failure, "Conflict")) {
        result->outcome = error_is(*failure, "Conflict") ? SYNC_REQUEUE : SYNC_DONE;
        error_free(STEAL(*failure));
        return 0;
    }
    return error_move(err, failure);
}

static int sync_namespace(void *context, const char *key, struct sync_result *result, struct error **err) {
    struct namespaces *self = context;
    AUTO_OBJECT object = informer_get(self->namespaces, key);
    if (!object || !object->deleting)
        return 0;
    AUTO_JSON namespace = object_tree(object);
    if (!has_our_finalizer(namespace))
        return 0;
    struct remains remains = {0};
    empty_namespace(self, key, &remains);
    struct error *failure = NULL;
    int done = write_conditions(self, object, &remains, &failure);
    bool empty = remains.failures.len == 0 && remains.content.len == 0;
    if (done == 0 && empty)
        done = finalize(self, key, &failure);
    else if (done == 0 && remains.failures.len > 0)
        done = error_set(&failure, "%zu of its resources could not be emptied, the first: %s", remains.failures.len,
                         remains.failures.items[0]);
    else if (done == 0)
        *result = (struct sync_result){SYNC_AFTER, remains.wait / 2 + SECOND};
    remains_free(&remains);
    return done < 0 ? tolerate(&failure, result, err) : 0;
}

static void *make(struct controller_context *context) {
    struct namespaces *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->namespaces = controller_context_informer(context, resource_namespaces());
    self->pods = controller_context_informer(context, resource_pods());
    struct control_loop_config config = {.name = "namespace-controller",
                                         .clock = context->clock,
                                         .workers = (int)context->options->concurrent_namespace_syncs,
                                         .sync = sync_namespace,
                                         .context = self,
                                         .backoff_base = 5 * SECOND,
                                         .backoff_max = MINUTE};
    self->loop = control_loop_new(&config);
    informer_add_handler(self->namespaces, (struct informer_handler){on_namespace, self});
    informer_add_handler(self->pods, (struct informer_handler){on_pod, self});
    return self;
}

static void start(void *controller) {
    struct namespaces *self = controller;
    control_loop_start(self->loop, (struct informer *const[]){self->namespaces, self->pods, NULL});
}

static void stop(void *controller) {
    control_loop_stop(((struct namespaces *)controller)->loop);
}

static void free_controller(void *controller) {
    struct namespaces *self = controller;
    control_loop_free(self->loop);
    free(self);
}

const struct controller_descriptor namespace_controller = {
    .name = "namespace-controller", .alias = "namespace", .make = make, .start = start, .stop = stop, .free = free_controller};
