// SPDX-License-Identifier: Apache-2.0
// Takes one line of a schema file apart: type expression, attributes, doc.
#include "common/api/schema_compiler/schema_line.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// Where an attribute goes: a flag, or a text behind "=".
struct attribute {
    const char *name;
    bool has_value;
    size_t offset;
};

#define FLAG(word, member)                                                                                                       \
    { word, false, offsetof(struct model_attributes, member) }
#define TEXT(word, member)                                                                                                       \
    { word, true, offsetof(struct model_attributes, member) }

static const struct attribute attributes[] = {
    FLAG("required", required),
    FLAG("nullable", nullable),
    FLAG("immutable", immutable),
    FLAG("deprecated", deprecated),
    FLAG("set", set),
    FLAG("atomic", atomic),
    FLAG("merge", merge),
    FLAG("retain-keys", retain_keys),
    FLAG("kind", kind),
    FLAG("preserve-unknown", preserve_unknown),
    FLAG("embedded", embedded),
    TEXT("default", default_text),
    TEXT("enum", enum_values),
    TEXT("format", format),
    TEXT("pattern", pattern),
    TEXT("alias", alias),
    TEXT("keys", keys),
    TEXT("merge", merge_with),
    TEXT("merge-key", merge_key),
    TEXT("min", minimum),
    TEXT("max", maximum),
    TEXT("min-length", min_length),
    TEXT("max-length", max_length),
};

static const struct {
    const char *word;
    const char *kind;
} scalars[] = {
    {"string", "SCHEMA_STRING"}, {"bool", "SCHEMA_BOOL"},
    {"int32", "SCHEMA_INT32"},   {"int64", "SCHEMA_INT64"},
    {"number", "SCHEMA_NUMBER"}, {"quantity", "SCHEMA_QUANTITY"},
    {"time", "SCHEMA_TIME"},     {"microtime", "SCHEMA_MICROTIME"},
    {"bytes", "SCHEMA_BYTES"},   {"int-or-string", "SCHEMA_INT_OR_STRING"},
    {"any", "SCHEMA_ANY"},
};

void schema_line_free_attributes(struct model_attributes *row) {
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if (attributes[i].has_value)
            free(*(char **)((char *)row + attributes[i].offset));
    memset(row, 0, sizeof(*row));
}

// The next blank-separated word, malloc'd; NULL at the end. *text moves behind it.
static char *next_word(const char **text) {
    const char *start = *text + strspn(*text, " ");
    size_t len = strcspn(start, " ");
    *text = start + len;
    return len ? alloc_string_n(start, len) : NULL;
}

static int parse_attribute(const char *word, struct model_attributes *row, struct error **err) {
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        const struct attribute *attribute = &attributes[i];
        if (attribute->has_value != (equals != NULL) || strlen(attribute->name) != len ||
            strncmp(attribute->name, word, len) != 0)
            continue;
        char *target = (char *)row + attribute->offset;
        if (!attribute->has_value) {
            *(bool *)target = true;
            return 0;
        }
        if (*(char **)target)
            return error_set(err, "attribute \"%s\" stands twice", attribute->name);
        *(char **)target = alloc_string(equals + 1);
        return 0;
    }
    return error_set(err, "unknown attribute \"%s\"", word);
}

static int parse_attributes(const char *text, struct model_attributes *row, struct error **err) {
    for (;;) {
        CLEANUP(free_ptr) char *word = next_word(&text);
        if (!word)
            return 0;
        if (parse_attribute(word, row, err) < 0)
            return -1;
    }
}

// Splits at the first " | "; both parts are malloc'd, the doc is "" where there is none.
static void split_doc(const char *text, char **ret_front, char **ret_doc) {
    const char *bar = str_starts(text, "| ") ? text : strstr(text, " | ");
    *ret_front = bar ? alloc_string_n(text, (size_t)(bar - text)) : alloc_string(text);
    *ret_doc = alloc_string(bar ? bar + (bar == text ? 2 : 3) : "");
}

static int parse_type_expression(const char **text, struct model_field *field, struct error **err) {
    AUTO_STR wrappers = {0};
    for (;;) {
        *text += strspn(*text, " ");
        const char *rest;
        if ((rest = str_skip_prefix(*text, "list of ")))
            str_append_char(&wrappers, 'l');
        else if ((rest = str_skip_prefix(*text, "map of ")))
            str_append_char(&wrappers, 'm');
        else
            break;
        *text = rest;
    }
    field->base = next_word(text);
    if (!field->base)
        return error_set(err, "no type");
    field->wrappers = str_take(&wrappers);
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++)
        if (str_equal(scalars[i].word, field->base))
            field->scalar = scalars[i].kind;
    return 0;
}

static int check_field(const struct model_field *field, struct error **err) {
    const struct model_attributes *a = &field->attributes;
    bool is_list = field->wrappers[0] == 'l';
    if ((a->set || a->keys) && !is_list)
        return error_set(err, "set and keys are for lists");
    if (a->set && a->keys)
        return error_set(err, "set and keys exclude each other");
    if (a->kind || a->preserve_unknown)
        return error_set(err, "kind and preserve-unknown belong to $type");
    if (a->enum_values && !str_equal(field->base, "string"))
        return error_set(err, "enum is for strings");
    if ((a->minimum || a->maximum) && !str_starts(field->base, "int") && !str_equal(field->base, "number"))
        return error_set(err, "min and max are for numbers");
    return 0;
}

int schema_line_parse_field(const char *text, struct model_field *field, struct error **err) {
    CLEANUP(free_ptr) char *front = NULL;
    split_doc(text, &front, &field->doc);
    const char *rest = front;
    if (parse_type_expression(&rest, field, err) < 0)
        return -1;
    if (parse_attributes(rest, &field->attributes, err) < 0)
        return -1;
    return check_field(field, err);
}

int schema_line_parse_type(const char *text, struct model_type *type, struct error **err) {
    CLEANUP(free_ptr) char *front = NULL;
    split_doc(text, &front, &type->doc);
    return parse_attributes(front, &type->attributes, err);
}
