// SPDX-License-Identifier: Apache-2.0
// Rules of what says where a pod may run: node selector, affinity, tolerations, spread.
#ifndef CUBE_COMMON_API_VALIDATION_POD_PLACEMENT_H
#define CUBE_COMMON_API_VALIDATION_POD_PLACEMENT_H

#include "common/api/field_errors.h"
#include "common/base/str.h"
#include "common/data/json.h"

void validation_pod_placement(const struct json *spec, struct str *path, struct field_errors *errors);

#endif
