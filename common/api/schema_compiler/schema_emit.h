// SPDX-License-Identifier: Apache-2.0
// Writes the model as const C tables.
#ifndef CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_EMIT_H
#define CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_EMIT_H

#include "common/api/schema_compiler/schema_model.h"
#include "common/base/str.h"

void schema_emit_types(const struct model *model, struct str *out);
int schema_emit_resources(const struct model *model, struct str *out, struct error **err) MUST_CHECK;
// Parts that both use. A C string literal, or NULL for a NULL text.
void schema_emit_string(struct str *out, const char *text);
// "core_v1_PodSpec": the type's C name without prefix.
void schema_emit_type_symbol(struct str *out, const struct model_type *type);
// "(const char *const[]){"a", "b", NULL}".
void schema_emit_string_list(struct str *out, const struct json *list);

#endif
