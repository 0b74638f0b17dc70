// SPDX-License-Identifier: Apache-2.0
// Makes PodStatus out of what the runtime shows: container statuses, phase, conditions, addresses.
#include "kubelet/pod_status.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "kubelet/pod_decide.h"

const char *const pod_status_conditions[] = {"PodReadyToStartContainers", "Initialized",  "Ready",
                                             "ContainersReady",           "PodScheduled", NULL};

static void set_time(struct json *object, const char *key, int64_t wall) {
    char text[TIME_TEXT_SIZE];
    if (wall > 0)
        json_set_string(object, key, time_format_seconds(wall, text));
}

static void set_container_id(const struct pod_status_input *in, struct json *object, const char *id) {
    AUTO_STR text = {0};
    str_printf(&text, "%s://%s", in->runtime_name, id);
    json_set_string(object, "containerID", str_text(&text));
}

// --- one container -------------------------------------------------------------------------------------------------------------

static struct json *terminated_state(const struct pod_status_input *in, const struct runtime_container *container) {
    struct json *state = json_new_object();
    struct json *terminated = json_new_object();
    json_set_int(terminated, "exitCode", container->exit_code);
    const char *reason = container->reason;
    if (str_empty(reason))
        reason = container->exit_code == 0 ? "Completed" : "Error";
    json_set_string(terminated, "reason", reason);
    char *message = in->termination_message ? in->termination_message(in->context, container) : NULL;
    if (!str_empty(message))
        json_set_string(terminated, "message", message);
    else if (!str_empty(container->message))
        json_set_string(terminated, "message", container->message);
    free(message);
    set_time(terminated, "startedAt", container->started_at);
    set_time(terminated, "finishedAt", container->finished_at);
    set_container_id(in, terminated, container->id);
    json_set(state, "terminated", terminated);
    return state;
}

static struct json *waiting_state(const char *reason, const char *message) {
    struct json *state = json_new_object();
    struct json *waiting = json_ensure_object(state, "waiting");
    json_set_string(waiting, "reason", reason);
    if (!str_empty(message))
        json_set_string(waiting, "message", message);
    return state;
}

static struct json *state_of(const struct pod_status_input *in, const struct runtime_container *container,
                             const struct pod_container_memory *memory) {
    if (pod_observed_never_ran(container) && !in->memory->terminating && !in->ended)
        return waiting_state("ContainerCreating", NULL);
    switch (container->state) {
    case RUNTIME_CONTAINER_RUNNING: {
        if (memory && memory->post_start_pending)
            return waiting_state("ContainerCreating", NULL);
        struct json *state = json_new_object();
        struct json *running = json_ensure_object(state, "running");
        set_time(running, "startedAt", container->started_at);
        return state;
    }
    case RUNTIME_CONTAINER_EXITED:
        return terminated_state(in, container);
    case RUNTIME_CONTAINER_CREATED:
        return waiting_state("ContainerCreating", NULL);
    default: {
        struct json *state = json_new_object();
        struct json *terminated = json_ensure_object(state, "terminated");
        json_set_int(terminated, "exitCode", 137);
        json_set_string(terminated, "reason", "ContainerStatusUnknown");
        json_set_string(terminated, "message", "The container could not be located when the pod was terminated");
        return state;
    }
    }
}

// The runtime knows nothing of it: what the API says stays true where it can, else it waits.
static void status_without_record(const struct pod_status_input *in, struct json *status, const struct json *old,
                                  const char *default_reason) {
    const struct json *old_state = json_get(old, "state");
    bool was_there = json_get(old_state, "running") || json_get(old_state, "terminated");
    if (json_get(old, "lastState"))
        json_set(status, "lastState", json_clone(json_get(old, "lastState")));
    json_set_int(status, "restartCount", json_get_int(old, "restartCount", 0));
    json_set_string(status, "imageID", json_get_text(old, "imageID"));
    if (json_get(old_state, "terminated")) {
        json_set(status, "state", json_clone(old_state));
        json_set_string(status, "containerID", json_get_string(old, "containerID"));
        return;
    }
    if (was_there && in->ended) {
        struct json *terminated = json_ensure_object(status, "state.terminated");
        json_set_int(terminated, "exitCode", 137);
        json_set_string(terminated, "reason", "ContainerStatusUnknown");
        json_set_string(terminated, "message",
                        "The container could not be located when the pod was deleted.  The container used to be "
                        "Running");
        return;
    }
    json_set(status, "state", waiting_state(default_reason, NULL));
}

static bool is_started(const struct json *container, const struct runtime_container *latest,
                       const struct pod_container_memory *memory) {
    if (!latest || latest->state != RUNTIME_CONTAINER_RUNNING || (memory && memory->post_start_pending))
        return false;
    if (!json_get(container, "startupProbe"))
        return true;
    return memory && str_equal(memory->running_id, latest->id) && memory->probes[POD_PROBE_STARTUP] == POD_PROBE_SUCCESS;
}

static bool is_ready(const struct json *container, bool init, const struct runtime_container *latest,
                     const struct pod_container_memory *memory, const struct json *status) {
    if (init && !pod_container_is_sidecar(container))
        return json_find(status, "state.terminated") && json_find_int(status, "state.terminated.exitCode", 1) == 0;
    if (!is_started(container, latest, memory))
        return false;
    if (!json_get(container, "readinessProbe"))
        return true;
    return memory && str_equal(memory->running_id, latest->id) && memory->probes[POD_PROBE_READINESS] == POD_PROBE_SUCCESS;
}

// What failed at the last start (an image, a missing key, back-off) hides the container that ended before.
static void apply_waiting_reason(const struct pod_status_input *in, const struct json *container, bool init, struct json *status,
                                 const struct pod_container_memory *memory) {
    if (!memory || !memory->waiting_reason || !pod_decide_should_restart(in->pod, container, init, in->observed, in->memory))
        return;
    if (json_find(status, "state.terminated"))
        json_set(status, "lastState", json_clone(json_get(status, "state")));
    json_set(status, "state", waiting_state(memory->waiting_reason, memory->waiting_message));
}

static struct json *container_status(const struct pod_status_input *in, const struct json *container, bool init,
                                     const char *default_reason) {
    const char *name = json_get_text(container, "name");
    const struct runtime_container *latest = pod_observed_container(in->observed, name, 0);
    const struct runtime_container *before = pod_observed_container(in->observed, name, 1);
    const struct pod_container_memory *memory = pod_memory_find(in->memory, name);
    const struct json *old = pod_container_status(in->pod, init ? "initContainerStatuses" : "containerStatuses", name);
    struct json *status = json_new_object();
    json_set_string(status, "name", name);
    json_set(status, "state", json_new_object());
    json_set(status, "lastState", json_new_object());
    json_set_bool(status, "ready", false);
    json_set_int(status, "restartCount", 0);
    json_set_string(status, "image", latest ? latest->image : json_get_text(container, "image"));
    json_set_string(status, "imageID", latest ? latest->image_ref : "");
    if (latest) {
        json_set_int(status, "restartCount", pod_observed_restart_count(latest));
        json_set(status, "state", state_of(in, latest, memory));
        set_container_id(in, status, latest->id);
        if (before && before->state == RUNTIME_CONTAINER_EXITED)
            json_set(status, "lastState", terminated_state(in, before));
        else if (pod_observed_restart_count(latest) > 0 && json_get(json_get(old, "lastState"), "terminated"))
            json_set(status, "lastState", json_clone(json_get(old, "lastState")));
    } else {
        status_without_record(in, status, old, default_reason);
    }
    apply_waiting_reason(in, container, init, status, memory);
    json_set_bool(status, "started", is_started(container, latest, memory));
    json_set_bool(status, "ready", is_ready(container, init, latest, memory, status));
    return status;
}

// --- phase ---------------------------------------------------------------------------------------------------------------------

struct counts {
    size_t init_pending, init_failed, running, waiting, stopped, succeeded;
    bool regular_started;
};

static void count_init(struct counts *counts, const struct json *container, const struct json *status) {
    const struct json *state = json_get(status, "state");
    if (pod_container_is_sidecar(container)) {
        if (!json_get_bool(status, "started", false))
            counts->init_pending++;
        return;
    }
    const struct json *ended = json_get(state, "terminated");
    if (json_get(state, "waiting"))
        ended = json_get(json_get(status, "lastState"), "terminated");
    if (!ended)
        counts->init_pending++;
    else if (json_get_int(ended, "exitCode", 0) != 0)
        counts->init_failed++;
}

static void count_regular(struct counts *counts, const struct json *status) {
    const struct json *state = json_get(status, "state");
    const struct json *ended = json_get(state, "terminated");
    if (json_get(state, "running")) {
        counts->running++;
        counts->regular_started = true;
    } else if (ended) {
        counts->stopped++;
        counts->regular_started = true;
        if (json_get_int(ended, "exitCode", 1) == 0)
            counts->succeeded++;
    } else if (json_get(json_get(status, "lastState"), "terminated")) {
        counts->stopped++;
        counts->regular_started = true;
    } else {
        counts->waiting++;
    }
}

static enum pod_phase phase_of(const struct pod_status_input *in, const struct counts *counts) {
    enum pod_phase before = pod_phase(in->pod);
    if (before == POD_SUCCEEDED || before == POD_FAILED)
        return before; // final
    // As long as something runs the pod is not final, whatever becomes of it.
    bool runs = pod_observed_any_running(in->observed);
    if (in->memory->reason)
        return runs ? before : POD_FAILED;
    const char *policy = json_find_text(in->pod, "spec.restartPolicy");
    bool never = str_equal(policy, "Never");
    if (counts->init_failed > 0 && (never || in->ended))
        return runs ? before : POD_FAILED;
    if (in->ended)
        return counts->stopped > 0 && counts->stopped == counts->succeeded && counts->waiting == 0 ? POD_SUCCEEDED : POD_FAILED;
    if ((counts->init_pending > 0 && !counts->regular_started) || counts->waiting > 0)
        return POD_PENDING;
    if (counts->running > 0)
        return POD_RUNNING;
    if (counts->stopped == 0)
        return POD_PENDING;
    if (!never && !str_equal(policy, "OnFailure"))
        return POD_RUNNING;
    if (counts->stopped == counts->succeeded)
        return POD_SUCCEEDED;
    return never ? POD_FAILED : POD_RUNNING;
}

// --- conditions ----------------------------------------------------------------------------------------------------------------

static void add_condition(struct json *list, const char *type, bool value, const char *reason, const char *message) {
    struct json *condition = json_new_object();
    json_set_string(condition, "type", type);
    json_set_string(condition, "status", value ? "True" : "False");
    json_set_string(condition, "reason", reason);
    json_set_string(condition, "message", message);
    json_append(list, condition);
}

static void list_add(struct str *list, const char *name) {
    if (list->len > 0)
        str_append_char(list, ' ');
    str_append(list, name);
}

static void initialized_condition(const struct pod_status_input *in, const struct json *status, const struct counts *counts,
                                  enum pod_phase phase, struct json *list) {
    const struct json *containers = json_find(in->pod, "spec.initContainers");
    AUTO_STR incomplete = {0};
    for (size_t i = 0; i < json_len(containers); i++) {
        const struct json *row = json_at(json_get(status, "initContainerStatuses"), i);
        bool done = pod_container_is_sidecar(json_at(containers, i)) ? json_get_bool(row, "started", false)
                                                                     : json_get_bool(row, "ready", false);
        if (!done)
            list_add(&incomplete, json_get_text(json_at(containers, i), "name"));
    }
    if (incomplete.len == 0 || (counts->regular_started && phase != POD_SUCCEEDED)) {
        add_condition(list, "Initialized", true, NULL, NULL);
    } else if (phase == POD_SUCCEEDED) {
        add_condition(list, "Initialized", true, "PodCompleted", NULL);
    } else {
        AUTO_STR message = {0};
        str_printf(&message, "containers with incomplete status: [%s]", str_text(&incomplete));
        add_condition(list, "Initialized", false, "ContainersNotInitialized", str_text(&message));
    }
}

static void unready_names(const struct pod_status_input *in, const struct json *status, struct str *out) {
    const struct json *init = json_find(in->pod, "spec.initContainers");
    for (size_t i = 0; i < json_len(init); i++) {
        const struct json *row = json_at(json_get(status, "initContainerStatuses"), i);
        if (pod_container_is_sidecar(json_at(init, i)) && !json_get_bool(row, "ready", false))
            list_add(out, json_get_text(row, "name"));
    }
    const struct json *containers = json_find(in->pod, "spec.containers");
    for (size_t i = 0; i < json_len(containers); i++) {
        const char *name = json_get_text(json_at(containers, i), "name");
        const struct json *row = json_array_find(json_get(status, "containerStatuses"), "name", name, NULL);
        if (!json_get_bool(row, "ready", false))
            list_add(out, name);
    }
}

static void ready_conditions(const struct pod_status_input *in, const struct json *status, enum pod_phase phase,
                             struct json *list) {
    AUTO_STR unready = {0};
    unready_names(in, status, &unready);
    bool ready = false;
    const char *reason = NULL;
    AUTO_STR message = {0};
    if (phase == POD_SUCCEEDED) {
        reason = "PodCompleted";
    } else if (phase == POD_FAILED) {
        reason = "PodFailed";
    } else if (unready.len > 0) {
        reason = "ContainersNotReady";
        str_printf(&message, "containers with unready status: [%s]", str_text(&unready));
    } else {
        ready = true;
    }
    const char *text = message.len > 0 ? str_text(&message) : NULL;
    AUTO_STR gates = {0};
    const struct json *wanted = json_find(in->pod, "spec.readinessGates");
    for (size_t i = 0; i < json_len(wanted); i++) {
        const char *type = json_get_text(json_at(wanted, i), "conditionType");
        const struct json *condition = meta_condition(in->pod, type);
        if (gates.len > 0 && !(condition && str_equal(json_get_text(condition, "status"), "True")))
            str_append(&gates, ", ");
        if (!condition)
            str_printf(&gates, "corresponding condition of pod readiness gate \"%s\" does not exist.", type);
        else if (!str_equal(json_get_text(condition, "status"), "True"))
            str_printf(&gates, "the status of pod readiness gate \"%s\" is not \"True\", but %s", type,
                       json_get_text(condition, "status"));
    }
    if (ready && gates.len > 0)
        add_condition(list, "Ready", false, "ReadinessGatesNotReady", str_text(&gates));
    else
        add_condition(list, "Ready", ready, reason, text);
    add_condition(list, "ContainersReady", ready, reason, text);
}

// --- the whole -----------------------------------------------------------------------------------------------------------------

static void set_addresses(const struct pod_status_input *in, struct json *status) {
    const struct runtime_sandbox *sandbox = pod_observed_sandbox(in->observed);
    if (in->host_ips->len > 0) {
        json_set_string(status, "hostIP", in->host_ips->items[0]);
        struct json *list = json_ensure_array(status, "hostIPs");
        for (size_t i = 0; i < in->host_ips->len; i++) {
            struct json *row = json_new_object();
            json_set_string(row, "ip", in->host_ips->items[i]);
            json_append(list, row);
        }
    }
    const struct str_list *ips = NULL;
    if (sandbox && json_find_bool(in->pod, "spec.hostNetwork", false))
        ips = in->host_ips;
    else if (sandbox)
        ips = &sandbox->ips;
    if (!ips || ips->len == 0) {
        // A sandbox that has stopped lost its address; the API keeps the last one.
        if (json_find(in->pod, "status.podIP")) {
            json_set_string(status, "podIP", json_find_text(in->pod, "status.podIP"));
            json_set(status, "podIPs", json_clone(json_find(in->pod, "status.podIPs")));
        }
        return;
    }
    json_set_string(status, "podIP", ips->items[0]);
    struct json *list = json_ensure_array(status, "podIPs");
    for (size_t i = 0; i < ips->len; i++) {
        struct json *row = json_new_object();
        json_set_string(row, "ip", ips->items[i]);
        json_append(list, row);
    }
}

static int by_name(const void *a, const void *b) {
    const struct json *const *left = a, *const *right = b;
    return strcmp(json_get_text(*left, "name"), json_get_text(*right, "name"));
}

static void set_containers(const struct pod_status_input *in, struct json *status, struct counts *counts) {
    const struct json *init = json_find(in->pod, "spec.initContainers");
    const struct json *containers = json_find(in->pod, "spec.containers");
    const char *default_reason = json_len(init) > 0 ? "PodInitializing" : "ContainerCreating";
    for (size_t i = 0; i < json_len(init); i++) {
        struct json *row = container_status(in, json_at(init, i), true, "PodInitializing");
        count_init(counts, json_at(init, i), row);
        json_append(json_ensure_array(status, "initContainerStatuses"), row);
    }
    struct ptr_vec rows = {0};
    for (size_t i = 0; i < json_len(containers); i++) {
        struct json *row = container_status(in, json_at(containers, i), false, default_reason);
        count_regular(counts, row);
        ptr_vec_push(&rows, row);
    }
    ptr_vec_sort(&rows, by_name);
    struct json *list = json_ensure_array(status, "containerStatuses");
    for (size_t i = 0; i < rows.len; i++)
        json_append(list, rows.items[i]);
    ptr_vec_free(&rows);
}

// A pod whose end the API knows and of which the runtime has nothing left is not described anew.
static bool nothing_to_say(const struct pod_status_input *in) {
    return pod_is_terminal(in->pod) && in->observed->containers.len == 0 && in->observed->sandboxes.len == 0;
}

struct json *pod_status_make(const struct pod_status_input *in) {
    if (nothing_to_say(in))
        return json_clone(json_get(in->pod, "status"));
    struct json *status = json_new_object();
    struct counts counts = {0};
    set_containers(in, status, &counts);
    enum pod_phase phase = phase_of(in, &counts);
    json_set_string(status, "phase", pod_phase_name(phase));
    struct json *conditions = json_ensure_array(status, "conditions");
    const struct runtime_sandbox *sandbox = pod_observed_sandbox(in->observed);
    bool network = sandbox && sandbox->ready && (sandbox->host_network || sandbox->ips.len > 0);
    add_condition(conditions, "PodReadyToStartContainers", network, NULL, NULL);
    initialized_condition(in, status, &counts, phase, conditions);
    ready_conditions(in, status, phase, conditions);
    add_condition(conditions, "PodScheduled", true, NULL, NULL);
    set_addresses(in, status);
    char text[TIME_TEXT_SIZE];
    const char *known_start = json_find_string(in->pod, "status.startTime");
    json_set_string(status, "startTime", known_start ? known_start : time_format_seconds(in->memory->start_time, text));
    const char *qos = json_find_string(in->pod, "status.qosClass");
    json_set_string(status, "qosClass", qos ? qos : pod_qos_name(pod_qos(in->pod)));
    bool ended_by_us = in->memory->reason && phase == POD_FAILED;
    const char *reason = ended_by_us ? in->memory->reason : json_find_string(in->pod, "status.reason");
    const char *message = ended_by_us ? in->memory->message : json_find_string(in->pod, "status.message");
    json_set_string(status, "reason", reason);
    json_set_string(status, "message", message);
    return status;
}
