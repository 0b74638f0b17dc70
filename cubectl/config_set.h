// SPDX-License-Identifier: Apache-2.0
// The subcommands of `config` that write: set-context, set-cluster, set-credentials, use-context, delete-*.
#ifndef CUBE_CUBECTL_CONFIG_SET_H
#define CUBE_CUBECTL_CONFIG_SET_H

#include "cubectl/command.h"

extern const struct command config_set_context_command;
extern const struct command config_set_cluster_command;
extern const struct command config_set_credentials_command;
extern const struct command config_use_context_command;
extern const struct command config_delete_context_command;
extern const struct command config_delete_cluster_command;
extern const struct command config_delete_user_command;

#endif
