// SPDX-License-Identifier: Apache-2.0
// --sort-by: orders objects by the value of a field.
#ifndef CUBE_CUBECTL_GET_SORT_H
#define CUBE_CUBECTL_GET_SORT_H

#include "common/base/error.h"
#include "common/data/json.h"

// Sorts an array of objects (member NULL) or of things that hold them (member "object") by a JSONPath, stably: numbers and quantities by
// value, text with numbers in their natural order; what lacks the field comes first.
int get_sort(struct json *array, const char *member, const char *path, struct error **err) MUST_CHECK;

#endif
