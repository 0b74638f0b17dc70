// SPDX-License-Identifier: Apache-2.0
// kube-controller-manager's command line.
#ifndef CUBE_CONTROLLER_MANAGER_OPTIONS_H
#define CUBE_CONTROLLER_MANAGER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/options.h"
#include "common/component/component.h"
#include "common/component/leading.h"

// Targets of the option table; durations in nanoseconds.
struct controller_manager_options {
    struct component_logging logging;
    struct leading_options leading;
    int64_t secure_port;
    struct str_list controllers;
    double kube_api_qps;
    int64_t kube_api_burst;
    char *root_ca_file;
    int64_t node_monitor_period, node_monitor_grace_period, node_startup_grace_period;
    double node_eviction_rate, secondary_node_eviction_rate, unhealthy_zone_threshold;
    int64_t large_cluster_size_threshold;
    int64_t concurrent_replicaset_syncs, concurrent_namespace_syncs, concurrent_gc_syncs;
    bool enable_garbage_collector;
};

extern const struct option controller_manager_option_table[];

#endif
