// SPDX-License-Identifier: Apache-2.0
// Validation of single fields by the schema: required, enums, bounds, lengths, formats, immutability.
#include <inttypes.h>
#include <regex.h>
#include <string.h>

#include "common/api/name_rules.h"
#include "common/api/schema.h"
#include "common/base/alloc.h"

struct validate {
    struct str path;
    struct field_errors *errors;
};

static void validate_value(struct validate *v, const struct schema_type *type, const struct json *value);

static const char *absolute_path(const char *text) {
    return *text == '/' ? NULL : "must be an absolute path";
}

// Formats of strings that are checked; others are for readers only.
static const struct {
    const char *name;
    const char *(*check)(const char *text);
} formats[] = {
    {"dns1123-label", name_rules_dns1123_label},
    {"dns1123-subdomain", name_rules_dns1123_subdomain},
    {"dns1035-label", name_rules_dns1035_label},
    {"qualified-name", name_rules_qualified_name},
    {"label-value", name_rules_label_value},
    {"c-identifier", name_rules_c_identifier},
    {"env-var", name_rules_env_var},
    {"config-key", name_rules_config_key},
    {"port-name", name_rules_port_name},
    {"ip", name_rules_ip},
    {"ipv4", name_rules_ipv4},
    {"absolute-path", absolute_path},
};

static bool pattern_matches(const char *pattern, const char *text) {
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return true;
    bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static void validate_string(struct validate *v, const struct schema_type *type, const struct json *value) {
    const char *text = json_string(value);
    const char *path = str_text(&v->path);
    if (!text)
        return;
    if (type->enum_values) {
        for (const char *const *allowed = type->enum_values; *allowed; allowed++)
            if (str_equal(*allowed, text))
                return;
        field_errors_not_supported(v->errors, path, text, type->enum_values);
        return;
    }
    if (type->max_length >= 0 && json_string_len(value) > (size_t)type->max_length)
        field_errors_too_long(v->errors, path, type->max_length);
    if (type->min_length > 0 && json_string_len(value) < (size_t)type->min_length) {
        CLEANUP(free_ptr) char *detail = alloc_printf("must be at least %" PRId64 " bytes", type->min_length);
        field_errors_invalid(v->errors, path, value, detail);
    }
    for (size_t i = 0; type->format && *text && i < ARRAY_LEN(formats); i++) {
        const char *message = str_equal(formats[i].name, type->format) ? formats[i].check(text) : NULL;
        if (message)
            field_errors_invalid(v->errors, path, value, message);
    }
    if (type->pattern && *text && !pattern_matches(type->pattern, text)) {
        CLEANUP(free_ptr) char *detail = alloc_printf("should match '%s'", type->pattern);
        field_errors_invalid(v->errors, path, value, detail);
    }
}

static void validate_number(struct validate *v, const struct schema_type *type, const struct json *value) {
    int64_t number = json_int(value, 0);
    if (str_equal(type->format, "port") && (number < 1 || number > 65535))
        field_errors_invalid(v->errors, str_text(&v->path), value, name_rules_port_number(number));
    bool low = type->has_minimum && number < type->minimum;
    bool high = type->has_maximum && number > type->maximum;
    if (!low && !high)
        return;
    CLEANUP(free_ptr)
    char *detail = type->has_minimum && type->has_maximum
                       ? alloc_printf("must be between %" PRId64 " and %" PRId64 ", inclusive", type->minimum, type->maximum)
                   : low ? alloc_printf("must be greater than or equal to %" PRId64, type->minimum)
                         : alloc_printf("must be less than or equal to %" PRId64, type->maximum);
    field_errors_invalid(v->errors, str_text(&v->path), value, detail);
}

static void validate_count(struct validate *v, const struct schema_type *type, size_t count) {
    if (type->max_length >= 0 && count > (size_t)type->max_length)
        field_errors_too_many(v->errors, str_text(&v->path), (int64_t)count, type->max_length);
    if (type->min_length > 0 && count < (size_t)type->min_length) {
        CLEANUP(free_ptr) char *detail = alloc_printf("must have at least %" PRId64 " items", type->min_length);
        field_errors_invalid_int(v->errors, str_text(&v->path), (int64_t)count, detail);
    }
}

static bool is_empty(const struct json *value) {
    switch (json_kind_of(value)) {
    case JSON_NULL:
        return true;
    case JSON_STRING:
        return json_string_len(value) == 0;
    case JSON_ARRAY:
        return json_len(value) == 0;
    default:
        return false;
    }
}

static bool is_port_zero(const struct schema_field *field, const struct json *value) {
    return str_equal(field->type->format, "port") && json_kind_of(value) == JSON_INT && json_int(value, 1) == 0;
}

// Optional fields let the empty string and port 0 pass: they are upstream's "not set".
static bool is_unset(const struct schema_field *field, const struct json *value) {
    if (field->required)
        return !value;
    return !value || (json_is_string(value) && json_string_len(value) == 0) || is_port_zero(field, value);
}

static void validate_object(struct validate *v, const struct schema_type *type, const struct json *object) {
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const struct json *value = json_get(object, field->name);
        if (!field->required && !value)
            continue;
        size_t mark = field_path_push(&v->path, field->name);
        bool empty =
            is_empty(value) || (field->type->kind == SCHEMA_MAP && json_object_size(value) == 0) || is_port_zero(field, value);
        if (field->required && !field->default_text && empty)
            field_errors_required(v->errors, str_text(&v->path), NULL);
        else if (!is_unset(field, value))
            validate_value(v, field->type, value);
        str_truncate(&v->path, mark);
    }
}

static void validate_value(struct validate *v, const struct schema_type *type, const struct json *value) {
    switch (type->kind) {
    case SCHEMA_OBJECT:
        validate_object(v, type, value);
        break;
    case SCHEMA_LIST:
        validate_count(v, type, json_len(value));
        for (size_t i = 0; i < json_len(value); i++) {
            size_t mark = field_path_push_index(&v->path, i);
            validate_value(v, type->element, json_at(value, i));
            str_truncate(&v->path, mark);
        }
        break;
    case SCHEMA_MAP:
        validate_count(v, type, json_object_size(value));
        for (struct json_iter it = json_iter(value); json_iter_next(&it);) {
            size_t mark = field_path_push_key(&v->path, it.key);
            validate_value(v, type->element, it.value);
            str_truncate(&v->path, mark);
        }
        break;
    case SCHEMA_STRING:
        validate_string(v, type, value);
        break;
    case SCHEMA_INT32:
    case SCHEMA_INT64:
    case SCHEMA_NUMBER:
        validate_number(v, type, value);
        break;
    default:
        break;
    }
}

void schema_validate(const struct schema_type *type, const struct json *object, struct field_errors *errors) {
    struct validate v = {.errors = errors};
    validate_value(&v, type, object);
    str_free(&v.path);
}

static void validate_immutable(struct validate *v, const struct schema_type *type, const struct json *object,
                               const struct json *old) {
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const struct json *value = json_get(object, field->name);
        const struct json *before = json_get(old, field->name);
        size_t mark = field_path_push(&v->path, field->name);
        if (field->immutable && before && !json_equal(value, before))
            field_errors_invalid(v->errors, str_text(&v->path), value, "field is immutable");
        else if (field->type->kind == SCHEMA_OBJECT && value && before)
            validate_immutable(v, field->type, value, before);
        str_truncate(&v->path, mark);
    }
}

void schema_validate_update(const struct schema_type *type, const struct json *object, const struct json *old,
                            struct field_errors *errors) {
    struct validate v = {.errors = errors};
    validate_immutable(&v, type, object, old);
    str_free(&v.path);
}
