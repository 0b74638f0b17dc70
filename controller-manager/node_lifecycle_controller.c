// SPDX-License-Identifier: Apache-2.0
// Watches heartbeats (node leases and status) on a timer and taints by conditions as they change.
//
// One thread does both: it wakes up when a node changes and every --node-monitor-period. Heartbeats are judged by when this process
// saw them change, never by the nodes' own clocks.
#include "controller-manager/node_lifecycle_controller.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/api/node.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/thread.h"
#include "controller-manager/node_lifecycle_decide.h"

#define LEASE_NAMESPACE "kube-node-lease"
#define INDEX_NODE "node"
#define ZONE_LABEL "topology.kubernetes.io/zone"
#define REGION_LABEL "topology.kubernetes.io/region"

// What is known of one node. Owned by the controller's thread.
struct watched_node {
    char *status_seen; // lastHeartbeatTime of Ready
    char *lease_seen;  // renewTime
    int64_t seen_at;   // monotonic: when one of them changed last
    int64_t grace;     // how long it may be silent
    bool was_ready;    // when it was last looked at
    bool marked;       // its pods have been marked not ready
    bool listed;       // in the current round
};

// A zone's budget of nodes to taint NoExecute. Owned by the controller's thread.
struct zone {
    size_t ready, not_ready;
    double tokens;
    int64_t filled_at; // monotonic
    double rate;
};

struct node_lifecycle {
    // constant
    struct event_recorder *events;
    struct controller_context *context;
    struct informer *nodes;
    struct informer *leases; // of kube-node-lease only
    struct informer *pods;
    struct thread *thread;

    // owned by the thread
    struct map watched; // node name -> struct watched_node
    struct map zones;   // "region/zone" -> struct zone
    bool all_down;      // no zone has a ready node: the fault is more likely on this side, nothing is evicted

    // under lock
    struct lock lock;
    struct cond changed;
    bool stopping;
    bool dirty; // a node changed since the last round
};

static void watched_free(void *value) {
    struct watched_node *watched = value;
    free(watched->status_seen);
    free(watched->lease_seen);
    free(watched);
}

static void index_node_name(const struct object *pod, void (*emit)(void *, const char *), void *emit_context) {
    const char *node = object_field(pod, "spec.nodeName");
    if (!str_empty(node))
        emit(emit_context, node);
}

static void on_node(void *context, const struct object *old UNUSED, const struct object *new UNUSED) {
    struct node_lifecycle *self = context;
    LOCKED(&self->lock) {
        self->dirty = true;
        cond_signal(&self->changed);
    }
}

// --- heartbeats --------------------------------------------------------------------------------------------------------

// Replaces *seen by text; true if that is news.
static bool see(char **seen, const char *text) {
    if (str_empty(text) || str_equal(*seen, text))
        return false;
    free(*seen);
    *seen = alloc_string(text);
    return true;
}

static struct watched_node *watch_node(struct node_lifecycle *self, const struct json *node) {
    const char *name = meta_name(node);
    int64_t now = clock_monotonic(self->context->clock);
    struct watched_node *watched = map_get(&self->watched, name);
    if (!watched) {
        watched = alloc_zero(sizeof(*watched));
        watched->seen_at = now;
        map_put(&self->watched, name, watched);
    }
    CLEANUP(free_ptr) char *lease_key = alloc_printf(LEASE_NAMESPACE "/%s", name);
    AUTO_OBJECT lease = informer_get(self->leases, lease_key);
    AUTO_JSON lease_tree = lease ? object_tree(lease) : NULL;
    bool status_news = see(&watched->status_seen, json_get_text(meta_condition(node, "Ready"), "lastHeartbeatTime"));
    bool lease_news = see(&watched->lease_seen, json_find_text(lease_tree, "spec.renewTime"));
    if (status_news || lease_news)
        watched->seen_at = now;
    watched->grace = meta_condition(node, "Ready") ? self->context->options->node_monitor_grace_period
                                                   : self->context->options->node_startup_grace_period;
    watched->listed = true;
    return watched;
}

// Pods of a node that went silent are not ready any more, whatever its kubelet said last. false: not all could be written.
static bool mark_pods_not_ready(struct node_lifecycle *self, const char *node) {
    struct ptr_vec pods = {0};
    bool all = true;
    informer_by_index(self->pods, INDEX_NODE, node, &pods);
    for (size_t i = 0; i < pods.len; i++) {
        const struct object *pod = pods.items[i];
        AUTO_JSON tree = object_tree(pod);
        struct json *condition = meta_condition(tree, "Ready");
        if (!str_equal(json_get_string(condition, "status"), "True"))
            continue;
        meta_set_condition(tree, "Ready", "False", NULL, NULL, clock_wall(self->context->clock));
        AUTO_JSON patch = json_new_object();
        struct json *conditions = json_new_array();
        json_append(conditions, json_clone(meta_condition(tree, "Ready")));
        json_set(json_ensure_object(patch, "status"), "conditions", conditions);
        struct rest_target target = {.resource = resource_pods(), .ns = pod->ns, .name = pod->name, .subresource = "status"};
        AUTO_ERROR err = NULL;
        if (rest_patch(self->context->rest, &target, REST_PATCH_STRATEGIC, patch, NULL, &err) < 0) {
            if (error_is(err, "NotFound"))
                continue;
            log_warning("pod not marked as not ready, trying again", "pod", pod->name, "err", error_message(err), NULL);
            all = false;
            continue;
        }
        struct event_subject subject = event_subject_of(pod);
        event_record(self->events, &subject, "Warning", "NodeNotReady", "Node is not ready");
    }
    informer_release(&pods);
    return all;
}

// Writes Unknown conditions for a node that has been silent for too long. *node is replaced by what the server answered.
static void judge(struct node_lifecycle *self, const struct object *object, struct json **node, struct watched_node *watched) {
    int64_t silent = clock_monotonic(self->context->clock) - watched->seen_at;
    if (silent > watched->grace && node_lifecycle_mark_unknown(*node, clock_wall(self->context->clock))) {
        log_info("node is silent", "node", object->name, "for", log_duration(silent), NULL);
        struct rest_target target = {.resource = resource_nodes(), .name = object->name, .subresource = "status"};
        struct json *updated = NULL;
        AUTO_ERROR err = NULL;
        if (rest_update(self->context->rest, &target, *node, &updated, &err) < 0) {
            log_warning("node status not written, trying again", "node", object->name, "err", error_message(err), NULL);
            return;
        }
        json_unref(*node);
        *node = updated;
    }
    bool ready = node_lifecycle_health(*node) == NODE_HEALTHY;
    // A node that is found not ready (after a restart) was told of already.
    if (!ready && watched->was_ready) {
        struct event_subject subject = event_subject_of(object);
        event_record(self->events, &subject, "Normal", "NodeNotReady", "Node %s status is now: NodeNotReady", object->name);
    }
    watched->was_ready = ready;
    watched->marked = !ready && (watched->marked || mark_pods_not_ready(self, object->name));
}

// --- zones -------------------------------------------------------------------------------------------------------------

static struct zone *zone_of(struct node_lifecycle *self, const struct object *node) {
    const char *region = object_label(node, REGION_LABEL);
    const char *name = object_label(node, ZONE_LABEL);
    CLEANUP(free_ptr) char *key = alloc_printf("%s/%s", region ? region : "", name ? name : "");
    struct zone *zone = map_get(&self->zones, key);
    if (!zone) {
        zone = alloc_zero(sizeof(*zone));
        zone->tokens = 1;
        zone->filled_at = clock_monotonic(self->context->clock);
        map_put(&self->zones, key, zone);
    }
    return zone;
}

static void count_zones(struct node_lifecycle *self, struct json *const *trees, const struct ptr_vec *nodes) {
    for (struct map_iter it = {.map = &self->zones}; map_next(&it);)
        ((struct zone *)it.value)->ready = ((struct zone *)it.value)->not_ready = 0;
    for (size_t i = 0; i < nodes->len; i++) {
        struct zone *zone = zone_of(self, nodes->items[i]);
        if (node_lifecycle_health(trees[i]) == NODE_HEALTHY)
            zone->ready++;
        else
            zone->not_ready++;
    }
    const struct controller_manager_options *options = self->context->options;
    bool all_down = nodes->len > 0;
    for (struct map_iter it = {.map = &self->zones}; map_next(&it);) {
        const struct zone *zone = it.value;
        all_down &= zone->ready == 0;
    }
    if (all_down != self->all_down)
        log_info(all_down ? "all nodes are not ready, entering master disruption mode" : "exiting master disruption mode", NULL);
    self->all_down = all_down;
    struct zone_rates rates = {options->node_eviction_rate, options->secondary_node_eviction_rate,
                               (size_t)options->large_cluster_size_threshold};
    for (struct map_iter it = {.map = &self->zones}; map_next(&it);) {
        struct zone *zone = it.value;
        enum zone_state state = node_lifecycle_zone_state(zone->ready, zone->not_ready, options->unhealthy_zone_threshold);
        zone->rate = node_lifecycle_zone_rate(state, zone->ready + zone->not_ready, all_down, &rates);
    }
}

static bool take_token(struct node_lifecycle *self, struct zone *zone) {
    int64_t now = clock_monotonic(self->context->clock);
    zone->tokens = MIN(1.0, zone->tokens + (double)(now - zone->filled_at) / SECOND * zone->rate);
    zone->filled_at = now;
    return zone->rate > 0 && zone->tokens >= 1;
}

// --- taints ------------------------------------------------------------------------------------------------------------

static void fix_taints(struct node_lifecycle *self, const struct object *object, struct json *node) {
    struct zone *zone = zone_of(self, object);
    int64_t now = clock_wall(self->context->clock);
    bool may_add = take_token(self, zone);
    bool had = node_has_taint(node, "node.kubernetes.io/unreachable", "NoExecute") ||
               node_has_taint(node, "node.kubernetes.io/not-ready", "NoExecute");
    bool waiting;
    bool changed = node_lifecycle_fix_schedule_taints(node, now);
    if (self->all_down)
        changed |= node_lifecycle_remove_execute_taints(node);
    else
        changed |= node_lifecycle_fix_execute_taints(node, may_add, now, &waiting);
    if (!changed)
        return;
    bool has = node_has_taint(node, "node.kubernetes.io/unreachable", "NoExecute") ||
               node_has_taint(node, "node.kubernetes.io/not-ready", "NoExecute");
    struct rest_target target = {.resource = resource_nodes(), .name = object->name};
    AUTO_ERROR err = NULL;
    if (rest_update(self->context->rest, &target, node, NULL, &err) < 0) {
        if (!error_is(err, "Conflict") && !error_is(err, "NotFound"))
            log_warning("taints not written, trying again", "node", object->name, "err", error_message(err), NULL);
        return;
    }
    if (has && !had)
        zone->tokens -= 1;
}

// --- the loop ----------------------------------------------------------------------------------------------------------

static void forget_deleted(struct node_lifecycle *self) {
    for (struct map_iter it = {.map = &self->watched}; map_next(&it);) {
        struct watched_node *watched = it.value;
        if (!watched->listed)
            watched_free(map_iter_remove(&self->watched, &it));
        else
            watched->listed = false;
    }
}

static void look_at_all(struct node_lifecycle *self) {
    struct ptr_vec nodes = {0};
    informer_list(self->nodes, &nodes);
    struct json **trees = alloc_array(nodes.len + 1, sizeof(*trees));
    for (size_t i = 0; i < nodes.len; i++) {
        trees[i] = object_tree(nodes.items[i]);
        judge(self, nodes.items[i], &trees[i], watch_node(self, trees[i]));
    }
    count_zones(self, trees, &nodes);
    for (size_t i = 0; i < nodes.len; i++) {
        fix_taints(self, nodes.items[i], trees[i]);
        json_unref(trees[i]);
    }
    forget_deleted(self);
    free(trees);
    informer_release(&nodes);
}

// Waits until a node changes or the next round is due; false: stop.
static bool wait_for_round(struct node_lifecycle *self) {
    bool stopping = false;
    LOCKED(&self->lock) {
        int64_t until = clock_monotonic(self->context->clock) + self->context->options->node_monitor_period;
        while (!self->stopping && !self->dirty && clock_monotonic(self->context->clock) < until)
            clock_wait(self->context->clock, &self->changed, &self->lock, until);
        self->dirty = false;
        stopping = self->stopping;
    }
    return !stopping;
}

static void run(void *argument) {
    struct node_lifecycle *self = argument;
    struct informer *const wanted[] = {self->nodes, self->leases, self->pods};
    for (size_t i = 0; i < ARRAY_LEN(wanted);) {
        if (informer_wait_synced(wanted[i], clock_monotonic(self->context->clock) + SECOND))
            i++;
        else if (!wait_for_round(self))
            return;
    }
    do {
        look_at_all(self);
    } while (wait_for_round(self));
}

static void *make(struct controller_context *context) {
    struct node_lifecycle *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->events = controller_context_recorder(context, "node-controller");
    self->watched = MAP_OWNING(watched_free);
    self->zones = MAP_OWNING(free);
    lock_init(&self->lock, "node-lifecycle");
    cond_init(&self->changed);
    self->nodes = controller_context_informer(context, resource_nodes());
    self->pods = controller_context_informer(context, resource_pods());
    informer_add_index(self->pods, INDEX_NODE, index_node_name);
    struct informer_config leases = {.rest = context->rest,
                                     .clock = context->clock,
                                     .random = context->random,
                                     .resource = resource_leases(),
                                     .ns = LEASE_NAMESPACE};
    self->leases = informer_new(&leases);
    informer_add_handler(self->nodes, (struct informer_handler){on_node, self});
    return self;
}

static void start(void *controller) {
    struct node_lifecycle *self = controller;
    informer_start(self->leases);
    self->thread = thread_start("node-lifecycle", run, self);
}

static void stop(void *controller) {
    struct node_lifecycle *self = controller;
    LOCKED(&self->lock) {
        self->stopping = true;
        cond_broadcast(&self->changed);
    }
    if (self->thread)
        thread_join(STEAL(self->thread));
    informer_stop(self->leases);
}

static void free_controller(void *controller) {
    struct node_lifecycle *self = controller;
    informer_free(self->leases);
    map_free(&self->watched);
    map_free(&self->zones);
    cond_destroy(&self->changed);
    lock_destroy(&self->lock);
    free(self);
}

const struct controller_descriptor node_lifecycle_controller = {.name = "node-lifecycle-controller",
                                                                .alias = "nodelifecycle",
                                                                .make = make,
                                                                .start = start,
                                                                .stop = stop,
                                                                .free = free_controller};
