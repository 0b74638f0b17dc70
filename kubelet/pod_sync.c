// SPDX-License-Identifier: Apache-2.0
// One look at a pod: observe, decide, act, and again until there is nothing to do at once; then its status.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/time_format.h"
#include "kubelet/container_config.h"
#include "kubelet/downward.h"
#include "kubelet/log_file.h"
#include "kubelet/objects.h"
#include "kubelet/pod_decide.h"
#include "kubelet/pod_status.h"
#include "kubelet/pod_worker.h"
#include "kubelet/volume/volumes.h"

#define ROUNDS_MAX 32
#define EXIT_WAIT (5 * MILLISECOND)
#define EXIT_WAITS_MAX 8
#define RUNTIME_RETRY SECOND
#define RUNTIME_RETRY_MAX (30 * SECOND)
#define MESSAGE_MAX 4096
#define LOG_MESSAGE_MAX 2048
#define LOG_MESSAGE_LINES 80

// What an event is, before its text.
struct event_kind {
    const char *container, *type, *reason;
};

static void record(struct pod_worker *worker, const struct object *object, const struct event_kind *kind, const char *format,
                   va_list args) PRINTF_LIKE(4, 0);
static void record(struct pod_worker *worker, const struct object *object, const struct event_kind *kind, const char *format,
                   va_list args) {
    AUTO_STR text = {0}, path = {0};
    str_vprintf(&text, format, args);
    struct event_subject subject = event_subject_of(object);
    subject.kind = "Pod";
    subject.api_version = "v1";
    if (kind->container) {
        AUTO_JSON pod = object_tree(object);
        bool init = json_array_find(json_find(pod, "spec.initContainers"), "name", kind->container, NULL);
        str_printf(&path, "spec.%s{%s}", init ? "initContainers" : "containers", kind->container);
        subject.field_path = str_text(&path);
    }
    log_v(2, "event", "pod", worker->name, "namespace", worker->ns, "container", kind->container ? kind->container : "", "type",
          kind->type, "reason", kind->reason, "message", str_text(&text), NULL);
    if (worker->pods->config.recorder)
        event_record(worker->pods->config.recorder, &subject, kind->type, kind->reason, "%s", str_text(&text));
}

void pod_event_normal(struct pod_worker *worker, const struct object *object, const char *container, const char *reason,
                      const char *format, ...) {
    va_list args;
    va_start(args, format);
    record(worker, object, &(struct event_kind){container, "Normal", reason}, format, args);
    va_end(args);
}

void pod_event_warning(struct pod_worker *worker, const struct object *object, const char *container, const char *reason,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    record(worker, object, &(struct event_kind){container, "Warning", reason}, format, args);
    va_end(args);
}

// --- observing -----------------------------------------------------------------------------------------------------------------

// Under worker->lock: what is remembered of containers follows what is seen.
static void remember(struct pod_worker *worker, const struct pod_observed *observed) {
    for (size_t i = 0; i < observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&observed->containers, struct runtime_container, i);
        if (pod_observed_container(observed, row->name, 0) != row)
            continue;
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, row->name);
        if (row->state == RUNTIME_CONTAINER_RUNNING && !str_equal(memory->running_id, row->id)) {
            free(memory->running_id);
            memory->running_id = alloc_string(row->id);
            memset(memory->probes, 0, sizeof(memory->probes));
            memory->post_start_failed = false;
            pod_memory_waiting(memory, NULL, NULL);
        }
        if (row->state != RUNTIME_CONTAINER_RUNNING && memory->running_id) {
            free(STEAL(memory->running_id));
            memset(memory->probes, 0, sizeof(memory->probes));
        }
    }
}

// The ids by which events find this worker.
static void register_ids(struct pod_worker *worker, const struct pod_observed *observed) {
    struct pods *pods = worker->pods;
    LOCKED(&pods->lock) {
        for (size_t i = 0; i < worker->ids.len; i++) {
            if (map_get(&pods->by_id, worker->ids.items[i]) == worker)
                map_remove(&pods->by_id, worker->ids.items[i]);
        }
        str_list_free(&worker->ids);
        for (size_t i = 0; i < observed->sandboxes.len; i++)
            str_list_add(&worker->ids, VEC_AT(&observed->sandboxes, struct runtime_sandbox, i)->id);
        for (size_t i = 0; i < observed->containers.len; i++)
            str_list_add(&worker->ids, VEC_AT(&observed->containers, struct runtime_container, i)->id);
        for (size_t i = 0; i < worker->ids.len; i++)
            map_put(&pods->by_id, worker->ids.items[i], worker);
    }
}

// An exit may be announced before the runtime's own status shows it: then it is worth looking again soon.
static bool exit_not_seen(struct pod_worker *worker, const struct pod_observed *observed) {
    bool missing = false;
    LOCKED(&worker->lock) {
        for (size_t i = worker->exited.len; i-- > 0;) {
            const struct runtime_container *row = pod_observed_by_id(observed, worker->exited.items[i]);
            bool sandbox = false;
            for (size_t k = 0; k < observed->sandboxes.len; k++) {
                const struct runtime_sandbox *other = VEC_AT(&observed->sandboxes, struct runtime_sandbox, k);
                sandbox = sandbox || (other->ready && str_equal(other->id, worker->exited.items[i]));
            }
            if ((row && row->state == RUNTIME_CONTAINER_RUNNING) || sandbox)
                missing = true;
            else
                str_list_remove(&worker->exited, worker->exited.items[i]);
        }
        if (!missing || worker->exit_waits >= EXIT_WAITS_MAX) {
            missing = false;
            str_list_free(&worker->exited);
        }
    }
    worker->exit_waits = missing ? worker->exit_waits + 1 : 0;
    return missing;
}

static void set_addresses(struct pod_sync_state *sync) {
    str_list_free(&sync->pod_ips);
    const struct runtime_sandbox *sandbox = pod_observed_sandbox(&sync->observed);
    const struct str_list *from = &sync->worker->pods->config.facts->ips;
    if (!json_find_bool(sync->pod, "spec.hostNetwork", false))
        from = sandbox && sandbox->ready ? &sandbox->ips : NULL;
    for (size_t i = 0; from && i < from->len; i++)
        str_list_add(&sync->pod_ips, from->items[i]);
}

static int observe(struct pod_sync_state *sync) {
    struct pod_worker *worker = sync->worker;
    pod_observed_free(&sync->observed);
    sync->observed =
        (struct pod_observed){.sandboxes = VEC_OF(struct runtime_sandbox), .containers = VEC_OF(struct runtime_container)};
    AUTO_ERROR failure = NULL;
    if (pod_observed_read(worker->pods->config.runtime, worker->uid, &sync->observed, &failure) < 0) {
        int64_t delay = MIN(RUNTIME_RETRY << MIN(worker->failures, 5), RUNTIME_RETRY_MAX);
        worker->failures++;
        log_error("can't see the pod in the runtime, will retry", "pod", worker->name, "namespace", worker->ns, "err",
                  error_message(failure), NULL);
        pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + delay);
        return -1;
    }
    worker->failures = 0;
    register_ids(worker, &sync->observed);
    LOCKED(&worker->lock) {
        remember(worker, &sync->observed);
    }
    set_addresses(sync);
    const struct pods_config *config = &worker->pods->config;
    for (size_t i = 0; config->on_ended && i < sync->observed.containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&sync->observed.containers, struct runtime_container, i);
        if (row->state == RUNTIME_CONTAINER_EXITED)
            config->on_ended(config->context, row->id);
    }
    return 0;
}

// --- status --------------------------------------------------------------------------------------------------------------------

static char *termination_message(void *context, const struct runtime_container *container) {
    const struct pod_sync_state *sync = context;
    CLEANUP(free_ptr)
    char *path = container_config_message_path(sync->worker->folder, container->name, pod_observed_restart_count(container));
    AUTO_STR text = {0};
    if (log_file_head(path, MESSAGE_MAX, &text) == 0 && text.len > 0)
        return str_take(&text);
    const char *policy = runtime_pairs_get(&container->annotations, RUNTIME_ANNOTATION_MESSAGE_POLICY);
    if (!str_equal(policy, "FallbackToLogsOnError") || container->exit_code == 0 || str_empty(container->log_path))
        return NULL;
    log_file_tail_text(container->log_path, LOG_MESSAGE_LINES, LOG_MESSAGE_MAX, &text);
    return text.len > 0 ? str_take(&text) : NULL;
}

static void publish(struct pod_sync_state *sync, bool ended, bool then_delete) {
    struct pod_worker *worker = sync->worker;
    const struct pods_config *config = &worker->pods->config;
    if (!config->statuses || sync->gone)
        return;
    AUTO_JSON status = NULL;
    LOCKED(&worker->lock) {
        status = pod_status_make(&(struct pod_status_input){.pod = sync->pod,
                                                            .observed = &sync->observed,
                                                            .memory = &worker->memory,
                                                            .host_ips = &config->facts->ips,
                                                            .runtime_name = config->facts->runtime_name,
                                                            .ended = ended,
                                                            .termination_message = termination_message,
                                                            .context = sync});
    }
    status_writer_put(config->statuses, sync->object, status, then_delete);
}

// --- acting --------------------------------------------------------------------------------------------------------------------

static bool back_off(struct pod_sync_state *sync, const struct pod_action *action) {
    struct pod_worker *worker = sync->worker;
    bool entered = false;
    AUTO_STR message = {0};
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, action->name);
        char delay[TIME_TEXT_SIZE];
        str_printf(&message, "back-off %s restarting failed container=%s pod=%s_%s(%s)", duration_format(memory->backoff, delay),
                   action->name, worker->name, worker->ns, worker->uid);
        entered = !str_equal(memory->waiting_message, str_text(&message));
        if (entered)
            pod_memory_waiting(memory, "CrashLoopBackOff", str_text(&message));
    }
    if (entered)
        pod_event_warning(worker, sync->object, action->name, "BackOff",
                          "Back-off restarting failed container %s in pod %s_%s(%s)", action->name, worker->name, worker->ns,
                          worker->uid);
    return false;
}

static bool stop_sandbox(struct pod_sync_state *sync, const char *id) {
    struct runtime *runtime = sync->worker->pods->config.runtime;
    AUTO_ERROR failure = NULL;
    if (runtime->ops->stop_sandbox(runtime, id, &failure) == 0 || runtime_error_is(failure, "NotFound"))
        return true;
    log_error("sandbox was not stopped, will retry", "pod", sync->worker->name, "sandbox", id, "err", error_message(failure),
              NULL);
    pod_worker_wake_at(sync->worker, clock_monotonic(sync->worker->pods->config.clock) + RUNTIME_RETRY);
    return false;
}

// true: something changed that is worth another look at once.
static bool act(struct pod_sync_state *sync, const struct pod_decision *decision) {
    bool changed = false;
    for (size_t i = 0; i < decision->actions.len; i++) {
        const struct pod_action *action = VEC_AT(&decision->actions, struct pod_action, i);
        switch (action->type) {
        case POD_ACTION_CREATE_SANDBOX:
            changed |= pod_start_sandbox(sync, action->attempt);
            break;
        case POD_ACTION_STOP_SANDBOX:
            changed |= stop_sandbox(sync, action->id);
            break;
        case POD_ACTION_START:
            changed |= pod_start_container(sync, action);
            break;
        case POD_ACTION_KILL:
            pod_kill_container(sync, action);
            break;
        case POD_ACTION_BACK_OFF:
            changed |= back_off(sync, action);
            break;
        }
    }
    return changed;
}

static bool starts_something(const struct pod_decision *decision) {
    for (size_t i = 0; i < decision->actions.len; i++) {
        enum pod_action_type type = VEC_AT(&decision->actions, struct pod_action, i)->type;
        if (type == POD_ACTION_START || type == POD_ACTION_CREATE_SANDBOX)
            return true;
    }
    return false;
}

// --- the pod's own ending ------------------------------------------------------------------------------------------------------

// activeDeadlineSeconds: ends the pod, or says when it will. Returns the wall time to look again.
static int64_t check_deadline(struct pod_sync_state *sync, int64_t now) {
    int64_t seconds = json_find_int(sync->pod, "spec.activeDeadlineSeconds", 0);
    int64_t since = 0;
    const char *start = json_find_string(sync->pod, "status.startTime");
    struct pod_worker *worker = sync->worker;
    if (seconds <= 0 || pod_is_terminal(sync->pod))
        return TIME_NEVER;
    if (!start || !time_parse(start, &since))
        since = worker->memory.start_time;
    if (now < since + seconds * SECOND)
        return since + seconds * SECOND;
    bool fresh = false;
    LOCKED(&worker->lock) {
        fresh = !worker->memory.reason;
        if (fresh) {
            worker->memory.reason = alloc_string("DeadlineExceeded");
            worker->memory.message = alloc_string("Pod was active on the node longer than the specified deadline");
            worker->memory.terminating = true;
            worker->memory.grace_seconds = pod_decide_grace_seconds(sync->pod);
        }
    }
    if (fresh)
        pod_event_normal(worker, sync->object, NULL, "DeadlineExceeded",
                         "Pod was active on the node longer than the specified deadline");
    return TIME_NEVER;
}

// Under worker->lock. A pod that is deleted, or that the API has no more, ends; its grace period only ever shrinks.
static void note_ending(struct pod_sync_state *sync) {
    struct pod_memory *memory = &sync->worker->memory;
    if (!sync->gone && !meta_deleting(sync->pod))
        return;
    int64_t grace = pod_decide_grace_seconds(sync->pod);
    if (!memory->terminating || grace < memory->grace_seconds)
        memory->grace_seconds = grace;
    memory->terminating = true;
}

static void finish_ended(struct pod_sync_state *sync) {
    struct pod_worker *worker = sync->worker;
    if (!worker->cleaned) {
        worker->cleaned = pod_kill_clean(worker);
        if (!worker->cleaned) {
            pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + SECOND);
            publish(sync, true, false);
            return;
        }
    }
    publish(sync, true, meta_deleting(sync->pod));
    if (!sync->gone)
        return;
    if (!pod_kill_remove(worker, &sync->observed)) {
        pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + SECOND);
        return;
    }
    probes_remove(worker->pods->probes, worker->uid, NULL);
    LOCKED(&worker->pods->lock) {
        worker->finished = true;
    }
}

// --- probes --------------------------------------------------------------------------------------------------------------------

static void start_probes(struct pod_sync_state *sync, const char *list_name) {
    struct pod_worker *worker = sync->worker;
    const struct json *list = json_find(sync->pod, list_name);
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *container = json_at(list, i);
        const char *name = json_get_text(container, "name");
        bool wanted = false;
        for (size_t k = 0; k < POD_PROBE_COUNT; k++)
            wanted = wanted || json_get(container, pod_probe_fields[k]);
        const struct runtime_container *latest = wanted ? pod_observed_container(&sync->observed, name, 0) : NULL;
        if (!latest)
            continue;
        bool pending = false;
        LOCKED(&worker->lock) {
            pending = pod_memory_container(&worker->memory, name)->post_start_pending || worker->memory.terminating;
        }
        if (latest->state != RUNTIME_CONTAINER_RUNNING || pending)
            probes_remove(worker->pods->probes, worker->uid, name);
        else if (!probes_has(worker->pods->probes, worker->uid, name, latest->id))
            probes_add(worker->pods->probes,
                       &(struct probes_subject){.owner = worker,
                                                .key = worker->uid,
                                                .container_id = latest->id,
                                                .pod_ip = sync->pod_ips.len > 0 ? sync->pod_ips.items[0] : "",
                                                .container = container,
                                                .started_at = latest->started_at});
    }
}

// --- the round -----------------------------------------------------------------------------------------------------------------

enum round { ROUND_AGAIN, ROUND_REST };

static void plan_wake(struct pod_sync_state *sync, int64_t wall) {
    struct clock *clock = sync->worker->pods->config.clock;
    if (wall != TIME_NEVER)
        pod_worker_wake_at(sync->worker, clock_monotonic(clock) + MAX(wall - clock_wall(clock), 0));
}

static enum round one_round(struct pod_sync_state *sync, int round) {
    struct pod_worker *worker = sync->worker;
    struct clock *clock = worker->pods->config.clock;
    if (observe(sync) < 0)
        return ROUND_REST;
    if (exit_not_seen(worker, &sync->observed)) {
        pod_worker_wake_at(worker, clock_monotonic(clock) + (EXIT_WAIT << worker->exit_waits));
        return ROUND_REST;
    }
    int64_t now = clock_wall(clock);
    int64_t deadline = check_deadline(sync, now);
    struct pod_decision decision = {.outcome = POD_OUTCOME_RUN};
    LOCKED(&worker->lock) {
        note_ending(sync);
        pod_decide(sync->pod, &sync->observed, &worker->memory, now, &decision);
    }
    enum round result = ROUND_REST;
    if (decision.outcome == POD_OUTCOME_ENDED) {
        finish_ended(sync);
    } else {
        if (decision.outcome == POD_OUTCOME_RUN && (starts_something(&decision) || (round == 0 && volumes_follow(sync->pod)))) {
            if (round == 0)
                publish(sync, false, false);
            if (!pod_start_volumes(sync) && starts_something(&decision)) {
                pod_decision_free(&decision);
                return ROUND_REST;
            }
        }
        if (act(sync, &decision))
            result = ROUND_AGAIN;
        start_probes(sync, "spec.initContainers");
        start_probes(sync, "spec.containers");
    }
    plan_wake(sync, MIN(decision.wake_at, deadline));
    pod_decision_free(&decision);
    return result;
}

static void begin(struct pod_sync_state *sync, struct pod_worker *worker, struct volume_host *host) {
    const struct pods_config *config = &worker->pods->config;
    *sync = (struct pod_sync_state){
        .worker = worker,
        .observed = {.sandboxes = VEC_OF(struct runtime_sandbox), .containers = VEC_OF(struct runtime_container)},
        .volume_paths = MAP_OWNING(free)};
    LOCKED(&worker->pods->lock) {
        sync->object = object_ref(worker->object);
        sync->gone = worker->gone;
    }
    sync->pod = object_tree(sync->object);
    cgroups_pod_parent(config->cgroups, sync->pod, &sync->cgroup_parent);
    sync->context = (struct pod_context){.options = config->options,
                                         .pod = sync->pod,
                                         .node_name = config->facts->name,
                                         .host_ips = &config->facts->ips,
                                         .pod_ips = &sync->pod_ips,
                                         .allocatable = &config->facts->allocatable,
                                         .memory_capacity = config->facts->memory_capacity,
                                         .objects = host,
                                         .pod_folder = worker->folder,
                                         .log_folder = worker->log_folder,
                                         .cgroup_parent = str_text(&sync->cgroup_parent),
                                         .volume_paths = &sync->volume_paths};
}

static void end(struct pod_sync_state *sync) {
    pod_observed_free(&sync->observed);
    str_list_free(&sync->pod_ips);
    str_free(&sync->cgroup_parent);
    map_free(&sync->volume_paths);
    json_unref(sync->pod);
    object_unref(sync->object);
}

void pod_sync(struct pod_worker *worker) {
    struct pod_sync_state sync;
    struct volume_host host;
    struct objects_context objects = {.rest = worker->pods->config.rest};
    begin(&sync, worker, &host);
    objects.pod = &sync.context;
    objects_volume_host(&objects, &host);
    int round = 0;
    while (round < ROUNDS_MAX && one_round(&sync, round) == ROUND_AGAIN)
        round++;
    bool ended = false;
    LOCKED(&worker->pods->lock) {
        ended = worker->finished || worker->cleaned;
    }
    if (!ended) {
        publish(&sync, false, false);
        pod_kill_collect(&sync);
        if (volumes_follow(sync.pod) && !sync.gone)
            pod_worker_wake_at(worker,
                               clock_monotonic(worker->pods->config.clock) + worker->pods->config.options->sync_frequency);
    }
    end(&sync);
}
