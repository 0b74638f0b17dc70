// SPDX-License-Identifier: Apache-2.0
// Taints that the pod does not tolerate: NoSchedule and NoExecute forbid, PreferNoSchedule counts against the node.
#ifndef CUBE_SCHEDULER_PLUGINS_TAINT_TOLERATION_H
#define CUBE_SCHEDULER_PLUGINS_TAINT_TOLERATION_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin taint_toleration;

#endif
