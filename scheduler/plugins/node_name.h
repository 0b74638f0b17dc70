// SPDX-License-Identifier: Apache-2.0
// A pod that names its node goes nowhere else.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_NAME_H
#define CUBE_SCHEDULER_PLUGINS_NODE_NAME_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_name;

#endif
