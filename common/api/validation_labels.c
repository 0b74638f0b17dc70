// SPDX-License-Identifier: Apache-2.0
// Validates labels, annotations, label selectors and finalizers.
#include "common/api/validation_labels.h"

#include <string.h>

#include "common/api/name_rules.h"
#include "common/base/alloc.h"
#include "common/base/str.h"

#define ANNOTATIONS_MAX ((size_t)256 * 1024)

void validation_labels(const struct json *labels, const char *path, struct field_errors *errors) {
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);) {
        const char *message = name_rules_qualified_name(it.key);
        if (message)
            field_errors_invalid_text(errors, path, it.key, message);
        const char *value = json_string(it.value);
        message = value ? name_rules_label_value(value) : NULL;
        if (message)
            field_errors_invalid_text(errors, path, value, message);
    }
}

void validation_labels_annotations(const struct json *annotations, const char *path, struct field_errors *errors) {
    size_t total = 0;
    for (struct json_iter it = json_iter(annotations); json_iter_next(&it);) {
        CLEANUP(free_ptr) char *key = alloc_string(it.key);
        str_lower(key);
        const char *message = name_rules_qualified_name(key);
        if (message)
            field_errors_invalid_text(errors, path, it.key, message);
        total += strlen(it.key) + json_string_len(it.value);
    }
    if (total > ANNOTATIONS_MAX)
        field_errors_too_long(errors, path, (int64_t)ANNOTATIONS_MAX);
}

static void requirement(const struct json *row, struct str *path, struct field_errors *errors) {
    const char *op = json_get_text(row, "operator");
    size_t values = json_len(json_get(row, "values"));
    size_t mark = field_path_push(path, "values");
    bool set = str_equal(op, "In") || str_equal(op, "NotIn");
    bool exists = str_equal(op, "Exists") || str_equal(op, "DoesNotExist");
    if (set && !values)
        field_errors_required(errors, str_text(path), "must be specified when `operator` is 'In' or 'NotIn'");
    if (exists && values)
        field_errors_forbidden(errors, str_text(path), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    for (size_t i = 0; set && i < values; i++) {
        const char *value = json_string(json_at(json_get(row, "values"), i));
        const char *message = value ? name_rules_label_value(value) : NULL;
        size_t at = field_path_push_index(path, i);
        if (message)
            field_errors_invalid_text(errors, str_text(path), value, message);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
    if (!set && !exists && *op) {
        field_path_push(path, "operator");
        field_errors_invalid_text(errors, str_text(path), op, "not a valid selector operator");
        str_truncate(path, mark);
    }
    const char *message = *json_get_text(row, "key") ? name_rules_qualified_name(json_get_text(row, "key")) : NULL;
    field_path_push(path, "key");
    if (message)
        field_errors_invalid_text(errors, str_text(path), json_get_text(row, "key"), message);
    str_truncate(path, mark);
}

void validation_labels_selector(const struct json *selector, const char *path, struct field_errors *errors) {
    AUTO_STR at = {0};
    str_append(&at, path);
    size_t mark = field_path_push(&at, "matchLabels");
    validation_labels(json_get(selector, "matchLabels"), str_text(&at), errors);
    str_truncate(&at, mark);
    field_path_push(&at, "matchExpressions");
    const struct json *rows = json_get(selector, "matchExpressions");
    for (size_t i = 0; i < json_len(rows); i++) {
        size_t row_mark = field_path_push_index(&at, i);
        requirement(json_at(rows, i), &at, errors);
        str_truncate(&at, row_mark);
    }
}

void validation_labels_finalizer(const char *finalizer, const char *path, struct field_errors *errors) {
    const char *message = name_rules_qualified_name(finalizer);
    bool standard =
        str_equal(finalizer, "kubernetes") || str_equal(finalizer, "orphan") || str_equal(finalizer, "foregroundDeletion");
    if (message)
        field_errors_invalid_text(errors, path, finalizer, message);
    else if (!strchr(finalizer, '/') && !standard)
        field_errors_invalid_text(errors, path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
}
