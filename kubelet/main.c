// SPDX-License-Identifier: Apache-2.0
// kubelet
#include <stdbool.h>
#include <unistd.h>

#include "kubelet/program.h"

int main(int argc, char **argv) {
    bool left = false;
    int code = program_run(argc, argv, &left);
    if (left)
        _exit(code);
    return code;
}
