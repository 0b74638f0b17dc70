// SPDX-License-Identifier: Apache-2.0
// How nodes are written.
#ifndef CUBE_APISERVER_REGISTRY_NODE_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_NODE_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy node_strategy;

#endif
