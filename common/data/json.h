// SPDX-License-Identifier: Apache-2.0
// JSON values: strict bounded parsing, building, reading by key and path, canonical bytes. The only file that knows json-c.
//
// A value never leaves the thread that made it. JSON null is a value of kind JSON_NULL inside containers, but all getters that
// return a `struct json *` return NULL for absent and for null; json_has tells them apart.
#ifndef CUBE_COMMON_DATA_JSON_H
#define CUBE_COMMON_DATA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json_write.h"

struct json;

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_DOUBLE, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

// What json_parse accepts at most. Zero-initialised members take the defaults in the comments.
struct json_limits {
    size_t max_bytes;            // 3 MiB
    size_t max_depth;            // 128
    size_t max_values;           // 400,000 values in all
    bool allow_duplicates;       // false: a duplicate key is an error that names its path; true: last wins, see duplicates
    struct str_list *duplicates; // with allow_duplicates: receives each duplicate key's path (NULL: not wanted)
};

// One pass over the bytes with our own scanner (RFC 8259, UTF-8, number ranges, depth, counts, duplicate keys), then the tree.
// limits may be NULL. Errors say what and where: `invalid character 'x' looking for beginning of value at line 3, column 7`.
int json_parse(const char *bytes, size_t len, const struct json_limits *limits, struct json **ret_value,
               struct error **err) MUST_CHECK;
// The same for the first value of a stream; ret_len is how many bytes it took. What follows is not looked at.
int json_parse_first(const char *bytes, size_t len, const struct json_limits *limits, struct json **ret_value, size_t *ret_len,
                     struct error **err) MUST_CHECK;

struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *text); // NULL gives NULL (a JSON null)
struct json *json_new_string_n(const char *text, size_t len);
struct json *json_new_int(int64_t value);
struct json *json_new_double(double value);
struct json *json_new_bool(bool value);
struct json *json_ref(struct json *value);
void json_unref(struct json *value); // NULL is fine
void json_unrefp(struct json **value);
#define AUTO_JSON CLEANUP(json_unrefp) struct json *
struct json *json_clone(const struct json *value);           // deep
bool json_equal(const struct json *a, const struct json *b); // deep; key order does not matter; 1 and 1.0 differ

enum json_kind json_kind_of(const struct json *value); // NULL is JSON_NULL
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_string(const struct json *value);

// --- objects -----------------------------------------------------------------------------------------------------------
bool json_has(const struct json *object, const char *key); // also when its value is null
// Borrowed; NULL if absent, null, or `object` is no object (NULL included, so calls nest).
struct json *json_get(const struct json *object, const char *key);
const char *json_get_string(const struct json *object, const char *key); // NULL unless a string
// Never NULL: "" when it is absent.
const char *json_get_text(const struct json *object, const char *key);
int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise);
bool json_get_bool(const struct json *object, const char *key, bool otherwise);
// By dotted path through objects: json_find(pod, "status.phase"). Keys that hold dots: json_get.
struct json *json_find(const struct json *object, const char *path);
const char *json_find_string(const struct json *object, const char *path);
const char *json_find_text(const struct json *object, const char *path); // never NULL
int64_t json_find_int(const struct json *object, const char *path, int64_t otherwise);
bool json_find_bool(const struct json *object, const char *path, bool otherwise);
// Puts (replaces) a key; the object owns the value afterwards. A NULL value stores null.
void json_set(struct json *object, const char *key, struct json *take_value);
void json_set_string(struct json *object, const char *key, const char *text); // NULL text removes the key
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
// By dotted path; missing objects on the way are made.
void json_put(struct json *object, const char *path, struct json *take_value);
void json_put_string(struct json *object, const char *path, const char *text);
// The object at this dotted path, made where it is missing (or no object).
struct json *json_ensure_object(struct json *object, const char *path);
struct json *json_ensure_array(struct json *object, const char *path);
void json_remove(struct json *object, const char *key); // absent is fine
size_t json_object_size(const struct json *object);

// for (struct json_iter it = json_iter(object); json_iter_next(&it);) use it.key, it.value (NULL for null), in insertion order.
// The current key may be removed in the body; nothing else may change.
struct json_iter {
    void *entry;
    const char *key;
    struct json *value;
};
struct json_iter json_iter(const struct json *object); // anything but an object iterates over nothing
bool json_iter_next(struct json_iter *it);

// --- arrays ------------------------------------------------------------------------------------------------------------
size_t json_len(const struct json *array);                    // 0 for anything but an array
struct json *json_at(const struct json *array, size_t index); // borrowed; NULL if out of range or null
void json_append(struct json *array, struct json *take_value);
void json_insert(struct json *array, size_t index, struct json *take_value);
void json_replace(struct json *array, size_t index, struct json *take_value);
void json_delete(struct json *array, size_t index);
// The object in the array whose member `key` is the string `text`; NULL if there is none. ret_index may be NULL.
struct json *json_array_find(const struct json *array, const char *key, const char *text, size_t *ret_index);
bool json_array_has_string(const struct json *array, const char *text);

// --- scalars -----------------------------------------------------------------------------------------------------------
const char *json_string(const struct json *value); // NULL unless a string; borrowed
size_t json_string_len(const struct json *value);
int64_t json_int(const struct json *value, int64_t otherwise); // ints, and doubles without fraction
double json_double(const struct json *value, double otherwise);
bool json_bool(const struct json *value, bool otherwise);

// --- writing: see json_write.h -----------------------------------------------------------------------------------------
char *json_text(const struct json *value); // malloc'd compact JSON
// The text of a number as it came or as Go's encoding/json writes it; appends nothing for other kinds.
void json_append_number(const struct json *value, struct str *out);

#endif
