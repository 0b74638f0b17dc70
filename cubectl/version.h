// SPDX-License-Identifier: Apache-2.0
// `version`: of this program and of the server.
#ifndef CUBE_CUBECTL_VERSION_H
#define CUBE_CUBECTL_VERSION_H

#include "cubectl/command.h"

extern const struct command version_command;

#endif
