// SPDX-License-Identifier: Apache-2.0
// Rules of Namespaces: finalizers of the spec, phase and deletion.
#include "common/api/validation_namespace.h"

#include "common/api/meta.h"
#include "common/api/validation_labels.h"

void validation_namespace(const struct json *object, struct field_errors *errors) {
    const struct json *finalizers = json_find(object, "spec.finalizers");
    for (size_t i = 0; i < json_len(finalizers); i++) {
        AUTO_STR path = {0};
        str_append(&path, "spec.finalizers");
        validation_labels_finalizer(json_string(json_at(finalizers, i)), str_text(&path), errors);
    }
}

void validation_namespace_update_status(const struct json *object, const struct json *old, struct field_errors *errors) {
    (void)old;
    validation_namespace(object, errors); // the subresource finalize comes here, too
    const char *phase = json_find_text(object, "status.phase");
    bool deleting = meta_deleting(object);
    if (!deleting && !str_equal(phase, "Active"))
        field_errors_invalid_text(errors, "status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty");
    else if (deleting && !str_equal(phase, "Terminating"))
        field_errors_invalid_text(errors, "status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
}
