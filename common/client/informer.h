// SPDX-License-Identifier: Apache-2.0
// A local copy of a resource that follows the server: list, watch, list again when the watch breaks; with handlers and indexes.
//
// Each informer runs one thread. Handlers are called on it, one after the other, and should only enqueue keys. Reads take references
// and may come from any thread.
#ifndef CUBE_COMMON_CLIENT_INFORMER_H
#define CUBE_COMMON_CLIENT_INFORMER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/object.h"
#include "common/base/random.h"
#include "common/base/vec.h"
#include "common/client/rest.h"

struct informer;

// old is NULL for an addition, new is NULL for a deletion; both are the same object (by UID) for a change. During the first list every
// object comes as an addition.
struct informer_handler {
    void (*on_event)(void *context, const struct object *old, const struct object *new);
    void *context;
};

// Gives the index values of an object: calls emit once per value. Pure.
typedef void (*informer_index_function)(const struct object *object, void (*emit)(void *emit_context, const char *value),
                                        void *emit_context);

struct informer_config {
    struct rest *rest;
    struct clock *clock;
    struct random *random; // back-off jitter
    const struct resource *resource;
    const char *ns;             // NULL: all
    const char *label_selector; // NULL: all
    const char *field_selector; // NULL: all
    bool metadata_only;         // objects have kind, apiVersion (of metav1 PartialObjectMetadata) and metadata only
};

struct informer *informer_new(const struct informer_config *config);
// Before informer_start. The name is a literal; a name that is there already keeps its function (shared informers).
void informer_add_handler(struct informer *informer, struct informer_handler handler);
void informer_add_index(struct informer *informer, const char *name, informer_index_function function);
void informer_start(struct informer *informer);
// Asks the thread to end and does not wait: who stops several informers asks all of them first.
void informer_request_stop(struct informer *informer);
// Ends the thread; the store stays readable until informer_free.
void informer_stop(struct informer *informer);
void informer_free(struct informer *informer); // stops first if needed

bool informer_synced(struct informer *informer); // the first list is in and handlers have seen it
// Waits for that; false: stopped before, or the monotonic deadline passed.
bool informer_wait_synced(struct informer *informer, int64_t monotonic_deadline);

// A new reference, or NULL. key as object_key makes it.
const struct object *informer_get(struct informer *informer, const char *key);
// Snapshots: new references in out->items (const struct object *), to be released with informer_release.
void informer_list(struct informer *informer, struct ptr_vec *out);
void informer_by_index(struct informer *informer, const char *index, const char *value, struct ptr_vec *out);
void informer_release(struct ptr_vec *objects); // unrefs all and frees the vector
size_t informer_len(struct informer *informer);

// Ready-made indexes.
void informer_index_namespace(const struct object *object, void (*emit)(void *, const char *), void *emit_context);
void informer_index_controller_uid(const struct object *object, void (*emit)(void *, const char *), void *emit_context);

#endif
