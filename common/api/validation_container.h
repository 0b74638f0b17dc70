// SPDX-License-Identifier: Apache-2.0
// Rules of containers.
#ifndef CUBE_COMMON_API_VALIDATION_CONTAINER_H
#define CUBE_COMMON_API_VALIDATION_CONTAINER_H

#include "common/api/field_errors.h"
#include "common/base/str.h"
#include "common/data/json.h"

// Where a container stands decides what it may have.
enum validation_container_role { VALIDATION_CONTAINER_MAIN, VALIDATION_CONTAINER_INIT, VALIDATION_CONTAINER_EPHEMERAL };

// One container of a pod spec; path is the container's.
void validation_container(const struct json *spec, const struct json *container, enum validation_container_role role,
                          struct str *path, struct field_errors *errors);

#endif
