// SPDX-License-Identifier: Apache-2.0
// `describe`: an object in words, with what belongs to it.
#ifndef CUBE_CUBECTL_DESCRIBE_H
#define CUBE_CUBECTL_DESCRIBE_H

#include "cubectl/command.h"

extern const struct command describe_command;

#endif
