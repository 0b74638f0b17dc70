// SPDX-License-Identifier: Apache-2.0
// Rules of the volumes in a pod spec.
#ifndef CUBE_COMMON_API_VALIDATION_VOLUME_H
#define CUBE_COMMON_API_VALIDATION_VOLUME_H

#include "common/api/field_errors.h"
#include "common/base/str.h"
#include "common/data/json.h"

void validation_volume(const struct json *spec, struct str *path, struct field_errors *errors);

#endif
