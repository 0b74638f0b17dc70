// SPDX-License-Identifier: Apache-2.0
// Fills a C struct from a JSON tree by a table of rows {path, type, offset}; strict about types, errors name the path.
//
//     static const struct json_dispatch_row pod_rows[] = {
//         {"metadata.name", JSON_DISPATCH_STRING, offsetof(struct pod_view, name)},
//         {"spec.priority", JSON_DISPATCH_INT, offsetof(struct pod_view, priority)},
//         {"spec.containers", JSON_DISPATCH_EACH, offsetof(struct pod_view, containers), add_container},
//     };
#ifndef CUBE_COMMON_DATA_JSON_DISPATCH_H
#define CUBE_COMMON_DATA_JSON_DISPATCH_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

enum json_dispatch_type {
    JSON_DISPATCH_STRING,      // char *: an owned copy; an old value is freed
    JSON_DISPATCH_INT64,       // int64_t
    JSON_DISPATCH_INT,         // int, range checked
    JSON_DISPATCH_DOUBLE,      // double; integers are fine
    JSON_DISPATCH_BOOL,        // bool
    JSON_DISPATCH_STRING_LIST, // struct str_list: an array of strings; replaces what was there
    JSON_DISPATCH_EACH,        // any: the row's function is called for each element of an array
    JSON_DISPATCH_EACH_MEMBER, // any: the row's function is called for each member of an object; the path's last part is the key
    JSON_DISPATCH_VALUE,       // any: the row's function is called with the value, whatever its type
};

// One element, member or value. `member` is base + offset of the row; `path` names the value in errors, such as
// "spec.containers[0]"; `key` is the member's key for EACH_MEMBER, else NULL. Reports its own errors, prefixed with the path.
typedef int json_dispatch_function(void *member, const struct json *value, const char *key, const char *path, struct error **err);

struct json_dispatch_row {
    const char *path; // dotted, through objects
    enum json_dispatch_type type;
    size_t offset;
    json_dispatch_function *function; // for EACH, EACH_MEMBER and VALUE
};

// Reads all rows out of `value` into `base`. What is absent or null leaves its member untouched (so put defaults there first). A wrong
// type, also of an object on the way, is an error: `spec.priority: expected an integer, got a string`. prefix (may be NULL or
// "") is put before each path in errors: "spec.containers[0]" gives `spec.containers[0].name: ...`.
// On failure some members may have been filled already; all are in a state that can be freed.
int json_dispatch(const struct json *value, const char *prefix, const struct json_dispatch_row *rows, size_t row_count,
                  void *base, struct error **err) MUST_CHECK;

// Appends the path of each member of `value` that no row names (or is named through), for strict config files. Members below
// a row's own value are not looked at.
void json_dispatch_unknown(const struct json *value, const char *prefix, const struct json_dispatch_row *rows, size_t row_count,
                           struct str_list *unknown);

// `PATH: expected WHAT, got a string`; for row functions. Returns -1.
int json_dispatch_type_error(const char *path, const char *expected, const struct json *value, struct error **err);

#endif
