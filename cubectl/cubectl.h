// SPDX-License-Identifier: Apache-2.0
// The program: finds the command, parses its flags, runs it, reports what went wrong.
#ifndef CUBE_CUBECTL_CUBECTL_H
#define CUBE_CUBECTL_CUBECTL_H

#include <stdio.h>

#include "common/base/clock.h"
#include "common/net/transport.h"

struct cubectl_config {
    FILE *in, *out, *errors;
    struct clock *clock;
    struct transport *transport; // NULL: made of the kubeconfig
};

// Returns the exit code.
int cubectl_run(const struct cubectl_config *config, int argc, char **argv);

#endif
