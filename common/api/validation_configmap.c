// SPDX-License-Identifier: Apache-2.0
// Rules of ConfigMaps: keys, keys in both maps, size, immutability.
#include "common/api/validation_configmap.h"

#include "common/api/validation_data.h"

void validation_configmap(const struct json *object, struct field_errors *errors) {
    size_t size = validation_data_keys(object, "data", false, errors);
    const struct json *binary = json_get(object, "binaryData");
    for (struct json_iter it = json_iter(json_get(object, "data")); json_iter_next(&it);) {
        AUTO_STR path = {0};
        str_append(&path, "data");
        field_path_push_key(&path, it.key);
        if (json_has(binary, it.key))
            field_errors_invalid_text(errors, str_text(&path), it.key, "duplicate of key present in binaryData");
    }
    size += validation_data_keys(object, "binaryData", true, errors);
    if (size > VALIDATION_DATA_MAX)
        field_errors_too_long(errors, "", (int64_t)VALIDATION_DATA_MAX);
}

void validation_configmap_update(const struct json *object, const struct json *old, struct field_errors *errors) {
    static const char *const fields[] = {"data", "binaryData", NULL};
    validation_data_immutable(object, old, fields, errors);
}
