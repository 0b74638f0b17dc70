// SPDX-License-Identifier: Apache-2.0
// How replica sets are written: status at birth, generation.
#ifndef CUBE_APISERVER_REGISTRY_REPLICASET_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_REPLICASET_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy replicaset_strategy;

#endif
