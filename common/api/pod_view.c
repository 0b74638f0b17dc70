// SPDX-License-Identifier: Apache-2.0
// Fills the typed view of a pod from its object.
#include <stdlib.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/api/pod_requests.h"
#include "common/base/alloc.h"

// What the scheduler assumes of a container that asks for nothing.
#define ASSUMED_CPU_MILLI 100
#define ASSUMED_MEMORY ((int64_t)200 * 1024 * 1024)

// A copy that lives as long as the view.
static char *keep(struct pod_view *view, const char *text) {
    str_list_add(&view->strings, text ? text : "");
    return view->strings.items[view->strings.len - 1];
}

static void add_host_ports(struct pod_view *view, const struct json *container) {
    const struct json *ports = json_get(container, "ports");
    for (size_t i = 0; i < json_len(ports); i++) {
        const struct json *port = json_at(ports, i);
        int64_t number = json_get_int(port, "hostPort", 0);
        if (number <= 0)
            continue;
        const char *ip = json_get_text(port, "hostIP");
        const char *protocol = json_get_text(port, "protocol");
        view->host_ports = alloc_resize(view->host_ports, view->host_port_count + 1, sizeof(*view->host_ports));
        view->host_ports[view->host_port_count++] =
            (struct pod_port){keep(view, *ip ? ip : "0.0.0.0"), keep(view, *protocol ? protocol : "TCP"), (int32_t)number};
    }
}

static void fill_containers(struct pod_view *view, const struct json *spec) {
    const struct json *containers = json_get(spec, "containers");
    const struct json *init = json_get(spec, "initContainers");
    const char **images = alloc_array(json_len(containers) + json_len(init) + 1, sizeof(*images));
    size_t n = 0;
    for (size_t i = 0; i < json_len(containers); i++) {
        add_host_ports(view, json_at(containers, i));
        images[n++] = keep(view, json_get_text(json_at(containers, i), "image"));
    }
    for (size_t i = 0; i < json_len(init); i++) {
        if (pod_container_is_sidecar(json_at(init, i)))
            add_host_ports(view, json_at(init, i));
        images[n++] = keep(view, json_get_text(json_at(init, i), "image"));
    }
    view->images = images;
}

static void fill_tolerations(struct pod_view *view, const struct json *rows) {
    view->toleration_count = json_len(rows);
    view->tolerations = alloc_array(json_len(rows) + 1, sizeof(*view->tolerations));
    for (size_t i = 0; i < json_len(rows); i++) {
        const struct json *row = json_at(rows, i);
        view->tolerations[i] = (struct pod_toleration){
            .key = keep(view, json_get_text(row, "key")),
            .value = keep(view, json_get_text(row, "value")),
            .effect = keep(view, json_get_text(row, "effect")),
            .exists = str_equal(json_get_text(row, "operator"), "Exists"),
            .has_seconds = json_has(row, "tolerationSeconds"),
            .seconds = json_get_int(row, "tolerationSeconds", 0),
        };
    }
}

static void fill_node_selector(struct pod_view *view, const struct json *map) {
    view->node_selector = alloc_array(json_object_size(map) + 1, sizeof(*view->node_selector));
    for (struct json_iter it = json_iter(map); json_iter_next(&it);)
        view->node_selector[view->node_selector_count++] =
            (struct object_pair){keep(view, it.key), keep(view, json_string(it.value))};
}

struct pod_view *pod_view_new(const struct object *object) {
    AUTO_JSON pod = object_tree(object);
    const struct json *spec = json_get(pod, "spec");
    struct pod_view *view = alloc_zero(sizeof(*view));
    view->object = object_ref(object);
    view->node_name = keep(view, json_get_text(spec, "nodeName"));
    view->scheduler_name = keep(view, json_get_text(spec, "schedulerName"));
    view->nominated_node = keep(view, json_find_text(pod, "status.nominatedNodeName"));
    view->phase = pod_phase(pod);
    view->ready = pod_is_ready(pod);
    view->host_network = json_get_bool(spec, "hostNetwork", false);
    view->has_affinity = json_object_size(json_get(spec, "affinity")) > 0;
    view->has_spread = json_len(json_get(spec, "topologySpreadConstraints")) > 0;
    view->gated = json_len(json_get(spec, "schedulingGates")) > 0;
    view->priority = (int32_t)json_get_int(spec, "priority", 0);
    view->creation_time = meta_creation_time(pod);
    pod_requests(pod, &view->requests);
    AUTO_RESOURCE_AMOUNTS assumed = {0};
    pod_requests_sum(pod, &(struct pod_requests_rule){"requests", ASSUMED_CPU_MILLI, ASSUMED_MEMORY}, &assumed);
    view->nonzero_cpu_milli = assumed.cpu_milli;
    view->nonzero_memory = assumed.memory;
    fill_containers(view, spec);
    fill_tolerations(view, json_get(spec, "tolerations"));
    fill_node_selector(view, json_get(spec, "nodeSelector"));
    return view;
}

void pod_view_free(struct pod_view *view) {
    if (!view)
        return;
    object_unref(view->object);
    resource_amounts_free(&view->requests);
    free(view->host_ports);
    free(view->tolerations);
    free(view->node_selector);
    free((void *)(uintptr_t)view->images);
    str_list_free(&view->strings);
    free(view);
}

bool pod_view_tolerates(const struct pod_view *view, const struct pod_taint *taint) {
    for (size_t i = 0; i < view->toleration_count; i++)
        if (pod_toleration_matches(&view->tolerations[i], taint))
            return true;
    return false;
}
