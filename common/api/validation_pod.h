// SPDX-License-Identifier: Apache-2.0
// Rules of Pods.
#ifndef CUBE_COMMON_API_VALIDATION_POD_H
#define CUBE_COMMON_API_VALIDATION_POD_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_pod(const struct json *object, struct field_errors *errors);
void validation_pod_create(const struct json *object, struct field_errors *errors);
void validation_pod_update(const struct json *object, const struct json *old, struct field_errors *errors);
void validation_pod_update_status(const struct json *object, const struct json *old, struct field_errors *errors);

#endif
