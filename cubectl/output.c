// SPDX-License-Identifier: Apache-2.0
// The forms of -o.
#include "cubectl/output.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/data/jsonpath.h"
#include "common/data/yaml.h"
#include "cubectl/tab_writer.h"

#define MAX_TEMPLATE ((size_t)1 << 20)

struct column {
    char *header;
    struct jsonpath *path;
};

struct output {
    enum output_form form;
    bool keep_managed_fields;
    bool allow_missing;
    bool no_headers;
    size_t printed;
    struct jsonpath *path;
    struct vec columns; // struct column
    struct tab_writer writer;
};

// --- understanding -----------------------------------------------------------------------------------------------------

static int set_jsonpath(struct output *output, const char *template, struct error **err) {
    if (str_empty(template))
        return error_set(err, "template format specified but no template given");
    AUTO_ERROR cause = NULL;
    if (jsonpath_compile(template, &output->path, &cause) < 0)
        return error_set(err, "error parsing jsonpath %s, %s", template, error_message(cause));
    return 0;
}

// `NAME:.metadata.name,NODE:.spec.nodeName`
static int set_columns(struct output *output, const char *spec, struct error **err) {
    if (str_empty(spec))
        return error_set(err, "custom-columns format specified but no custom columns given");
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, spec, ',');
    for (size_t i = 0; i < parts.len; i++) {
        const char *colon = strchr(parts.items[i], ':');
        if (!colon)
            return error_set(err, "unexpected custom-columns spec: %s, expected <header>:<json-path-expr>", parts.items[i]);
        struct column column = {alloc_string_n(parts.items[i], (size_t)(colon - parts.items[i])), NULL};
        int result = jsonpath_compile_path(colon + 1, &column.path, err);
        vec_push(&output->columns, &column);
        if (result < 0)
            return -1;
    }
    return 0;
}

// Two lines: headers and paths, in columns of white space.
static int set_columns_file(struct output *output, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_TEMPLATE, &text, err) < 0)
        return -1;
    AUTO_STR_LIST lines = {0};
    str_list_split(&lines, str_text(&text), '\n');
    AUTO_STR spec = {0};
    char *rest[2] = {0};
    char *header = lines.len > 1 ? strtok_r(lines.items[0], " \t\r", &rest[0]) : NULL;
    char *expression = lines.len > 1 ? strtok_r(lines.items[1], " \t\r", &rest[1]) : NULL;
    for (; header && expression; header = strtok_r(NULL, " \t\r", &rest[0]), expression = strtok_r(NULL, " \t\r", &rest[1]))
        str_printf(&spec, "%s%s:%s", spec.len > 0 ? "," : "", header, expression);
    if (header || expression || spec.len == 0)
        return error_set(err, "number of headers and field specifications don't match in %s", path);
    return set_columns(output, str_text(&spec), err);
}

static int set_jsonpath_file(struct output *output, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_TEMPLATE, &text, err) < 0)
        return error_prefix(err, "error reading --template %s", path);
    return set_jsonpath(output, str_text(&text), err);
}

static int set_nothing(struct output *output UNUSED, const char *value UNUSED, struct error **err UNUSED) {
    return 0;
}

static const struct output_format {
    const char *name;
    enum output_form form;
    bool takes_value; // `name=value`
    int (*set)(struct output *output, const char *value, struct error **err);
} formats[] = {
    {"custom-columns", OUTPUT_COLUMNS, true, set_columns},
    {"custom-columns-file", OUTPUT_COLUMNS, true, set_columns_file},
    {"json", OUTPUT_JSON, false, set_nothing},
    {"jsonpath", OUTPUT_JSONPATH, true, set_jsonpath},
    {"jsonpath-as-json", OUTPUT_JSONPATH_JSON, true, set_jsonpath},
    {"jsonpath-file", OUTPUT_JSONPATH, true, set_jsonpath_file},
    {"name", OUTPUT_NAME, false, set_nothing},
    {"wide", OUTPUT_WIDE, false, set_nothing},
    {"yaml", OUTPUT_YAML, false, set_nothing},
};

static const struct output_format *find_format(const char *text, const char **ret_value) {
    size_t len = strcspn(text, "=");
    *ret_value = text[len] == '=' ? text + len + 1 : "";
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strlen(formats[i].name) == len && strncmp(formats[i].name, text, len) == 0 && (formats[i].takes_value || !text[len]))
            return &formats[i];
    return NULL;
}

int output_new(const char *text, bool keep_managed_fields, bool allow_missing, struct output **ret_output, struct error **err) {
    AUTO_OUTPUT output = alloc_zero(sizeof(*output));
    output->keep_managed_fields = keep_managed_fields;
    output->allow_missing = allow_missing;
    output->columns = VEC_OF(struct column);
    output->writer = TAB_WRITER_TABLE;
    if (!str_empty(text)) {
        const char *value = NULL;
        const struct output_format *format = find_format(text, &value);
        if (!format) {
            AUTO_STR names = {0};
            for (size_t i = 0; i < ARRAY_LEN(formats); i++)
                str_printf(&names, "%s%s", i > 0 ? "," : "", formats[i].name);
            return error_set(err, "unable to match a printer suitable for the output format \"%s\", allowed formats are: %s",
                             text, str_text(&names));
        }
        output->form = format->form;
        if (format->set(output, value, err) < 0)
            return -1;
    }
    *ret_output = STEAL(output);
    return 0;
}

void output_free(struct output *output) {
    if (!output)
        return;
    for (size_t i = 0; i < output->columns.len; i++) {
        struct column *column = VEC_AT(&output->columns, struct column, i);
        free(column->header);
        jsonpath_free(column->path);
    }
    vec_free(&output->columns);
    jsonpath_free(output->path);
    tab_writer_free(&output->writer);
    free(output);
}

void output_freep(struct output **output) {
    output_free(*output);
}

enum output_form output_form(const struct output *output) {
    return output->form;
}

void output_set_no_headers(struct output *output) {
    output->no_headers = true;
}

bool output_by_object(const struct output *output) {
    return output->form == OUTPUT_NAME || output->form == OUTPUT_COLUMNS;
}

struct json *output_new_list(bool versioned) {
    struct json *list = json_new_object();
    schema_set_kind(list, "v1", "List");
    json_set(list, "items", json_new_array());
    struct json *metadata = json_ensure_object(list, "metadata");
    if (versioned)
        json_set_string(metadata, "resourceVersion", "");
    return list;
}

// --- printing ----------------------------------------------------------------------------------------------------------

static void append_name(const struct json *object, struct str *out) {
    CLEANUP(free_ptr) char *kind = alloc_string(json_get_text(object, "kind"));
    const char *api_version = json_get_text(object, "apiVersion"), *slash = strchr(api_version, '/');
    str_lower(kind);
    str_append(out, kind);
    if (slash)
        str_printf(out, ".%.*s", (int)(slash - api_version), api_version);
    str_printf(out, "/%s", meta_name(object));
}

static void print_json(const struct json *object, struct str *text) {
    json_write_sorted(object, text, 4);
    if (!str_ends(str_text(text), "\n"))
        str_append_char(text, '\n');
}

static int print_jsonpath(const struct output *output, const struct json *object, struct str *text, struct error **err) {
    struct error *cause = NULL;
    if (jsonpath_print(output->path, object, output->allow_missing, text, &cause) == 0)
        return 0;
    error_set(err, "error executing jsonpath: %s", error_message(cause));
    error_free(cause);
    return -1;
}

static int print_jsonpath_json(const struct output *output, const struct json *object, struct str *text, struct error **err) {
    AUTO_JSONPATH_VALUES values = {0};
    if (jsonpath_find(output->path, object, output->allow_missing, &values, err) < 0)
        return -1;
    AUTO_JSON array = json_new_array();
    for (size_t i = 0; i < values.len; i++)
        json_append(array, values.items[i] ? json_ref(values.items[i]) : NULL);
    json_write_sorted(array, text, 4);
    str_append_char(text, '\n');
    return 0;
}

static void append_value(const struct json *value, struct str *out) {
    if (json_is_string(value)) {
        str_append(out, json_string(value));
        return;
    }
    if (!value) {
        str_append(out, "<nil>");
        return;
    }
    if (!json_is_array(value) && !json_is_object(value)) {
        json_write(value, out);
        return;
    }
    // as Go prints lists and maps
    str_append(out, json_is_array(value) ? "[" : "map[");
    for (size_t i = 0; i < json_len(value); i++) {
        if (i > 0)
            str_append_char(out, ' ');
        append_value(json_at(value, i), out);
    }
    AUTO_STR_LIST keys = {0};
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        str_list_add(&keys, it.key);
    str_list_sort(&keys);
    for (size_t i = 0; i < keys.len; i++) {
        str_printf(out, "%s%s:", i > 0 ? " " : "", keys.items[i]);
        append_value(json_get(value, keys.items[i]), out);
    }
    str_append_char(out, ']');
}

static int print_columns(struct output *output, const struct json *object, struct error **err) {
    struct str *text = &output->writer.text;
    if (output->printed == 0 && !output->no_headers)
        for (size_t i = 0; i < output->columns.len; i++)
            str_printf(text, "%s%s", VEC_AT(&output->columns, struct column, i)->header,
                       i + 1 < output->columns.len ? "\t" : "\n");
    for (size_t i = 0; i < output->columns.len; i++) {
        AUTO_JSONPATH_VALUES values = {0};
        if (jsonpath_find(VEC_AT(&output->columns, struct column, i)->path, object, true, &values, err) < 0)
            return -1;
        if (values.len == 0)
            str_append(text, "<none>");
        for (size_t v = 0; v < values.len; v++) {
            if (v > 0)
                str_append_char(text, ',');
            append_value(values.items[v], text);
        }
        str_append_char(text, i + 1 < output->columns.len ? '\t' : '\n');
    }
    return 0;
}

static void drop_managed_fields(const struct output *output, struct json *object) {
    if (output->keep_managed_fields)
        return;
    if (json_get(object, "metadata"))
        json_remove(json_get(object, "metadata"), "managedFields");
    const struct json *items = json_get(object, "items");
    for (size_t i = 0; i < json_len(items); i++)
        if (json_get(json_at(items, i), "metadata"))
            json_remove(json_get(json_at(items, i), "metadata"), "managedFields");
}

int output_print(struct output *output, struct json *object, FILE *out, struct error **err) {
    AUTO_STR text = {0};
    int result = 0;
    drop_managed_fields(output, object);
    switch (output->form) {
    case OUTPUT_JSON:
        print_json(object, &text);
        break;
    case OUTPUT_YAML:
        if (output->printed > 0)
            str_append(&text, "---\n");
        yaml_write(object, &text);
        break;
    case OUTPUT_JSONPATH:
        result = print_jsonpath(output, object, &text, err);
        break;
    case OUTPUT_JSONPATH_JSON:
        result = print_jsonpath_json(output, object, &text, err);
        break;
    case OUTPUT_COLUMNS:
        result = print_columns(output, object, err);
        break;
    case OUTPUT_NAME:
    case OUTPUT_DEFAULT:
    case OUTPUT_WIDE:
        append_name(object, &text);
        str_append_char(&text, '\n');
        break;
    }
    output->printed++;
    fwrite(str_text(&text), 1, text.len, out);
    return result;
}

void output_flush(struct output *output, FILE *out) {
    AUTO_STR text = {0};
    tab_writer_flush(&output->writer, &text);
    fwrite(str_text(&text), 1, text.len, out);
    fflush(out);
}

int output_done(struct output *output, struct json *object, const char *what, FILE *out, struct error **err) {
    if (output->form != OUTPUT_DEFAULT)
        return output_print(output, object, out, err);
    AUTO_STR text = {0};
    append_name(object, &text);
    fprintf(out, "%s %s\n", str_text(&text), what);
    return 0;
}
