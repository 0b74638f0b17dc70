// SPDX-License-Identifier: Apache-2.0
// cubectl: the command line of the cluster.
#include <signal.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "cubectl/cubectl.h"

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_DFL);
    struct cubectl_config config = {.in = stdin, .out = stdout, .errors = stderr, .clock = clock_system()};
    return cubectl_run(&config, argc, argv);
}
