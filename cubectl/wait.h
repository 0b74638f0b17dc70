// SPDX-License-Identifier: Apache-2.0
// `wait`: until a condition, a field or deletion is seen.
#ifndef CUBE_CUBECTL_WAIT_H
#define CUBE_CUBECTL_WAIT_H

#include "cubectl/command.h"

extern const struct command wait_command;

#endif
