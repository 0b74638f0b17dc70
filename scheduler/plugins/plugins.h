// SPDX-License-Identifier: Apache-2.0
// The list of plug-ins, in upstream's default order. Adding one: its file, and a row here.
#ifndef CUBE_SCHEDULER_PLUGINS_PLUGINS_H
#define CUBE_SCHEDULER_PLUGINS_PLUGINS_H

#include "scheduler/plugins/plugin.h"

extern const struct plugin *const plugins_all[];
extern const size_t plugins_count;

#endif
