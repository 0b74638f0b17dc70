// SPDX-License-Identifier: Apache-2.0
// The one list of strategies, and what they have in common.
#include <string.h>

#include "apiserver/registry/event_strategy.h"
#include "apiserver/registry/lease_strategy.h"
#include "apiserver/registry/namespace_strategy.h"
#include "apiserver/registry/node_strategy.h"
#include "apiserver/registry/pod_strategy.h"
#include "apiserver/registry/replicaset_strategy.h"
#include "apiserver/registry/secret_strategy.h"
#include "apiserver/registry/serviceaccount_strategy.h"
#include "apiserver/registry/strategy.h"
#include "common/base/macro.h"
#include "common/base/str.h"

static const struct strategy *const strategies[] = {
    &namespace_strategy, &node_strategy,           &pod_strategy,   &replicaset_strategy,
    &secret_strategy,    &serviceaccount_strategy, &event_strategy, &lease_strategy,
};

// ConfigMaps and everything else that has no rules of its own.
static const struct strategy generic = {.group = "", .resource = ""};

const struct strategy *strategy_of(const struct resource *resource) {
    for (size_t i = 0; i < ARRAY_LEN(strategies); i++)
        if (strcmp(strategies[i]->resource, resource->plural) == 0 && strcmp(strategies[i]->group, resource->group) == 0)
            return strategies[i];
    return &generic;
}

const struct strategy *const *strategy_all(size_t *ret_count) {
    *ret_count = ARRAY_LEN(strategies);
    return strategies;
}

void strategy_copy_member(struct json *object, const struct json *from, const char *key) {
    if (json_has(from, key))
        json_set(object, key, json_clone(json_get(from, key)));
    else
        json_remove(object, key);
}
