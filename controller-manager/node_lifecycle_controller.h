// SPDX-License-Identifier: Apache-2.0
// Watches over nodes' heartbeats, conditions and taints: upstream's node-lifecycle-controller.
#ifndef CUBE_CONTROLLER_MANAGER_NODE_LIFECYCLE_CONTROLLER_H
#define CUBE_CONTROLLER_MANAGER_NODE_LIFECYCLE_CONTROLLER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor node_lifecycle_controller;

#endif
