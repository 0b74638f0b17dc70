// SPDX-License-Identifier: Apache-2.0
// Conditions, taints and zones.
#include "controller-manager/node_lifecycle_decide.h"

#include "common/api/meta.h"
#include "common/api/node.h"
#include "common/base/time_format.h"

#define TAINT_NOT_READY "node.kubernetes.io/not-ready"
#define TAINT_UNREACHABLE "node.kubernetes.io/unreachable"
#define TAINT_UNSCHEDULABLE "node.kubernetes.io/unschedulable"

bool node_lifecycle_mark_unknown(struct json *node, int64_t now) {
    static const char *const types[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};
    bool changed = false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct json *condition = meta_condition(node, types[i]);
        if (str_equal(json_get_string(condition, "status"), "Unknown"))
            continue;
        if (condition) {
            meta_set_condition(node, types[i], "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", now);
        } else {
            meta_set_condition(node, types[i], "Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.", now);
            json_set_string(meta_condition(node, types[i]), "lastHeartbeatTime",
                            json_find_string(node, "metadata.creationTimestamp"));
        }
        changed = true;
    }
    return changed;
}

enum node_health node_lifecycle_health(const struct json *node) {
    if (meta_condition_is(node, "Ready", "True"))
        return NODE_HEALTHY;
    return meta_condition_is(node, "Ready", "False") ? NODE_NOT_READY : NODE_UNREACHABLE;
}

static bool fix_taint(struct json *node, const char *key, const char *effect, bool wanted, int64_t time_added) {
    return wanted ? node_add_taint(node, key, NULL, effect, time_added) : node_remove_taint(node, key, effect);
}

bool node_lifecycle_fix_schedule_taints(struct json *node, int64_t now) {
    // A node whose kubelet has not posted a status yet has no Ready condition: it is not ready, not unreachable.
    bool unknown = meta_condition_is(node, "Ready", "Unknown");
    bool ready = meta_condition_is(node, "Ready", "True");
    const struct {
        const char *key;
        bool wanted;
    } rows[] = {
        {TAINT_NOT_READY, !ready && !unknown},
        {TAINT_UNREACHABLE, unknown},
        {TAINT_UNSCHEDULABLE, json_find_bool(node, "spec.unschedulable", false)},
        {"node.kubernetes.io/memory-pressure", meta_condition_is(node, "MemoryPressure", "True")},
        {"node.kubernetes.io/disk-pressure", meta_condition_is(node, "DiskPressure", "True")},
        {"node.kubernetes.io/pid-pressure", meta_condition_is(node, "PIDPressure", "True")},
        {"node.kubernetes.io/network-unavailable", meta_condition_is(node, "NetworkUnavailable", "True")},
    };
    bool changed = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        changed |= fix_taint(node, rows[i].key, "NoSchedule", rows[i].wanted, now);
    return changed;
}

bool node_lifecycle_fix_execute_taints(struct json *node, bool may_add, int64_t now, bool *ret_wanted) {
    enum node_health health = node_lifecycle_health(node);
    const struct {
        const char *key;
        bool wanted;
    } rows[] = {{TAINT_NOT_READY, health == NODE_NOT_READY && meta_condition(node, "Ready")},
                {TAINT_UNREACHABLE, health == NODE_UNREACHABLE && meta_condition(node, "Ready")}};
    bool changed = false;
    *ret_wanted = false;
    // A node that changes from one to the other keeps being evicted: the swap needs no new permission.
    bool has_one = node_has_taint(node, TAINT_NOT_READY, "NoExecute") || node_has_taint(node, TAINT_UNREACHABLE, "NoExecute");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool missing = rows[i].wanted && !node_has_taint(node, rows[i].key, "NoExecute");
        if (missing && !may_add && !has_one) {
            *ret_wanted = true;
            continue;
        }
        changed |= fix_taint(node, rows[i].key, "NoExecute", rows[i].wanted, now);
    }
    return changed;
}

bool node_lifecycle_remove_execute_taints(struct json *node) {
    bool not_ready = node_remove_taint(node, TAINT_NOT_READY, "NoExecute");
    return node_remove_taint(node, TAINT_UNREACHABLE, "NoExecute") || not_ready;
}

enum zone_state node_lifecycle_zone_state(size_t ready, size_t not_ready, double unhealthy_threshold) {
    if (ready == 0 && not_ready > 0)
        return ZONE_FULL_DISRUPTION;
    if (not_ready > 2 && (double)not_ready / (double)(ready + not_ready) >= unhealthy_threshold)
        return ZONE_PARTIAL_DISRUPTION;
    return ZONE_NORMAL;
}

double node_lifecycle_zone_rate(enum zone_state state, size_t nodes, bool all_down, const struct zone_rates *rates) {
    if (all_down)
        return 0;
    if (state == ZONE_PARTIAL_DISRUPTION)
        return nodes > rates->large_cluster ? rates->secondary : 0;
    return rates->normal;
}
