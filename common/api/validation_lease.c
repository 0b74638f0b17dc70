// SPDX-License-Identifier: Apache-2.0
// Rules of Leases.
#include "common/api/validation_lease.h"

void validation_lease(const struct json *object, struct field_errors *errors) {
    const struct json *spec = json_get(object, "spec");
    const struct json *duration = json_get(spec, "leaseDurationSeconds");
    if (duration && json_int(duration, 0) <= 0)
        field_errors_invalid(errors, "spec.leaseDurationSeconds", duration, "must be greater than 0");
    if (*json_get_text(spec, "preferredHolder") && !*json_get_text(spec, "strategy"))
        field_errors_forbidden(errors, "spec.preferredHolder", "may only be specified if `strategy` is defined");
}
