// SPDX-License-Identifier: Apache-2.0
// Collects validation errors and prints them as apimachinery's field package does.
#include "common/api/field_errors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/map.h"

void field_errors_free(struct field_errors *errors) {
    for (size_t i = 0; i < errors->len; i++) {
        free(errors->items[i].field);
        free(errors->items[i].message);
    }
    free(errors->items);
    *errors = (struct field_errors){0};
}

static void add(struct field_errors *errors, const char *reason, const char *field, struct str *take_message,
                const char *detail) {
    if (!str_empty(detail))
        str_printf(take_message, ": %s", detail);
    if (errors->len == errors->cap) {
        errors->cap = errors->cap ? 2 * errors->cap : 4;
        errors->items = alloc_resize(errors->items, errors->cap, sizeof(*errors->items));
    }
    errors->items[errors->len++] =
        (struct field_error){.reason = reason, .field = alloc_string(field), .message = str_take(take_message)};
}

static void add_plain(struct field_errors *errors, const char *reason, const char *field, const char *text, const char *detail) {
    struct str message = {0};
    str_append(&message, text);
    add(errors, reason, field, &message, detail);
}

static void add_value(struct field_errors *errors, const char *reason, const char *field, const char *text,
                      const struct json *value) {
    struct str message = {0};
    str_printf(&message, "%s: ", text);
    json_write(value, &message);
    add(errors, reason, field, &message, NULL);
}

static void add_text(struct field_errors *errors, const char *reason, const char *field, const char *text, const char *value,
                     const char *detail) {
    struct str message = {0};
    str_printf(&message, "%s: ", text);
    json_write_string(&message, value);
    add(errors, reason, field, &message, detail);
}

void field_errors_required(struct field_errors *errors, const char *field, const char *detail) {
    add_plain(errors, "FieldValueRequired", field, "Required value", detail);
}

void field_errors_invalid(struct field_errors *errors, const char *field, const struct json *value, const char *detail) {
    struct str message = {0};
    str_append(&message, "Invalid value: ");
    json_write(value, &message);
    add(errors, "FieldValueInvalid", field, &message, detail);
}

void field_errors_invalid_text(struct field_errors *errors, const char *field, const char *value, const char *detail) {
    add_text(errors, "FieldValueInvalid", field, "Invalid value", value, detail);
}

void field_errors_invalid_int(struct field_errors *errors, const char *field, int64_t value, const char *detail) {
    struct str message = {0};
    str_printf(&message, "Invalid value: %" PRId64, value);
    add(errors, "FieldValueInvalid", field, &message, detail);
}

void field_errors_not_supported(struct field_errors *errors, const char *field, const char *value, const char *const *supported) {
    AUTO_STR detail = {0};
    str_append(&detail, "supported values: ");
    for (size_t i = 0; supported[i]; i++) {
        if (i)
            str_append(&detail, ", ");
        json_write_string(&detail, supported[i]);
    }
    add_text(errors, "FieldValueNotSupported", field, "Unsupported value", value, str_text(&detail));
}

void field_errors_duplicate(struct field_errors *errors, const char *field, const struct json *value) {
    add_value(errors, "FieldValueDuplicate", field, "Duplicate value", value);
}

void field_errors_duplicate_text(struct field_errors *errors, const char *field, const char *value) {
    add_text(errors, "FieldValueDuplicate", field, "Duplicate value", value, NULL);
}

void field_errors_forbidden(struct field_errors *errors, const char *field, const char *detail) {
    add_plain(errors, "FieldValueForbidden", field, "Forbidden", detail);
}

void field_errors_not_found(struct field_errors *errors, const char *field, const char *value) {
    add_text(errors, "FieldValueNotFound", field, "Not found", value, NULL);
}

void field_errors_too_long(struct field_errors *errors, const char *field, int64_t max) {
    struct str message = {0};
    str_printf(&message, "Too long: may not be more than %" PRId64 " bytes", max);
    add(errors, "FieldValueTooLong", field, &message, NULL);
}

void field_errors_too_many(struct field_errors *errors, const char *field, int64_t actual, int64_t max) {
    struct str message = {0};
    str_printf(&message, "Too many: %" PRId64 ": must have at most %" PRId64 " items", actual, max);
    add(errors, "FieldValueTooMany", field, &message, NULL);
}

void field_errors_append_text(const struct field_errors *errors, struct str *out) {
    CLEANUP(map_free) struct map seen = {0};
    AUTO_STR joined = {0};
    for (size_t i = 0; i < errors->len; i++) {
        AUTO_STR text = {0};
        str_printf(&text, "%s: %s", errors->items[i].field, errors->items[i].message);
        if (map_has(&seen, str_text(&text)))
            continue;
        map_put(&seen, str_text(&text), &joined);
        if (joined.len)
            str_append(&joined, ", ");
        str_append_n(&joined, text.data, text.len);
    }
    str_printf(out, "%s%s%s", seen.len == 1 ? "" : "[", str_text(&joined), seen.len == 1 ? "" : "]");
}

size_t field_path_push(struct str *path, const char *name) {
    size_t mark = path->len;
    if (mark)
        str_append_char(path, '.');
    str_append(path, name);
    return mark;
}

size_t field_path_push_index(struct str *path, size_t index) {
    size_t mark = path->len;
    str_printf(path, "[%zu]", index);
    return mark;
}

size_t field_path_push_key(struct str *path, const char *key) {
    size_t mark = path->len;
    str_printf(path, "[%s]", key);
    return mark;
}
