// SPDX-License-Identifier: Apache-2.0
// Cells of pods: ready, status, restarts and what -o wide adds, as upstream's printer computes them.
#include "apiserver/table_kinds.h"
#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/time_format.h"

// What the printer gathers while it walks the containers.
struct summary {
    struct str reason;
    int64_t restarts;
    int64_t last_restart; // wall; 0: none
    int64_t sidecar_restarts;
    int64_t sidecar_last_restart;
    size_t ready;
    size_t total;
};

static int64_t last_finished(const struct json *status) {
    int64_t finished = 0;
    const char *text = json_find_string(status, "lastState.terminated.finishedAt");
    return text && time_parse(text, &finished) ? finished : 0;
}

static void set_reason(struct summary *summary, const char *prefix, const char *reason) {
    str_clear(&summary->reason);
    str_append(&summary->reason, prefix);
    str_append(&summary->reason, reason);
}

// "Signal:9", "ExitCode:1" behind the prefix, for a termination without reason.
static void set_exit_reason(struct summary *summary, const char *prefix, const struct json *terminated) {
    int64_t signal = json_get_int(terminated, "signal", 0);
    str_clear(&summary->reason);
    str_append(&summary->reason, prefix);
    str_append(&summary->reason, signal ? "Signal:" : "ExitCode:");
    str_append_int(&summary->reason, signal ? signal : json_get_int(terminated, "exitCode", 0));
}

// One init container's status. false: it shows what the pod is waiting for, later ones do not matter.
static bool add_init_status(struct summary *summary, const struct json *status, const struct json *spec, size_t index,
                            size_t count) {
    bool sidecar = spec && pod_container_is_sidecar(spec);
    int64_t restarts = json_get_int(status, "restartCount", 0);
    int64_t finished = last_finished(status);
    const struct json *terminated = json_find(status, "state.terminated");
    const char *waiting = json_find_text(status, "state.waiting.reason");

    summary->restarts += restarts;
    summary->last_restart = MAX(summary->last_restart, finished);
    if (sidecar) {
        summary->sidecar_restarts += restarts;
        summary->sidecar_last_restart = MAX(summary->sidecar_last_restart, finished);
    }
    if (terminated && json_get_int(terminated, "exitCode", 0) == 0)
        return true;
    if (sidecar && json_get_bool(status, "started", false)) {
        summary->ready += json_get_bool(status, "ready", false);
        return true;
    }
    if (terminated) {
        const char *reason = json_get_text(terminated, "reason");
        if (*reason)
            set_reason(summary, "Init:", reason);
        else
            set_exit_reason(summary, "Init:", terminated);
    } else if (*waiting && !str_equal(waiting, "PodInitializing")) {
        set_reason(summary, "Init:", waiting);
    } else {
        str_clear(&summary->reason);
        str_printf(&summary->reason, "Init:%zu/%zu", index, count);
    }
    return false;
}

// true: the pod is still initializing.
static bool add_init_statuses(struct summary *summary, const struct json *pod) {
    const struct json *specs = json_find(pod, "spec.initContainers");
    const struct json *statuses = json_find(pod, "status.initContainerStatuses");
    for (size_t i = 0; i < json_len(statuses); i++) {
        const struct json *status = json_at(statuses, i);
        const struct json *spec = json_array_find(specs, "name", json_get_text(status, "name"), NULL);
        if (!add_init_status(summary, status, spec, i, json_len(specs)))
            return true;
    }
    return false;
}

static void add_statuses(struct summary *summary, const struct json *pod) {
    const struct json *statuses = json_find(pod, "status.containerStatuses");
    bool running = false;

    summary->restarts = summary->sidecar_restarts;
    summary->last_restart = summary->sidecar_last_restart;
    for (size_t i = json_len(statuses); i-- > 0;) {
        const struct json *status = json_at(statuses, i);
        const struct json *terminated = json_find(status, "state.terminated");
        const char *waiting = json_find_text(status, "state.waiting.reason");
        summary->restarts += json_get_int(status, "restartCount", 0);
        summary->last_restart = MAX(summary->last_restart, last_finished(status));
        if (*waiting) {
            set_reason(summary, "", waiting);
        } else if (terminated && *json_get_text(terminated, "reason")) {
            set_reason(summary, "", json_get_text(terminated, "reason"));
        } else if (terminated) {
            set_exit_reason(summary, "", terminated);
        } else if (json_get_bool(status, "ready", false) && json_find(status, "state.running")) {
            running = true;
            summary->ready++;
        }
    }
    if (running && str_equal(str_text(&summary->reason), "Completed"))
        set_reason(summary, "", meta_condition_is(pod, "Ready", "True") ? "Running" : "NotReady");
}

static void start_summary(struct summary *summary, const struct json *pod) {
    const struct json *init = json_find(pod, "spec.initContainers");
    const char *reason = json_find_text(pod, "status.reason");
    set_reason(summary, "", *reason ? reason : json_find_text(pod, "status.phase"));
    const struct json *scheduled = meta_condition(pod, "PodScheduled");
    if (str_equal(json_get_string(scheduled, "reason"), "SchedulingGated"))
        set_reason(summary, "", "SchedulingGated");
    summary->total = json_len(json_find(pod, "spec.containers"));
    for (size_t i = 0; i < json_len(init); i++)
        summary->total += pod_container_is_sidecar(json_at(init, i));
}

static void set_restarts(const struct summary *summary, int64_t now, struct json *cells) {
    AUTO_STR text = {0};
    str_append_int(&text, summary->restarts);
    if (summary->restarts && summary->last_restart) {
        char age[TIME_TEXT_SIZE];
        str_printf(&text, " (%s ago)", duration_format_age(now - summary->last_restart, age));
    }
    json_set_string(cells, "restarts", str_text(&text));
}

static void set_readiness_gates(const struct json *pod, struct json *cells) {
    const struct json *gates = json_find(pod, "spec.readinessGates");
    size_t passed = 0;
    for (size_t i = 0; i < json_len(gates); i++)
        passed += meta_condition_is(pod, json_get_text(json_at(gates, i), "conditionType"), "True");
    AUTO_STR text = {0};
    if (json_len(gates))
        str_printf(&text, "%zu/%zu", passed, json_len(gates));
    else
        str_append(&text, TABLE_NONE);
    json_set_string(cells, "readinessGates", str_text(&text));
}

static void set_or_none(struct json *cells, const char *name, const char *value) {
    json_set_string(cells, name, str_empty(value) ? TABLE_NONE : value);
}

static void pod_cells(const struct json *pod, int64_t now, struct json *cells) {
    struct summary summary = {0};
    start_summary(&summary, pod);
    if (!add_init_statuses(&summary, pod) || meta_condition_is(pod, "Initialized", "True"))
        add_statuses(&summary, pod);
    if (meta_deleting(pod) && str_equal(json_find_string(pod, "status.reason"), "NodeLost"))
        set_reason(&summary, "", "Unknown");
    else if (meta_deleting(pod) && !pod_is_terminal(pod))
        set_reason(&summary, "", "Terminating");

    AUTO_STR ready = {0};
    str_printf(&ready, "%zu/%zu", summary.ready, summary.total);
    json_set_string(cells, "ready", str_text(&ready));
    json_set_string(cells, "status", str_text(&summary.reason));
    set_restarts(&summary, now, cells);
    set_or_none(cells, "ip", json_get_string(json_at(json_find(pod, "status.podIPs"), 0), "ip"));
    set_or_none(cells, "node", json_find_string(pod, "spec.nodeName"));
    set_or_none(cells, "nominatedNode", json_find_string(pod, "status.nominatedNodeName"));
    set_readiness_gates(pod, cells);
    str_free(&summary.reason);
}

static struct json *pod_conditions(const struct json *pod) {
    enum pod_phase phase = pod_phase(pod);
    if (phase != POD_SUCCEEDED && phase != POD_FAILED)
        return NULL;
    struct json *condition = json_new_object();
    json_set_string(condition, "type", "Completed");
    json_set_string(condition, "status", "True");
    json_set_string(condition, "reason", pod_phase_name(phase));
    json_set_string(condition, "message", phase == POD_SUCCEEDED ? "The pod has completed successfully." : "The pod failed.");
    struct json *conditions = json_new_array();
    json_append(conditions, condition);
    return conditions;
}

const struct table_kind table_pod = {"", "pods", pod_cells, pod_conditions};
