// SPDX-License-Identifier: Apache-2.0
// Lists in strategic merge patches: finding elements by merge key, and the order of merged lists.
#ifndef CUBE_COMMON_API_STRATEGIC_PATCH_LIST_H
#define CUBE_COMMON_API_STRATEGIC_PATCH_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/data/json.h"

#define STRATEGIC_PATCH_NOT_FOUND ((size_t)-1)

// The index of the element that is the same as `element`: by merge key for objects, by value where key is NULL.
size_t strategic_patch_list_find(const struct json *list, const struct json *element, const char *key);
// A new list of merged's elements: those that order names come in its order, the others keep theirs and stand where server has them, as
// far as both can be had.
struct json *strategic_patch_list_ordered(const struct json *merged, const struct json *order, const struct json *server,
                                          const char *key);
bool strategic_patch_list_of_objects(const struct json *list);

#endif
