// SPDX-License-Identifier: Apache-2.0
// Cordoned nodes take no pods that do not tolerate it.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_UNSCHEDULABLE_H
#define CUBE_SCHEDULER_PLUGINS_NODE_UNSCHEDULABLE_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_unschedulable;

#endif
