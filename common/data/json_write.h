// SPDX-License-Identifier: Apache-2.0
// JSON text from values and strings; part of json.h's contract, kept apart from the tree.
#ifndef CUBE_COMMON_DATA_JSON_WRITE_H
#define CUBE_COMMON_DATA_JSON_WRITE_H

#include <stddef.h>

#include "common/base/str.h"

struct json;

// Appends compact JSON: no spaces, no "\/", keys in insertion order, numbers as they came.
void json_write(const struct json *value, struct str *out);
void json_write_pretty(const struct json *value, struct str *out, int indent); // as Go's json.MarshalIndent
// As kubectl prints objects: keys in byte order, numbers as Go writes them, <, > and & escaped. indent -1 gives compact JSON.
void json_write_sorted(const struct json *value, struct str *out, int indent);
// Appends a quoted, escaped JSON string, as Go's encoding/json does without HTML escaping.
void json_write_string(struct str *out, const char *text);
void json_write_string_n(struct str *out, const char *text, size_t len);

#endif
