// SPDX-License-Identifier: Apache-2.0
// How events are written: they expire.
#ifndef CUBE_APISERVER_REGISTRY_EVENT_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_EVENT_STRATEGY_H

#include "apiserver/registry/strategy.h"

extern const struct strategy event_strategy;

#endif
