// SPDX-License-Identifier: Apache-2.0
// Rules of Events: they live where their object lives.
#include "common/api/validation_event.h"

#include "common/api/meta.h"

void validation_event(const struct json *object, struct field_errors *errors) {
    const char *ns = meta_namespace(object);
    const char *involved = json_find_text(object, "involvedObject.namespace");
    bool agree = *involved ? str_equal(ns, involved) : !*ns || str_equal(ns, "default");
    if (!agree)
        field_errors_invalid_text(errors, "involvedObject.namespace", involved, "does not match event.namespace");
}
