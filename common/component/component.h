// SPDX-License-Identifier: Apache-2.0
// What all daemons do alike: parse options, set up logs, start parts in order, serve health and metrics, wait for a signal, stop in
// reverse order.
#ifndef CUBE_COMMON_COMPONENT_COMPONENT_H
#define CUBE_COMMON_COMPONENT_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/options.h"
#include "common/base/random.h"

// A row of a program's start list: `start` in the order of the rows, `stop` in reverse for those that started. Either may be NULL.
struct component_part {
    const char *name;
    int (*start)(void *program, struct error **err);
    void (*stop)(void *program);
};

// Option rows that several programs share, with where the program keeps the struct that their offsets count from.
struct component_option_group {
    const struct option *rows;
    size_t offset;
};

// A daemon as a table.
struct component {
    const char *name;             // "kube-scheduler"
    const struct option *options; // the program's own rows; logging rows (v, vmodule, logging-format) are added
    void *program;                // the struct that options and parts work on
    // After parsing, before parts: defaults that depend on other options, config files, validation. May be NULL. `given` holds the names
    // of options on the command line.
    int (*configure)(void *program, const struct option *table, const struct str_list *given, struct error **err);
    const struct component_part *parts;  // ends with a row whose name is NULL
    size_t logging_offset;               // of a struct component_logging in the program's struct
    struct component_option_group group; // rows NULL: none
};

struct component_logging {
    int64_t verbosity;
    char *vmodule;
    char *format;
};

// The whole of main: returns the exit code as upstream's programs have it (0 after SIGTERM or SIGINT, 1 for anything that failed to parse or start).
int component_main(const struct component *component, int argc, char **argv);
// Ends component_main from any thread. With 0 parts are stopped as at a signal; with anything else (lost lease: 1) the process ends at once,
// so that nothing is written any more. While parts stop, a second signal ends the process at once with 1.
void component_exit(int exit_code);

#endif
