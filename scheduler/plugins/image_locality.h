// SPDX-License-Identifier: Apache-2.0
// Nodes that have the pod's images already score higher.
#ifndef CUBE_SCHEDULER_PLUGINS_IMAGE_LOCALITY_H
#define CUBE_SCHEDULER_PLUGINS_IMAGE_LOCALITY_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin image_locality;

#endif
