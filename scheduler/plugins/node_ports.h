// SPDX-License-Identifier: Apache-2.0
// Host ports that are free on the node.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_PORTS_H
#define CUBE_SCHEDULER_PLUGINS_NODE_PORTS_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_ports;

#endif
