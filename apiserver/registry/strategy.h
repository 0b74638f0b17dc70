// SPDX-License-Identifier: Apache-2.0
// What is special about a kind when it is written: the hooks that the generic write path calls, and the one list of strategies.
#ifndef CUBE_APISERVER_REGISTRY_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/data/json.h"

struct resource;
struct registry_delete_options;

// What hooks may need besides the trees.
struct strategy_context {
    const struct resource *resource;
    const char *subresource; // "" for the object itself
    struct clock *clock;
    int64_t now; // wall, when the request began
};

// A kind's rules. Every hook may be NULL; the generic behaviour then applies. Hooks are pure but for the trees they are given and called from
// any thread.
struct strategy {
    const char *resource; // plural, "pods"
    const char *group;    // "" for core

    bool allow_create_on_update;
    bool allow_unconditional_update; // a PUT without resourceVersion overwrites
    bool delete_returns_object;      // a delete that removes at once answers with the object, not a Status
    bool default_orphan;             // without a policy, dependents are orphaned
    bool no_generation;              // metadata.generation is not kept

    // Before validation: drop what the client may not set, fill what the server computes.
    void (*prepare_create)(const struct strategy_context *context, struct json *object);
    void (*prepare_update)(const struct strategy_context *context, struct json *object, const struct json *old);
    // Rules of create and update beyond those of common/api/validation; adds causes to `errors` (an error collector as there).
    // Graceful deletion: how many seconds the object may stay; 0 removes at once, -1: the kind knows no grace period.
    int64_t (*grace_period)(const struct strategy_context *context, const struct json *object, int64_t requested);
    // Nanoseconds after which storage drops the object by itself; 0: never.
    int64_t (*ttl)(const struct strategy_context *context, const struct json *object);
    // May hold the object although it has no finalizers in metadata (namespaces: spec.finalizers). NULL: never.
    bool (*held)(const struct json *object);
    // Called when a delete marks the object (deletionTimestamp set) but keeps it: namespaces become Terminating.
    void (*mark_deleted)(const struct strategy_context *context, struct json *object);
};

// The strategy of a resource; the generic one (never NULL) if it has none of its own.
const struct strategy *strategy_of(const struct resource *resource);
// All strategies, for the test that walks them.
const struct strategy *const *strategy_all(size_t *ret_count);

#endif
