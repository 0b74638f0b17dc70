// SPDX-License-Identifier: Apache-2.0
// NoExecute taints: pods that do not tolerate them go at once, pods that do for a time go after it. Keys are pods.
#include "controller-manager/taint_eviction_controller.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/map.h"
#include "common/controller/controller.h"
#include "controller-manager/taint_eviction_decide.h"

#define INDEX_NODE "node"

struct evictions {
    struct event_recorder *events;
    struct controller_context *context;
    struct informer *nodes;
    struct informer *pods;
    struct control_loop *loop;

    // under lock: pods whose time runs out
    struct lock lock;
    struct map scheduled; // pod UID -> struct scheduled
};

struct scheduled {
    char *node;
    int64_t seen; // wall; when the node's taints were first noticed for the pod
};

static void scheduled_free(void *value) {
    free(((struct scheduled *)value)->node);
    free(value);
}

// Since when the pod is known to stand on a tainted node; now if it was not known.
static int64_t seen_since(struct evictions *self, const struct object *pod, const char *node, int64_t now) {
    int64_t seen = now;
    LOCKED(&self->lock) {
        const struct scheduled *scheduled = map_get(&self->scheduled, pod->uid);
        if (scheduled && str_equal(scheduled->node, node))
            seen = scheduled->seen;
    }
    return seen;
}

static void remember(struct evictions *self, const struct object *pod, const char *node, int64_t seen) {
    struct scheduled *scheduled = alloc_zero(sizeof(*scheduled));
    *scheduled = (struct scheduled){.node = alloc_string(node), .seen = seen};
    LOCKED(&self->lock) {
        map_put(&self->scheduled, pod->uid, scheduled);
    }
}

// true: its time was running.
static bool forget(struct evictions *self, const struct object *pod) {
    struct scheduled *scheduled = NULL;
    LOCKED(&self->lock) {
        scheduled = map_remove(&self->scheduled, pod->uid);
    }
    if (scheduled)
        scheduled_free(scheduled);
    return scheduled != NULL;
}

static void index_node_name(const struct object *pod, void (*emit)(void *, const char *), void *emit_context) {
    const char *node = object_field(pod, "spec.nodeName");
    if (!str_empty(node))
        emit(emit_context, node);
}

static void enqueue_pod(struct evictions *self, const struct object *pod) {
    char *key = object_key(pod);
    workqueue_add(control_loop_queue(self->loop), key);
    free(key);
}

static void on_pod(void *context, const struct object *old, const struct object *new) {
    if (!new)
        forget(context, old);
    if (!new || new->deleting || str_empty(object_field(new, "spec.nodeName")))
        return;
    // Only a new binding changes the answer; tolerations can only be added, which a later look finds by itself.
    if (!old || !str_equal(object_field(old, "spec.nodeName"), object_field(new, "spec.nodeName")))
        enqueue_pod(context, new);
}

static bool same_taints(const struct object *old, const struct object *new) {
    if (!old)
        return false;
    AUTO_JSON before = object_tree(old);
    AUTO_JSON after = object_tree(new);
    return json_equal(json_find(before, "spec.taints"), json_find(after, "spec.taints"));
}

static void on_node(void *context, const struct object *old, const struct object *new) {
    struct evictions *self = context;
    if (!new || same_taints(old, new))
        return;
    struct ptr_vec pods = {0};
    informer_by_index(self->pods, INDEX_NODE, new->name, &pods);
    for (size_t i = 0; i < pods.len; i++)
        enqueue_pod(self, pods.items[i]);
    informer_release(&pods);
}

static int evict(struct evictions *self, const struct object *pod, struct error **err) {
    AUTO_JSON holder = object_tree(pod);
    meta_set_condition(holder, "DisruptionTarget", "True", "DeletionByTaintManager",
                       "Taint manager: deleting due to NoExecute taint", clock_wall(self->context->clock));
    AUTO_JSON patch = json_new_object();
    struct json *conditions = json_new_array();
    json_append(conditions, json_clone(meta_condition(holder, "DisruptionTarget")));
    json_set(json_ensure_object(patch, "status"), "conditions", conditions);
    json_put_string(patch, "metadata.uid", pod->uid);
    struct rest_target target = {.resource = resource_pods(), .ns = pod->ns, .name = pod->name, .subresource = "status"};
    if (rest_patch(self->context->rest, &target, REST_PATCH_STRATEGIC, patch, NULL, err) < 0)
        return -1;
    struct event_subject subject = event_subject_of(pod);
    event_record(self->events, &subject, "Normal", "TaintManagerEviction", "Marking for deletion Pod %s/%s", pod->ns, pod->name);
    target.subresource = NULL;
    struct rest_delete_options options = {.grace_period_seconds = -1, .precondition_uid = pod->uid};
    return rest_delete(self->context->rest, &target, &options, err);
}

static int sync_pod(void *context, const char *key, struct sync_result *result, struct error **err) {
    struct evictions *self = context;
    AUTO_OBJECT pod = informer_get(self->pods, key);
    if (!pod || pod->deleting)
        return 0;
    const char *node_name = object_field(pod, "spec.nodeName");
    if (str_empty(node_name))
        return 0;
    AUTO_OBJECT node = informer_get(self->nodes, node_name);
    if (!node)
        return 0;
    AUTO_JSON node_tree = object_tree(node);
    AUTO_JSON pod_tree = object_tree(pod);
    int64_t now = clock_wall(self->context->clock);
    int64_t seen = seen_since(self, pod, node_name, now);
    int64_t at = taint_eviction_time(json_find(node_tree, "spec.taints"), json_find(pod_tree, "spec.tolerations"), seen);
    if (at == TIME_NEVER) {
        struct event_subject subject = event_subject_of(pod);
        if (forget(self, pod))
            event_record(self->events, &subject, "Normal", "TaintManagerEviction", "Cancelling deletion of Pod %s/%s", pod->ns,
                         pod->name);
        return 0;
    }
    if (at > now) {
        remember(self, pod, node_name, seen);
        *result = (struct sync_result){SYNC_AFTER, at - now};
        return 0;
    }
    struct error *failure = NULL;
    if (evict(self, pod, &failure) == 0)
        return 0;
    if (error_is(failure, "NotFound") || error_is(failure, "Conflict")) { // gone, or another pod of the same name
        error_free(failure);
        return 0;
    }
    return error_move(err, &failure);
}

static void *make(struct controller_context *context) {
    struct evictions *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->scheduled = MAP_OWNING(scheduled_free);
    lock_init(&self->lock, "taint-eviction");
    self->events = controller_context_recorder(context, "taint-eviction-controller");
    self->nodes = controller_context_informer(context, resource_nodes());
    self->pods = controller_context_informer(context, resource_pods());
    informer_add_index(self->pods, INDEX_NODE, index_node_name);
    struct control_loop_config config = {
        .name = "taint-eviction-controller", .clock = context->clock, .workers = 4, .sync = sync_pod, .context = self};
    self->loop = control_loop_new(&config);
    informer_add_handler(self->nodes, (struct informer_handler){on_node, self});
    informer_add_handler(self->pods, (struct informer_handler){on_pod, self});
    return self;
}

static void start(void *controller) {
    struct evictions *self = controller;
    control_loop_start(self->loop, (struct informer *const[]){self->nodes, self->pods, NULL});
}

static void stop(void *controller) {
    control_loop_stop(((struct evictions *)controller)->loop);
}

static void free_controller(void *controller) {
    struct evictions *self = controller;
    control_loop_free(self->loop);
    map_free(&self->scheduled);
    lock_destroy(&self->lock);
    free(self);
}

const struct controller_descriptor taint_eviction_controller = {
    .name = "taint-eviction-controller", .alias = NULL, .make = make, .start = start, .stop = stop, .free = free_controller};
