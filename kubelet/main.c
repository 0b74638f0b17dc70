// SPDX-License-Identifier: Apache-2.0
// kubelet
#include "kubelet/program.h"

int main(int argc, char **argv) {
    return program_run(argc, argv);
}
