// SPDX-License-Identifier: Apache-2.0
// Rules of pod specs, in pods and in templates.
#ifndef CUBE_COMMON_API_VALIDATION_POD_SPEC_H
#define CUBE_COMMON_API_VALIDATION_POD_SPEC_H

#include "common/api/field_errors.h"
#include "common/base/str.h"
#include "common/data/json.h"

// path is where the spec is ("spec", "spec.template.spec"); it comes back as it was.
void validation_pod_spec(const struct json *spec, struct str *path, struct field_errors *errors);

#endif
