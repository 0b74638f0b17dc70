// SPDX-License-Identifier: Apache-2.0
// Objects in order of their keys ("namespace/name", or "name" for cluster scope, compared as bytes, as etcd orders them).
//
// A sorted array of chunks: an insertion moves at most a chunk's pointers, and no object needs a node or a copy of its key.
#ifndef CUBE_APISERVER_STORAGE_OBJECT_INDEX_H
#define CUBE_APISERVER_STORAGE_OBJECT_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/object.h"
#include "common/base/vec.h"

// Zero-initialise to start. Owns a reference to each object.
struct object_index {
    struct ptr_vec chunks;
    size_t len;
};

void object_index_free(struct object_index *index); // frees and zeroes
// Borrowed; NULL if there is none.
const struct object *object_index_get(const struct object_index *index, const char *key);
// Hands back what had the same key (owned by the caller now), or NULL.
const struct object *object_index_put(struct object_index *index, const struct object *take_object);
const struct object *object_index_remove(struct object_index *index, const char *key); // the same
// How many objects have a lesser key.
size_t object_index_position(const struct object_index *index, const char *key);
// <0, 0, >0 as the object's key is before, equal to, behind this one.
int object_index_compare(const struct object *object, const char *key);

// for (struct object_index_iter it = object_index_seek(index, key); (object = object_index_next(&it));): from the first object whose key is
// not less than `key` on. The index must not change meanwhile.
struct object_index_iter {
    const struct object_index *index;
    size_t chunk;
    size_t item;
};
struct object_index_iter object_index_seek(const struct object_index *index, const char *key);
const struct object *object_index_next(struct object_index_iter *it); // borrowed; NULL at the end

#endif
