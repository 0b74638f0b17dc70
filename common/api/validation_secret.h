// SPDX-License-Identifier: Apache-2.0
// Rules of Secrets.
#ifndef CUBE_COMMON_API_VALIDATION_SECRET_H
#define CUBE_COMMON_API_VALIDATION_SECRET_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_secret(const struct json *object, struct field_errors *errors);
void validation_secret_update(const struct json *object, const struct json *old, struct field_errors *errors);

#endif
