// SPDX-License-Identifier: Apache-2.0
// How events are written: they expire, also anew after each update.
#include "apiserver/registry/event_strategy.h"

static int64_t ttl(const struct strategy_context *context) {
    return context->event_ttl;
}

const struct strategy event_strategy = {
    .group = "",
    .resource = "events",
    .allow_create_on_update = true,
    .dependents = STRATEGY_DEPENDENTS_UNSUPPORTED,
    .ttl = ttl,
};
