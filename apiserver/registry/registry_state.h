// SPDX-License-Identifier: Apache-2.0
// What the registry's files share: its state, keys, deadlines and conversions of resource versions.
#ifndef CUBE_APISERVER_REGISTRY_REGISTRY_STATE_H
#define CUBE_APISERVER_REGISTRY_REGISTRY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/registry/registry.h"
#include "apiserver/storage/storage.h"
#include "apiserver/storage/watch_cache.h"
#include "common/api/resources.h"

// Constant after registry_set_admission.
struct registry {
    struct registry_setup setup;
    struct admission_chain *admission; // NULL: none
    struct reader reader;
};

// The reads that need no lock-step with a client: the cache's wait bound for "not older than", as upstream's.
#define REGISTRY_FRESHNESS_WAIT (3 * SECOND)
// What a request may take when it has no deadline of its own.
#define REGISTRY_REQUEST_TIME (60 * SECOND)

// The cache of the resource if it has one and that is loaded; else NULL: read storage.
struct watch_cache *registry_cache(const struct registry *registry, const struct resource *resource);
int64_t registry_deadline(const struct registry *registry, int64_t deadline); // 0 becomes now + REGISTRY_REQUEST_TIME
// Appends "/registry/pods/" or "/registry/pods/<ns>/".
void registry_append_prefix(const struct resource *resource, const char *ns, struct str *out);
void registry_append_key(const struct resource *resource, const char *ns, const char *name, struct str *out);
// A resourceVersion as a client wrote it; 400 if it is no number.
int registry_parse_version(const char *text, uint64_t *ret_version, struct error **err) MUST_CHECK;
// The namespace that objects of this request are in: "" for cluster-scoped resources.
const char *registry_namespace(const struct registry_request *request);
const char *registry_subresource(const struct registry_request *request); // never NULL

// The name of a request must not be able to leave its place in the key space; 400 as upstream.
int registry_check_name(const struct registry_request *request, struct error **err) MUST_CHECK;

// An object of what storage holds, its resourceVersion spliced in. 500 if the bytes are no object.
int registry_object_of_item(const struct resource *resource, const struct storage_item *item, const struct object **ret_object,
                            struct error **err) MUST_CHECK;

#endif
