// SPDX-License-Identifier: Apache-2.0
// Rules of ReplicaSets.
#ifndef CUBE_COMMON_API_VALIDATION_REPLICASET_H
#define CUBE_COMMON_API_VALIDATION_REPLICASET_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_replicaset(const struct json *object, struct field_errors *errors);
void validation_replicaset_update_status(const struct json *object, const struct json *old, struct field_errors *errors);

#endif
