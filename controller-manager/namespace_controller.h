// SPDX-License-Identifier: Apache-2.0
// Empties namespaces that are being deleted, then lets them go: upstream's namespace-controller.
#ifndef CUBE_CONTROLLER_MANAGER_NAMESPACE_CONTROLLER_H
#define CUBE_CONTROLLER_MANAGER_NAMESPACE_CONTROLLER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor namespace_controller;

#endif
