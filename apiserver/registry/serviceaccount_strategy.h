// SPDX-License-Identifier: Apache-2.0
// How service accounts are written.
#ifndef CUBE_APISERVER_REGISTRY_SERVICEACCOUNT_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_SERVICEACCOUNT_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy serviceaccount_strategy;

#endif
