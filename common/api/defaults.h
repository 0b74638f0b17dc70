// SPDX-License-Identifier: Apache-2.0
// Defaulting of whole objects: the schema's plain defaults, and those that depend on other fields.
#ifndef CUBE_COMMON_API_DEFAULTS_H
#define CUBE_COMMON_API_DEFAULTS_H

#include "common/api/resources.h"
#include "common/data/json.h"

// Both kinds of defaults in upstream's order. Idempotent; run on every write after decoding (and after each patch).
void defaults_apply(const struct resource *resource, struct json *object);

#endif
