// SPDX-License-Identifier: Apache-2.0
// The list of all commands.
#ifndef CUBE_CUBECTL_COMMANDS_H
#define CUBE_CUBECTL_COMMANDS_H

#include "cubectl/command.h"

const struct command *const *commands_all(void); // NULL-ended, in the order of the help
// By name or alias, among a NULL-ended list; NULL if there is none.
const struct command *commands_find(const struct command *const *commands, const char *name);

#endif
