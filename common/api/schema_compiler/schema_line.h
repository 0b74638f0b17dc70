// SPDX-License-Identifier: Apache-2.0
// One line of a schema file taken apart: type expression, attributes, doc.
#ifndef CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_LINE_H
#define CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_LINE_H

#include "common/api/schema_compiler/schema_model.h"

// `list of Container required keys=name | doc` into field (name and line stay the caller's).
int schema_line_parse_field(const char *text, struct model_field *field, struct error **err) MUST_CHECK;
// `kind atomic | doc` of a $type line.
int schema_line_parse_type(const char *text, struct model_type *type, struct error **err) MUST_CHECK;
void schema_line_free_attributes(struct model_attributes *attributes);

#endif
