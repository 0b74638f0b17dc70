// SPDX-License-Identifier: Apache-2.0
// meta.k8s.io Table: the columns of a resource's schema row, filled from an object's tree.
#include "apiserver/table.h"

#include "apiserver/encode.h"
#include "apiserver/table_kinds.h"
#include "common/api/resources.h"
#include "common/api/schema.h"
#include "common/api/status.h"
#include "common/base/time_format.h"
#include "common/data/jsonpath.h"

int table_include_parse(const char *text, enum table_include *ret_include, struct error **err) {
    static const struct {
        const char *name;
        enum table_include include;
    } names[] = {{"None", TABLE_INCLUDE_NONE}, {"Metadata", TABLE_INCLUDE_METADATA}, {"Object", TABLE_INCLUDE_OBJECT}};

    if (str_empty(text)) {
        *ret_include = TABLE_INCLUDE_METADATA;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_equal(text, names[i].name)) {
            *ret_include = names[i].include;
            return 0;
        }
    return status_bad_request(err, "unrecognized includeObject value: \"%s\"", text);
}

static struct json *column_definitions(const struct resource *resource) {
    struct json *columns = json_new_array();
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct resource_column *row = &resource->columns[i];
        struct json *column = json_new_object();
        json_set_string(column, "name", row->name);
        // Dates are handed out as ages, which are text.
        json_set_string(column, "type", str_equal(row->type, "date") ? "string" : row->type);
        json_set(column, "format", json_new_string(row->format ? row->format : ""));
        json_set(column, "description", json_new_string(row->doc ? row->doc : ""));
        json_set_int(column, "priority", row->priority);
        json_append(columns, column);
    }
    return columns;
}

struct json *table_new(const struct resource *resource, const struct table_options *options) {
    struct json *table = json_new_object();
    AUTO_STR version = {0};
    str_printf(&version, "meta.k8s.io/%s", options->meta_version);
    schema_set_kind(table, str_text(&version), "Table");
    json_set(table, "metadata", json_new_object());
    json_set(table, "columnDefinitions", options->no_headers ? NULL : column_definitions(resource));
    json_set(table, "rows", json_new_array());
    return table;
}

// The value at a column's path: plain dotted paths are walked, anything richer is JSONPath.
static struct json *value_at_path(const struct json *object, const char *path) {
    if (!path[0] || !path[1])
        return NULL;
    bool plain = true;
    for (const char *c = path; *c; c++)
        plain = plain && *c != '[' && *c != '\\' && *c != '*' && *c != '{';
    if (plain) {
        struct json *value = json_find(object, path + 1);
        return value ? json_ref(value) : NULL;
    }
    AUTO_JSONPATH compiled = NULL;
    AUTO_JSONPATH_VALUES values = {0};
    if (jsonpath_compile_path(path, &compiled, NULL) < 0 || jsonpath_find(compiled, object, true, &values, NULL) < 0 ||
        values.len == 0 || !values.items[0])
        return NULL;
    return json_ref(values.items[0]);
}

static struct json *cell_of(const struct resource_column *column, const struct json *object, const struct json *computed,
                            int64_t now) {
    if (column->path[0] != '.') {
        struct json *value = json_get(computed, column->path);
        return value ? json_ref(value) : NULL;
    }
    AUTO_JSON value = value_at_path(object, column->path);
    if (str_equal(column->type, "date")) {
        char age[TIME_TEXT_SIZE];
        return json_new_string(table_age(json_string(value), now, age));
    }
    if (!value && str_equal(column->type, "integer"))
        return json_new_int(0);
    if (!value)
        return json_new_string("");
    return STEAL(value);
}

static struct json *row_object(const struct json *object, const struct table_options *options) {
    if (options->include == TABLE_INCLUDE_NONE)
        return NULL;
    if (options->include == TABLE_INCLUDE_OBJECT)
        return json_clone(object);
    return encode_partial(object, options->meta_version);
}

void table_add(struct json *table, const struct resource *resource, const struct json *object,
               const struct table_options *options) {
    const struct table_kind *kind = table_kind_of(resource);
    AUTO_JSON computed = json_new_object();
    if (kind)
        kind->cells(object, options->now, computed);
    struct json *cells = json_new_array();
    for (size_t i = 0; i < resource->column_count; i++)
        json_append(cells, cell_of(&resource->columns[i], object, computed, options->now));
    struct json *row = json_new_object();
    json_set(row, "cells", cells);
    struct json *conditions = kind && kind->conditions ? kind->conditions(object) : NULL;
    if (conditions)
        json_set(row, "conditions", conditions);
    json_set(row, "object", row_object(object, options));
    json_append(json_get(table, "rows"), row);
}
