// SPDX-License-Identifier: Apache-2.0
// kube-controller-manager as a library: the program is a table of parts, tests make it over any transport.
#ifndef CUBE_CONTROLLER_MANAGER_CONTROLLER_MANAGER_H
#define CUBE_CONTROLLER_MANAGER_CONTROLLER_MANAGER_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/net/transport.h"
#include "controller-manager/options.h"

// The controllers with their informers, without elections and servers. Everything handed in must outlive them.
struct controller_set;

struct controller_set_config {
    const struct controller_manager_options *options;
    struct transport *transport;
    struct clock *clock;
    struct random *random;
    const char *root_ca; // PEM or NULL
};

// An unknown name in --controllers is an error.
int controller_set_start(const struct controller_set_config *config, struct controller_set **ret_set,
                         struct error **err) MUST_CHECK;
// Returns when every worker has ended.
void controller_set_stop(struct controller_set *set);

// The whole program. Returns the exit code.
int controller_manager_main(int argc, char **argv);

#endif
