// SPDX-License-Identifier: Apache-2.0
// Rules that ConfigMaps and Secrets share.
#include "common/api/validation_data.h"

#include "common/api/name_rules.h"

static size_t decoded_size(const struct json *value) {
    const char *text = json_string(value);
    size_t len = json_string_len(value);
    if (len < 4)
        return 0;
    return len / 4 * 3 - (text[len - 1] == '=') - (text[len - 2] == '=');
}

size_t validation_data_keys(const struct json *object, const char *field, bool base64, struct field_errors *errors) {
    size_t total = 0;
    for (struct json_iter it = json_iter(json_get(object, field)); json_iter_next(&it);) {
        const char *message = name_rules_config_key(it.key);
        AUTO_STR path = {0};
        str_append(&path, field);
        field_path_push_key(&path, it.key);
        if (message)
            field_errors_invalid_text(errors, str_text(&path), it.key, message);
        total += base64 ? decoded_size(it.value) : json_string_len(it.value);
    }
    return total;
}

void validation_data_immutable(const struct json *object, const struct json *old, const char *const *fields,
                               struct field_errors *errors) {
    static const char detail[] = "field is immutable when `immutable` is set";
    if (!json_get_bool(old, "immutable", false))
        return;
    if (!json_get_bool(object, "immutable", false))
        field_errors_forbidden(errors, "immutable", detail);
    for (; *fields; fields++)
        if (!json_equal(json_get(object, *fields), json_get(old, *fields)))
            field_errors_forbidden(errors, *fields, detail);
}
