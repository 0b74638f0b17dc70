// SPDX-License-Identifier: Apache-2.0
// What ConfigMaps and Secrets have in common: keys, sizes, immutability.
#ifndef CUBE_COMMON_API_VALIDATION_DATA_H
#define CUBE_COMMON_API_VALIDATION_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/field_errors.h"
#include "common/data/json.h"

// The largest sum of all values.
#define VALIDATION_DATA_MAX ((size_t)1024 * 1024)

// Checks the keys of the map `field`; returns the bytes of its values (decoded, if base64).
size_t validation_data_keys(const struct json *object, const char *field, bool base64, struct field_errors *errors);
// Once `immutable` is true it stays, and so do these fields (NULL-ended).
void validation_data_immutable(const struct json *object, const struct json *old, const char *const *fields,
                               struct field_errors *errors);

#endif
