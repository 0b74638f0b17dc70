// SPDX-License-Identifier: Apache-2.0
// `delete`: objects by name, manifest or selector; and waiting until they are gone.
#ifndef CUBE_CUBECTL_DELETE_H
#define CUBE_CUBECTL_DELETE_H

#include "cubectl/command.h"

extern const struct command delete_command;

#endif
