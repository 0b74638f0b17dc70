// SPDX-License-Identifier: Apache-2.0
// Reads schema files into the compiler's model and resolves the names in them.
#include "common/api/schema_compiler/schema_model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/schema_compiler/schema_line.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/str.h"
#include "common/data/yaml.h"

#define MAX_FILE_SIZE ((size_t)4 * 1024 * 1024)

// The line of section / key / subkey, found by indentation; 0 if it is not there.
static size_t find_line(const char *text, const char *section, const char *key, const char *subkey) {
    const char *path[] = {section, key, subkey};
    size_t level = 0;
    size_t line = 1;
    for (const char *p = text; *p; line++) {
        const char *end = strchrnul(p, '\n');
        size_t indent = strspn(p, " ");
        size_t len = level < 3 && path[level] ? strlen(path[level]) : 0;
        bool quoted = len && p[indent] == '"';
        const char *word = p + indent + quoted;
        if (len && indent == 2 * level && strncmp(word, path[level], len) == 0 && (word[len] == ':' || word[len] == '"')) {
            level++;
            if (level == 3 || !path[level])
                return line;
        }
        p = *end ? end + 1 : end;
    }
    return 0;
}

static struct model_field *field_new(const char *name, size_t line) {
    struct model_field *field = alloc_zero(sizeof(*field));
    field->name = alloc_string(name);
    field->line = line;
    return field;
}

static void field_free(struct model_field *field) {
    free(field->name);
    free(field->doc);
    free(field->wrappers);
    free(field->base);
    schema_line_free_attributes(&field->attributes);
    free(field);
}

static int compare_fields(const void *a, const void *b) {
    return strcmp((*(struct model_field *const *)a)->name, (*(struct model_field *const *)b)->name);
}

static int compare_types(const void *a, const void *b) {
    return strcmp((*(struct model_type *const *)a)->name, (*(struct model_type *const *)b)->name);
}

static int compare_resources(const void *a, const void *b) {
    return strcmp((*(struct model_resource *const *)a)->plural, (*(struct model_resource *const *)b)->plural);
}

// Adds a field from its line's text; the type takes it also on failure, so that it is freed.
static int add_field(struct model_type *type, const char *name, const char *text, size_t line, struct error **err) {
    for (size_t i = 0; i < type->fields.len; i++)
        if (str_equal(((struct model_field *)type->fields.items[i])->name, name))
            return error_set(err, "%s:%zu: field \"%s\" stands twice", type->file->path, line, name);
    struct model_field *field = field_new(name, line);
    ptr_vec_push(&type->fields, field);
    if (!text)
        return error_set(err, "%s:%zu: %s.%s: one line of text is needed", type->file->path, line, type->name, name);
    if (schema_line_parse_field(text, field, err) < 0)
        return error_prefix(err, "%s:%zu: %s.%s", type->file->path, line, type->name, name);
    return 0;
}

static struct model_type *add_type(struct model_file *file, const char *name, size_t line) {
    struct model_type *type = alloc_zero(sizeof(*type));
    type->file = file;
    type->name = alloc_string(name);
    type->line = line;
    ptr_vec_push(&file->types, type);
    return type;
}

static int read_type(struct model_file *file, const char *name, const struct json *fields, struct error **err) {
    struct model_type *type = add_type(file, name, find_line(file->text, "types", name, NULL));
    if (!json_is_object(fields))
        return error_set(err, "%s:%zu: type \"%s\" has no fields (an empty one: `$type: \"\"`)", file->path, type->line, name);
    for (struct json_iter it = json_iter(fields); json_iter_next(&it);) {
        size_t line = find_line(file->text, "types", name, it.key);
        const char *text = json_string(it.value);
        if (!str_equal(it.key, "$type")) {
            if (add_field(type, it.key, text, line, err) < 0)
                return -1;
        } else if (!text || schema_line_parse_type(text, type, err) < 0) {
            return error_prefix(err, "%s:%zu: $type of %s", file->path, line, name);
        }
    }
    if (!type->doc)
        type->doc = alloc_string("");
    if (type->attributes.kind &&
        (add_field(type, "apiVersion", "string | Version of the API that this object is written in.", type->line, err) < 0 ||
         add_field(type, "kind", "string | Kind of this object.", type->line, err) < 0))
        return -1;
    ptr_vec_sort(&type->fields, compare_fields);
    return 0;
}

struct model_type *model_find_type(const struct model_file *file, const char *name) {
    for (size_t i = 0; i < file->types.len; i++) {
        struct model_type *type = file->types.items[i];
        if (str_equal(type->name, name))
            return type;
    }
    return NULL;
}

bool model_verbs(const struct json *value, unsigned *ret_verbs, const char **ret_unknown) {
    static const char *const names[] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    *ret_verbs = 0;
    *ret_unknown = "";
    if (str_equal(json_string(value), "all"))
        *ret_verbs = (1u << ARRAY_LEN(names)) - 1;
    for (size_t i = 0; i < json_len(value); i++) {
        unsigned bit = 0;
        for (size_t v = 0; v < ARRAY_LEN(names); v++)
            if (str_equal(names[v], json_string(json_at(value, i))))
                bit = 1u << v;
        if (!bit) {
            *ret_unknown = json_string(json_at(value, i)) ? json_string(json_at(value, i)) : "?";
            return false;
        }
        *ret_verbs |= bit;
    }
    return *ret_verbs != 0;
}

static int add_list_type(struct model_resource *resource, struct error **err) {
    struct model_type *list = model_find_type(resource->file, resource->list_kind);
    if (!list) {
        list = add_type(resource->file, resource->list_kind, resource->line);
        list->doc = alloc_printf("A list of %s objects.", resource->kind);
        list->attributes.kind = true;
        CLEANUP(free_ptr) char *items = alloc_printf("list of %s required default=[] | The objects of the list.", resource->kind);
        if (add_field(list, "apiVersion", "string | Version of the API that this object is written in.", list->line, err) < 0 ||
            add_field(list, "items", items, list->line, err) < 0 ||
            add_field(list, "kind", "string | Kind of this object.", list->line, err) < 0 ||
            add_field(list, "metadata", "meta_v1.ListMeta | Standard metadata of lists.", list->line, err) < 0)
            return -1;
    }
    resource->list_type = list;
    return 0;
}

static int read_resource(struct model_file *file, const char *plural, struct json *row, struct error **err) {
    static const char *const known[] = {"kind",  "singular", "list-kind",    "short",      "categories", "namespaced",
                                        "verbs", "storage",  "subresources", "selectable", "columns",    NULL};
    struct model_resource *resource = alloc_zero(sizeof(*resource));
    ptr_vec_push(&file->resources, resource);
    resource->file = file;
    resource->plural = alloc_string(plural);
    resource->row = row;
    resource->line = find_line(file->text, "resources", plural, NULL);
    for (struct json_iter it = json_iter(row); json_iter_next(&it);) {
        size_t i = 0;
        while (known[i] && !str_equal(known[i], it.key))
            i++;
        if (!known[i])
            return error_set(err, "%s:%zu: unknown key \"%s\" in resource \"%s\"", file->path,
                             find_line(file->text, "resources", plural, it.key), it.key, plural);
    }
    const char *kind = json_get_string(row, "kind");
    resource->type = kind ? model_find_type(file, kind) : NULL;
    if (!resource->type || !resource->type->attributes.kind)
        return error_set(err, "%s:%zu: resource \"%s\" needs a kind that is a `kind` type of this file", file->path,
                         resource->line, plural);
    if (json_kind_of(json_get(row, "namespaced")) != JSON_BOOL)
        return error_set(err, "%s:%zu: resource \"%s\": namespaced must be true or false", file->path, resource->line, plural);
    const char *unknown;
    if (!model_verbs(json_get(row, "verbs"), &resource->verbs, &unknown))
        return error_set(err, "%s:%zu: resource \"%s\": bad verbs \"%s\"", file->path, resource->line, plural, unknown);
    resource->kind = alloc_string(kind);
    const char *singular = json_get_string(row, "singular");
    resource->singular = alloc_string(singular ? singular : kind);
    str_lower(resource->singular);
    const char *list_kind = json_get_string(row, "list-kind");
    resource->list_kind = list_kind ? alloc_string(list_kind) : alloc_printf("%sList", kind);
    unsigned listing = (1u << 4) | (1u << 2); // list, deletecollection
    return resource->verbs & listing ? add_list_type(resource, err) : 0;
}

static int read_header(struct model_file *file, struct error **err) {
    const char *group = json_get_string(file->tree, "group");
    const char *version = json_get_string(file->tree, "version");
    const char *package = json_get_string(file->tree, "package");
    if (!group || !version || !package)
        return error_set(err, "%s:1: group, version and package must be given", file->path);
    file->group = alloc_string(group);
    file->version = alloc_string(version);
    file->package = alloc_string(package);
    file->priority = (long)json_get_int(file->tree, "group-priority", 0);
    for (struct json_iter it = json_iter(file->tree); json_iter_next(&it);)
        if (!str_equal(it.key, "group") && !str_equal(it.key, "version") && !str_equal(it.key, "package") &&
            !str_equal(it.key, "group-priority") && !str_equal(it.key, "types") && !str_equal(it.key, "resources"))
            return error_set(err, "%s:%zu: unknown key \"%s\"", file->path, find_line(file->text, it.key, NULL, NULL), it.key);
    return 0;
}

int model_read(struct model *model, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_FILE_SIZE, &text, err) < 0)
        return -1;
    struct model_file *file = alloc_zero(sizeof(*file));
    ptr_vec_push(&model->files, file);
    const char *slash = strrchr(path, '/');
    file->path = alloc_string(path);
    file->stem = alloc_string(slash ? slash + 1 : path);
    if (str_ends(file->stem, ".yaml"))
        file->stem[strlen(file->stem) - strlen(".yaml")] = '\0';
    if (yaml_parse_one(str_text(&text), text.len, path, &file->tree, err) < 0)
        return -1;
    file->text = str_take(&text);
    if (read_header(file, err) < 0)
        return -1;
    for (struct json_iter it = json_iter(json_get(file->tree, "types")); json_iter_next(&it);)
        if (read_type(file, it.key, it.value, err) < 0)
            return -1;
    for (struct json_iter it = json_iter(json_get(file->tree, "resources")); json_iter_next(&it);)
        if (read_resource(file, it.key, it.value, err) < 0)
            return -1;
    ptr_vec_sort(&file->types, compare_types);
    ptr_vec_sort(&file->resources, compare_resources);
    return 0;
}

// "Container", or "meta_v1.ObjectMeta" (the stem may hold dots: the last one counts).
static struct model_type *resolve(const struct model *model, const struct model_file *file, const char *name) {
    const char *dot = strrchr(name, '.');
    if (!dot)
        return model_find_type(file, name);
    for (size_t i = 0; i < model->files.len; i++) {
        const struct model_file *other = model->files.items[i];
        if (strlen(other->stem) == (size_t)(dot - name) && strncmp(other->stem, name, (size_t)(dot - name)) == 0)
            return model_find_type(other, dot + 1);
    }
    return NULL;
}

static int check_default(const struct model_type *type, const struct model_field *field, struct error **err) {
    const char *text = field->attributes.default_text;
    if (!text)
        return 0;
    AUTO_JSON value = NULL;
    if (json_parse(text, strlen(text), NULL, &value, err) < 0)
        return error_prefix(err, "%s:%zu: %s.%s: default", type->file->path, field->line, type->name, field->name);
    enum json_kind kind = json_kind_of(value);
    bool fits = field->wrappers[0] == 'l'                      ? kind == JSON_ARRAY
                : field->wrappers[0] == 'm' || field->referred ? kind == JSON_OBJECT
                : str_equal(field->base, "bool")               ? kind == JSON_BOOL
                : str_equal(field->base, "int-or-string")      ? kind == JSON_INT || kind == JSON_STRING
                : str_starts(field->base, "int")               ? kind == JSON_INT
                : str_equal(field->base, "number")             ? kind == JSON_INT || kind == JSON_DOUBLE
                : str_equal(field->base, "any")                ? true
                                                               : kind == JSON_STRING;
    if (!fits)
        return error_set(err, "%s:%zu: %s.%s: default %s does not fit the type", type->file->path, field->line, type->name,
                         field->name, text);
    const char *word = json_string(value);
    if (!word || !*word || !field->attributes.enum_values)
        return 0;
    AUTO_STR_LIST values = {0};
    str_list_split(&values, field->attributes.enum_values, ',');
    return str_list_contains(&values, word) ? 0
                                            : error_set(err, "%s:%zu: %s.%s: default %s is not in its enum", type->file->path,
                                                        field->line, type->name, field->name, text);
}

// Keys of a map list and merge keys must be fields of the element.
static int check_keys(const struct model_type *type, const struct model_field *field, struct error **err) {
    AUTO_STR_LIST keys = {0};
    if (field->attributes.keys)
        str_list_split(&keys, field->attributes.keys, ',');
    if (field->attributes.merge_with)
        str_list_add(&keys, field->attributes.merge_with);
    if (field->attributes.merge_key)
        str_list_add(&keys, field->attributes.merge_key);
    for (size_t k = 0; k < keys.len; k++) {
        bool found = false;
        for (size_t i = 0; field->referred && i < field->referred->fields.len; i++)
            found = found || str_equal(((struct model_field *)field->referred->fields.items[i])->name, keys.items[k]);
        if (!found)
            return error_set(err, "%s:%zu: %s.%s: key \"%s\" is no field of the element", type->file->path, field->line,
                             type->name, field->name, keys.items[k]);
    }
    return 0;
}

static int resolve_type(const struct model *model, struct model_type *type, struct error **err) {
    for (size_t i = 0; i < type->fields.len; i++) {
        struct model_field *field = type->fields.items[i];
        if (!field->scalar) {
            field->referred = resolve(model, type->file, field->base);
            if (!field->referred)
                return error_set(err, "%s:%zu: %s.%s: unknown type \"%s\"", type->file->path, field->line, type->name,
                                 field->name, field->base);
        }
        if (check_default(type, field, err) < 0 || check_keys(type, field, err) < 0)
            return -1;
    }
    return 0;
}

int model_resolve(struct model *model, struct error **err) {
    for (size_t f = 0; f < model->files.len; f++) {
        struct model_file *file = model->files.items[f];
        for (size_t i = 0; i < file->types.len; i++)
            if (resolve_type(model, file->types.items[i], err) < 0)
                return -1;
    }
    return 0;
}

static void type_free(struct model_type *type) {
    for (size_t i = 0; i < type->fields.len; i++)
        field_free(type->fields.items[i]);
    ptr_vec_free(&type->fields);
    schema_line_free_attributes(&type->attributes);
    free(type->name);
    free(type->doc);
    free(type);
}

static void resource_free(struct model_resource *resource) {
    free(resource->plural);
    free(resource->singular);
    free(resource->kind);
    free(resource->list_kind);
    free(resource);
}

static void file_free(struct model_file *file) {
    for (size_t i = 0; i < file->types.len; i++)
        type_free(file->types.items[i]);
    for (size_t i = 0; i < file->resources.len; i++)
        resource_free(file->resources.items[i]);
    ptr_vec_free(&file->types);
    ptr_vec_free(&file->resources);
    json_unref(file->tree);
    free(file->path);
    free(file->stem);
    free(file->text);
    free(file->group);
    free(file->version);
    free(file->package);
    free(file);
}

void model_free(struct model *model) {
    for (size_t i = 0; i < model->files.len; i++)
        file_free(model->files.items[i]);
    ptr_vec_free(&model->files);
}
