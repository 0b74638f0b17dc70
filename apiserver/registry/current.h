// SPDX-License-Identifier: Apache-2.0
// The state of one object that a write starts from: first what the cache has, then, if that proved stale, what storage has.
#ifndef CUBE_APISERVER_REGISTRY_CURRENT_H
#define CUBE_APISERVER_REGISTRY_CURRENT_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/registry/registry_state.h"
#include "common/api/object.h"
#include "common/data/json.h"

// Zero-initialise to start; object NULL: there is none.
struct current {
    const struct object *object; // with its resourceVersion
    struct json *tree;           // the same for this thread
    uint64_t revision;
    bool from_cache; // it may be older than what storage has
};

void current_free(struct current *current); // frees and zeroes
#define AUTO_CURRENT CLEANUP(current_free) struct current

// Each of these replaces what was there.
// From the cache if it has the object, else from storage.
int current_load(struct current *current, const struct registry *registry, const struct registry_request *request,
                 const char *name, struct error **err) MUST_CHECK;
int current_load_stored(struct current *current, const struct registry *registry, const struct registry_request *request,
                        const char *name, struct error **err) MUST_CHECK;
// From what a failed comparison returned.
int current_take_item(struct current *current, const struct resource *resource, const struct storage_item *item,
                      struct error **err) MUST_CHECK;
// After a refusal that was decided on `current`: whether it is worth another try, because it came from the cache and storage has something else,
// which is loaded then.
bool current_was_stale(struct current *current, const struct registry *registry, const struct registry_request *request,
                       const char *name);

#endif
