// SPDX-License-Identifier: Apache-2.0
// How pods are written: phase and QoS class at birth, deletion with a grace period.
#ifndef CUBE_APISERVER_REGISTRY_POD_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_POD_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy pod_strategy;

#endif
