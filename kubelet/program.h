// SPDX-License-Identifier: Apache-2.0
// The kubelet program: options, runtime, transport and the kubelet as rows of a component.
#ifndef CUBE_KUBELET_PROGRAM_H
#define CUBE_KUBELET_PROGRAM_H

#include <stdbool.h>

// Returns the exit code. *ret_left: something is still under way on other threads, whose memory must not be torn down: leave by _exit.
int program_run(int argc, char **argv, bool *ret_left);

#endif
