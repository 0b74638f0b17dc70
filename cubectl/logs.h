// SPDX-License-Identifier: Apache-2.0
// `logs`: what containers wrote; of one pod, of a selector's or a controller's pods.
#ifndef CUBE_CUBECTL_LOGS_H
#define CUBE_CUBECTL_LOGS_H

#include "cubectl/command.h"

extern const struct command logs_command;

#endif
