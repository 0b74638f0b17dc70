// SPDX-License-Identifier: Apache-2.0
// A list of validation errors, each with its field path and upstream's texts (apimachinery's field.ErrorList), and the paths themselves.
#ifndef CUBE_COMMON_API_FIELD_ERRORS_H
#define CUBE_COMMON_API_FIELD_ERRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct field_error {
    const char *reason; // "FieldValueRequired", ...; a literal
    char *field;
    char *message; // without the field: `Required value: must be set`
};

// Zero-initialise to start.
struct field_errors {
    struct field_error *items;
    size_t len;
    size_t cap;
};

#define AUTO_FIELD_ERRORS CLEANUP(field_errors_free) struct field_errors

void field_errors_free(struct field_errors *errors);
// detail may be NULL or "" everywhere. Messages: `Required value[: detail]`
void field_errors_required(struct field_errors *errors, const char *field, const char *detail);
// `Invalid value: <value as Go prints it>: detail`; value NULL prints null.
void field_errors_invalid(struct field_errors *errors, const char *field, const struct json *value, const char *detail);
void field_errors_invalid_text(struct field_errors *errors, const char *field, const char *value, const char *detail);
void field_errors_invalid_int(struct field_errors *errors, const char *field, int64_t value, const char *detail);
// `Unsupported value: "x": supported values: "a", "b"`; supported is NULL-ended, in the order to be printed.
void field_errors_not_supported(struct field_errors *errors, const char *field, const char *value, const char *const *supported);
void field_errors_duplicate(struct field_errors *errors, const char *field, const struct json *value); // `Duplicate value: "x"`
void field_errors_duplicate_text(struct field_errors *errors, const char *field, const char *value);
void field_errors_forbidden(struct field_errors *errors, const char *field, const char *detail); // `Forbidden: detail`
void field_errors_not_found(struct field_errors *errors, const char *field, const char *value);  // `Not found: "x"`
void field_errors_too_long(struct field_errors *errors, const char *field,
                           int64_t max); // `Too long: may not be more than N bytes`
void field_errors_too_many(struct field_errors *errors, const char *field, int64_t actual,
                           int64_t max); // `Too many: N: must have at most M items`
// Joined as upstream's aggregate prints it: one `field: message`, several `[a: x, b: y]`, duplicates once. Appends.
void field_errors_append_text(const struct field_errors *errors, struct str *out);

// Paths grow in a struct str and are cut back to the mark that push returned:
//   size_t mark = field_path_push(path, "spec"); ...; str_truncate(path, mark);
size_t field_path_push(struct str *path, const char *name);    // ".name", or "name" at the root
size_t field_path_push_index(struct str *path, size_t index);  // "[3]"
size_t field_path_push_key(struct str *path, const char *key); // "[key]"

#endif
