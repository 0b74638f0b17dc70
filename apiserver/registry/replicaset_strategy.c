// SPDX-License-Identifier: Apache-2.0
// How replica sets are written: status at birth, generation.
#include "apiserver/registry/replicaset_strategy.h"

static void prepare_create(const struct strategy_context *context, struct json *set) {
    (void)context;
    struct json *status = json_new_object();
    json_set_int(status, "replicas", 0);
    json_set(set, "status", status);
}

const struct strategy replicaset_strategy = {
    .group = "apps",
    .resource = "replicasets",
    .generation = true,
    .prepare_create = prepare_create,
};
