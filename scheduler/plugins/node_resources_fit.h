// SPDX-License-Identifier: Apache-2.0
// Requests that fit into what the node has left; the emptier node scores higher.
#ifndef CUBE_SCHEDULER_PLUGINS_NODE_RESOURCES_FIT_H
#define CUBE_SCHEDULER_PLUGINS_NODE_RESOURCES_FIT_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin node_resources_fit;

#endif
