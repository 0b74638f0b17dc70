// SPDX-License-Identifier: Apache-2.0
// Rules of Events.
#ifndef CUBE_COMMON_API_VALIDATION_EVENT_H
#define CUBE_COMMON_API_VALIDATION_EVENT_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_event(const struct json *object, struct field_errors *errors);

#endif
