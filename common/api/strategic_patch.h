// SPDX-License-Identifier: Apache-2.0
// Strategic merge patch by the schema's patch strategies and merge keys, with all directives ($patch, $deleteFromPrimitiveList,
// $setElementOrder, $retainKeys); error texts as apimachinery's strategicpatch.
#ifndef CUBE_COMMON_API_STRATEGIC_PATCH_H
#define CUBE_COMMON_API_STRATEGIC_PATCH_H

#include "common/api/schema.h"
#include "common/base/error.h"
#include "common/data/json.h"

// *ret_object is a new tree; original and patch stay as they are. Fields without schema merge as plain JSON merge patch does.
int strategic_patch_apply(const struct schema_type *type, const struct json *original, const struct json *patch,
                          struct json **ret_object, struct error **err) MUST_CHECK;
// The three-way patch that `kubectl apply` sends: deletions from original (last applied) to modified, changes from current to modified.
// original may be NULL. *ret_patch is {} when nothing differs.
int strategic_patch_three_way(const struct schema_type *type, const struct json *original, const struct json *modified,
                              const struct json *current, struct json **ret_patch, struct error **err) MUST_CHECK;

#endif
