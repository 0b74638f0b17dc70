// SPDX-License-Identifier: Apache-2.0
// How nodes are written: unlike other kinds they bring their status along when they register.
#include "apiserver/registry/node_strategy.h"

static void prepare_create(const struct strategy_context *context, struct json *node) {
    (void)context;
    (void)node;
}

const struct strategy node_strategy = {
    .group = "",
    .resource = "nodes",
    .prepare_create = prepare_create,
};
