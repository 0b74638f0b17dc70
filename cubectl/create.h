// SPDX-License-Identifier: Apache-2.0
// `create`: objects of manifests, and a few kinds made of flags.
#ifndef CUBE_CUBECTL_CREATE_H
#define CUBE_CUBECTL_CREATE_H

#include "cubectl/command.h"

extern const struct command create_command;

#endif
