// SPDX-License-Identifier: Apache-2.0
// The Node object as the kubelet makes it: pure functions over facts and what the runtime says.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "common/component/version.h"
#include "kubelet/node.h"

#define IMAGES_MAX 50

static void set_quantity(struct json *map, const char *name, struct quantity amount) {
    CLEANUP(free_ptr) char *text = quantity_text(&amount);
    json_set_string(map, name, text);
}

static struct json *amounts_map(const struct resource_amounts *amounts) {
    struct json *map = json_new_object();
    set_quantity(map, "cpu", quantity_of_milli(amounts->cpu_milli, QUANTITY_DECIMAL_SI));
    AUTO_STR memory = {0}, disk = {0};
    str_printf(&memory, "%lldKi", (long long)(amounts->memory / 1024));
    str_printf(&disk, "%lldKi", (long long)(amounts->ephemeral_storage / 1024));
    json_set_string(map, "ephemeral-storage", str_text(&disk));
    for (size_t i = 0; i < amounts->other_count; i++)
        set_quantity(map, amounts->others[i].name, quantity_of(amounts->others[i].value, QUANTITY_BINARY_SI));
    json_set_string(map, "memory", str_text(&memory));
    set_quantity(map, "pods", quantity_of(amounts->pods, QUANTITY_DECIMAL_SI));
    return map;
}

static void add_address(struct json *list, const char *type, const char *address) {
    struct json *row = json_new_object();
    json_set_string(row, "type", type);
    json_set_string(row, "address", address);
    json_append(list, row);
}

static void add_condition(struct json *list, const char *type, bool value, const char *reason, const char *message) {
    struct json *row = json_new_object();
    json_set_string(row, "type", type);
    json_set_string(row, "status", value ? "True" : "False");
    json_set_string(row, "reason", reason);
    json_set_string(row, "message", message);
    json_append(list, row);
}

static void add_conditions(const struct runtime_status *runtime, struct json *list) {
    add_condition(list, "MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available");
    add_condition(list, "DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure");
    add_condition(list, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available");
    AUTO_STR problem = {0};
    if (!runtime)
        str_append(&problem, "container runtime is down");
    else if (!runtime->runtime.ready)
        str_printf(&problem, "container runtime not ready: RuntimeReady=false reason:%s message:%s",
                   runtime->runtime.reason ? runtime->runtime.reason : "",
                   runtime->runtime.message ? runtime->runtime.message : "");
    else if (!runtime->network.ready)
        str_printf(&problem, "container runtime network not ready: NetworkReady=false reason:%s message:%s",
                   runtime->network.reason ? runtime->network.reason : "",
                   runtime->network.message ? runtime->network.message : "");
    if (problem.len > 0)
        add_condition(list, "Ready", false, "KubeletNotReady", str_text(&problem));
    else
        add_condition(list, "Ready", true, "KubeletReady", "kubelet is posting ready status");
}

static void set_info(const struct node_facts *facts, struct json *status) {
    struct json *info = json_ensure_object(status, "nodeInfo");
    json_set_string(info, "machineID", facts->machine_id);
    json_set_string(info, "systemUUID", facts->system_uuid);
    json_set_string(info, "bootID", facts->boot_id);
    json_set_string(info, "kernelVersion", facts->kernel_version);
    json_set_string(info, "osImage", facts->os_image);
    json_set_string(info, "containerRuntimeVersion", facts->runtime_version);
    json_set_string(info, "kubeletVersion", VERSION_GIT);
    json_set_string(info, "kubeProxyVersion", "");
    json_set_string(info, "operatingSystem", "linux");
    json_set_string(info, "architecture", facts->architecture);
}

static int largest_first(const void *a, const void *b) {
    const struct runtime_image *const *left = a, *const *right = b;
    if ((*left)->size != (*right)->size)
        return (*left)->size < (*right)->size ? 1 : -1;
    return strcmp((*left)->id, (*right)->id);
}

static void set_images(const struct vec *images, struct json *status) {
    struct json *list = json_ensure_array(status, "images");
    struct ptr_vec order = {0};
    for (size_t i = 0; images && i < images->len; i++)
        ptr_vec_push(&order, VEC_AT(images, struct runtime_image, i));
    ptr_vec_sort(&order, largest_first);
    for (size_t i = 0; i < order.len && i < IMAGES_MAX; i++) {
        const struct runtime_image *image = order.items[i];
        struct json *row = json_new_object();
        struct json *names = json_ensure_array(row, "names");
        for (size_t k = 0; k < image->digests.len; k++)
            json_append(names, json_new_string(image->digests.items[k]));
        for (size_t k = 0; k < image->tags.len; k++)
            json_append(names, json_new_string(image->tags.items[k]));
        json_set_int(row, "sizeBytes", (int64_t)image->size);
        json_append(list, row);
    }
    ptr_vec_free(&order);
}

struct json *node_make_status(const struct node_config *config, const struct runtime_status *runtime, const struct vec *images) {
    const struct node_facts *facts = config->facts;
    struct json *status = json_new_object();
    struct json *addresses = json_ensure_array(status, "addresses");
    for (size_t i = 0; i < facts->ips.len; i++)
        add_address(addresses, "InternalIP", facts->ips.items[i]);
    add_address(addresses, "Hostname", *config->options->hostname_override ? facts->name : facts->hostname);
    json_set(status, "capacity", amounts_map(&facts->capacity));
    json_set(status, "allocatable", amounts_map(&facts->allocatable));
    add_conditions(runtime, json_ensure_array(status, "conditions"));
    if (config->port > 0)
        json_put(status, "daemonEndpoints.kubeletEndpoint.Port", json_new_int(config->port));
    set_info(facts, status);
    set_images(images, status);
    return status;
}

// "key=value:effect"
static struct json *taint_of(const char *text) {
    const char *colon = strrchr(text, ':'), *equals = strchr(text, '=');
    struct json *taint = json_new_object();
    size_t key_len = equals && equals < colon ? (size_t)(equals - text) : (size_t)(colon - text);
    CLEANUP(free_ptr) char *key = alloc_string_n(text, key_len);
    json_set_string(taint, "key", key);
    if (equals && equals + 1 < colon) {
        CLEANUP(free_ptr) char *value = alloc_string_n(equals + 1, (size_t)(colon - equals - 1));
        json_set_string(taint, "value", value);
    }
    json_set_string(taint, "effect", colon + 1);
    return taint;
}

static void set_labels(const struct node_config *config, struct json *node) {
    const struct node_facts *facts = config->facts;
    meta_set_label(node, "beta.kubernetes.io/arch", facts->architecture);
    meta_set_label(node, "beta.kubernetes.io/os", "linux");
    meta_set_label(node, "kubernetes.io/arch", facts->architecture);
    meta_set_label(node, "kubernetes.io/hostname", *config->options->hostname_override ? facts->name : facts->hostname);
    meta_set_label(node, "kubernetes.io/os", "linux");
    const struct str_list *more = &config->options->node_labels;
    for (size_t i = 0; i < more->len; i++) {
        const char *equals = strchr(more->items[i], '=');
        CLEANUP(free_ptr)
        char *key = alloc_string_n(more->items[i], equals ? (size_t)(equals - more->items[i]) : strlen(more->items[i]));
        meta_set_label(node, key, equals ? equals + 1 : "");
    }
}

struct json *node_make(const struct node_config *config, const struct runtime_status *runtime, const struct vec *images) {
    const struct kubelet_options *options = config->options;
    struct json *node = json_new_object();
    json_set_string(node, "kind", "Node");
    json_set_string(node, "apiVersion", "v1");
    json_put_string(node, "metadata.name", config->facts->name);
    set_labels(config, node);
    meta_set_annotation(node, "volumes.kubernetes.io/controller-managed-attach-detach", "true");
    struct json *spec = json_ensure_object(node, "spec");
    if (*options->provider_id)
        json_set_string(spec, "providerID", options->provider_id);
    if (*options->pod_cidr) {
        json_set_string(spec, "podCIDR", options->pod_cidr);
        json_append(json_ensure_array(spec, "podCIDRs"), json_new_string(options->pod_cidr));
    }
    for (size_t i = 0; i < options->register_with_taints.len; i++)
        json_append(json_ensure_array(spec, "taints"), taint_of(options->register_with_taints.items[i]));
    if (str_equal(options->cloud_provider, "external"))
        json_append(json_ensure_array(spec, "taints"),
                    taint_of("node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule"));
    json_set(node, "status", node_make_status(config, runtime, images));
    return node;
}

// --- patches -------------------------------------------------------------------------------------------------------------------

static bool same_condition(const struct json *old, const struct json *new) {
    static const char *const texts[] = {"status", "reason", "message"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!old || !str_equal(json_get_text(old, texts[i]), json_get_text(new, texts[i])))
            return false;
    }
    return true;
}

struct json *node_status_patch(const struct json *old, const struct json *status, bool force, int64_t now) {
    char text[TIME_TEXT_SIZE];
    time_format_seconds(now, text);
    AUTO_JSON changes = json_new_object();
    bool differs = force;
    for (struct json_iter it = json_iter(status); json_iter_next(&it);) {
        if (strcmp(it.key, "conditions") == 0)
            continue;
        const struct json *before = json_get(json_get(old, "status"), it.key);
        if (json_equal(before, it.value))
            continue;
        differs = true;
        struct json *value = json_clone(it.value);
        // Addresses have a merge key: what is gone would stay.
        if (before && strcmp(it.key, "addresses") == 0) {
            struct json *directive = json_new_object();
            json_set_string(directive, "$patch", "replace");
            json_insert(value, 0, directive);
        }
        json_set(changes, it.key, value);
    }
    const struct json *conditions = json_get(status, "conditions");
    for (size_t i = 0; i < json_len(conditions); i++) {
        const struct json *row = json_at(conditions, i);
        const struct json *before = meta_condition(old, json_get_text(row, "type"));
        differs = differs || !same_condition(before, row);
        struct json *patch = json_clone(row);
        bool moved = !before || !str_equal(json_get_text(before, "status"), json_get_text(row, "status"));
        const char *since = json_get_string(before, "lastTransitionTime");
        json_set_string(patch, "lastHeartbeatTime", text);
        json_set_string(patch, "lastTransitionTime", moved || !since ? text : since);
        json_append(json_ensure_array(changes, "conditions"), patch);
    }
    if (!differs)
        return NULL;
    struct json *patch = json_new_object();
    json_set(patch, "status", STEAL(changes));
    return patch;
}
