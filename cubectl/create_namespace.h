// SPDX-License-Identifier: Apache-2.0
// `create namespace`.
#ifndef CUBE_CUBECTL_CREATE_NAMESPACE_H
#define CUBE_CUBECTL_CREATE_NAMESPACE_H

#include "cubectl/command.h"

extern const struct command create_namespace_command;

#endif
