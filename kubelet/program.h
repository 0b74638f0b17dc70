// SPDX-License-Identifier: Apache-2.0
// The kubelet program: options, runtime, transport and the kubelet as rows of a component.
#ifndef CUBE_KUBELET_PROGRAM_H
#define CUBE_KUBELET_PROGRAM_H

// Returns the exit code.
int program_run(int argc, char **argv);

#endif
