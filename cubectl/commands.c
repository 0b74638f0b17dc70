// SPDX-License-Identifier: Apache-2.0
// All commands. A new one is a file with a row and an entry here.
#include "cubectl/commands.h"

#include "cubectl/api_resources.h"
#include "cubectl/apply.h"
#include "cubectl/config.h"
#include "cubectl/cordon.h"
#include "cubectl/create.h"
#include "cubectl/delete.h"
#include "cubectl/describe.h"
#include "cubectl/get.h"
#include "cubectl/label.h"
#include "cubectl/logs.h"
#include "cubectl/scale.h"
#include "cubectl/version.h"
#include "cubectl/wait.h"

// clang-format off
static const struct command *const commands[] = {
    &get_command,
    &describe_command,
    &create_command,
    &apply_command,
    &delete_command,
    &logs_command,
    &scale_command,
    &wait_command,
    &api_resources_command,
    &label_command,
    &annotate_command,
    &cordon_command,
    &uncordon_command,
    &config_command,
    &version_command,
    NULL,
};
// clang-format on

const struct command *const *commands_all(void) {
    return commands;
}

const struct command *commands_find(const struct command *const *list, const char *name) {
    for (; *list; list++) {
        if (str_equal((*list)->name, name))
            return *list;
        AUTO_STR_LIST aliases = {0};
        str_list_split(&aliases, (*list)->aliases ? (*list)->aliases : "", ',');
        if (str_list_contains(&aliases, name))
            return *list;
    }
    return NULL;
}
