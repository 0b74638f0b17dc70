// SPDX-License-Identifier: Apache-2.0
// kube-apiserver as a daemon: its parts in the order in which they start.
#ifndef CUBE_APISERVER_PROGRAM_H
#define CUBE_APISERVER_PROGRAM_H

// The whole of main.
int program_run(int argc, char **argv);

#endif
