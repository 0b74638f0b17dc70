// SPDX-License-Identifier: Apache-2.0
// How pods are written: phase and QoS class at birth, deletion with a grace period.
#include "apiserver/registry/pod_strategy.h"

#include "common/api/pod.h"
#include "common/base/str.h"

static void prepare_create(const struct strategy_context *context, struct json *pod) {
    (void)context;
    struct json *status = json_new_object();
    json_set_string(status, "phase", "Pending");
    if (json_len(json_find(pod, "spec.schedulingGates")) > 0) {
        struct json *condition = json_new_object();
        json_set_string(condition, "type", "PodScheduled");
        json_set_string(condition, "status", "False");
        json_set_string(condition, "reason", "SchedulingGated");
        json_set_string(condition, "message", "Scheduling is blocked due to non-empty scheduling gates");
        json_append(json_ensure_array(status, "conditions"), condition);
    }
    json_set_string(status, "qosClass", pod_qos_name(pod_qos(pod)));
    json_set(pod, "status", status);
}

// Through status nobody touches owners, and the class stays what it was at birth.
static void prepare_subresource(const struct strategy_context *context, struct json *pod, const struct json *old) {
    if (!str_equal(context->subresource, "status"))
        return;
    strategy_copy_member(json_get(pod, "metadata"), json_get(old, "metadata"), "ownerReferences");
    if (!json_find_string(pod, "status.qosClass") && json_find_string(old, "status.qosClass"))
        json_put_string(pod, "status.qosClass", json_find_string(old, "status.qosClass"));
}

// A pod that no kubelet runs (any more) may go at once.
static int64_t grace_seconds(const struct json *pod, int64_t requested) {
    int64_t seconds = requested >= 0 ? requested : json_find_int(pod, "spec.terminationGracePeriodSeconds", 0);
    if (!pod_is_scheduled(pod) || pod_is_terminal(pod))
        return 0;
    return seconds < 0 ? 1 : seconds;
}

const struct strategy pod_strategy = {
    .group = "",
    .resource = "pods",
    .returns_deleted = true,
    .prepare_create = prepare_create,
    .prepare_subresource = prepare_subresource,
    .grace_seconds = grace_seconds,
};
