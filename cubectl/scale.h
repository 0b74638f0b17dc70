// SPDX-License-Identifier: Apache-2.0
// `scale`: the number of replicas, through the scale subresource.
#ifndef CUBE_CUBECTL_SCALE_H
#define CUBE_CUBECTL_SCALE_H

#include "cubectl/command.h"

extern const struct command scale_command;

#endif
