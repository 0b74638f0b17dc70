// SPDX-License-Identifier: Apache-2.0
// `cordon` and `uncordon`: whether the scheduler may use a node.
#ifndef CUBE_CUBECTL_CORDON_H
#define CUBE_CUBECTL_CORDON_H

#include "cubectl/command.h"

extern const struct command cordon_command;
extern const struct command uncordon_command;

#endif
