// SPDX-License-Identifier: Apache-2.0
// Rules of Leases.
#ifndef CUBE_COMMON_API_VALIDATION_LEASE_H
#define CUBE_COMMON_API_VALIDATION_LEASE_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_lease(const struct json *object, struct field_errors *errors);

#endif
