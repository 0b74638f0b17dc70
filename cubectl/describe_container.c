// SPDX-License-Identifier: Apache-2.0
// Containers, described: image, ports, command, state, resources, probes, environment, mounts.
#include "cubectl/describe_container.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "cubectl/describe_volume.h"

// --- basics ------------------------------------------------------------------------------------------------------------

static void append_ports(const struct json *ports, const char *member, struct str *out) {
    for (size_t i = 0; i < json_len(ports); i++) {
        const struct json *port = json_at(ports, i);
        const char *protocol = json_get_text(port, "protocol");
        str_printf(out, "%s%lld/%s", i > 0 ? ", " : "", (long long)json_get_int(port, member, 0),
                   str_empty(protocol) ? "TCP" : protocol);
    }
}

static void add_ports(struct describe_text *text, const struct json *ports) {
    static const struct { const char *label, *member; } rows[] = {{"Port", "containerPort"}, {"Host Port", "hostPort"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR list = {0};
        append_ports(ports, rows[i].member, &list);
        describe_line(text, 2, "%s%s:\t%s\n", rows[i].label, json_len(ports) > 1 ? "s" : "", list.len > 0 ? list.data : "<none>");
    }
}

static void add_words(struct describe_text *text, const char *label, const struct json *words) {
    if (json_len(words) == 0)
        return;
    describe_line(text, 2, "%s:\n", label);
    for (size_t i = 0; i < json_len(words); i++) {
        const char *word = json_string(json_at(words, i)) ? json_string(json_at(words, i)) : "";
        for (;;) {
            size_t len = strcspn(word, "\n");
            describe_line(text, 3, "%.*s\n", (int)len, word);
            if (word[len] == '\0')
                break;
            word += len + 1;
        }
    }
}

static void add_terminated(struct describe_text *text, const struct json *state) {
    if (!str_empty(json_get_text(state, "reason")))
        describe_line(text, 3, "Reason:\t%s\n", json_get_text(state, "reason"));
    if (!str_empty(json_get_text(state, "message")))
        describe_line(text, 3, "Message:\t%s\n", json_get_text(state, "message"));
    describe_line(text, 3, "Exit Code:\t%lld\n", (long long)json_get_int(state, "exitCode", 0));
    if (json_get_int(state, "signal", 0) > 0)
        describe_line(text, 3, "Signal:\t%lld\n", (long long)json_get_int(state, "signal", 0));
    describe_time(text, 3, "Started", state, "startedAt");
    describe_time(text, 3, "Finished", state, "finishedAt");
}

static void add_state(struct describe_text *text, const char *label, const struct json *state) {
    const struct json *running = json_get(state, "running"), *terminated = json_get(state, "terminated");
    const char *reason = json_find_text(state, "waiting.reason");
    describe_line(text, 2, "%s:\t%s\n", label, running ? "Running" : terminated ? "Terminated" : "Waiting");
    if (running)
        describe_time(text, 3, "Started", running, "startedAt");
    else if (terminated)
        add_terminated(text, terminated);
    else if (!str_empty(reason))
        describe_line(text, 3, "Reason:\t%s\n", reason);
}

static void add_status(struct describe_text *text, const struct json *status) {
    add_state(text, "State", json_get(status, "state"));
    if (json_find(status, "lastState.terminated"))
        add_state(text, "Last State", json_get(status, "lastState"));
    describe_line(text, 2, "Ready:\t%s\n", json_get_bool(status, "ready", false) ? "True" : "False");
    describe_line(text, 2, "Restart Count:\t%lld\n", (long long)json_get_int(status, "restartCount", 0));
}

static void add_amounts(struct describe_text *text, const char *label, const struct json *amounts) {
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(amounts, &keys);
    if (keys.len > 0)
        describe_line(text, 2, "%s:\n", label);
    for (size_t i = 0; i < keys.len; i++)
        describe_line(text, 3, "%s:\t%s\n", keys.items[i], json_get_text(amounts, keys.items[i]));
}

// --- probes ------------------------------------------------------------------------------------------------------------

static void append_port(const struct json *action, struct str *out) {
    const struct json *port = json_get(action, "port");
    if (json_is_string(port))
        str_append(out, json_string(port));
    else
        str_append_int(out, json_int(port, 0));
}

static void append_action(const struct json *probe, struct str *out) {
    const struct json *exec = json_get(probe, "exec"), *http = json_get(probe, "httpGet");
    const struct json *tcp = json_get(probe, "tcpSocket"), *grpc = json_get(probe, "grpc");
    if (exec) {
        const struct json *words = json_get(exec, "command");
        str_append(out, "exec [");
        for (size_t i = 0; i < json_len(words); i++)
            str_printf(out, "%s%s", i > 0 ? " " : "", json_string(json_at(words, i)) ? json_string(json_at(words, i)) : "");
        str_append_char(out, ']');
    } else if (http) {
        CLEANUP(free_ptr) char *scheme = alloc_string(json_get_text(http, "scheme"));
        str_lower(scheme);
        str_printf(out, "http-get %s://%s:", str_empty(scheme) ? "http" : scheme, json_get_text(http, "host"));
        append_port(http, out);
        const char *path = json_get_text(http, "path");
        str_printf(out, "%s%s", str_empty(path) || path[0] == '/' ? "" : "/", path);
    } else if (tcp) {
        str_printf(out, "tcp-socket %s:", json_get_text(tcp, "host"));
        append_port(tcp, out);
    } else if (grpc) {
        str_append(out, "grpc <pod>:");
        append_port(grpc, out);
        str_printf(out, " %s", json_get_text(grpc, "service"));
    } else {
        str_append(out, "unknown");
    }
}

static void add_probe(struct describe_text *text, const char *label, const struct json *probe) {
    if (!probe)
        return;
    AUTO_STR action = {0};
    append_action(probe, &action);
    describe_line(text, 2, "%s:\t%s delay=%llds timeout=%llds period=%llds #success=%lld #failure=%lld\n", label,
                  str_text(&action), (long long)json_get_int(probe, "initialDelaySeconds", 0),
                  (long long)json_get_int(probe, "timeoutSeconds", 1), (long long)json_get_int(probe, "periodSeconds", 10),
                  (long long)json_get_int(probe, "successThreshold", 1), (long long)json_get_int(probe, "failureThreshold", 3));
}

// --- environment -------------------------------------------------------------------------------------------------------

static const char *true_or_false(const struct json *reference) {
    return json_get_bool(reference, "optional", false) ? "true" : "false";
}

static void add_env_from(struct describe_text *text, const struct json *sources) {
    if (json_len(sources) > 0)
        describe_line(text, 2, "Environment Variables from:\n");
    for (size_t i = 0; i < json_len(sources); i++) {
        const struct json *source = json_at(sources, i), *map = json_get(source, "configMapRef");
        const struct json *reference = map ? map : json_get(source, "secretRef");
        const char *prefix = json_get_text(source, "prefix");
        describe_line(text, 3, "%s\t%s", json_get_text(reference, "name"), map ? "ConfigMap" : "Secret");
        if (!str_empty(prefix))
            describe_line(text, 0, " with prefix '%s'", prefix);
        describe_line(text, 0, "\tOptional: %s\n", true_or_false(reference));
    }
}

// The fields that a pod's own object answers.
static const char *field_value(const struct json *pod, const char *path) {
    static const char *const paths[] = {"metadata.name", "metadata.namespace", "metadata.uid"};
    for (size_t i = 0; pod && i < ARRAY_LEN(paths); i++)
        if (str_equal(path, paths[i]))
            return json_find_text(pod, path);
    static const struct {
        const char *prefix, *map;
    } maps[] = {{"metadata.labels['", "metadata.labels"}, {"metadata.annotations['", "metadata.annotations"}};
    for (size_t i = 0; pod && i < ARRAY_LEN(maps); i++) {
        const char *key = str_skip_prefix(path, maps[i].prefix);
        if (!key || !str_ends(key, "']"))
            continue;
        CLEANUP(free_ptr) char *name = alloc_string_n(key, strlen(key) - 2);
        return json_get_text(json_find(pod, maps[i].map), name);
    }
    return "";
}

// A resourceFieldRef's value: the amount over the divisor, rounded up.
static void append_resource_value(const struct json *container, const struct json *reference, struct str *out) {
    struct quantity amount = {0}, divisor = {0};
    const char *name = json_get_text(reference, "resource"), *dot = strchr(name, '.');
    const struct json *amounts = NULL;
    if (!dot)
        return;
    CLEANUP(free_ptr) char *which = alloc_string_n(name, (size_t)(dot - name));
    amounts = json_get(json_get(container, "resources"), which);
    if (quantity_from_json(json_get(amounts, dot + 1), &amount, NULL) < 0 ||
        quantity_from_json(json_get(reference, "divisor"), &divisor, NULL) < 0)
        return;
    if (amount.nanos == 0 && str_equal(which, "limits")) {
        str_append(out, "node allocatable");
        return;
    }
    if (quantity_sign(&divisor) <= 0)
        divisor = quantity_of(1, QUANTITY_DECIMAL_SI);
    str_append_int(out, (int64_t)((amount.nanos + divisor.nanos - 1) / divisor.nanos));
}

static void add_plain_value(struct describe_text *text, const char *name, const char *value) {
    describe_line(text, 3, "%s:", name);
    for (bool first = true;; first = false) {
        size_t len = strcspn(value, "\n");
        describe_line(text, first ? 0 : 3, "\t%.*s\n", (int)len, value);
        if (value[len] == '\0')
            return;
        value += len + 1;
    }
}

static void add_variable(struct describe_text *text, const struct json *variable, const struct json *container,
                         const struct json *pod) {
    const char *name = json_get_text(variable, "name");
    const struct json *from = json_get(variable, "valueFrom"), *reference;
    if (!from) {
        add_plain_value(text, name, json_get_text(variable, "value"));
    } else if ((reference = json_get(from, "fieldRef"))) {
        const char *path = json_get_text(reference, "fieldPath"), *version = json_get_text(reference, "apiVersion");
        describe_line(text, 3, "%s:\t%s (%s:%s)\n", name, field_value(pod, path), str_empty(version) ? "v1" : version, path);
    } else if ((reference = json_get(from, "resourceFieldRef"))) {
        AUTO_STR value = {0};
        append_resource_value(container, reference, &value);
        describe_line(text, 3, "%s:\t%s (%s)\n", name, str_text(&value), json_get_text(reference, "resource"));
    } else if ((reference = json_get(from, "secretKeyRef"))) {
        describe_line(text, 3, "%s:\t<set to the key '%s' in secret '%s'>\tOptional: %s\n", name, json_get_text(reference, "key"),
                      json_get_text(reference, "name"), true_or_false(reference));
    } else if ((reference = json_get(from, "configMapKeyRef"))) {
        describe_line(text, 3, "%s:\t<set to the key '%s' of config map '%s'>\tOptional: %s\n", name,
                      json_get_text(reference, "key"), json_get_text(reference, "name"), true_or_false(reference));
    }
}

// --- mounts and the whole ----------------------------------------------------------------------------------------------

static int compare_mounts(const void *a, const void *b) {
    return strcmp(json_get_text(*(struct json *const *)a, "mountPath"), json_get_text(*(struct json *const *)b, "mountPath"));
}

static void add_mounts(struct describe_text *text, const struct json *mounts) {
    CLEANUP(ptr_vec_free) struct ptr_vec sorted = {0};
    for (size_t i = 0; i < json_len(mounts); i++)
        ptr_vec_push(&sorted, json_at(mounts, i));
    ptr_vec_sort(&sorted, compare_mounts);
    describe_line(text, 2, "Mounts:%s\n", sorted.len == 0 ? "\t<none>" : "");
    for (size_t i = 0; i < sorted.len; i++) {
        const struct json *mount = sorted.items[i];
        AUTO_STR flags = {0};
        str_append(&flags, json_get_bool(mount, "readOnly", false) ? "ro" : "rw");
        if (!str_empty(json_get_text(mount, "subPath"))) {
            str_append(&flags, ",path=");
            str_append_quoted(&flags, json_get_text(mount, "subPath"));
        }
        describe_line(text, 3, "%s from %s (%s)\n", json_get_text(mount, "mountPath"), json_get_text(mount, "name"),
                      str_text(&flags));
    }
}

static void add_container(struct describe_text *text, const struct json *container, const struct json *status,
                          const struct json *pod) {
    if (status)
        describe_line(text, 2, "Container ID:\t%s\n", json_get_text(status, "containerID"));
    describe_line(text, 2, "Image:\t%s\n", json_get_text(container, "image"));
    if (status)
        describe_line(text, 2, "Image ID:\t%s\n", json_get_text(status, "imageID"));
    add_ports(text, json_get(container, "ports"));
    add_words(text, "Command", json_get(container, "command"));
    add_words(text, "Args", json_get(container, "args"));
    if (status)
        add_status(text, status);
    add_amounts(text, "Limits", json_find(container, "resources.limits"));
    add_amounts(text, "Requests", json_find(container, "resources.requests"));
    add_probe(text, "Liveness", json_get(container, "livenessProbe"));
    add_probe(text, "Readiness", json_get(container, "readinessProbe"));
    add_probe(text, "Startup", json_get(container, "startupProbe"));
    add_env_from(text, json_get(container, "envFrom"));
    const struct json *environment = json_get(container, "env");
    describe_line(text, 2, "Environment:%s\n", json_len(environment) == 0 ? "\t<none>" : "");
    for (size_t i = 0; i < json_len(environment); i++)
        add_variable(text, json_at(environment, i), container, pod);
    add_mounts(text, json_get(container, "volumeMounts"));
}

void describe_containers(struct describe_text *text, const char *title, const struct json *containers,
                         const struct json *statuses, const struct json *pod) {
    const char *space = pod ? "" : "  ";
    describe_line(text, 0, "%s%s:%s\n", space, title, json_len(containers) == 0 ? " <none>" : "");
    for (size_t i = 0; i < json_len(containers); i++) {
        const struct json *container = json_at(containers, i);
        const char *name = json_get_text(container, "name");
        describe_line(text, 1, "%s%s:\n", pod ? "" : " ", name);
        add_container(text, container, json_array_find(statuses, "name", name, NULL), pod);
    }
}

void describe_pod_template(struct describe_text *text, const struct json *pod_template) {
    const struct json *spec = json_get(pod_template, "spec"), *annotations = json_find(pod_template, "metadata.annotations");
    describe_line(text, 0, "Pod Template:\n");
    describe_labels(text, "  Labels", json_find(pod_template, "metadata.labels"));
    if (json_object_size(annotations) > 0)
        describe_annotations(text, "  Annotations", annotations);
    if (!str_empty(json_get_text(spec, "serviceAccountName")))
        describe_line(text, 0, "  Service Account:\t%s\n", json_get_text(spec, "serviceAccountName"));
    if (json_len(json_get(spec, "initContainers")) > 0)
        describe_containers(text, "Init Containers", json_get(spec, "initContainers"), NULL, NULL);
    describe_containers(text, "Containers", json_get(spec, "containers"), NULL, NULL);
    describe_volumes(text, json_get(spec, "volumes"), true);
    if (!str_empty(json_get_text(spec, "priorityClassName")))
        describe_line(text, 0, "  Priority Class Name:\t%s\n", json_get_text(spec, "priorityClassName"));
    describe_labels(text, "  Node-Selectors", json_get(spec, "nodeSelector"));
    describe_tolerations(text, "  Tolerations", json_get(spec, "tolerations"));
}
