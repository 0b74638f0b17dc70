// SPDX-License-Identifier: Apache-2.0
// How leases are written: by PUT also where there is none, never without a resourceVersion.
#ifndef CUBE_APISERVER_REGISTRY_LEASE_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_LEASE_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy lease_strategy;

#endif
