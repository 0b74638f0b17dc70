// SPDX-License-Identifier: Apache-2.0
// RFC 7386 JSON merge patches: applying one, and making one from two or three versions of an object.
#ifndef CUBE_COMMON_DATA_MERGE_PATCH_H
#define CUBE_COMMON_DATA_MERGE_PATCH_H

#include "common/data/json.h"

// The patched copy of `target`; both arguments stay as they are. NULL stands for JSON null, also as the result. A target that
// is no object counts as an empty one; a patch that is no object replaces everything.
struct json *merge_patch_apply(const struct json *target, const struct json *patch);

// The patch (an object, possibly empty) that makes `modified` of `original`. Both are objects. Lists are replaced as a whole.
struct json *merge_patch_create(const struct json *original, const struct json *modified);

// What `apply` sends for types without a schema: changes and additions from `current` to `modified`, deletions of what was in
// `original` (the last applied configuration; may be NULL) and is gone from `modified`.
struct json *merge_patch_three_way(const struct json *original, const struct json *modified, const struct json *current);

#endif
