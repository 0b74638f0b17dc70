// SPDX-License-Identifier: Apache-2.0
// Keeps the Node object and its Lease, each on a thread of its own: a runtime that hangs must not cost the Lease.
#include "kubelet/node.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/node.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"

#define RETRY_START (200 * MILLISECOND)
#define RETRY_MAX (7 * SECOND)
#define READY_CHECK (500 * MILLISECOND) // until the node is Ready for the first time

struct node {
    // constant
    struct node_config config;
    struct lock lock;
    struct cond cond;
    struct thread *thread, *lease_thread;
    // under lock
    bool stopping;
    char *uid; // of the registered Node; NULL: not registered yet
    bool lease_soon;
    // owned by the thread
    bool registered, was_ready, ready_known;
    int64_t register_at, register_delay;
    int64_t status_at, reported_at; // monotonic
    struct json *known;             // the Node as the API had it after our last write
    // owned by the lease's thread
    int64_t lease_at, lease_delay;
    char *lease_uid;    // the Node's, when the lease was read
    struct json *lease; // as the API has it; a tree of this thread
};

struct node *node_new(const struct node_config *config) {
    struct node *node = alloc_zero(sizeof(*node));
    node->config = *config;
    lock_init(&node->lock, "node");
    cond_init(&node->cond);
    return node;
}

static struct rest_target node_target(const struct node *node, const char *subresource) {
    return (struct rest_target){.resource = resource_nodes(), .name = node->config.facts->name, .subresource = subresource};
}

// What the runtime says now. NULL status: it does not answer.
struct runtime_view {
    struct runtime_status status;
    bool answers;
    struct vec images;
};

static void view_runtime(struct node *node, struct runtime_view *ret_view) {
    struct runtime *runtime = node->config.runtime;
    *ret_view = (struct runtime_view){.images = VEC_OF(struct runtime_image)};
    AUTO_ERROR failure = NULL;
    ret_view->answers = runtime->ops->status(runtime, &ret_view->status, &failure) == 0;
    if (!ret_view->answers)
        log_error("container runtime does not answer", "err", error_message(failure), NULL);
    else if (runtime->ops->list_images(runtime, &ret_view->images, &failure) < 0)
        ret_view->images = VEC_OF(struct runtime_image);
}

static void view_free(struct runtime_view *view) {
    runtime_status_clear(&view->status);
    runtime_images_free(&view->images);
}

// --- registration --------------------------------------------------------------------------------------------------------------

static void set_known(struct node *node, struct json *take_tree) {
    json_unref(node->known);
    node->known = take_tree;
    if (!take_tree)
        return;
    LOCKED(&node->lock) {
        if (!str_equal(node->uid, meta_uid(take_tree))) {
            free(node->uid);
            node->uid = alloc_string(meta_uid(take_tree));
            node->lease_soon = true;
            cond_broadcast(&node->cond);
        }
    }
}

// The node exists: labels that the kubelet owns are brought up to date.
static int reconcile(struct node *node, const struct json *wanted, struct error **err) {
    struct rest_target target = node_target(node, NULL);
    AUTO_JSON present = NULL;
    AUTO_JSON patch = json_new_object();
    if (rest_get(node->config.rest, &target, &present, err) < 0)
        return -1;
    for (struct json_iter it = json_iter(json_find(wanted, "metadata.labels")); json_iter_next(&it);) {
        if (!str_equal(meta_label(present, it.key), json_string(it.value)))
            meta_set_label(patch, it.key, json_string(it.value));
    }
    const char *provider = json_find_string(wanted, "spec.providerID");
    if (provider && !json_find_string(present, "spec.providerID"))
        json_put_string(patch, "spec.providerID", provider);
    if (json_object_size(patch) > 0) {
        AUTO_JSON answer = NULL;
        if (rest_patch(node->config.rest, &target, REST_PATCH_MERGE, patch, &answer, err) < 0)
            return -1;
        set_known(node, STEAL(answer));
    } else {
        set_known(node, STEAL(present));
    }
    node->was_ready = node_is_ready(node->known);
    node->ready_known = true;
    return 0;
}

static int try_register(struct node *node, struct error **err) {
    struct runtime_view view;
    view_runtime(node, &view);
    AUTO_JSON wanted = node_make(&node->config, view.answers ? &view.status : NULL, &view.images);
    view_free(&view);
    struct json *conditions = json_find(wanted, "status.conditions");
    char now[TIME_TEXT_SIZE];
    time_format_seconds(clock_wall(node->config.clock), now);
    for (size_t i = 0; i < json_len(conditions); i++) {
        json_set_string(json_at(conditions, i), "lastHeartbeatTime", now);
        json_set_string(json_at(conditions, i), "lastTransitionTime", now);
    }
    if (!node->config.options->register_node)
        return reconcile(node, wanted, err);
    const struct rest_target target = node_target(node, NULL);
    AUTO_JSON answer = NULL;
    AUTO_ERROR failure = NULL;
    if (rest_create(node->config.rest, &target, wanted, &answer, &failure) == 0) {
        set_known(node, STEAL(answer));
        return 0;
    }
    if (!error_is(failure, "AlreadyExists"))
        return error_move(err, &failure);
    return reconcile(node, wanted, err);
}

static void register_node(struct node *node, int64_t now) {
    AUTO_ERROR failure = NULL;
    if (try_register(node, &failure) < 0) {
        node->register_delay = node->register_delay ? MIN(node->register_delay * 2, RETRY_MAX) : RETRY_START;
        node->register_at = now + node->register_delay;
        log_error("Unable to register node with API server, will retry", "node", node->config.facts->name, "err",
                  error_message(failure), NULL);
        return;
    }
    log_info("Successfully registered node", "node", node->config.facts->name, NULL);
    node->registered = true;
    node->register_at = TIME_NEVER;
    node->status_at = now;
}

// --- status --------------------------------------------------------------------------------------------------------------------

static void record_ready(struct node *node, bool ready) {
    const char *name = node->config.facts->name;
    if (node->config.recorder && (!node->ready_known || ready != node->was_ready)) {
        const struct event_subject subject = {.api_version = "v1", .kind = "Node", .name = name, .uid = name};
        event_record(node->config.recorder, &subject, "Normal", ready ? "NodeReady" : "NodeNotReady", "Node %s status is now: %s",
                     name, ready ? "NodeReady" : "NodeNotReady");
    }
    node->was_ready = ready;
    node->ready_known = true;
}

static int write_status(struct node *node, const struct json *status, bool force, struct error **err) {
    if (!node->known) {
        const struct rest_target target = node_target(node, NULL);
        struct json *tree = NULL;
        if (rest_get(node->config.rest, &target, &tree, err) < 0)
            return -1;
        set_known(node, tree);
    }
    AUTO_JSON patch = node_status_patch(node->known, status, force, clock_wall(node->config.clock));
    if (!patch)
        return 0;
    const struct rest_target target = node_target(node, "status");
    struct json *answer = NULL;
    if (rest_patch(node->config.rest, &target, REST_PATCH_STRATEGIC, patch, &answer, err) < 0)
        return -1;
    set_known(node, answer);
    node->reported_at = clock_monotonic(node->config.clock);
    return 0;
}

static void report(struct node *node, int64_t now) {
    struct runtime_view view;
    view_runtime(node, &view);
    AUTO_JSON status = node_make_status(&node->config, view.answers ? &view.status : NULL, &view.images);
    view_free(&view);
    bool force = node->reported_at == 0 || now - node->reported_at >= node->config.options->node_status_report_frequency;
    const struct json *row = json_array_find(json_get(status, "conditions"), "type", "Ready", NULL);
    bool ready = str_equal(json_get_text(row, "status"), "True");
    AUTO_ERROR failure = NULL;
    node->status_at = now + (ready ? node->config.options->node_status_update_frequency : READY_CHECK);
    if (!ready && node->was_ready)
        node->status_at = now + MIN(node->config.options->node_status_update_frequency, 2 * SECOND);
    if (write_status(node, status, force, &failure) == 0) {
        record_ready(node, ready);
        return;
    }
    log_error("Error updating node status, will retry", "err", error_message(failure), NULL);
    json_unref(STEAL(node->known));
    node->status_at = now + SECOND;
    if (error_is(failure, "NotFound")) {
        // Somebody deleted the node: it is made again, as upstream does after a restart.
        node->registered = false;
        node->register_at = now;
    }
}

// --- lease ---------------------------------------------------------------------------------------------------------------------

static struct json *new_lease(const struct node *node) {
    struct json *lease = json_new_object();
    json_set_string(lease, "kind", "Lease");
    json_set_string(lease, "apiVersion", "coordination.k8s.io/v1");
    json_put_string(lease, "metadata.name", node->config.facts->name);
    json_put_string(lease, "metadata.namespace", "kube-node-lease");
    if (!str_empty(node->lease_uid)) {
        struct json *owner = json_new_object();
        json_set_string(owner, "apiVersion", "v1");
        json_set_string(owner, "kind", "Node");
        json_set_string(owner, "name", node->config.facts->name);
        json_set_string(owner, "uid", node->lease_uid);
        json_append(json_ensure_array(lease, "metadata.ownerReferences"), owner);
    }
    json_put_string(lease, "spec.holderIdentity", node->config.facts->name);
    json_put(lease, "spec.leaseDurationSeconds", json_new_int(node->config.options->node_lease_duration_seconds));
    return lease;
}

static int renew(struct node *node, struct error **err) {
    struct rest_target target = {.resource = resource_leases(), .ns = "kube-node-lease", .name = node->config.facts->name};
    AUTO_ERROR failure = NULL;
    if (!node->lease && rest_get(node->config.rest, &target, &node->lease, &failure) < 0) {
        if (!error_is(failure, "NotFound"))
            return error_move(err, &failure);
        AUTO_JSON fresh = new_lease(node);
        char now[TIME_TEXT_SIZE];
        json_put_string(fresh, "spec.renewTime", time_format_micro(clock_wall(node->config.clock), now));
        return rest_create(node->config.rest, &target, fresh, &node->lease, err);
    }
    AUTO_JSON wanted = new_lease(node);
    char now[TIME_TEXT_SIZE];
    json_put(node->lease, "spec", json_clone(json_get(wanted, "spec")));
    json_put_string(node->lease, "spec.renewTime", time_format_micro(clock_wall(node->config.clock), now));
    if (!json_find(node->lease, "metadata.ownerReferences") && json_find(wanted, "metadata.ownerReferences"))
        json_put(node->lease, "metadata.ownerReferences", json_clone(json_find(wanted, "metadata.ownerReferences")));
    struct json *answer = NULL;
    if (rest_update(node->config.rest, &target, node->lease, &answer, err) < 0) {
        json_unref(STEAL(node->lease)); // read it again next time
        return -1;
    }
    json_unref(node->lease);
    node->lease = answer;
    return 0;
}

static void renew_lease(struct node *node, int64_t now) {
    AUTO_ERROR failure = NULL;
    if (renew(node, &failure) == 0) {
        node->lease_delay = 0;
        node->lease_at = now + node->config.options->node_lease_duration_seconds * SECOND / 4;
        return;
    }
    node->lease_delay = node->lease_delay ? MIN(node->lease_delay * 2, RETRY_MAX) : RETRY_START;
    node->lease_at = now + node->lease_delay;
    log_error("Failed to ensure lease exists, will retry", "err", error_message(failure), NULL);
}

// --- threads -------------------------------------------------------------------------------------------------------------------

static int64_t work(struct node *node) {
    struct clock *clock = node->config.clock;
    if (!node->registered && node->register_at <= clock_monotonic(clock))
        register_node(node, clock_monotonic(clock));
    if (node->registered && node->status_at <= clock_monotonic(clock))
        report(node, clock_monotonic(clock));
    return node->registered ? node->status_at : node->register_at;
}

static void run(void *argument) {
    struct node *node = argument;
    bool stop = false;
    while (!stop) {
        int64_t next = work(node);
        LOCKED(&node->lock) {
            while (!node->stopping && clock_wait(node->config.clock, &node->cond, &node->lock, next))
                continue;
            stop = node->stopping;
        }
    }
}

// Waits until a lease is due. false: the node stops.
static bool lease_is_due(struct node *node) {
    struct clock *clock = node->config.clock;
    bool due = false;
    LOCKED(&node->lock) {
        while (!node->stopping && !node->lease_soon && !(node->uid && node->lease_at <= clock_monotonic(clock)))
            clock_wait(clock, &node->cond, &node->lock, node->uid ? node->lease_at : TIME_NEVER);
        due = !node->stopping;
        node->lease_soon = false;
        if (!str_equal(node->lease_uid, node->uid)) { // another Node: its lease is read afresh
            free(node->lease_uid);
            node->lease_uid = alloc_string_or_null(node->uid);
            json_unref(STEAL(node->lease));
        }
    }
    return due;
}

static void run_lease(void *argument) {
    struct node *node = argument;
    while (lease_is_due(node))
        renew_lease(node, clock_monotonic(node->config.clock));
}

void node_start(struct node *node) {
    node->thread = thread_start("node", run, node);
    node->lease_thread = thread_start("lease", run_lease, node);
}

void node_stop(struct node *node) {
    LOCKED(&node->lock) {
        node->stopping = true;
        cond_broadcast(&node->cond);
    }
    if (node->thread)
        thread_join(STEAL(node->thread));
    if (node->lease_thread)
        thread_join(STEAL(node->lease_thread));
}

void node_free(struct node *node) {
    if (!node)
        return;
    json_unref(node->lease);
    json_unref(node->known);
    free(node->uid);
    free(node->lease_uid);
    cond_destroy(&node->cond);
    lock_destroy(&node->lock);
    free(node);
}
