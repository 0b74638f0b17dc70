// SPDX-License-Identifier: Apache-2.0
// Pods, described.
#include "common/api/meta.h"
#include "common/api/pod.h"
#include "cubectl/describe_container.h"
#include "cubectl/describe_kinds.h"
#include "cubectl/describe_volume.h"

// A line for a member that is there.
static void add_text(struct describe_text *text, const char *label, const struct json *object, const char *path) {
    const char *value = json_find_text(object, path);
    if (!str_empty(value))
        describe_line(text, 0, "%s:\t%s\n", label, value);
}

static void add_place(struct describe_text *text, const struct json *pod) {
    const char *node = json_find_text(pod, "spec.nodeName");
    if (json_get(json_get(pod, "spec"), "priority"))
        describe_line(text, 0, "Priority:\t%lld\n", (long long)json_find_int(pod, "spec.priority", 0));
    add_text(text, "Priority Class Name", pod, "spec.priorityClassName");
    add_text(text, "Runtime Class Name", pod, "spec.runtimeClassName");
    add_text(text, "Service Account", pod, "spec.serviceAccountName");
    if (str_empty(node))
        describe_line(text, 0, "Node:\t<none>\n");
    else
        describe_line(text, 0, "Node:\t%s/%s\n", node, json_find_text(pod, "status.hostIP"));
    if (json_find(pod, "status.startTime"))
        describe_time(text, 0, "Start Time", json_get(pod, "status"), "startTime");
}

static void add_status(struct describe_text *text, const struct json *pod) {
    if (meta_deleting(pod) && !pod_is_terminal(pod)) {
        AUTO_STR age = {0};
        describe_append_age(text, json_find_string(pod, "metadata.deletionTimestamp"), &age);
        describe_line(text, 0, "Status:\tTerminating (lasts %s)\n", str_text(&age));
        describe_line(text, 0, "Termination Grace Period:\t%llds\n",
                      (long long)json_find_int(pod, "metadata.deletionGracePeriodSeconds", 0));
    } else {
        describe_line(text, 0, "Status:\t%s\n", json_find_text(pod, "status.phase"));
    }
    add_text(text, "Reason", pod, "status.reason");
    add_text(text, "Message", pod, "status.message");
    add_text(text, "SeccompProfile", pod, "spec.securityContext.seccompProfile.type");
    add_text(text, "LocalhostProfile", pod, "spec.securityContext.seccompProfile.localhostProfile");
}

static void add_addresses(struct describe_text *text, const struct json *pod) {
    const struct json *addresses = json_find(pod, "status.podIPs");
    describe_line(text, 0, "IP:\t%s\n", json_find_text(pod, "status.podIP"));
    describe_line(text, 0, "IPs:%s\n", json_len(addresses) == 0 ? "\t<none>" : "");
    for (size_t i = 0; i < json_len(addresses); i++)
        describe_line(text, 1, "IP:\t%s\n", json_get_text(json_at(addresses, i), "ip"));
}

static void add_conditions(struct describe_text *text, const struct json *pod) {
    const struct json *gates = json_find(pod, "spec.readinessGates"), *conditions = json_find(pod, "status.conditions");
    if (json_len(gates) > 0)
        describe_line(text, 0, "Readiness Gates:\n  Type\tStatus\n");
    for (size_t i = 0; i < json_len(gates); i++) {
        const char *type = json_get_text(json_at(gates, i), "conditionType");
        const struct json *condition = meta_condition(pod, type);
        describe_line(text, 1, "%s \t%s \n", type, condition ? json_get_text(condition, "status") : "<none>");
    }
    if (json_len(conditions) > 0)
        describe_line(text, 0, "Conditions:\n  Type\tStatus\n");
    for (size_t i = 0; i < json_len(conditions); i++)
        describe_line(text, 1, "%s \t%s \n", json_get_text(json_at(conditions, i), "type"),
                      json_get_text(json_at(conditions, i), "status"));
}

int describe_pod(struct describe_text *text, const struct json *pod, struct error **err UNUSED) {
    const struct json *spec = json_get(pod, "spec"), *status = json_get(pod, "status");
    describe_line(text, 0, "Name:\t%s\n", meta_name(pod));
    describe_line(text, 0, "Namespace:\t%s\n", meta_namespace(pod));
    add_place(text, pod);
    describe_labels(text, "Labels", json_find(pod, "metadata.labels"));
    describe_annotations(text, "Annotations", json_find(pod, "metadata.annotations"));
    add_status(text, pod);
    add_addresses(text, pod);
    describe_controller(text, pod);
    add_text(text, "NominatedNodeName", pod, "status.nominatedNodeName");
    if (json_len(json_get(spec, "initContainers")) > 0)
        describe_containers(text, "Init Containers", json_get(spec, "initContainers"), json_get(status, "initContainerStatuses"),
                            pod);
    describe_containers(text, "Containers", json_get(spec, "containers"), json_get(status, "containerStatuses"), pod);
    if (json_len(json_get(spec, "ephemeralContainers")) > 0)
        describe_containers(text, "Ephemeral Containers", json_get(spec, "ephemeralContainers"),
                            json_get(status, "ephemeralContainerStatuses"), pod);
    add_conditions(text, pod);
    describe_volumes(text, json_get(spec, "volumes"), false);
    const char *qos = json_get_text(status, "qosClass");
    describe_line(text, 0, "QoS Class:\t%s\n", str_empty(qos) ? pod_qos_name(pod_qos(pod)) : qos);
    describe_labels(text, "Node-Selectors", json_get(spec, "nodeSelector"));
    describe_tolerations(text, "Tolerations", json_get(spec, "tolerations"));
    return 0;
}
