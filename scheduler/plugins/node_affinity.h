// SPDX-License-Identifier: Apache-2.0
// nodeSelector and node affinity, required and preferred.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_AFFINITY_H
#define CUBE_SCHEDULER_PLUGINS_NODE_AFFINITY_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_affinity;

#endif
