// SPDX-License-Identifier: Apache-2.0
// What is special about a kind when it is written: the hooks that the generic write path calls, and the one list of strategies.
#ifndef CUBE_APISERVER_REGISTRY_STRATEGY_H
#define CUBE_APISERVER_REGISTRY_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/resources.h"
#include "common/data/json.h"

// What hooks may need besides the trees.
struct strategy_context {
    const struct resource *resource;
    const char *subresource; // "" for the object itself
    int64_t now;             // wall, when the request began
    int64_t event_ttl;       // nanoseconds
};

// How a kind treats its dependents when a delete does not say.
enum strategy_dependents {
    STRATEGY_DEPENDENTS_DELETE,
    STRATEGY_DEPENDENTS_ORPHAN,
    STRATEGY_DEPENDENTS_UNSUPPORTED, // never gets the garbage collector's finalizers
};

// A kind's rules. Every hook may be NULL; the generic behaviour then applies. Hooks are pure but for the trees they are given and called
// from any thread. Trees have their defaults. They run before validation.
struct strategy {
    const char *group;    // "" for core
    const char *resource; // plural, "pods"

    bool allow_create_on_update;      // PUT makes what is not there
    bool refuse_unconditional_update; // PUT needs a resourceVersion
    bool returns_deleted;             // a delete that removes at once answers with the object, not a Status
    bool generation;                  // metadata.generation starts at 1 and grows with each change of the spec
    enum strategy_dependents dependents;

    // Generic: status is removed.
    void (*prepare_create)(const struct strategy_context *context, struct json *object);
    // Generic: status is the old one's.
    void (*prepare_update)(const struct strategy_context *context, struct json *object, const struct json *old);
    // For an update through context->subresource. Generic for "status": everything but metadata and status is the old one's (done before
    // this is called).
    void (*prepare_subresource)(const struct strategy_context *context, struct json *object, const struct json *old);
    // Graceful deletion: the seconds that the object may stay, given what was requested (-1: nothing). NULL: the kind has no grace period.
    int64_t (*grace_seconds)(const struct json *object, int64_t requested);
    // Nanoseconds after which storage drops the object by itself; 0: never. NULL: never.
    int64_t (*ttl)(const struct strategy_context *context);
    // The kind has finalizers of its own besides those in metadata (namespaces): whether they hold the object still.
    bool (*held)(const struct json *object);
    // With held: what becomes of the object when a delete marks it, besides deletionTimestamp.
    void (*mark_deleted)(struct json *object);
};

// The strategy of a resource; the generic one (never NULL) if it has none of its own.
const struct strategy *strategy_of(const struct resource *resource);
// All strategies of kinds, for the test that walks them.
const struct strategy *const *strategy_all(size_t *ret_count);

// --- what strategies have in common ----------------------------------------------------------------------------------------
// Makes object's member the same as from's (removed where from has none).
void strategy_copy_member(struct json *object, const struct json *from, const char *key);

#endif
