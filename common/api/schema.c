// SPDX-License-Identifier: Apache-2.0
// Looks things up in schema tables, and applies defaults.
#include "common/api/schema.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

const struct schema_field *schema_find(const struct schema_type *type, const char *field) {
    size_t low = 0;
    size_t high = type->field_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(field, type->fields[middle].name);
        if (order == 0)
            return &type->fields[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct schema_type *schema_object_of(const struct schema_type *type) {
    while (type && (type->kind == SCHEMA_LIST || type->kind == SCHEMA_MAP))
        type = type->element;
    return type && type->kind == SCHEMA_OBJECT ? type : NULL;
}

bool schema_walk(const struct schema_type *type, const char *path, const struct schema_type **ret_type,
                 const struct schema_field **ret_field) {
    const struct schema_field *field = NULL;
    while (*path) {
        size_t len = strcspn(path, ".");
        const struct schema_type *object = schema_object_of(type);
        CLEANUP(free_ptr) char *name = alloc_string_n(path, len);
        field = object ? schema_find(object, name) : NULL;
        if (!field)
            return false;
        type = field->type;
        path += len + (path[len] == '.');
    }
    if (ret_type)
        *ret_type = type;
    if (ret_field)
        *ret_field = field;
    return true;
}

void schema_append_type_name(const struct schema_type *type, struct str *out) {
    static const char *const names[] = {
        [SCHEMA_STRING] = "string",     [SCHEMA_INT32] = "integer",
        [SCHEMA_INT64] = "integer",     [SCHEMA_NUMBER] = "number",
        [SCHEMA_BOOL] = "boolean",      [SCHEMA_ANY] = "Object",
        [SCHEMA_QUANTITY] = "Quantity", [SCHEMA_INT_OR_STRING] = "IntOrString",
        [SCHEMA_TIME] = "string",       [SCHEMA_MICROTIME] = "string",
        [SCHEMA_BYTES] = "string",      [SCHEMA_OBJECT] = "Object",
    };
    for (; type->kind == SCHEMA_LIST || type->kind == SCHEMA_MAP; type = type->element)
        str_append(out, type->kind == SCHEMA_LIST ? "[]" : "map[string]");
    const char *dot = type->name ? strrchr(type->name, '.') : NULL;
    str_append(out, dot ? dot + 1 : names[type->kind]);
}

// --- defaults ------------------------------------------------------------------------------------------------------------

// Defaults are mostly one scalar: those need no parser. Their text was checked when the tables were made.
static struct json *default_value(const char *text) {
    size_t len = strlen(text);
    if (*text == '"' && !strchr(text, '\\'))
        return json_new_string_n(text + 1, len - 2);
    if (str_equal(text, "true") || str_equal(text, "false"))
        return json_new_bool(*text == 't');
    int64_t number;
    if (str_to_int64(text, &number))
        return json_new_int(number);
    struct json *value = NULL;
    return json_parse(text, len, NULL, &value, NULL) < 0 ? NULL : value;
}

static bool is_absent(const struct json *object, const struct schema_field *field) {
    if (!json_has(object, field->name))
        return true;
    const struct json *value = json_get(object, field->name);
    if (!value)
        return !field->type->nullable;
    return field->default_text[0] == '"' && json_is_string(value) && json_string_len(value) == 0 && field->default_text[1] != '"';
}

void schema_default(const struct schema_type *type, struct json *object) {
    if (type->kind == SCHEMA_LIST) {
        for (size_t i = 0; i < json_len(object); i++)
            schema_default(type->element, json_at(object, i));
    } else if (type->kind == SCHEMA_MAP) {
        for (struct json_iter it = json_iter(object); json_iter_next(&it);)
            schema_default(type->element, it.value);
    }
    if (type->kind != SCHEMA_OBJECT || !json_is_object(object))
        return;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (field->default_text && is_absent(object, field))
            json_set(object, field->name, default_value(field->default_text));
        enum schema_kind kind = field->type->kind;
        if (kind == SCHEMA_OBJECT || kind == SCHEMA_LIST || kind == SCHEMA_MAP)
            schema_default(field->type, json_get(object, field->name));
    }
}

void schema_set_kind(struct json *object, const char *api_version, const char *kind) {
    struct json_iter it = json_iter(object);
    bool in_order = json_iter_next(&it) && str_equal(it.key, "kind") && json_iter_next(&it) && str_equal(it.key, "apiVersion");
    json_set_string(object, "kind", kind);
    json_set_string(object, "apiVersion", api_version);
    if (in_order)
        return;
    // The order is that of insertion: all others go behind these two.
    AUTO_STR_LIST keys = {0};
    for (it = json_iter(object); json_iter_next(&it);)
        if (!str_equal(it.key, "kind") && !str_equal(it.key, "apiVersion"))
            str_list_add(&keys, it.key);
    json_remove(object, "kind");
    json_remove(object, "apiVersion");
    json_set_string(object, "kind", kind);
    json_set_string(object, "apiVersion", api_version);
    for (size_t i = 0; i < keys.len; i++) {
        struct json *value = json_get(object, keys.items[i]);
        if (value)
            json_ref(value);
        json_remove(object, keys.items[i]);
        json_set(object, keys.items[i], value);
    }
}
