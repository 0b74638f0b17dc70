// SPDX-License-Identifier: Apache-2.0
// Fills a C struct from a JSON tree by a table of rows.
#include "common/data/json_dispatch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

static const char *const kind_names[] = {
    [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_INT] = "an integer",   [JSON_DOUBLE] = "a number",
    [JSON_STRING] = "a string", [JSON_ARRAY] = "a list",   [JSON_OBJECT] = "an object",
};

int json_dispatch_type_error(const char *path, const char *expected, const struct json *value, struct error **err) {
    return error_set(err, "%s: expected %s, got %s", path, expected, kind_names[json_kind_of(value)]);
}

static void append_path(struct str *out, const char *prefix, const char *path) {
    if (!str_empty(prefix)) {
        str_append(out, prefix);
        str_append_char(out, '.');
    }
    str_append(out, path);
}

// --- one member --------------------------------------------------------------------------------------------------------

static int fill_string(char **member, const struct json *value, const char *path, struct error **err) {
    if (!json_is_string(value))
        return json_dispatch_type_error(path, "a string", value, err);
    if (strlen(json_string(value)) != json_string_len(value))
        return error_set(err, "%s: the string holds a NUL character", path);
    free(*member);
    *member = alloc_string(json_string(value));
    return 0;
}

// Integral doubles (3.0, 1e3) are integers, as Go's decoder of untyped objects makes them.
static int read_integer(const struct json *value, int64_t low, int64_t high, const char *path, int64_t *ret, struct error **err) {
    enum json_kind kind = json_kind_of(value);
    if (kind != JSON_INT && kind != JSON_DOUBLE)
        return json_dispatch_type_error(path, "an integer", value, err);
    int64_t one = json_int(value, 0), other = json_int(value, 1);
    if (one != other)
        return json_dispatch_type_error(path, "an integer", value, err);
    if (one < low || one > high)
        return error_set(err, "%s: %lld is out of range", path, (long long)one);
    *ret = one;
    return 0;
}

static int fill_int64(int64_t *member, const struct json *value, const char *path, struct error **err) {
    return read_integer(value, INT64_MIN, INT64_MAX, path, member, err);
}

static int fill_int(int *member, const struct json *value, const char *path, struct error **err) {
    int64_t number;
    if (read_integer(value, INT_MIN, INT_MAX, path, &number, err) < 0)
        return -1;
    *member = (int)number;
    return 0;
}

static int fill_double(double *member, const struct json *value, const char *path, struct error **err) {
    enum json_kind kind = json_kind_of(value);
    if (kind != JSON_INT && kind != JSON_DOUBLE)
        return json_dispatch_type_error(path, "a number", value, err);
    *member = json_double(value, 0);
    return 0;
}

static int fill_bool(bool *member, const struct json *value, const char *path, struct error **err) {
    if (json_kind_of(value) != JSON_BOOL)
        return json_dispatch_type_error(path, "a boolean", value, err);
    *member = json_bool(value, false);
    return 0;
}

static int fill_string_list(struct str_list *member, const struct json *value, const char *path, struct error **err) {
    AUTO_STR_LIST list = {0};
    if (!json_is_array(value))
        return json_dispatch_type_error(path, "a list", value, err);
    for (size_t i = 0; i < json_len(value); i++) {
        AUTO_STR item_path = {0};
        char *text = NULL;
        str_printf(&item_path, "%s[%zu]", path, i);
        if (fill_string(&text, json_at(value, i), item_path.data, err) < 0)
            return -1;
        str_list_take(&list, text);
    }
    str_list_free(member);
    *member = list;
    list = (struct str_list){0};
    return 0;
}

static int call_each(const struct json_dispatch_row *row, void *member, const struct json *value, const char *path,
                     struct error **err) {
    if (!json_is_array(value))
        return json_dispatch_type_error(path, "a list", value, err);
    for (size_t i = 0; i < json_len(value); i++) {
        AUTO_STR item_path = {0};
        str_printf(&item_path, "%s[%zu]", path, i);
        if (row->function(member, json_at(value, i), NULL, item_path.data, err) < 0)
            return -1;
    }
    return 0;
}

static int call_each_member(const struct json_dispatch_row *row, void *member, const struct json *value, const char *path,
                            struct error **err) {
    if (!json_is_object(value))
        return json_dispatch_type_error(path, "an object", value, err);
    for (struct json_iter it = json_iter(value); json_iter_next(&it);) {
        AUTO_STR member_path = {0};
        append_path(&member_path, path, it.key);
        if (row->function(member, it.value, it.key, member_path.data, err) < 0)
            return -1;
    }
    return 0;
}

static int fill(const struct json_dispatch_row *row, void *base, const struct json *value, const char *path, struct error **err) {
    void *member = (char *)base + row->offset;
    switch (row->type) {
    case JSON_DISPATCH_STRING:
        return fill_string(member, value, path, err);
    case JSON_DISPATCH_INT64:
        return fill_int64(member, value, path, err);
    case JSON_DISPATCH_INT:
        return fill_int(member, value, path, err);
    case JSON_DISPATCH_DOUBLE:
        return fill_double(member, value, path, err);
    case JSON_DISPATCH_BOOL:
        return fill_bool(member, value, path, err);
    case JSON_DISPATCH_STRING_LIST:
        return fill_string_list(member, value, path, err);
    case JSON_DISPATCH_EACH:
        return call_each(row, member, value, path, err);
    case JSON_DISPATCH_EACH_MEMBER:
        return call_each_member(row, member, value, path, err);
    case JSON_DISPATCH_VALUE:
        return row->function(member, value, NULL, path, err);
    }
    return 0;
}

// --- all rows ----------------------------------------------------------------------------------------------------------

// Walks a row's path. *ret_value is NULL if something on the way is absent or null; what is there must be an object.
static int walk(const struct json *value, const char *prefix, const char *path, const struct json **ret_value,
                struct error **err) {
    for (const char *part = path; value;) {
        const char *dot = strchr(part, '.');
        AUTO_STR key = {0};
        if (!json_is_object(value)) {
            AUTO_STR where = {0};
            size_t len = part == path ? 0 : (size_t)(part - path) - 1;
            if (!str_empty(prefix))
                str_printf(&where, "%s%s", prefix, len ? "." : "");
            str_append_n(&where, path, len);
            return json_dispatch_type_error(where.len ? where.data : "document", "an object", value, err);
        }
        str_append_n(&key, part, dot ? (size_t)(dot - part) : strlen(part));
        value = json_get(value, str_text(&key));
        if (!dot)
            break;
        part = dot + 1;
    }
    *ret_value = value;
    return 0;
}

int json_dispatch(const struct json *value, const char *prefix, const struct json_dispatch_row *rows, size_t row_count,
                  void *base, struct error **err) {
    for (size_t i = 0; i < row_count; i++) {
        const struct json *member = NULL;
        if (walk(value, prefix, rows[i].path, &member, err) < 0)
            return -1;
        if (!member)
            continue;
        AUTO_STR path = {0};
        append_path(&path, prefix, rows[i].path);
        if (fill(&rows[i], base, member, path.data, err) < 0)
            return -1;
    }
    return 0;
}

enum naming { NOT_NAMED, NAMED, NAMED_THROUGH };

// Whether a row is at this path (relative to the rows' base) or below it.
static enum naming naming_of(const char *path, const struct json_dispatch_row *rows, size_t row_count) {
    enum naming naming = NOT_NAMED;
    size_t len = strlen(path);
    for (size_t i = 0; i < row_count; i++) {
        if (!str_starts(rows[i].path, path))
            continue;
        if (rows[i].path[len] == '\0')
            return NAMED;
        if (rows[i].path[len] == '.')
            naming = NAMED_THROUGH;
    }
    return naming;
}

struct unknown_search {
    const char *prefix;
    const struct json_dispatch_row *rows;
    size_t row_count;
    struct str_list *unknown;
};

// Goes no deeper than the rows' paths do.
static void find_unknown(const struct unknown_search *search, const struct json *value, const char *above) {
    for (struct json_iter it = json_iter(value); json_iter_next(&it);) {
        AUTO_STR path = {0};
        append_path(&path, above, it.key);
        enum naming naming = strchr(it.key, '.') ? NOT_NAMED : naming_of(path.data, search->rows, search->row_count);
        if (naming == NAMED_THROUGH) {
            find_unknown(search, it.value, path.data);
        } else if (naming == NOT_NAMED) {
            AUTO_STR whole = {0};
            append_path(&whole, search->prefix, path.data);
            str_list_add(search->unknown, whole.data);
        }
    }
}

void json_dispatch_unknown(const struct json *value, const char *prefix, const struct json_dispatch_row *rows, size_t row_count,
                           struct str_list *unknown) {
    struct unknown_search search = {prefix, rows, row_count, unknown};
    find_unknown(&search, value, "");
}
