// SPDX-License-Identifier: Apache-2.0
// Pods of one owner spread over the nodes.
#ifndef CUBE_SCHEDULER_PLUGINS_POD_TOPOLOGY_SPREAD_H
#define CUBE_SCHEDULER_PLUGINS_POD_TOPOLOGY_SPREAD_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin pod_topology_spread;

#endif
