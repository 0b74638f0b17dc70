// SPDX-License-Identifier: Apache-2.0
// JSON values on json-c's trees. Text is checked by json_scan and turned into a tree here, not by json-c's own tokener: that one is
// neither strict nor faithful about numbers. A `struct json *` is a json_object pointer, nothing else.
#include "common/data/json.h"

#define json_bool json_c_boolean // json-c's typedef has the name of our function
#include <json-c/arraylist.h>
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#undef json_bool
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/data/json_number.h"
#include "common/data/json_scan.h"

static json_object *raw(const struct json *value) {
    return (json_object *)value;
}

static struct json *wrap(json_object *value) {
    return (struct json *)value;
}

// json-c returns NULL (or -1) only when memory is out.
static json_object *checked(json_object *value) {
    if (!value)
        abort();
    return value;
}

static bool is_type(const struct json *value, enum json_type type) {
    return value && json_object_is_type(raw(value), type);
}

static void add_new_key(json_object *object, const char *key, json_object *value) {
    if (json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) < 0)
        abort();
}

// --- building the tree from checked text --------------------------------------------------------------------------------

struct build {
    const char *p;
    const char *end;
    bool keys_are_unique;
    struct str text; // scratch for unescaping
};

static json_object *build_value(struct build *b);

static void skip_space(struct build *b) {
    while (*b->p == ' ' || *b->p == '\n' || *b->p == '\r' || *b->p == '\t')
        b->p++;
}

// At the opening quote. Returns the inside; p is left behind the closing quote.
static const char *take_string(struct build *b, size_t *ret_len, bool *ret_escaped) {
    const char *inside = b->p + 1;
    const char *p = inside;
    *ret_escaped = false;
    while (*(p += json_scan_plain(p, (size_t)(b->end - p))) != '"') {
        if (*p == '\\') {
            *ret_escaped = true;
            p++;
        }
        p++;
    }
    *ret_len = (size_t)(p - inside);
    b->p = p + 1;
    return inside;
}

static json_object *build_string(struct build *b) {
    size_t len;
    bool escaped;
    const char *inside = take_string(b, &len, &escaped);
    if (escaped) {
        str_clear(&b->text);
        json_scan_unescape(inside, len, &b->text);
        inside = str_text(&b->text);
        len = b->text.len;
    }
    return checked(json_object_new_string_len(inside, (int)len));
}

static void add_member(struct build *b, json_object *object, const char *key, json_object *value) {
    if (b->keys_are_unique)
        add_new_key(object, key, value);
    else if (json_object_object_add(object, key, value) < 0)
        abort();
}

// The key as a C string: in small if it fits, else malloc'd in *ret_big.
static const char *take_key(struct build *b, char *small, size_t small_size, char **ret_big) {
    size_t len;
    bool escaped;
    const char *inside = take_string(b, &len, &escaped);
    if (escaped) {
        str_clear(&b->text);
        json_scan_unescape(inside, len, &b->text);
        inside = str_text(&b->text);
        len = b->text.len;
    }
    if (len >= small_size)
        return *ret_big = alloc_string_n(inside, len);
    memcpy(small, inside, len);
    small[len] = '\0';
    return small;
}

static json_object *build_object(struct build *b) {
    json_object *object = checked(json_object_new_object());
    b->p++;
    skip_space(b);
    while (*b->p != '}') {
        char small[64];
        CLEANUP(free_ptr) char *big = NULL;
        const char *key = take_key(b, small, sizeof(small), &big);
        skip_space(b);
        b->p++;
        add_member(b, object, key, build_value(b));
        skip_space(b);
        if (*b->p == ',')
            b->p++;
        skip_space(b);
    }
    b->p++;
    return object;
}

static json_object *build_array(struct build *b) {
    json_object *array = checked(json_object_new_array_ext(4));
    b->p++;
    skip_space(b);
    while (*b->p != ']') {
        if (json_object_array_add(array, build_value(b)) < 0)
            abort();
        skip_space(b);
        if (*b->p == ',')
            b->p++;
        skip_space(b);
    }
    b->p++;
    return array;
}

static json_object *build_number(struct build *b) {
    const char *start = b->p;
    while (b->p < b->end && *b->p && strchr("+-.0123456789eE", *b->p))
        b->p++;
    size_t len = (size_t)(b->p - start);
    int64_t integer;
    if (json_number_to_int64(start, len, &integer))
        return checked(json_object_new_int64(integer));
    double number = 0;
    json_number_to_double(start, len, &number); // the scanner checked the range
    char *text = alloc_string_n(start, len);
    json_object *value = checked(json_object_new_double_s(number, text));
    free(text);
    return value;
}

// The scanner bounds the depth, so recursion is bounded too.
static json_object *build_value(struct build *b) {
    skip_space(b);
    switch (*b->p) {
    case '{':
        return build_object(b);
    case '[':
        return build_array(b);
    case '"':
        return build_string(b);
    case 't':
        b->p += 4;
        return checked(json_object_new_boolean(1));
    case 'f':
        b->p += 5;
        return checked(json_object_new_boolean(0));
    case 'n':
        b->p += 4;
        return NULL;
    default:
        return build_number(b);
    }
}

static struct json *build(const char *bytes, const struct json_scan_result *scanned) {
    struct build b = {.p = bytes, .end = bytes + scanned->len, .keys_are_unique = scanned->duplicates == 0};
    json_object *value = build_value(&b);
    str_free(&b.text);
    return wrap(value);
}

int json_parse(const char *bytes, size_t len, const struct json_limits *limits, struct json **ret_value, struct error **err) {
    struct json_scan_result scanned;
    if (json_scan(bytes, len, limits, &scanned, err) < 0)
        return -1;
    *ret_value = build(bytes, &scanned);
    return 0;
}

int json_parse_first(const char *bytes, size_t len, const struct json_limits *limits, struct json **ret_value, size_t *ret_len,
                     struct error **err) {
    struct json_scan_result scanned;
    if (json_scan_first(bytes, len, limits, &scanned, err) < 0)
        return -1;
    *ret_value = build(bytes, &scanned);
    *ret_len = scanned.len;
    return 0;
}

// --- making ------------------------------------------------------------------------------------------------------------

struct json *json_new_object(void) {
    return wrap(checked(json_object_new_object()));
}

struct json *json_new_array(void) {
    return wrap(checked(json_object_new_array_ext(4)));
}

struct json *json_new_string(const char *text) {
    return text ? wrap(checked(json_object_new_string(text))) : NULL;
}

struct json *json_new_string_n(const char *text, size_t len) {
    return wrap(checked(json_object_new_string_len(text ? text : "", (int)len)));
}

struct json *json_new_int(int64_t value) {
    return wrap(checked(json_object_new_int64(value)));
}

struct json *json_new_double(double value) {
    return isfinite(value) ? wrap(checked(json_object_new_double(value))) : NULL;
}

struct json *json_new_bool(bool value) {
    return wrap(checked(json_object_new_boolean(value)));
}

struct json *json_ref(struct json *value) {
    return wrap(json_object_get(raw(value)));
}

void json_unref(struct json *value) {
    json_object_put(raw(value));
}

void json_unrefp(struct json **value) {
    json_unref(*value);
    *value = NULL;
}

static struct json *clone_double(const struct json *value) {
    double number = json_object_get_double(raw(value));
    const char *text = json_object_get_userdata(raw(value));
    return wrap(checked(text ? json_object_new_double_s(number, text) : json_object_new_double(number)));
}

struct json *json_clone(const struct json *value) {
    json_object *copy;
    switch (json_kind_of(value)) {
    case JSON_OBJECT:
        copy = checked(json_object_new_object());
        for (struct json_iter it = json_iter(value); json_iter_next(&it);)
            add_new_key(copy, it.key, raw(json_clone(it.value)));
        return wrap(copy);
    case JSON_ARRAY:
        copy = checked(json_object_new_array_ext(MAX((int)json_len(value), 1)));
        for (size_t i = 0; i < json_len(value); i++)
            json_append(wrap(copy), json_clone(json_at(value, i)));
        return wrap(copy);
    case JSON_STRING:
        return json_new_string_n(json_string(value), json_string_len(value));
    case JSON_INT:
        return json_new_int(json_object_get_int64(raw(value)));
    case JSON_BOOL:
        return json_new_bool(json_object_get_boolean(raw(value)));
    case JSON_DOUBLE:
        return clone_double(value);
    case JSON_NULL:
        break;
    }
    return NULL;
}

bool json_equal(const struct json *a, const struct json *b) {
    return json_object_equal(raw(a), raw(b));
}

enum json_kind json_kind_of(const struct json *value) {
    switch (json_object_get_type(raw(value))) {
    case json_type_boolean:
        return JSON_BOOL;
    case json_type_double:
        return JSON_DOUBLE;
    case json_type_int:
        return JSON_INT;
    case json_type_object:
        return JSON_OBJECT;
    case json_type_array:
        return JSON_ARRAY;
    case json_type_string:
        return JSON_STRING;
    case json_type_null:
        break;
    }
    return JSON_NULL;
}

bool json_is_object(const struct json *value) {
    return is_type(value, json_type_object);
}

bool json_is_array(const struct json *value) {
    return is_type(value, json_type_array);
}

bool json_is_string(const struct json *value) {
    return is_type(value, json_type_string);
}

// --- objects -----------------------------------------------------------------------------------------------------------

static bool lookup(const struct json *object, const char *key, json_object **ret_value) {
    *ret_value = NULL;
    return json_is_object(object) && json_object_object_get_ex(raw(object), key, ret_value);
}

bool json_has(const struct json *object, const char *key) {
    json_object *value;
    return lookup(object, key, &value);
}

struct json *json_get(const struct json *object, const char *key) {
    json_object *value;
    lookup(object, key, &value);
    return wrap(value);
}

const char *json_get_string(const struct json *object, const char *key) {
    return json_string(json_get(object, key));
}

const char *json_get_text(const struct json *object, const char *key) {
    const char *text = json_get_string(object, key);
    return text ? text : "";
}

int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise) {
    return json_int(json_get(object, key), otherwise);
}

bool json_get_bool(const struct json *object, const char *key, bool otherwise) {
    return json_bool(json_get(object, key), otherwise);
}

// A dotted path, part by part.
struct path_parts {
    const char *rest;
    struct str part;
};

static const char *next_part(struct path_parts *parts) {
    if (!parts->rest)
        return NULL;
    const char *dot = strchr(parts->rest, '.');
    str_clear(&parts->part);
    str_append_n(&parts->part, parts->rest, dot ? (size_t)(dot - parts->rest) : strlen(parts->rest));
    parts->rest = dot ? dot + 1 : NULL;
    return str_text(&parts->part);
}

struct json *json_find(const struct json *object, const char *path) {
    char part[256];
    for (;;) {
        const char *dot = strchr(path, '.');
        if (!dot)
            return json_get(object, path);
        size_t len = (size_t)(dot - path);
        if (len >= sizeof(part))
            return NULL;
        memcpy(part, path, len);
        part[len] = '\0';
        object = json_get(object, part);
        path = dot + 1;
    }
}

const char *json_find_string(const struct json *object, const char *path) {
    return json_string(json_find(object, path));
}

const char *json_find_text(const struct json *object, const char *path) {
    const char *text = json_find_string(object, path);
    return text ? text : "";
}

int64_t json_find_int(const struct json *object, const char *path, int64_t otherwise) {
    return json_int(json_find(object, path), otherwise);
}

bool json_find_bool(const struct json *object, const char *path, bool otherwise) {
    return json_bool(json_find(object, path), otherwise);
}

void json_set(struct json *object, const char *key, struct json *take_value) {
    if (json_object_object_add(raw(object), key, raw(take_value)) < 0)
        abort();
}

void json_set_string(struct json *object, const char *key, const char *text) {
    if (text)
        json_set(object, key, json_new_string(text));
    else
        json_remove(object, key);
}

void json_set_int(struct json *object, const char *key, int64_t value) {
    json_set(object, key, json_new_int(value));
}

void json_set_bool(struct json *object, const char *key, bool value) {
    json_set(object, key, json_new_bool(value));
}

static struct json *ensure_member(struct json *object, const char *key, enum json_kind kind) {
    struct json *member = json_get(object, key);
    if (json_kind_of(member) != kind) {
        member = kind == JSON_OBJECT ? json_new_object() : json_new_array();
        json_set(object, key, member);
    }
    return member;
}

// Walks to the object that holds the last part of the path, making objects on the way. The last part is in parts->part.
static struct json *ensure_parent(struct json *object, struct path_parts *parts) {
    const char *part = next_part(parts);
    while (parts->rest) {
        object = ensure_member(object, part, JSON_OBJECT);
        part = next_part(parts);
    }
    return object;
}

void json_put(struct json *object, const char *path, struct json *take_value) {
    struct path_parts parts = {.rest = path};
    struct json *parent = ensure_parent(object, &parts);
    json_set(parent, str_text(&parts.part), take_value);
    str_free(&parts.part);
}

void json_put_string(struct json *object, const char *path, const char *text) {
    json_put(object, path, json_new_string(text));
}

static struct json *ensure_at_path(struct json *object, const char *path, enum json_kind kind) {
    struct path_parts parts = {.rest = path};
    struct json *parent = ensure_parent(object, &parts);
    struct json *member = ensure_member(parent, str_text(&parts.part), kind);
    str_free(&parts.part);
    return member;
}

struct json *json_ensure_object(struct json *object, const char *path) {
    return ensure_at_path(object, path, JSON_OBJECT);
}

struct json *json_ensure_array(struct json *object, const char *path) {
    return ensure_at_path(object, path, JSON_ARRAY);
}

void json_remove(struct json *object, const char *key) {
    if (json_is_object(object))
        json_object_object_del(raw(object), key);
}

size_t json_object_size(const struct json *object) {
    return json_is_object(object) ? (size_t)json_object_object_length(raw(object)) : 0;
}

// `entry` is always the next one, so the current key may go.
struct json_iter json_iter(const struct json *object) {
    struct json_iter it = {0};
    if (json_is_object(object))
        it.entry = lh_table_head(json_object_get_object(raw(object)));
    return it;
}

bool json_iter_next(struct json_iter *it) {
    struct lh_entry *entry = it->entry;
    if (!entry)
        return false;
    it->key = lh_entry_k(entry);
    it->value = lh_entry_v(entry);
    it->entry = lh_entry_next(entry);
    return true;
}

// --- arrays ------------------------------------------------------------------------------------------------------------

size_t json_len(const struct json *array) {
    return json_is_array(array) ? json_object_array_length(raw(array)) : 0;
}

struct json *json_at(const struct json *array, size_t index) {
    return json_is_array(array) ? wrap(json_object_array_get_idx(raw(array), index)) : NULL;
}

void json_append(struct json *array, struct json *take_value) {
    if (json_object_array_add(raw(array), raw(take_value)) < 0)
        abort();
}

// json-c has no insertion: append a place, move the rest up, fill it.
void json_insert(struct json *array, size_t index, struct json *take_value) {
    size_t len = json_len(array);
    json_append(array, take_value);
    if (index >= len)
        return;
    struct array_list *list = json_object_get_array(raw(array));
    memmove(list->array + index + 1, list->array + index, (len - index) * sizeof(*list->array));
    list->array[index] = take_value;
}

void json_replace(struct json *array, size_t index, struct json *take_value) {
    if (index >= json_len(array)) {
        json_unref(take_value);
        return;
    }
    if (json_object_array_put_idx(raw(array), index, raw(take_value)) < 0)
        abort();
}

void json_delete(struct json *array, size_t index) {
    if (index < json_len(array))
        json_object_array_del_idx(raw(array), index, 1);
}

struct json *json_array_find(const struct json *array, const char *key, const char *text, size_t *ret_index) {
    for (size_t i = 0; i < json_len(array); i++) {
        struct json *item = json_at(array, i);
        const char *found = json_get_string(item, key);
        if (found && str_equal(found, text)) {
            if (ret_index)
                *ret_index = i;
            return item;
        }
    }
    return NULL;
}

bool json_array_has_string(const struct json *array, const char *text) {
    for (size_t i = 0; i < json_len(array); i++) {
        const char *found = json_string(json_at(array, i));
        if (found && str_equal(found, text))
            return true;
    }
    return false;
}

// --- scalars -----------------------------------------------------------------------------------------------------------

const char *json_string(const struct json *value) {
    return json_is_string(value) ? json_object_get_string(raw(value)) : NULL;
}

size_t json_string_len(const struct json *value) {
    return json_is_string(value) ? (size_t)json_object_get_string_len(raw(value)) : 0;
}

int64_t json_int(const struct json *value, int64_t otherwise) {
    if (is_type(value, json_type_int))
        return json_object_get_int64(raw(value));
    if (!is_type(value, json_type_double))
        return otherwise;
    double number = json_object_get_double(raw(value));
    if (number < -9223372036854775808.0 || number >= 9223372036854775808.0 || number != floor(number))
        return otherwise;
    return (int64_t)number;
}

double json_double(const struct json *value, double otherwise) {
    if (is_type(value, json_type_double))
        return json_object_get_double(raw(value));
    return is_type(value, json_type_int) ? (double)json_object_get_int64(raw(value)) : otherwise;
}

bool json_bool(const struct json *value, bool otherwise) {
    return is_type(value, json_type_boolean) ? json_object_get_boolean(raw(value)) : otherwise;
}

char *json_text(const struct json *value) {
    struct str out = {0};
    json_write(value, &out);
    return str_take(&out);
}

void json_append_number(const struct json *value, struct str *out) {
    if (is_type(value, json_type_int)) {
        str_append_int(out, json_object_get_int64(raw(value)));
    } else if (is_type(value, json_type_double)) {
        const char *text = json_object_get_userdata(raw(value));
        if (text)
            str_append(out, text);
        else
            json_number_append(json_object_get_double(raw(value)), out);
    }
}
