// SPDX-License-Identifier: Apache-2.0
// Host ports.
#include "scheduler/plugins/node_ports.h"

static bool is_any(const char *ip) {
    return str_empty(ip) || str_equal(ip, "0.0.0.0");
}

static bool collide(const struct pod_port *a, const struct pod_port *b) {
    return a->port == b->port && str_equal(a->protocol, b->protocol) &&
           (is_any(a->ip) || is_any(b->ip) || str_equal(a->ip, b->ip));
}

static bool filter(const struct plugin_pod *pod, const struct node_info *node, struct str_list *reasons) {
    if (pod->view->host_port_count == 0)
        return true;
    for (size_t p = 0; p < node->pods.len; p++) {
        const struct pod_view *other = node->pods.items[p];
        for (size_t i = 0; i < pod->view->host_port_count; i++) {
            for (size_t j = 0; j < other->host_port_count; j++) {
                if (!collide(&pod->view->host_ports[i], &other->host_ports[j]))
                    continue;
                str_list_add(reasons, "node(s) didn't have free ports for the requested pod ports");
                return false;
            }
        }
    }
    return true;
}

const struct plugin node_ports = {.name = "NodePorts", .filter = filter};
