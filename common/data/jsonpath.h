// SPDX-License-Identifier: Apache-2.0
// kubectl's JSONPath templates: compiled once, evaluated many times into text or into a list of values.
//
// A template is text with actions in braces: `{.items[*].metadata.name}`, `{range .items[*]}{.spec.nodeName}{"\n"}{end}`.
// Inside braces: .field, ['field'], .fi\.eld (also in quotes: ['fi\.eld']), [index] (negative from the end), [from:to:step], [a,b] and ['a','b']
// unions, * and [*], ..recursive, [?(@.x=="y")] with == != < <= > >= or existence, @ (current), $ (root), "quoted text",
// and numbers.
#ifndef CUBE_COMMON_DATA_JSONPATH_H
#define CUBE_COMMON_DATA_JSONPATH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct jsonpath;

// What was found, in order. Each item is a reference of its own (NULL is JSON null).
struct jsonpath_values {
    struct json **items;
    size_t len;
    size_t cap;
};
void jsonpath_values_free(struct jsonpath_values *values);
#define AUTO_JSONPATH_VALUES CLEANUP(jsonpath_values_free) struct jsonpath_values

// All of it, odd corners and messages included, behaves as kubectl's.
//
// Compiles a template, as `-o jsonpath=` takes it. Errors: `unclosed action`, `unterminated array`, ...
int jsonpath_compile(const char *template, struct jsonpath **ret_path, struct error **err) MUST_CHECK;
// Compiles one path without braces, as printer columns have it: `.spec.replicas` or `{.spec.replicas}`, also without the first dot
// (as --sort-by and custom-columns take it).
int jsonpath_compile_path(const char *path, struct jsonpath **ret_path, struct error **err) MUST_CHECK;
void jsonpath_free(struct jsonpath *path);
void jsonpath_freep(struct jsonpath **path);
#define AUTO_JSONPATH CLEANUP(jsonpath_freep) struct jsonpath *

// Appends the text of the whole template: the values of one action are separated by a space; strings without quotes, objects and
// arrays as compact JSON. Without allow_missing a key that is absent is an error: `status is not found`.
// On failure `out` holds what was written so far.
int jsonpath_print(const struct jsonpath *path, const struct json *root, bool allow_missing, struct str *out,
                   struct error **err) MUST_CHECK;
// Appends all values of all actions, in order (text outside braces gives none). ret_values stays untouched on failure.
int jsonpath_find(const struct jsonpath *path, const struct json *root, bool allow_missing, struct jsonpath_values *ret_values,
                  struct error **err) MUST_CHECK;

#endif
