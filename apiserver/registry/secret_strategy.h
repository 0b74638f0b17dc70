// SPDX-License-Identifier: Apache-2.0
// How secrets are written: stringData goes into data.
#ifndef CUBE_APISERVER_REGISTRY_SECRET_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_SECRET_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy secret_strategy;

#endif
