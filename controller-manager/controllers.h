// SPDX-License-Identifier: Apache-2.0
// The list of controllers. Adding one: its file, and a row here.
#ifndef CUBE_CONTROLLER_MANAGER_CONTROLLERS_H
#define CUBE_CONTROLLER_MANAGER_CONTROLLERS_H

#include <stdbool.h>
#include <stddef.h>

#include "controller-manager/controller_context.h"

// What a controller is to the manager. `make` registers handlers and indexes on shared informers (which start afterwards); `start`
// begins to work; `stop` returns when every worker has ended.
struct controller_descriptor {
    const char *name;  // upstream's: "replicaset-controller"
    const char *alias; // the older short name that --controllers accepts too; NULL: none
    void *(*make)(struct controller_context *context);
    void (*start)(void *controller);
    void (*stop)(void *controller);
    void (*free)(void *controller);
};

extern const struct controller_descriptor *const controllers_all[];
extern const size_t controllers_count;

// Whether --controllers asks for this one, by upstream's rules: the first item that names it ("x" or "-x") decides, else "*".
bool controllers_enabled(const struct str_list *flag, const struct controller_descriptor *controller);
// An unknown name is an error: `"x" is not in the list of known controllers`. One of upstream's that this build lacks is a warning.
int controllers_check_flag(const struct str_list *flag, struct error **err) MUST_CHECK;

#endif
