// SPDX-License-Identifier: Apache-2.0
// What a command is: a row with a name, its flags and a function.
#ifndef CUBE_CUBECTL_COMMAND_H
#define CUBE_CUBECTL_COMMAND_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/options.h"
#include "cubectl/session.h"

struct command {
    const char *name;
    const char *aliases;   // other names, separated by commas; NULL: none
    const char *arguments; // as the usage line shows them
    const char *summary;
    const struct option *options; // NULL: only the global ones
    size_t options_size;          // of the struct that they fill; it begins with a struct global_options
    // 0, or -1 with an error. Errors about single objects go to failure_add instead.
    int (*run)(struct session *session, const void *options, const struct str_list *arguments, struct error **err);
    const struct command *const *subcommands; // NULL-ended; NULL: none
};

#define COMMAND_OPTIONS_END                                                                                                      \
    { NULL, 0, 0, 0, NULL, NULL, NULL }
// The rows of commands that take no flags of their own.
struct command_plain {
    struct global_options global;
};

#endif
