// SPDX-License-Identifier: Apache-2.0
// `api-resources`: what the server has.
#ifndef CUBE_CUBECTL_API_RESOURCES_H
#define CUBE_CUBECTL_API_RESOURCES_H

#include "cubectl/command.h"

extern const struct command api_resources_command;

#endif
