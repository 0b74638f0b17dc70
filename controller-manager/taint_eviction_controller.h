// SPDX-License-Identifier: Apache-2.0
// Deletes pods that do not tolerate their node's NoExecute taints: upstream's taint-eviction-controller.
#ifndef CUBE_CONTROLLER_MANAGER_TAINT_EVICTION_CONTROLLER_H
#define CUBE_CONTROLLER_MANAGER_TAINT_EVICTION_CONTROLLER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor taint_eviction_controller;

#endif
