// SPDX-License-Identifier: Apache-2.0
// ReplicaSets: observe pods, decide how many to create or which to delete, act, write the status.
#include "controller-manager/replicaset_controller.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/api/selector.h"
#include "common/base/alloc.h"
#include "common/base/map.h"
#include "common/controller/controller.h"
#include "common/controller/controller_ref.h"
#include "common/controller/expectations.h"
#include "common/controller/pod_control.h"
#include "controller-manager/replicaset_decide.h"

#define INDEX_NAMESPACE "namespace"
#define INDEX_CONTROLLER "controller"

// Constant once started; what changes is in the queue, the expectations and the informers.
struct replicasets {
    struct controller_context *context;
    struct informer *replicasets;
    struct informer *pods;
    struct pod_control *pod_control;
    struct expectations *expectations;
    struct control_loop *loop;
};

// --- events ------------------------------------------------------------------------------------------------------------

static void enqueue(struct replicasets *self, const struct object *replicaset) {
    char *key = object_key(replicaset);
    workqueue_add(control_loop_queue(self->loop), key);
    free(key);
}

static void on_replicaset(void *context, const struct object *old, const struct object *new) {
    struct replicasets *self = context;
    if (!new) {
        char *key = object_key(old);
        expectations_delete(self->expectations, key);
        free(key);
    }
    enqueue(self, new ? new : old);
}

// The ReplicaSet that controls this pod, if it exists and is the same one (by UID). malloc'd key, or NULL.
static char *controlling_key(struct replicasets *self, const struct object *pod) {
    if (!pod->controller_uid || !str_equal(pod->controller_kind, "ReplicaSet"))
        return NULL;
    char *key = alloc_printf("%s/%s", pod->ns, pod->controller_name);
    AUTO_OBJECT owner = informer_get(self->replicasets, key);
    if (owner && str_equal(owner->uid, pod->controller_uid))
        return key;
    free(key);
    return NULL;
}

// An orphan may be adopted by any ReplicaSet of its namespace whose selector matches.
static void enqueue_matching(struct replicasets *self, const struct object *pod) {
    struct ptr_vec candidates = {0};
    informer_by_index(self->replicasets, INDEX_NAMESPACE, pod->ns, &candidates);
    for (size_t i = 0; i < candidates.len; i++) {
        AUTO_JSON tree = object_tree(candidates.items[i]);
        AUTO_SELECTOR selector = NULL;
        if (selector_from_json(json_find(tree, "spec.selector"), &selector, NULL) == 0 && selector_matches_object(selector, pod))
            enqueue(self, candidates.items[i]);
    }
    informer_release(&candidates);
}

static void pod_deleted(struct replicasets *self, const struct object *pod) {
    char *key = controlling_key(self, pod);
    if (!key)
        return;
    expectations_deletion_observed(self->expectations, key, pod->uid);
    workqueue_add(control_loop_queue(self->loop), key);
    free(key);
}

static void pod_added(struct replicasets *self, const struct object *pod) {
    if (pod->deleting) { // seen for the first time after a restart, on its way out
        pod_deleted(self, pod);
        return;
    }
    char *key = controlling_key(self, pod);
    if (key) {
        expectations_creation_observed(self->expectations, key);
        workqueue_add(control_loop_queue(self->loop), key);
        free(key);
    } else if (!pod->controller_uid) {
        enqueue_matching(self, pod);
    }
}

static bool same_labels(const struct object *a, const struct object *b) {
    if (a->label_count != b->label_count)
        return false;
    for (size_t i = 0; i < a->label_count; i++) {
        if (!str_equal(a->labels[i].value, object_label(b, a->labels[i].key)))
            return false;
    }
    return true;
}

static void pod_changed(struct replicasets *self, const struct object *old, const struct object *new) {
    if (new->deleting) {
        pod_deleted(self, new);
        if (!same_labels(old, new))
            pod_deleted(self, old);
        return;
    }
    bool owner_changed = !str_equal(old->controller_uid, new->controller_uid);
    char *old_key = owner_changed ? controlling_key(self, old) : NULL;
    if (old_key)
        workqueue_add(control_loop_queue(self->loop), old_key);
    free(old_key);
    char *key = controlling_key(self, new);
    if (key)
        workqueue_add(control_loop_queue(self->loop), key);
    else if (!new->controller_uid && (owner_changed || !same_labels(old, new)))
        enqueue_matching(self, new);
    free(key);
}

static void on_pod(void *context, const struct object *old, const struct object *new) {
    if (!new)
        pod_deleted(context, old);
    else if (!old)
        pod_added(context, new);
    else
        pod_changed(context, old, new);
}

// --- observe -----------------------------------------------------------------------------------------------------------

// One sync's world; trees belong to the syncing thread.
struct observed {
    const struct object *object;
    struct json *replicaset;
    struct selector *selector;
    bool may_act;                // nothing was outstanding before the pods were looked at
    struct ptr_vec claimed;      // const struct object *
    struct replicaset_pod *pods; // the active ones
    size_t pod_count;
};

static void observed_free(struct observed *observed) {
    for (size_t i = 0; i < observed->pod_count; i++)
        json_unref(observed->pods[i].tree);
    free(observed->pods);
    informer_release(&observed->claimed);
    selector_free(observed->selector);
    json_unref(observed->replicaset);
    object_unref(observed->object);
}

// Before adopting: the live object is the same one and not being deleted.
static int can_adopt(void *context, struct error **err) {
    void **arguments = context;
    struct replicasets *self = arguments[0];
    const struct object *owner = arguments[1];
    struct rest_target target = {.resource = resource_replicasets(), .ns = owner->ns, .name = owner->name};
    AUTO_JSON fresh = NULL;
    if (rest_get(self->context->rest, &target, &fresh, err) < 0)
        return -1;
    if (!str_equal(meta_uid(fresh), owner->uid))
        return error_set(err, "original ReplicaSet %s/%s is gone: got uid %s, wanted %s", owner->ns, owner->name, meta_uid(fresh),
                         owner->uid);
    if (meta_deleting(fresh))
        return error_set(err, "%s/%s has just been deleted", owner->ns, owner->name);
    return 0;
}

static bool is_active(const struct object *pod) {
    const char *phase = object_field(pod, "status.phase");
    return !pod->deleting && !str_equal(phase, "Succeeded") && !str_equal(phase, "Failed");
}

// Only active pods are adopted, released and counted.
static int claim_pods(struct replicasets *self, struct observed *observed, struct error **err) {
    struct ptr_vec pods = {0};
    struct ptr_vec candidates = {0};
    informer_by_index(self->pods, INDEX_NAMESPACE, observed->object->ns, &pods);
    for (size_t i = 0; i < pods.len; i++) {
        if (is_active(pods.items[i]))
            ptr_vec_push(&candidates, (void *)object_ref(pods.items[i]));
    }
    informer_release(&pods);
    void *arguments[] = {self, (void *)observed->object};
    struct controller_ref_claim claim = {.pods = self->pod_control,
                                         .owner = observed->object,
                                         .selector = observed->selector,
                                         .can_adopt = can_adopt,
                                         .context = arguments};
    int result = controller_ref_claim_pods(&claim, &candidates, &observed->claimed, err);
    informer_release(&candidates);
    return result;
}

// How many pods of the same family (ReplicaSets with the same owner) run on each node: crowded nodes are thinned out first.
static void count_neighbours(struct replicasets *self, const struct observed *observed, struct map *per_node) {
    struct ptr_vec family = {0};
    if (observed->object->controller_uid)
        informer_by_index(self->replicasets, INDEX_CONTROLLER, observed->object->controller_uid, &family);
    else
        ptr_vec_push(&family, (void *)object_ref(observed->object));
    for (size_t f = 0; f < family.len; f++) {
        const struct object *replicaset = family.items[f];
        struct ptr_vec pods = {0};
        informer_by_index(self->pods, INDEX_CONTROLLER, replicaset->uid, &pods);
        for (size_t i = 0; i < pods.len; i++) {
            const struct object *pod = pods.items[i];
            const char *node = object_field(pod, "spec.nodeName");
            if (is_active(pod) && !str_empty(node))
                map_put(per_node, node, (void *)((size_t)map_get(per_node, node) + 1));
        }
        informer_release(&pods);
    }
    informer_release(&family);
}

static void look_at_pods(struct replicasets *self, struct observed *observed) {
    CLEANUP(map_free) struct map per_node = {0};
    count_neighbours(self, observed, &per_node);
    observed->pods = alloc_array(observed->claimed.len + 1, sizeof(*observed->pods));
    int64_t now = clock_wall(self->context->clock);
    for (size_t i = 0; i < observed->claimed.len; i++) {
        struct json *tree = object_tree(observed->claimed.items[i]);
        struct replicaset_pod *entry = &observed->pods[observed->pod_count++];
        *entry = replicaset_pod_of(tree, json_find_int(observed->replicaset, "spec.minReadySeconds", 0), now);
        entry->neighbours = (int)(size_t)map_get(&per_node, json_find_text(tree, "spec.nodeName"));
    }
}

// --- act ---------------------------------------------------------------------------------------------------------------

// Creates one after the other and stops at the first failure, so that a quota or a broken template costs one refused request, not 500. In a
// namespace that is going away all creations fail: nothing to tell anybody.
static int create_pods(struct replicasets *self, const struct observed *observed, const char *key, int count,
                       struct error **err) {
    const struct json *template = json_find(observed->replicaset, "spec.template");
    expectations_expect_creations(self->expectations, key, count);
    for (int created = 0; created < count; created++) {
        struct error *failure = NULL;
        if (self->pod_control->ops->create(self->pod_control, observed->object->ns, template, observed->object, &failure) == 0)
            continue;
        for (int missing = created; missing < count; missing++)
            expectations_creation_observed(self->expectations, key);
        if (!controller_context_is_terminating(failure))
            return error_move(err, &failure);
        error_free(failure);
        return 0;
    }
    return 0;
}

static int delete_pods(struct replicasets *self, const struct observed *observed, const char *key,
                       const struct replicaset_decision *decision, struct error **err) {
    const char **uids = alloc_array(decision->delete_count, sizeof(*uids));
    for (size_t i = 0; i < decision->delete_count; i++)
        uids[i] = meta_uid(decision->deletes[i]->tree);
    expectations_expect_deletions(self->expectations, key, uids, decision->delete_count);
    int result = 0;
    for (size_t i = 0; i < decision->delete_count; i++) {
        struct error *failure = NULL;
        const char *name = meta_name(decision->deletes[i]->tree);
        if (self->pod_control->ops->delete (self->pod_control, observed->object->ns, name, observed->object, &failure) == 0)
            continue;
        expectations_deletion_observed(self->expectations, key, uids[i]);
        if (error_is(failure, "NotFound") || result < 0) {
            error_free(failure);
        } else {
            result = error_move(err, &failure);
        }
    }
    free(uids);
    return result;
}

static int manage(struct replicasets *self, const struct observed *observed, const char *key, struct error **err) {
    if (observed->object->deleting || !observed->may_act)
        return 0;
    struct replicaset_decision decision;
    int64_t wanted = json_find_int(observed->replicaset, "spec.replicas", 1);
    replicaset_decide(wanted, observed->pods, observed->pod_count, clock_wall(self->context->clock), &decision);
    int result = 0;
    if (decision.create > 0)
        result = create_pods(self, observed, key, decision.create, err);
    else if (decision.delete_count > 0)
        result = delete_pods(self, observed, key, &decision, err);
    replicaset_decision_free(&decision);
    return result;
}

static int write_status(struct replicasets *self, const struct observed *observed, const struct error *manage_error,
                        struct error **err) {
    AUTO_JSON status = replicaset_status(observed->replicaset, observed->pods, observed->pod_count, manage_error,
                                         clock_wall(self->context->clock));
    if (json_equal(status, json_get(observed->replicaset, "status")))
        return 0;
    AUTO_JSON changed = json_clone(observed->replicaset);
    json_set(changed, "status", json_ref(status));
    struct rest_target target = {
        .resource = resource_replicasets(), .ns = observed->object->ns, .name = observed->object->name, .subresource = "status"};
    return rest_update(self->context->rest, &target, changed, NULL, err);
}

// Pods that are ready but not for long enough become available later: come back then.
static void come_back(struct replicasets *self, const struct observed *observed, struct sync_result *result) {
    int64_t min_ready = json_find_int(observed->replicaset, "spec.minReadySeconds", 0);
    if (min_ready <= 0)
        return;
    int64_t now = clock_wall(self->context->clock);
    for (size_t i = 0; i < observed->pod_count; i++) {
        const struct replicaset_pod *pod = &observed->pods[i];
        if (!pod->ready || pod->available)
            continue;
        int64_t wait = MAX(pod->ready_since + min_ready * SECOND - now, MILLISECOND);
        if (result->outcome != SYNC_AFTER || wait < result->after)
            *result = (struct sync_result){SYNC_AFTER, wait};
    }
}

static int sync_observed(struct replicasets *self, struct observed *observed, const char *key, struct sync_result *result,
                         struct error **err) {
    if (selector_from_json(json_find(observed->replicaset, "spec.selector"), &observed->selector, err) < 0)
        return -1;
    // Asked before the pods are listed: a creation that is seen between the two is missing in the list, but not awaited any more.
    observed->may_act = expectations_satisfied(self->expectations, key);
    if (claim_pods(self, observed, err) < 0)
        return -1;
    look_at_pods(self, observed);
    AUTO_ERROR manage_error = NULL;
    int managed = manage(self, observed, key, &manage_error);
    AUTO_ERROR status_error = NULL;
    int written = write_status(self, observed, manage_error, &status_error);
    come_back(self, observed, result);
    if (managed < 0)
        return error_move(err, &manage_error);
    if (written < 0 && error_is(status_error, "Conflict")) {
        result->outcome = SYNC_REQUEUE;
        return 0;
    }
    if (written < 0 && !error_is(status_error, "NotFound"))
        return error_move(err, &status_error);
    return 0;
}

static int sync_replicaset(void *context, const char *key, struct sync_result *result, struct error **err) {
    struct replicasets *self = context;
    struct observed observed = {.object = informer_get(self->replicasets, key)};
    if (!observed.object) {
        expectations_delete(self->expectations, key);
        return 0;
    }
    observed.replicaset = object_tree(observed.object);
    int done = sync_observed(self, &observed, key, result, err);
    observed_free(&observed);
    return done;
}

// --- life --------------------------------------------------------------------------------------------------------------

static void *make(struct controller_context *context) {
    struct replicasets *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->replicasets = controller_context_informer(context, resource_replicasets());
    self->pods = controller_context_informer(context, resource_pods());
    informer_add_index(self->replicasets, INDEX_NAMESPACE, informer_index_namespace);
    informer_add_index(self->replicasets, INDEX_CONTROLLER, informer_index_controller_uid);
    informer_add_index(self->pods, INDEX_NAMESPACE, informer_index_namespace);
    informer_add_index(self->pods, INDEX_CONTROLLER, informer_index_controller_uid);
    informer_add_handler(self->replicasets, (struct informer_handler){on_replicaset, self});
    informer_add_handler(self->pods, (struct informer_handler){on_pod, self});
    self->pod_control = pod_control_new(context->rest, controller_context_recorder(context, "replicaset-controller"));
    self->expectations = expectations_new(context->clock);
    struct control_loop_config config = {.name = "replicaset-controller",
                                         .clock = context->clock,
                                         .workers = (int)context->options->concurrent_replicaset_syncs,
                                         .sync = sync_replicaset,
                                         .context = self};
    self->loop = control_loop_new(&config);
    return self;
}

static void start(void *controller) {
    struct replicasets *self = controller;
    control_loop_start(self->loop, (struct informer *const[]){self->replicasets, self->pods, NULL});
}

static void stop(void *controller) {
    struct replicasets *self = controller;
    control_loop_stop(self->loop);
}

static void free_controller(void *controller) {
    struct replicasets *self = controller;
    control_loop_free(self->loop);
    pod_control_free(self->pod_control);
    expectations_free(self->expectations);
    free(self);
}

const struct controller_descriptor replicaset_controller = {
    .name = "replicaset-controller", .alias = "replicaset", .make = make, .start = start, .stop = stop, .free = free_controller};
