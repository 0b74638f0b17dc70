// SPDX-License-Identifier: Apache-2.0
// `create configmap`.
#ifndef CUBE_CUBECTL_CREATE_CONFIGMAP_H
#define CUBE_CUBECTL_CREATE_CONFIGMAP_H

#include "cubectl/command.h"

extern const struct command create_configmap_command;

#endif
