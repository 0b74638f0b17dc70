// SPDX-License-Identifier: Apache-2.0
// How namespaces are written: phase, the kubernetes finalizer, the name label, deletion in two steps.
#ifndef CUBE_APISERVER_REGISTRY_NAMESPACE_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_NAMESPACE_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy namespace_strategy;

#endif
