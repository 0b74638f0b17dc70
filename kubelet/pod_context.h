// SPDX-License-Identifier: Apache-2.0
// What is known while one pod is being set up: handed through by everything that turns its spec into files and runtime configs.
#ifndef CUBE_KUBELET_POD_CONTEXT_H
#define CUBE_KUBELET_POD_CONTEXT_H

#include <stdint.h>

#include "common/api/resource_amounts.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/data/json.h"
#include "kubelet/options.h"
#include "kubelet/volume/volume.h"

// All borrowed for the time of one sync.
struct pod_context {
    const struct kubelet_options *options;
    const struct json *pod;
    const char *node_name;
    const struct str_list *host_ips;
    const struct str_list *pod_ips; // of the sandbox; host_ips on the host network; empty before there is one
    const struct resource_amounts *allocatable;
    int64_t memory_capacity;
    const struct volume_host *objects; // ConfigMaps and Secrets
    const char *pod_folder;            // <root>/pods/<uid>
    const char *log_folder;            // <pod logs>/<namespace>_<name>_<uid>
    const char *cgroup_parent;
    const struct map *volume_paths; // volume name -> host path
};

#endif
