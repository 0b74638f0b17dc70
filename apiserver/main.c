// SPDX-License-Identifier: Apache-2.0
// kube-apiserver.
#include "apiserver/program.h"

int main(int argc, char **argv) {
    return program_run(argc, argv);
}
