// SPDX-License-Identifier: Apache-2.0
// The scheduling loop: one thread decides, a few workers write bindings and failures to the API.
//
// The cache is under `lock`; informer handlers and the deciding thread share it. A decided pod is assumed in the cache at once, so the next
// decision sees it, and its binding is written meanwhile.
#include "scheduler/scheduler.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/thread.h"
#include "common/client/events.h"
#include "common/client/informer.h"
#include "common/component/version.h"
#include "scheduler/cache.h"
#include "scheduler/queue.h"
#include "scheduler/schedule.h"

#define WORKER_IDLE_SECONDS 10

struct scheduler {
    // constant
    struct scheduler_config config;
    struct rest *rest;
    struct event_recorder *events;
    struct informer *nodes;
    struct informer *pods;
    struct queue *queue;
    struct thread_pool *workers;
    struct thread *thread;
    struct metric_family *attempts;
    struct metric *duration;

    // owned by the deciding thread
    size_t next_node;

    // under lock
    struct lock lock;
    struct cache *cache;

    _Atomic bool stopping;
};

// What a worker has to write: a binding, or why there is none.
struct outcome {
    struct scheduler *scheduler;
    const struct object *pod;
    char *node;
    char *message;
};

// --- events ------------------------------------------------------------------------------------------------------------

static void on_node(void *context, const struct object *old, const struct object *new) {
    struct scheduler *scheduler = context;
    bool changed = false;
    LOCKED(&scheduler->lock) {
        if (new)
            changed = cache_set_node(scheduler->cache, new);
        else
            cache_remove_node(scheduler->cache, old->name);
    }
    if (changed)
        queue_move_all(scheduler->queue);
}

static void pod_left(struct scheduler *scheduler, const struct object *pod) {
    bool was_placed = false;
    queue_remove(scheduler->queue, pod->uid);
    LOCKED(&scheduler->lock) {
        was_placed = cache_remove_pod(scheduler->cache, pod->uid);
    }
    if (was_placed)
        queue_move_all(scheduler->queue); // its resources are free
}

static bool is_ours(const struct scheduler *scheduler, const struct object *pod) {
    return str_equal(object_field(pod, "spec.schedulerName"), scheduler->config.options->scheduler_name);
}

static bool is_gated(const struct object *pod) {
    AUTO_JSON tree = object_tree(pod);
    return json_len(json_find(tree, "spec.schedulingGates")) > 0;
}

static void on_pod(void *context, const struct object *old, const struct object *new) {
    struct scheduler *scheduler = context;
    const char *phase = new ? object_field(new, "status.phase") : NULL;
    if (!new || str_equal(phase, "Succeeded") || str_equal(phase, "Failed")) {
        pod_left(scheduler, new ? new : old);
    } else if (!str_empty(object_field(new, "spec.nodeName"))) {
        LOCKED(&scheduler->lock) {
            cache_add_pod(scheduler->cache, new);
        }
        queue_remove(scheduler->queue, new->uid);
    } else if (new->deleting) {
        queue_remove(scheduler->queue, new->uid);
    } else if (is_ours(scheduler, new) && !is_gated(new)) {
        queue_add(scheduler->queue, new);
    }
}

// --- writing -----------------------------------------------------------------------------------------------------------

static void outcome_free(struct outcome *outcome) {
    object_unref(outcome->pod);
    free(outcome->node);
    free(outcome->message);
    free(outcome);
}

static void count_attempt(struct scheduler *scheduler, const char *result) {
    const char *const labels[] = {scheduler->config.options->scheduler_name, result, NULL};
    metric_add(metric_get(scheduler->attempts, labels), 1);
}

static int write_binding(struct scheduler *scheduler, const struct outcome *outcome, struct error **err) {
    const struct object *pod = outcome->pod;
    AUTO_JSON binding = json_new_object();
    json_set_string(binding, "apiVersion", "v1");
    json_set_string(binding, "kind", "Binding");
    json_put_string(binding, "metadata.name", pod->name);
    json_put_string(binding, "metadata.namespace", pod->ns);
    json_put_string(binding, "metadata.uid", pod->uid);
    json_put_string(binding, "target.kind", "Node");
    json_put_string(binding, "target.name", outcome->node);
    struct rest_target target = {.resource = resource_pods(), .ns = pod->ns, .name = pod->name, .subresource = "binding"};
    return rest_create(scheduler->rest, &target, binding, NULL, err);
}

static void bind(void *argument) {
    struct outcome *outcome = argument;
    struct scheduler *scheduler = outcome->scheduler;
    const struct object *pod = outcome->pod;
    struct event_subject subject = event_subject_of(pod);
    AUTO_ERROR err = NULL;
    if (write_binding(scheduler, outcome, &err) == 0) {
        event_record(scheduler->events, &subject, "Normal", "Scheduled", "Successfully assigned %s/%s to %s", pod->ns, pod->name,
                     outcome->node);
        count_attempt(scheduler, "scheduled");
    } else {
        log_warning("binding failed", "pod", pod->name, "node", outcome->node, "err", error_message(err), NULL);
        count_attempt(scheduler, "error");
        LOCKED(&scheduler->lock) {
            cache_forget_pod(scheduler->cache, pod->uid);
        }
        if (!error_is(err, "NotFound"))
            event_record(scheduler->events, &subject, "Warning", "FailedScheduling", "binding rejected: %s", error_message(err));
        queue_retry(scheduler->queue, pod);
        queue_move_all(scheduler->queue);
    }
    outcome_free(outcome);
}

// The condition PodScheduled=False says why; it is written only when it says something new.
static void write_unschedulable(struct scheduler *scheduler, const struct outcome *outcome) {
    const struct object *pod = outcome->pod;
    AUTO_JSON tree = object_tree(pod);
    if (!meta_set_condition(tree, "PodScheduled", "False", "Unschedulable", outcome->message,
                            clock_wall(scheduler->config.clock)))
        return;
    AUTO_JSON patch = json_new_object();
    struct json *conditions = json_new_array();
    json_append(conditions, json_clone(meta_condition(tree, "PodScheduled")));
    json_set(json_ensure_object(patch, "status"), "conditions", conditions);
    json_put_string(patch, "metadata.uid", pod->uid);
    struct rest_target target = {.resource = resource_pods(), .ns = pod->ns, .name = pod->name, .subresource = "status"};
    AUTO_ERROR err = NULL;
    if (rest_patch(scheduler->rest, &target, REST_PATCH_STRATEGIC, patch, NULL, &err) < 0 && !error_is(err, "NotFound"))
        log_warning("condition PodScheduled not written, ignoring", "pod", pod->name, "err", error_message(err), NULL);
}

static void report_failure(void *argument) {
    struct outcome *outcome = argument;
    struct scheduler *scheduler = outcome->scheduler;
    struct event_subject subject = event_subject_of(outcome->pod);
    event_record(scheduler->events, &subject, "Warning", "FailedScheduling", "%s", outcome->message);
    write_unschedulable(scheduler, outcome);
    count_attempt(scheduler, "unschedulable");
    outcome_free(outcome);
}

// --- deciding ----------------------------------------------------------------------------------------------------------

// Chooses a node and assumes the pod there. NULL: *ret_message says why.
static char *decide(struct scheduler *scheduler, const struct object *pod, char **ret_message) {
    char *node = NULL;
    AUTO_ERROR err = NULL;
    LOCKED(&scheduler->lock) {
        struct plugin_pod prepared;
        if (schedule_prepare(pod, cache_owner_spread(scheduler->cache, pod->controller_uid), &prepared, &err) < 0) {
            *ret_message = alloc_string(error_message(err));
            break;
        }
        struct schedule_nodes nodes = {.start = &scheduler->next_node,
                                       .percentage = (int)scheduler->config.options->percentage_of_nodes};
        nodes.nodes = cache_nodes(scheduler->cache, &nodes.count);
        struct schedule_result result;
        schedule_pod(&prepared, &nodes, scheduler->config.random, &result);
        if (result.node) {
            node = alloc_string(result.node);
            cache_assume_pod(scheduler->cache, pod, node);
        } else {
            *ret_message = STEAL(result.message);
        }
        schedule_result_free(&result);
        schedule_release(&prepared);
    }
    return node;
}

static void schedule_one(struct scheduler *scheduler, const struct object *pod) {
    int64_t started = clock_monotonic(scheduler->config.clock);
    struct outcome *outcome = alloc_zero(sizeof(*outcome));
    *outcome = (struct outcome){.scheduler = scheduler, .pod = object_ref(pod)};
    outcome->node = decide(scheduler, pod, &outcome->message);
    bool placed = outcome->node != NULL;
    log_v(3, placed ? "decided" : "no node fits", "pod", pod->name, "node", outcome->node, "why", outcome->message, NULL);
    metric_observe(scheduler->duration, (double)(clock_monotonic(scheduler->config.clock) - started) / SECOND);
    if (!placed)
        queue_park(scheduler->queue, pod);
    if (!thread_pool_submit(scheduler->workers, placed ? bind : report_failure, outcome))
        outcome_free(outcome); // stopping: the next leader starts from what is in etcd
}

static void run(void *argument) {
    struct scheduler *scheduler = argument;
    while (!scheduler_synced(scheduler)) {
        if (scheduler->stopping)
            return;
        int64_t until = clock_monotonic(scheduler->config.clock) + SECOND;
        if (informer_wait_synced(scheduler->nodes, until))
            (void)informer_wait_synced(scheduler->pods, until);
    }
    for (const struct object *pod; (pod = queue_pop(scheduler->queue)); object_unref(pod))
        schedule_one(scheduler, pod);
}

// --- life --------------------------------------------------------------------------------------------------------------

static void make_metrics(struct scheduler *scheduler) {
    static const char *const attempt_labels[] = {"profile", "result", NULL};
    static const double buckets[] = {1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1};
    scheduler->attempts = metric_family_new(METRIC_COUNTER, "scheduler_schedule_attempts_total",
                                            "Number of attempts to schedule pods, by the result.", attempt_labels, NULL, 0);
    struct metric_family *duration =
        metric_family_new(METRIC_HISTOGRAM, "scheduler_scheduling_algorithm_duration_seconds",
                          "Scheduling algorithm latency in seconds", NULL, buckets, ARRAY_LEN(buckets));
    scheduler->duration = metric_get(duration, (const char *const[]){NULL});
}

static struct informer *follow(struct scheduler *scheduler, const struct resource *resource,
                               void (*handler)(void *, const struct object *, const struct object *)) {
    struct informer_config config = {
        .rest = scheduler->rest, .clock = scheduler->config.clock, .random = scheduler->config.random, .resource = resource};
    struct informer *informer = informer_new(&config);
    informer_add_handler(informer, (struct informer_handler){handler, scheduler});
    return informer;
}

struct scheduler *scheduler_start(const struct scheduler_config *config) {
    struct scheduler *scheduler = alloc_zero(sizeof(*scheduler));
    const struct scheduler_options *options = config->options;
    scheduler->config = *config;
    lock_init(&scheduler->lock, "scheduler");
    scheduler->cache = cache_new();
    struct queue_config queue = {.clock = config->clock,
                                 .backoff_initial = options->backoff_initial * SECOND,
                                 .backoff_max = options->backoff_max * SECOND,
                                 .unschedulable_max = options->unschedulable_max};
    scheduler->queue = queue_new(&queue);
    make_metrics(scheduler);
    CLEANUP(free_ptr) char *user_agent = version_user_agent("kube-scheduler");
    struct rest_config rest = {.transport = config->transport,
                               .clock = config->clock,
                               .user_agent = user_agent,
                               .qps = options->kube_api_qps,
                               .burst = (int)options->kube_api_burst};
    scheduler->rest = rest_new(&rest);
    struct event_recorder_config events = {
        .rest = scheduler->rest, .clock = config->clock, .random = config->random, .component = options->scheduler_name};
    scheduler->events = event_recorder_new(&events);
    scheduler->workers = thread_pool_new("bind", (size_t)options->parallelism, WORKER_IDLE_SECONDS);
    scheduler->nodes = follow(scheduler, resource_nodes(), on_node);
    scheduler->pods = follow(scheduler, resource_pods(), on_pod);
    informer_start(scheduler->nodes);
    informer_start(scheduler->pods);
    scheduler->thread = thread_start("schedule", run, scheduler);
    return scheduler;
}

void scheduler_stop(struct scheduler *scheduler) {
    if (!scheduler)
        return;
    scheduler->stopping = true;
    queue_shut_down(scheduler->queue);
    informer_request_stop(scheduler->nodes);
    informer_request_stop(scheduler->pods);
    informer_stop(scheduler->nodes); // also wakes the deciding thread if it still waits for them
    informer_stop(scheduler->pods);
    thread_join(scheduler->thread);
    thread_pool_stop(scheduler->workers);
    informer_free(scheduler->nodes);
    informer_free(scheduler->pods);
    event_recorder_free(scheduler->events);
    rest_free(scheduler->rest);
    queue_free(scheduler->queue);
    cache_free(scheduler->cache);
    lock_destroy(&scheduler->lock);
    free(scheduler);
}

bool scheduler_synced(struct scheduler *scheduler) {
    return informer_synced(scheduler->nodes) && informer_synced(scheduler->pods);
}
