// SPDX-License-Identifier: Apache-2.0
// Puts the cluster's CA into the ConfigMap kube-root-ca.crt of each namespace: upstream's root-ca-certificate-publisher-controller.
#ifndef CUBE_CONTROLLER_MANAGER_ROOT_CA_PUBLISHER_H
#define CUBE_CONTROLLER_MANAGER_ROOT_CA_PUBLISHER_H

#include "controller-manager/controllers.h"

extern const struct controller_descriptor root_ca_publisher;

#endif
