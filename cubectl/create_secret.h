// SPDX-License-Identifier: Apache-2.0
// `create secret`.
#ifndef CUBE_CUBECTL_CREATE_SECRET_H
#define CUBE_CUBECTL_CREATE_SECRET_H

#include "cubectl/command.h"

extern const struct command create_secret_command;

#endif
