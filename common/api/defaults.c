// SPDX-License-Identifier: Apache-2.0
// Defaults that depend on other fields, a function for each kind that has such. Plain ones are in the schema.
#include "common/api/defaults.h"

#include <string.h>

#include "common/api/meta.h"
#include "common/base/encoding.h"
#include "common/base/str.h"

// The tag of an image reference: "" where it has a digest only, "latest" where it has neither.
static const char *image_tag(const char *image) {
    const char *digest = strchr(image, '@');
    const char *slash = strrchr(image, '/');
    const char *colon = strchr(slash ? slash : image, ':');
    if (colon && (!digest || colon < digest))
        return colon + 1;
    return digest ? "" : "latest";
}

static void default_pull_policy(struct json *container) {
    if (*json_get_text(container, "imagePullPolicy"))
        return;
    const char *tag = image_tag(json_get_text(container, "image"));
    json_set_string(container, "imagePullPolicy", str_equal(tag, "latest") ? "Always" : "IfNotPresent");
}

// 0 means "not set" in these fields, unlike in most others.
static void default_probe(struct json *probe) {
    static const struct {
        const char *field;
        int64_t value;
    } rows[] = {{"timeoutSeconds", 1}, {"periodSeconds", 10}, {"successThreshold", 1}, {"failureThreshold", 3}};
    for (size_t i = 0; probe && i < ARRAY_LEN(rows); i++)
        if (json_get_int(probe, rows[i].field, 0) == 0)
            json_set_int(probe, rows[i].field, rows[i].value);
}

static void default_container(struct json *container) {
    default_pull_policy(container);
    default_probe(json_get(container, "livenessProbe"));
    default_probe(json_get(container, "readinessProbe"));
    default_probe(json_get(container, "startupProbe"));
}

// A volume that names no source is an emptyDir.
static void default_volume(struct json *volume) {
    if (json_is_object(volume) && json_object_size(volume) == (json_has(volume, "name") ? 1u : 0u))
        json_set(volume, "emptyDir", json_new_object());
}

// serviceAccount is the old name of serviceAccountName; both are shown.
static void default_service_account(struct json *spec) {
    const char *name = json_get_text(spec, "serviceAccountName");
    if (!*name)
        name = json_get_text(spec, "serviceAccount");
    if (!*name)
        return;
    AUTO_STR copy = {0};
    str_append(&copy, name);
    json_set_string(spec, "serviceAccountName", str_text(&copy));
    json_set_string(spec, "serviceAccount", str_text(&copy));
}

static const char *const container_lists[] = {"containers", "initContainers", "ephemeralContainers"};

// What holds for pods and for templates.
static void default_pod_spec(struct json *spec) {
    for (size_t l = 0; l < ARRAY_LEN(container_lists); l++) {
        struct json *containers = json_get(spec, container_lists[l]);
        for (size_t i = 0; i < json_len(containers); i++)
            default_container(json_at(containers, i));
    }
    struct json *volumes = json_get(spec, "volumes");
    for (size_t i = 0; i < json_len(volumes); i++)
        default_volume(json_at(volumes, i));
    default_service_account(spec);
}

// Requests that are not given are the limits.
static void default_requests(struct json *container) {
    const struct json *limits = json_find(container, "resources.limits");
    if (!json_object_size(limits))
        return;
    struct json *requests = json_ensure_object(container, "resources.requests");
    for (struct json_iter it = json_iter(limits); json_iter_next(&it);)
        if (!json_has(requests, it.key))
            json_set(requests, it.key, json_clone(it.value));
}

static void default_host_ports(struct json *container) {
    struct json *ports = json_get(container, "ports");
    for (size_t i = 0; i < json_len(ports); i++)
        if (json_get_int(json_at(ports, i), "hostPort", 0) == 0)
            json_set_int(json_at(ports, i), "hostPort", json_get_int(json_at(ports, i), "containerPort", 0));
}

static void default_pod(struct json *pod) {
    struct json *spec = json_get(pod, "spec");
    default_pod_spec(spec);
    bool host_network = json_get_bool(spec, "hostNetwork", false);
    for (size_t l = 0; l < 2; l++) {
        struct json *containers = json_get(spec, container_lists[l]);
        for (size_t i = 0; i < json_len(containers); i++) {
            default_requests(json_at(containers, i));
            if (host_network)
                default_host_ports(json_at(containers, i));
        }
    }
    if (json_is_object(spec) && !json_has(spec, "enableServiceLinks"))
        json_set_bool(spec, "enableServiceLinks", true);
}

static void default_replicaset(struct json *set) {
    default_pod_spec(json_find(set, "spec.template.spec"));
}

static void default_node(struct json *node) {
    struct json *status = json_get(node, "status");
    const struct json *capacity = json_get(status, "capacity");
    if (capacity && !json_has(status, "allocatable"))
        json_set(status, "allocatable", json_clone(capacity));
}

static void default_namespace(struct json *object) {
    const char *name = meta_name(object);
    if (*name && !meta_label(object, "kubernetes.io/metadata.name"))
        meta_set_label(object, "kubernetes.io/metadata.name", name);
}

// stringData is for writing only: it goes into data.
static void default_secret(struct json *secret) {
    const struct json *texts = json_get(secret, "stringData");
    if (!texts)
        return;
    struct json *data = json_object_size(texts) ? json_ensure_object(secret, "data") : NULL;
    for (struct json_iter it = json_iter(texts); json_iter_next(&it);) {
        AUTO_STR encoded = {0};
        if (it.value)
            base64_encode(&encoded, json_string(it.value), json_string_len(it.value));
        json_set_string(data, it.key, str_text(&encoded));
    }
    json_remove(secret, "stringData");
}

void defaults_apply(const struct resource *resource, struct json *object) {
    static const struct {
        const char *group;
        const char *kind;
        void (*apply)(struct json *object);
    } rows[] = {
        {"", "Pod", default_pod},       {"apps", "ReplicaSet", default_replicaset},
        {"", "Node", default_node},     {"", "Namespace", default_namespace},
        {"", "Secret", default_secret},
    };
    schema_default(resource->type, object);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(rows[i].kind, resource->kind) && str_equal(rows[i].group, resource->group))
            rows[i].apply(object);
}
