// SPDX-License-Identifier: Apache-2.0
// `config`: shows and changes kubeconfig files.
#ifndef CUBE_CUBECTL_CONFIG_H
#define CUBE_CUBECTL_CONFIG_H

#include "cubectl/command.h"

extern const struct command config_command;

#endif
