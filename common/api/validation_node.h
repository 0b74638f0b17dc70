// SPDX-License-Identifier: Apache-2.0
// Rules of Nodes.
#ifndef CUBE_COMMON_API_VALIDATION_NODE_H
#define CUBE_COMMON_API_VALIDATION_NODE_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_node(const struct json *object, struct field_errors *errors);
void validation_node_update(const struct json *object, const struct json *old, struct field_errors *errors);

#endif
