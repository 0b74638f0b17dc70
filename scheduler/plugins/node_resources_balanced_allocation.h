// SPDX-License-Identifier: Apache-2.0
// Nodes whose CPU and memory are used alike score higher.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_RESOURCES_BALANCED_ALLOCATION_H
#define CUBE_SCHEDULER_PLUGINS_NODE_RESOURCES_BALANCED_ALLOCATION_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_resources_balanced_allocation;

#endif
