// SPDX-License-Identifier: Apache-2.0
// Sees to it that each namespace has a ServiceAccount "default": upstream's serviceaccount-controller.
#ifndef CUBE_CONTROLLER_MANAGER_SERVICEACCOUNT_CONTROLLER_H
#define CUBE_CONTROLLER_MANAGER_SERVICEACCOUNT_CONTROLLER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor serviceaccount_controller;

#endif
