// SPDX-License-Identifier: Apache-2.0
// kube-controller-manager.
#include "controller-manager/controller_manager.h"

int main(int argc, char **argv) {
    return controller_manager_main(argc, argv);
}
