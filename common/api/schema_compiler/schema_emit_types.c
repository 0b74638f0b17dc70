// SPDX-License-Identifier: Apache-2.0
// Writes types and their fields as const C tables.
#include <stdio.h>
#include <string.h>

#include "common/api/schema_compiler/schema_emit.h"
#include "common/base/alloc.h"
#include "common/base/macro.h"

void schema_emit_string(struct str *out, const char *text) {
    if (!text) {
        str_append(out, "NULL");
        return;
    }
    str_append_char(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_printf(out, "\\%c", *p);
        else if (*p < 0x20 || *p >= 0x7f || *p == '?')
            str_printf(out, "\\%03o", *p);
        else
            str_append_char(out, (char)*p);
    }
    str_append_char(out, '"');
}

static void append_identifier(struct str *out, const char *text) {
    for (; *text; text++)
        str_append_char(out, (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9')
                                 ? *text
                                 : '_');
}

void schema_emit_type_symbol(struct str *out, const struct model_type *type) {
    append_identifier(out, type->file->stem);
    str_append_char(out, '_');
    append_identifier(out, type->name);
}

void schema_emit_string_list(struct str *out, const struct json *list) {
    str_append(out, "(const char *const[]){");
    for (size_t i = 0; i < json_len(list); i++) {
        schema_emit_string(out, json_string(json_at(list, i)));
        str_append(out, ", ");
    }
    str_append(out, "NULL}");
}

static void emit_words(struct str *out, const char *member, const char *commas) {
    if (!commas)
        return;
    AUTO_STR_LIST words = {0};
    str_list_split(&words, commas, ',');
    str_printf(out, ".%s = (const char *const[]){", member);
    for (size_t i = 0; i < words.len; i++) {
        schema_emit_string(out, words.items[i]);
        str_append(out, ", ");
    }
    str_append(out, "NULL}, ");
}

static void emit_text(struct str *out, const char *member, const char *text) {
    if (!text)
        return;
    str_printf(out, ".%s = ", member);
    schema_emit_string(out, text);
    str_append(out, ", ");
}

static void emit_lengths(struct str *out, const struct model_attributes *a, bool here) {
    str_printf(out, ".min_length = %s, .max_length = %s, ", here && a->min_length ? a->min_length : "-1",
               here && a->max_length ? a->max_length : "-1");
}

// The innermost anonymous type: a scalar with the field's constraints.
static void emit_scalar(struct str *out, const struct model_field *field) {
    const struct model_attributes *a = &field->attributes;
    str_printf(out, "{.kind = %s, ", field->scalar);
    emit_words(out, "enum_values", a->enum_values);
    emit_text(out, "format", a->format);
    emit_text(out, "pattern", a->pattern);
    emit_text(out, "alias", a->alias);
    if (a->minimum)
        str_printf(out, ".has_minimum = true, .minimum = INT64_C(%s), ", a->minimum);
    if (a->maximum)
        str_printf(out, ".has_maximum = true, .maximum = INT64_C(%s), ", a->maximum);
    emit_lengths(out, a, !field->wrappers[0]);
    if (a->nullable && !field->wrappers[0])
        str_append(out, ".nullable = true, ");
    str_append(out, "}");
}

static bool is_plain(const struct model_field *field) {
    const struct model_attributes *a = &field->attributes;
    bool lengths = (a->min_length || a->max_length || a->nullable) && !field->wrappers[0];
    return !a->enum_values && !a->format && !a->pattern && !a->alias && !a->minimum && !a->maximum && !lengths;
}

static void emit_shape(struct str *out, const struct model_field *field, const char *wrapper);

static void emit_pointer(struct str *out, const struct model_field *field, const char *wrapper) {
    if (!*wrapper && field->referred) {
        str_append(out, "&type_");
        schema_emit_type_symbol(out, field->referred);
    } else if (!*wrapper && is_plain(field)) {
        str_printf(out, "&plain_%s", field->scalar);
    } else {
        str_append(out, "&(const struct schema_type)");
        emit_shape(out, field, wrapper);
    }
}

static void emit_shape(struct str *out, const struct model_field *field, const char *wrapper) {
    const struct model_attributes *a = &field->attributes;
    if (!*wrapper) {
        emit_scalar(out, field);
        return;
    }
    bool outermost = wrapper == field->wrappers;
    str_printf(out, "{.kind = %s, ", *wrapper == 'l' ? "SCHEMA_LIST" : "SCHEMA_MAP");
    if (outermost && a->set)
        str_append(out, ".list_type = SCHEMA_LIST_SET, ");
    if (outermost && a->keys) {
        str_append(out, ".list_type = SCHEMA_LIST_MAP, ");
        emit_words(out, "map_keys", a->keys);
    }
    if (outermost && a->atomic)
        str_append(out, ".atomic = true, ");
    if (outermost && a->nullable)
        str_append(out, ".nullable = true, ");
    emit_lengths(out, a, outermost);
    str_append(out, ".element = ");
    emit_pointer(out, field, wrapper + 1);
    str_append(out, "}");
}

static void emit_field(struct str *out, const struct model_field *field) {
    const struct model_attributes *a = &field->attributes;
    str_append(out, "    {");
    emit_text(out, "name", field->name);
    emit_text(out, "doc", field->doc);
    emit_text(out, "default_text", a->default_text);
    if (a->required)
        str_append(out, ".required = true, ");
    if (a->immutable)
        str_append(out, ".immutable = true, ");
    if (a->deprecated)
        str_append(out, ".deprecated = true, ");
    bool merge = a->merge || a->merge_with;
    if (merge || a->retain_keys)
        str_printf(out, ".patch = %d, ", (merge ? 1 : 0) | (a->retain_keys ? 2 : 0));
    emit_text(out, "merge_key", a->merge_with ? a->merge_with : a->merge_key);
    str_append(out, ".type = ");
    emit_pointer(out, field, field->wrappers);
    str_append(out, "},\n");
}

static void emit_type(struct str *out, const struct model_type *type) {
    AUTO_STR symbol = {0};
    schema_emit_type_symbol(&symbol, type);
    if (type->fields.len) {
        str_printf(out, "static const struct schema_field fields_%s[] = {\n", str_text(&symbol));
        for (size_t i = 0; i < type->fields.len; i++)
            emit_field(out, type->fields.items[i]);
        str_append(out, "};\n");
    }
    str_printf(out,
               "static const struct schema_type type_%s = {.kind = SCHEMA_OBJECT, .name = \"%s.%s\", .doc = ", str_text(&symbol),
               type->file->package, type->name);
    schema_emit_string(out, type->doc);
    str_append(out, ", ");
    if (type->attributes.kind)
        str_printf(out, ".gvk_group = \"%s\", .gvk_version = \"%s\", .gvk_kind = \"%s\", ", type->file->group,
                   type->file->version, type->name);
    if (type->attributes.atomic)
        str_append(out, ".atomic = true, ");
    if (type->attributes.preserve_unknown)
        str_append(out, ".preserve_unknown = true, ");
    if (type->attributes.embedded)
        str_append(out, ".embedded = true, ");
    if (type->fields.len)
        str_printf(out, ".fields = fields_%s, .field_count = %zu, ", str_text(&symbol), type->fields.len);
    str_append(out, ".min_length = -1, .max_length = -1};\n");
}

static int compare_names(const void *a, const void *b) {
    const struct model_type *x = *(struct model_type *const *)a;
    const struct model_type *y = *(struct model_type *const *)b;
    int order = strcmp(x->file->package, y->file->package);
    return order ? order : strcmp(x->name, y->name);
}

void schema_emit_types(const struct model *model, struct str *out) {
    static const char *const scalars[] = {"STRING", "BOOL",      "INT32", "INT64",         "NUMBER", "QUANTITY",
                                          "TIME",   "MICROTIME", "BYTES", "INT_OR_STRING", "ANY"};
    CLEANUP(ptr_vec_free) struct ptr_vec types = {0};
    for (size_t f = 0; f < model->files.len; f++) {
        const struct model_file *file = model->files.items[f];
        for (size_t i = 0; i < file->types.len; i++)
            ptr_vec_push(&types, file->types.items[i]);
    }
    ptr_vec_sort(&types, compare_names);
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++)
        str_printf(
            out,
            "static const struct schema_type plain_SCHEMA_%s __attribute__((unused)) = {.kind = SCHEMA_%s, .min_length = -1, "
            ".max_length = -1};\n",
            scalars[i], scalars[i]);
    for (size_t i = 0; i < types.len; i++) {
        str_append(out, "static const struct schema_type type_");
        schema_emit_type_symbol(out, types.items[i]);
        str_append(out, ";\n");
    }
    for (size_t i = 0; i < types.len; i++)
        emit_type(out, types.items[i]);
    str_append(out, "const struct schema_type *const schema_tables_types[] = {\n");
    for (size_t i = 0; i < types.len; i++) {
        str_append(out, "    &type_");
        schema_emit_type_symbol(out, types.items[i]);
        str_append(out, ",\n");
    }
    str_printf(out, "};\nconst size_t schema_tables_type_count = %zu;\n", types.len);
}
