// SPDX-License-Identifier: Apache-2.0
// Keeps as many pods as each ReplicaSet asks for: upstream's replicaset-controller.
#ifndef CUBE_CONTROLLER_MANAGER_REPLICASET_CONTROLLER_H
#define CUBE_CONTROLLER_MANAGER_REPLICASET_CONTROLLER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor replicaset_controller;

#endif
