// SPDX-License-Identifier: Apache-2.0
// An API object as it crosses threads: immutable canonical bytes, an atomic reference count, and the facts that everybody needs.
//
// Canonical bytes are compact JSON with `kind` and `apiVersion` first and no "\/" (docs/architecture.md, "Objects").
#ifndef CUBE_COMMON_API_OBJECT_H
#define CUBE_COMMON_API_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct resource; // common/api/resources.h

// A label, or a selectable field with its value.
struct object_pair {
    const char *key;
    const char *value;
};

// Constant after object_new; reference-counted. All strings live in the object's own memory.
struct object {
    const char *json; // NUL-terminated
    size_t len;
    // Where the members after {"kind":...,"apiVersion":..., begin: a LIST item is '{' and json + body_offset to the end. 0 when the bytes
    // do not start with kind and apiVersion.
    size_t body_offset;
    const char *kind;
    const char *api_version;
    const char *ns; // "" for cluster scope
    const char *name;
    const char *uid;
    uint64_t resource_version; // 0 if absent
    int64_t generation;
    bool deleting;              // metadata.deletionTimestamp is set
    const char *controller_uid; // of the owner reference with controller: true; NULL if none
    const char *controller_kind;
    const char *controller_name;
    const struct object_pair *labels;
    size_t label_count;
    const struct object_pair *fields; // the resource's selectable fields, metadata.name and metadata.namespace among them
    size_t field_count;
};

// Makes an object from a tree (which stays the caller's). resource gives the selectable fields; NULL: metadata ones only. kind and
// apiVersion are taken from the tree, or from the resource where the tree has none (list items), and written first. Errors: no metadata or
// a resourceVersion that is no number.
int object_new(const struct json *tree, const struct resource *resource, struct object **ret_object,
               struct error **err) MUST_CHECK;
// The same from bytes; they are parsed once for the facts.
int object_new_from_bytes(const char *bytes, size_t len, const struct resource *resource, struct object **ret_object,
                          struct error **err) MUST_CHECK;
// A copy with metadata.resourceVersion set to `version` by splicing bytes, no parsing: what storage returned becomes what the cache holds.
struct object *object_with_version(const struct object *object, uint64_t version);
struct object *object_ref(const struct object *object);
void object_unref(const struct object *object); // NULL is fine
void object_unrefp(const struct object **object);
#define AUTO_OBJECT CLEANUP(object_unrefp) const struct object *

// A new tree for this thread; the caller owns it. Never fails: the bytes were checked when the object was made.
struct json *object_tree(const struct object *object);
const char *object_label(const struct object *object, const char *key);   // NULL if absent
const char *object_field(const struct object *object, const char *field); // NULL if the resource has no such field
// "namespace/name", or "name" for cluster scope: the key that stores and work queues use. malloc'd.
char *object_key(const struct object *object);
// Splits such a key; both results are malloc'd. false: it has more than one slash or is empty.
bool object_key_split(const char *key, char **ret_ns, char **ret_name) MUST_CHECK;

#endif
