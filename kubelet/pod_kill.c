// SPDX-License-Identifier: Apache-2.0
// The acting half of ending: kills with hooks and grace periods, clean-up of what ended containers and pods leave.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "kubelet/container_config.h"
#include "kubelet/handler.h"
#include "kubelet/pod_decide.h"
#include "kubelet/pod_worker.h"
#include "kubelet/volume/volumes.h"

#define LEAST_GRACE_SECONDS 2

// --- kills ---------------------------------------------------------------------------------------------------------------------

struct kill_context {
    struct pod_worker *worker;
    const struct object *object;
    char *name, *id, *pod_ip;
    bool init;
    int64_t grace_seconds;
};

// Runs the hook within the grace period; what is left of it is the container's.
static int64_t run_pre_stop(const struct kill_context *kill, int64_t grace_seconds) {
    struct pod_worker *worker = kill->worker;
    struct clock *clock = worker->pods->config.clock;
    AUTO_JSON pod = object_tree(kill->object);
    const struct json *container =
        json_array_find(json_find(pod, kill->init ? "spec.initContainers" : "spec.containers"), "name", kill->name, NULL);
    const struct json *handler = json_find(container, "lifecycle.preStop");
    if (!handler || grace_seconds <= 0)
        return grace_seconds;
    int64_t begin = clock_monotonic(clock);
    const struct handler_target target = {.runtime = worker->pods->config.runtime,
                                          .container = container,
                                          .container_id = kill->id,
                                          .pod_ip = kill->pod_ip,
                                          .timeout = grace_seconds * SECOND};
    AUTO_STR message = {0};
    if (!handler_run(&target, handler, &message))
        pod_event_warning(worker, kill->object, kill->name, "FailedPreStopHook", "PreStopHook failed: %s", str_text(&message));
    return grace_seconds - (clock_monotonic(clock) - begin) / SECOND;
}

static void run_kill(void *argument) {
    struct kill_context *kill = argument;
    struct pod_worker *worker = kill->worker;
    struct runtime *runtime = worker->pods->config.runtime;
    int64_t left = run_pre_stop(kill, kill->grace_seconds);
    int64_t grace = MAX(left, LEAST_GRACE_SECONDS);
    AUTO_ERROR failure = NULL;
    bool failed = runtime->ops->stop_container(runtime, kill->id, grace, &failure) < 0 && !runtime_error_is(failure, "NotFound");
    if (failed)
        log_error("container was not stopped, will retry", "pod", worker->name, "namespace", worker->ns, "container", kill->name,
                  "err", error_message(failure), NULL);
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, kill->name);
        if (str_equal(memory->killing_id, kill->id))
            free(STEAL(memory->killing_id));
    }
    object_unref(kill->object);
    free(kill->name);
    free(kill->id);
    free(kill->pod_ip);
    free(kill);
    if (failed)
        pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + SECOND);
    pod_worker_end(worker);
}

void pod_kill_container(struct pod_sync_state *sync, const struct pod_action *action) {
    struct pod_worker *worker = sync->worker;
    struct kill_context *kill = alloc_zero(sizeof(*kill));
    kill->worker = worker;
    kill->object = object_ref(sync->object);
    kill->name = alloc_string(action->name);
    kill->id = alloc_string(action->id);
    kill->pod_ip = alloc_string(sync->pod_ips.len > 0 ? sync->pod_ips.items[0] : "");
    kill->init = action->init;
    kill->grace_seconds = action->grace_seconds;
    int64_t now = clock_wall(worker->pods->config.clock);
    bool again = false;
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, action->name);
        again = str_equal(memory->killing_id, action->id);
        free(memory->killing_id);
        memory->killing_id = alloc_string(action->id);
        memory->kill_deadline = now + action->grace_seconds * SECOND;
    }
    log_v(4, "killing container", "pod", worker->name, "namespace", worker->ns, "container", action->name, "graceSeconds",
          log_int(action->grace_seconds), "again", again ? "true" : "false", NULL);
    probes_remove(worker->pods->probes, worker->uid, action->name);
    if (!again && action->message)
        pod_event_normal(worker, sync->object, action->name, "Killing", "%s", action->message);
    else if (!again)
        pod_event_normal(worker, sync->object, action->name, "Killing", "Stopping container %s", action->name);
    pod_worker_begin(worker);
    if (!thread_pool_submit(worker->pods->pool, run_kill, kill))
        run_kill(kill);
}

// --- clean-up ------------------------------------------------------------------------------------------------------------------

static void remove_log_link(struct pod_worker *worker, const struct runtime_container *container) {
    AUTO_STR link = {0};
    str_printf(&link, "%s/%s_%s_%s-%s.log", worker->pods->config.options->container_logs_dir, worker->name, worker->ns,
               container->name, container->id);
    unlink(str_text(&link));
}

bool pod_kill_remove_container(struct pod_worker *worker, const struct runtime_container *container) {
    struct runtime *runtime = worker->pods->config.runtime;
    AUTO_ERROR failure = NULL;
    if (runtime->ops->remove_container(runtime, container->id, &failure) < 0 && !runtime_error_is(failure, "NotFound")) {
        log_warning("ended container was not removed, will retry", "pod", worker->name, "container", container->name, "err",
                    error_message(failure), NULL);
        return false;
    }
    remove_log_link(worker, container);
    return true;
}

static bool remove_sandbox(struct pod_worker *worker, const struct runtime_sandbox *sandbox) {
    struct runtime *runtime = worker->pods->config.runtime;
    AUTO_ERROR failure = NULL;
    if (runtime->ops->remove_sandbox(runtime, sandbox->id, &failure) < 0 && !runtime_error_is(failure, "NotFound")) {
        log_warning("sandbox was not removed, will retry", "pod", worker->name, "sandbox", sandbox->id, "err",
                    error_message(failure), NULL);
        return false;
    }
    return true;
}

void pod_kill_collect(struct pod_sync_state *sync) {
    struct pod_worker *worker = sync->worker;
    const struct pod_observed *observed = &sync->observed;
    for (size_t i = 0; i < observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&observed->containers, struct runtime_container, i);
        const struct runtime_container *newest = pod_observed_container(observed, row->name, 0);
        const struct runtime_container *before = pod_observed_container(observed, row->name, 1);
        // The newest, and the one before it, whose log is "previous".
        if (row == newest || row == before || row->state == RUNTIME_CONTAINER_RUNNING)
            continue;
        if (!pod_kill_remove_container(worker, row))
            continue;
        if (!str_empty(row->log_path))
            unlink(row->log_path);
        CLEANUP(free_ptr)
        char *message = container_config_message_path(worker->folder, row->name, pod_observed_restart_count(row));
        unlink(message);
    }
    for (size_t i = 1; i < observed->sandboxes.len; i++) {
        const struct runtime_sandbox *row = VEC_AT(&observed->sandboxes, struct runtime_sandbox, i);
        bool used = row->ready;
        for (size_t k = 0; k < observed->containers.len; k++)
            used = used || str_equal(VEC_AT(&observed->containers, struct runtime_container, k)->sandbox_id, row->id);
        if (!used)
            remove_sandbox(worker, row);
    }
}

bool pod_kill_clean(struct pod_worker *worker) {
    AUTO_ERROR failure = NULL;
    AUTO_STR volumes = {0}, sub_paths = {0};
    str_printf(&volumes, "%s/volumes", worker->folder);
    str_printf(&sub_paths, "%s/volume-subpaths", worker->folder);
    // Sub-paths are bound from volumes: they go first.
    if (volumes_tear_down(str_text(&sub_paths), &failure) < 0 || volumes_tear_down(str_text(&volumes), &failure) < 0) {
        log_warning("volumes were not removed, will retry", "pod", worker->name, "namespace", worker->ns, "err",
                    error_message(failure), NULL);
        return false;
    }
    cgroups_remove_pod(worker->pods->config.cgroups, worker->uid);
    worker->cgroup_made = false;
    return true;
}

bool pod_kill_remove(struct pod_worker *worker, const struct pod_observed *observed) {
    bool all = true;
    for (size_t i = 0; i < observed->containers.len; i++)
        all &= pod_kill_remove_container(worker, VEC_AT(&observed->containers, struct runtime_container, i));
    for (size_t i = 0; all && i < observed->sandboxes.len; i++)
        all &= remove_sandbox(worker, VEC_AT(&observed->sandboxes, struct runtime_sandbox, i));
    AUTO_ERROR failure = NULL;
    if (all && (volumes_tear_down(worker->folder, &failure) < 0 || file_remove_tree(worker->log_folder, &failure) < 0)) {
        log_warning("files of the pod were not removed, will retry", "pod", worker->name, "err", error_message(failure), NULL);
        return false;
    }
    return all;
}
