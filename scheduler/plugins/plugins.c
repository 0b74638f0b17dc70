// SPDX-License-Identifier: Apache-2.0
// Which plug-ins there are.
#include "scheduler/plugins/plugins.h"

#include "scheduler/plugins/image_locality.h"
#include "scheduler/plugins/node_affinity.h"
#include "scheduler/plugins/node_name.h"
#include "scheduler/plugins/node_ports.h"
#include "scheduler/plugins/node_resources_balanced_allocation.h"
#include "scheduler/plugins/node_resources_fit.h"
#include "scheduler/plugins/node_unschedulable.h"
#include "scheduler/plugins/pod_topology_spread.h"
#include "scheduler/plugins/taint_toleration.h"

const struct plugin *const plugins_all[] = {
    &node_unschedulable, &node_name,          &taint_toleration,    &node_affinity,
    &node_ports,         &node_resources_fit, &pod_topology_spread, &node_resources_balanced_allocation,
    &image_locality,
};
const size_t plugins_count = ARRAY_LEN(plugins_all);
