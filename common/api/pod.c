// SPDX-License-Identifier: Apache-2.0
// Facts about pod trees: phase, readiness, effective requests and limits, quality of service, tolerations.
#include "common/api/pod.h"

#include "common/api/meta.h"
#include "common/api/pod_requests.h"
#include "common/api/quantity.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/base/time_format.h"

static const char *const phase_names[] = {
    [POD_PENDING] = "Pending", [POD_RUNNING] = "Running", [POD_SUCCEEDED] = "Succeeded",
    [POD_FAILED] = "Failed",   [POD_UNKNOWN] = "Unknown",
};

enum pod_phase pod_phase_parse(const char *text) {
    for (size_t i = 0; i < ARRAY_LEN(phase_names); i++)
        if (str_equal(phase_names[i], text))
            return (enum pod_phase)i;
    return str_empty(text) ? POD_PENDING : POD_UNKNOWN;
}

enum pod_phase pod_phase(const struct json *pod) {
    return pod_phase_parse(json_find_text(pod, "status.phase"));
}

const char *pod_phase_name(enum pod_phase phase) {
    return phase_names[phase];
}

bool pod_is_terminal(const struct json *pod) {
    enum pod_phase phase = pod_phase(pod);
    return phase == POD_SUCCEEDED || phase == POD_FAILED;
}

bool pod_is_ready(const struct json *pod) {
    return meta_condition_is(pod, "Ready", "True");
}

int64_t pod_ready_since(const struct json *pod) {
    int64_t wall = 0;
    if (!pod_is_ready(pod) || !time_parse(json_get_text(meta_condition(pod, "Ready"), "lastTransitionTime"), &wall))
        return 0;
    return wall;
}

bool pod_is_available(const struct json *pod, int64_t min_ready_seconds, int64_t now) {
    if (!pod_is_ready(pod))
        return false;
    int64_t since = pod_ready_since(pod);
    return min_ready_seconds == 0 || (since && since + min_ready_seconds * SECOND <= now);
}

bool pod_is_scheduled(const struct json *pod) {
    return *json_find_text(pod, "spec.nodeName") != '\0';
}

bool pod_container_is_sidecar(const struct json *init_container) {
    return str_equal(json_get_string(init_container, "restartPolicy"), "Always");
}

int pod_restart_count(const struct json *pod) {
    static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};
    int64_t most = 0;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *statuses = json_get(json_get(pod, "status"), lists[l]);
        for (size_t i = 0; i < json_len(statuses); i++)
            most = MAX(most, json_get_int(json_at(statuses, i), "restartCount", 0));
    }
    return (int)most;
}

struct json *pod_container_status(const struct json *pod, const char *which, const char *name) {
    return json_array_find(json_get(json_get(pod, "status"), which), "name", name, NULL);
}

// --- requests and limits -------------------------------------------------------------------------------------------------

static void add_container(struct resource_amounts *a, const struct json *container, const struct pod_requests_rule *rule) {
    const struct json *amounts = json_get(json_get(container, "resources"), rule->list);
    resource_amounts_add_json(a, amounts);
    if (!json_has(amounts, "cpu"))
        a->cpu_milli += rule->cpu_if_absent;
    if (!json_has(amounts, "memory"))
        a->memory += rule->memory_if_absent;
}

// Overhead raises only those limits that there are.
static void add_overhead(struct resource_amounts *a, const struct json *pod, bool existing_only) {
    AUTO_RESOURCE_AMOUNTS overhead = {0};
    resource_amounts_add_json(&overhead, json_find(pod, "spec.overhead"));
    if (existing_only) {
        overhead.cpu_milli = a->cpu_milli ? overhead.cpu_milli : 0;
        overhead.memory = a->memory ? overhead.memory : 0;
        overhead.ephemeral_storage = a->ephemeral_storage ? overhead.ephemeral_storage : 0;
        for (size_t i = 0; i < overhead.other_count; i++)
            if (!resource_amounts_get(a, overhead.others[i].name))
                overhead.others[i].value = 0;
    }
    resource_amounts_add(a, &overhead);
}

void pod_requests_sum(const struct json *pod, const struct pod_requests_rule *rule, struct resource_amounts *ret_amounts) {
    AUTO_RESOURCE_AMOUNTS sidecars = {0};
    AUTO_RESOURCE_AMOUNTS steps = {0};
    const struct json *containers = json_find(pod, "spec.containers");
    for (size_t i = 0; i < json_len(containers); i++)
        add_container(ret_amounts, json_at(containers, i), rule);
    const struct json *init = json_find(pod, "spec.initContainers");
    for (size_t i = 0; i < json_len(init); i++) {
        const struct json *container = json_at(init, i);
        AUTO_RESOURCE_AMOUNTS step = {0};
        add_container(&step, container, rule);
        if (pod_container_is_sidecar(container)) {
            // Runs on beside the containers, and beside the steps that come later.
            resource_amounts_add(ret_amounts, &step);
            resource_amounts_add(&sidecars, &step);
            resource_amounts_max(&steps, &sidecars);
        } else {
            resource_amounts_add(&step, &sidecars);
            resource_amounts_max(&steps, &step);
        }
    }
    resource_amounts_max(ret_amounts, &steps);
    add_overhead(ret_amounts, pod, str_equal(rule->list, "limits"));
}

void pod_requests(const struct json *pod, struct resource_amounts *ret_amounts) {
    pod_requests_sum(pod, &(struct pod_requests_rule){.list = "requests"}, ret_amounts);
}

void pod_limits(const struct json *pod, struct resource_amounts *ret_amounts) {
    pod_requests_sum(pod, &(struct pod_requests_rule){.list = "limits"}, ret_amounts);
}

// --- quality of service --------------------------------------------------------------------------------------------------

// Sums of cpu and memory; which of them were found at all.
struct qos_sums {
    int64_t cpu;
    int64_t memory;
    bool has_cpu;
    bool has_memory;
};

static struct qos_sums qos_of(const struct json *map) {
    struct qos_sums sums = {quantity_json_milli_value(map, "cpu"), quantity_json_value(map, "memory"), false, false};
    sums.has_cpu = sums.cpu > 0;
    sums.has_memory = sums.memory > 0;
    return sums;
}

static void qos_add(struct qos_sums *sums, struct qos_sums more) {
    sums->cpu += more.cpu;
    sums->memory += more.memory;
    sums->has_cpu = sums->has_cpu || more.has_cpu;
    sums->has_memory = sums->has_memory || more.has_memory;
}

enum pod_qos pod_qos(const struct json *pod) {
    static const char *const lists[] = {"containers", "initContainers"};
    struct qos_sums requests = {0};
    struct qos_sums limits = {0};
    bool all_limited = true;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *containers = json_get(json_get(pod, "spec"), lists[l]);
        for (size_t i = 0; i < json_len(containers); i++) {
            const struct json *resources = json_get(json_at(containers, i), "resources");
            struct qos_sums limit = qos_of(json_get(resources, "limits"));
            qos_add(&requests, qos_of(json_get(resources, "requests")));
            qos_add(&limits, limit);
            all_limited = all_limited && limit.has_cpu && limit.has_memory;
        }
    }
    if (!requests.has_cpu && !requests.has_memory && !limits.has_cpu && !limits.has_memory)
        return POD_QOS_BEST_EFFORT;
    bool equal = requests.has_cpu && requests.has_memory && requests.cpu == limits.cpu && requests.memory == limits.memory;
    return all_limited && equal ? POD_QOS_GUARANTEED : POD_QOS_BURSTABLE;
}

const char *pod_qos_name(enum pod_qos qos) {
    static const char *const names[] = {
        [POD_QOS_GUARANTEED] = "Guaranteed", [POD_QOS_BURSTABLE] = "Burstable", [POD_QOS_BEST_EFFORT] = "BestEffort"};
    return names[qos];
}

// --- tolerations ---------------------------------------------------------------------------------------------------------

bool pod_toleration_matches(const struct pod_toleration *toleration, const struct pod_taint *taint) {
    if (!str_empty(toleration->effect) && !str_equal(toleration->effect, taint->effect))
        return false;
    if (!str_empty(toleration->key) && !str_equal(toleration->key, taint->key))
        return false;
    const char *want = toleration->value ? toleration->value : "";
    const char *have = taint->value ? taint->value : "";
    return toleration->exists || str_equal(want, have);
}

bool pod_tolerates(const struct json *toleration, const struct json *taint) {
    const char *effect = json_get_text(toleration, "effect");
    const char *key = json_get_text(toleration, "key");
    if (*effect && !str_equal(effect, json_get_text(taint, "effect")))
        return false;
    if (*key && !str_equal(key, json_get_text(taint, "key")))
        return false;
    const char *op = json_get_text(toleration, "operator");
    if (str_equal(op, "Exists"))
        return true;
    return (!*op || str_equal(op, "Equal")) && str_equal(json_get_text(toleration, "value"), json_get_text(taint, "value"));
}
