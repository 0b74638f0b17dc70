// SPDX-License-Identifier: Apache-2.0
// `create serviceaccount`.
#ifndef CUBE_CUBECTL_CREATE_SERVICEACCOUNT_H
#define CUBE_CUBECTL_CREATE_SERVICEACCOUNT_H

#include "cubectl/command.h"

extern const struct command create_serviceaccount_command;

#endif
