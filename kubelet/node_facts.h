// SPDX-License-Identifier: Apache-2.0
// What the kubelet knows of its machine, read once at start: name, addresses, capacity, versions.
#ifndef CUBE_KUBELET_NODE_FACTS_H
#define CUBE_KUBELET_NODE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/api/resource_amounts.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

// Constant once read.
struct node_facts {
    char *name, *hostname;
    struct str_list ips; // the first is the node's main address
    struct resource_amounts capacity, allocatable;
    int64_t memory_capacity;
    char *runtime_name;    // "containerd"
    char *runtime_version; // "containerd://1.6.20"
    char *machine_id, *system_uuid, *boot_id, *kernel_version, *os_image, *architecture;
    int64_t least_oom_score; // what a child's oom_score_adj may not go below
};

int node_facts_read(const struct kubelet_options *options, struct runtime *runtime, struct node_facts *ret_facts,
                    struct error **err) MUST_CHECK;
void node_facts_free(struct node_facts *facts);
// Whether swap is on (more than a header line in /proc/swaps).
bool node_facts_swap_on(void);

#endif
