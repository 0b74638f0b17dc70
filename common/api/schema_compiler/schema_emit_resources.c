// SPDX-License-Identifier: Apache-2.0
// Writes resource rows and the groups in discovery order.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/schema_compiler/schema_emit.h"
#include "common/base/alloc.h"
#include "common/base/macro.h"

// The type of a subresource's kind: in the file of its group and version; NULL if no file has it.
static const struct model_type *find_kind(const struct model *model, const char *group, const char *version, const char *kind) {
    for (size_t i = 0; i < model->files.len; i++) {
        const struct model_file *file = model->files.items[i];
        const struct model_type *type =
            str_equal(file->group, group) && str_equal(file->version, version) ? model_find_type(file, kind) : NULL;
        if (type)
            return type;
    }
    return NULL;
}

static int emit_subresource(const struct model *model, const struct model_resource *resource, const char *name,
                            const struct json *row, struct str *out, struct error **err) {
    const char *kind = json_get_string(row, "kind");
    const char *api_version = json_get_string(row, "version");
    unsigned verbs;
    const char *unknown;
    if (!kind || !model_verbs(json_get(row, "verbs"), &verbs, &unknown))
        return error_set(err, "%s:%zu: subresource %s/%s needs kind and verbs", resource->file->path, resource->line,
                         resource->plural, name);
    CLEANUP(free_ptr) char *group = alloc_string(api_version ? api_version : resource->file->group);
    CLEANUP(free_ptr) char *version = alloc_string(resource->file->version);
    char *slash = api_version ? strchr(group, '/') : NULL;
    if (api_version) {
        free(version);
        version = alloc_string(slash ? slash + 1 : group);
        *(slash ? slash : group) = '\0';
    }
    const struct model_type *type = find_kind(model, group, version, kind);
    str_printf(out, "    {.name = \"%s\", .group = \"%s\", .version = \"%s\", .kind = \"%s\", .verbs = %u, .type = ", name, group,
               version, kind, verbs);
    if (type) {
        str_append(out, "&type_");
        schema_emit_type_symbol(out, type);
    } else {
        str_append(out, "NULL");
    }
    str_append(out, "},\n");
    return 0;
}

static int emit_subresources(const struct model *model, const struct model_resource *resource, const char *symbol,
                             struct str *out, struct error **err) {
    const struct json *rows = json_get(resource->row, "subresources");
    if (!json_object_size(rows))
        return 0;
    CLEANUP(str_list_free) struct str_list names = {0};
    for (struct json_iter it = json_iter(rows); json_iter_next(&it);)
        str_list_add(&names, it.key);
    str_list_sort(&names);
    str_printf(out, "static const struct resource_subresource subresources_%s[] = {\n", symbol);
    for (size_t i = 0; i < names.len; i++)
        if (emit_subresource(model, resource, names.items[i], json_get(rows, names.items[i]), out, err) < 0)
            return -1;
    str_append(out, "};\n");
    return 0;
}

static int emit_columns(const struct model_resource *resource, const char *symbol, struct str *out, struct error **err) {
    const struct json *rows = json_get(resource->row, "columns");
    if (!json_len(rows))
        return 0;
    str_printf(out, "static const struct resource_column columns_%s[] = {\n", symbol);
    for (size_t i = 0; i < json_len(rows); i++) {
        const struct json *row = json_at(rows, i);
        const char *members[] = {"name", "type", "path", "format", "doc"};
        str_append(out, "    {");
        for (size_t m = 0; m < ARRAY_LEN(members); m++) {
            const char *text = json_get_string(row, members[m]);
            if (!text && m < 3)
                return error_set(err, "%s:%zu: column %zu of %s needs name, type and path", resource->file->path, resource->line,
                                 i + 1, resource->plural);
            str_printf(out, ".%s = ", members[m]);
            schema_emit_string(out, text ? text : "");
            str_append(out, ", ");
        }
        str_printf(out, ".priority = %d},\n", (int)json_get_int(row, "priority", 0));
    }
    str_append(out, "};\n");
    return 0;
}

static void emit_selectable_row(struct str *out, const char *text) {
    const char *equals = strchr(text, '=');
    CLEANUP(free_ptr) char *field = alloc_string_n(text, equals ? (size_t)(equals - text) : strlen(text));
    str_printf(out, "    {\"%s\", \"%s\"},\n", field, equals ? equals + 1 : text);
}

static size_t emit_selectable(const struct model_resource *resource, const char *symbol, struct str *out) {
    const struct json *rows = json_get(resource->row, "selectable");
    bool namespaced = json_get_bool(resource->row, "namespaced", false);
    str_printf(out, "static const struct resource_selectable selectable_%s[] = {\n", symbol);
    emit_selectable_row(out, "metadata.name");
    if (namespaced)
        emit_selectable_row(out, "metadata.namespace");
    for (size_t i = 0; i < json_len(rows); i++)
        if (json_string(json_at(rows, i)))
            emit_selectable_row(out, json_string(json_at(rows, i)));
    str_append(out, "};\n");
    return json_len(rows) + (namespaced ? 2 : 1);
}

static void emit_row(const struct model_resource *resource, const char *symbol, size_t selectable_count, struct str *out) {
    const struct model_file *file = resource->file;
    const struct json *row = resource->row;
    size_t subresources = json_object_size(json_get(row, "subresources"));
    size_t columns = json_len(json_get(row, "columns"));
    const char *storage = json_get_string(row, "storage");
    str_printf(out, "const struct resource schema_tables_resource_%s = {\n", symbol);
    str_printf(out, "    .group = \"%s\", .version = \"%s\", .api_version = \"%s%s%s\",\n", file->group, file->version,
               file->group, *file->group ? "/" : "", file->version);
    str_printf(out, "    .plural = \"%s\", .singular = \"%s\", .kind = \"%s\", .list_kind = \"%s\",\n", resource->plural,
               resource->singular, resource->kind, resource->list_kind);
    str_append(out, "    .short_names = ");
    schema_emit_string_list(out, json_get(row, "short"));
    str_append(out, ", .categories = ");
    schema_emit_string_list(out, json_get(row, "categories"));
    str_printf(out, ",\n    .namespaced = %s, .verbs = %u, .storage_prefix = \"/registry/%s\",\n",
               json_get_bool(row, "namespaced", false) ? "true" : "false", resource->verbs, storage ? storage : resource->plural);
    if (subresources)
        str_printf(out, "    .subresources = subresources_%s, .subresource_count = %zu,\n", symbol, subresources);
    if (columns)
        str_printf(out, "    .columns = columns_%s, .column_count = %zu,\n", symbol, columns);
    str_printf(out, "    .selectable = selectable_%s, .selectable_count = %zu,\n    .type = &type_", symbol, selectable_count);
    schema_emit_type_symbol(out, resource->type);
    if (resource->list_type) {
        str_append(out, ", .list_type = &type_");
        schema_emit_type_symbol(out, resource->list_type);
    }
    str_append(out, "};\n");
}

static void append_symbol(struct str *out, const struct model_resource *resource) {
    size_t start = out->len;
    str_printf(out, "%s_%s", resource->file->stem, resource->plural);
    for (char *p = out->data + start; *p; p++)
        if (*p == '.' || *p == '-')
            *p = '_';
}

// GA before beta before alpha, larger numbers first: v2 v1 v2beta1 v1beta1 v1alpha1.
static long version_rank(const char *version) {
    char *rest;
    long major = strtol(version + (*version == 'v'), &rest, 10);
    long level = str_starts(rest, "alpha") ? 0 : str_starts(rest, "beta") ? 1 : 2;
    long minor = level < 2 ? strtol(rest + (level ? 4 : 5), NULL, 10) : 0;
    return level * 1000000 + major * 1000 + minor;
}

static int compare_files(const void *a, const void *b) {
    const struct model_file *x = *(struct model_file *const *)a;
    const struct model_file *y = *(struct model_file *const *)b;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    int order = strcmp(x->group, y->group);
    if (order)
        return order;
    long rx = version_rank(x->version);
    long ry = version_rank(y->version);
    return rx > ry ? -1 : rx < ry;
}

static void emit_group(const struct ptr_vec *served, size_t first, size_t count, struct str *out) {
    for (size_t i = first; i < first + count; i++) {
        const struct model_file *file = served->items[i];
        str_printf(out, "static const struct resource *const served_%zu[] = {", i);
        for (size_t r = 0; r < file->resources.len; r++) {
            str_append(out, "&schema_tables_resource_");
            append_symbol(out, file->resources.items[r]);
            str_append(out, ", ");
        }
        str_append(out, "};\n");
    }
    str_printf(out, "static const struct resource_version versions_%zu[] = {\n", first);
    for (size_t i = first; i < first + count; i++) {
        const struct model_file *file = served->items[i];
        str_printf(out, "    {\"%s\", served_%zu, %zu},\n", file->version, i, file->resources.len);
    }
    str_append(out, "};\n");
}

static void emit_groups(const struct ptr_vec *served, struct str *out) {
    AUTO_STR rows = {0};
    size_t groups = 0;
    for (size_t i = 0; i < served->len; groups++) {
        const char *group = ((struct model_file *)served->items[i])->group;
        size_t count = 1;
        while (i + count < served->len && str_equal(((struct model_file *)served->items[i + count])->group, group))
            count++;
        emit_group(served, i, count, out);
        str_printf(&rows, "    {\"%s\", versions_%zu, %zu},\n", group, i, count);
        i += count;
    }
    str_printf(out,
               "const struct resource_group schema_tables_groups[] = {\n%s};\nconst size_t schema_tables_group_count = %zu;\n",
               str_text(&rows), groups);
    size_t all = 0;
    str_append(out, "const struct resource *const schema_tables_resources[] = {\n");
    for (size_t i = 0; i < served->len; i++) {
        const struct model_file *file = served->items[i];
        for (size_t r = 0; r < file->resources.len; r++, all++) {
            str_append(out, "    &schema_tables_resource_");
            append_symbol(out, file->resources.items[r]);
            str_append(out, ",\n");
        }
    }
    str_printf(out, "};\nconst size_t schema_tables_resource_count = %zu;\n", all);
}

int schema_emit_resources(const struct model *model, struct str *out, struct error **err) {
    CLEANUP(ptr_vec_free) struct ptr_vec served = {0};
    for (size_t f = 0; f < model->files.len; f++) {
        struct model_file *file = model->files.items[f];
        if (file->resources.len && !file->priority)
            return error_set(err, "%s:1: resources need a group-priority", file->path);
        if (file->resources.len)
            ptr_vec_push(&served, file);
    }
    ptr_vec_sort(&served, compare_files);
    for (size_t f = 0; f < served.len; f++) {
        const struct model_file *file = served.items[f];
        for (size_t i = 0; i < file->resources.len; i++) {
            const struct model_resource *resource = file->resources.items[i];
            AUTO_STR symbol = {0};
            append_symbol(&symbol, resource);
            if (emit_subresources(model, resource, str_text(&symbol), out, err) < 0 ||
                emit_columns(resource, str_text(&symbol), out, err) < 0)
                return -1;
            size_t selectable = emit_selectable(resource, str_text(&symbol), out);
            emit_row(resource, str_text(&symbol), selectable, out);
        }
    }
    emit_groups(&served, out);
    return 0;
}
