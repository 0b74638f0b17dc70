// SPDX-License-Identifier: Apache-2.0
// `get`: objects as tables or as they are; once, or as they change.
#ifndef CUBE_CUBECTL_GET_H
#define CUBE_CUBECTL_GET_H

#include "cubectl/command.h"

extern const struct command get_command;

#endif
