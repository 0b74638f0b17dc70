// SPDX-License-Identifier: Apache-2.0
// Deletes what has lost its owners, and carries out foreground and orphan deletion: upstream's garbage-collector-controller.
#ifndef CUBE_CONTROLLER_MANAGER_GARBAGE_COLLECTOR_H
#define CUBE_CONTROLLER_MANAGER_GARBAGE_COLLECTOR_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor garbage_collector;

#endif
