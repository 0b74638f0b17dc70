// SPDX-License-Identifier: Apache-2.0
// Walks a configuration file and sets the options that its fields name.
#include "common/component/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/option_value.h"
#include "common/data/yaml.h"

#define CONFIG_MAX_BYTES ((size_t)4 << 20)

// One load in progress.
struct load {
    const struct config_file_spec *spec;
    const struct option *options;
    void *target;
    const struct str_list *given;
};

static const struct config_field *find_field(const struct load *load, const char *path) {
    for (const struct config_field *field = load->spec->fields; field->path; field++) {
        if (str_equal(field->path, path))
            return field;
    }
    return NULL;
}

// Is there a field below this path?
static bool is_parent(const struct load *load, const char *path) {
    for (const struct config_field *field = load->spec->fields; field->path; field++) {
        const char *rest = str_skip_prefix(field->path, path);
        if (rest && *rest == '.')
            return true;
    }
    return false;
}

static const struct option *find_option(const struct load *load, const char *name) {
    for (const struct option *row = load->options; row->name; row++) {
        if (str_equal(row->name, name))
            return row;
    }
    return NULL;
}

// A scalar as the text that a flag would have; anything else as compact JSON.
static char *value_text(const struct json *value) {
    return json_is_string(value) ? alloc_string(json_string(value)) : json_text(value);
}

static int set_text(const struct load *load, const struct option *row, char *take_text, bool replace, struct error **err) {
    int result = option_value_set(row, load->target, take_text, replace, err);
    free(take_text);
    return result;
}

static int set_value(const struct load *load, const struct option *row, const struct json *value, struct error **err) {
    if (row->type == OPTION_MAP && json_is_object(value)) {
        bool first = true;
        for (struct json_iter it = json_iter(value); json_iter_next(&it); first = false) {
            char *text = value_text(it.value);
            int result = set_text(load, row, alloc_printf("%s=%s", it.key, text), first, err);
            free(text);
            if (result < 0)
                return -1;
        }
        return 0;
    }
    if ((row->type == OPTION_LIST || row->type == OPTION_ARRAY) && json_is_array(value)) {
        for (size_t i = 0; i < json_len(value); i++) {
            if (set_text(load, row, value_text(json_at(value, i)), i == 0, err) < 0)
                return -1;
        }
        return 0;
    }
    return set_text(load, row, value_text(value), true, err);
}

static int apply_field(const struct load *load, const struct config_field *field, const struct json *value, struct error **err) {
    if (!value)
        return 0; // null: the default stays
    if (!field->option) {
        log_warning("configuration field has no effect, ignoring", "field", field->path, "why", field->why, NULL);
        return 0;
    }
    if (str_list_contains(load->given, field->option))
        return 0; // the command line wins
    const struct option *row = find_option(load, field->option);
    if (!row)
        return error_set(err, "field \"%s\" names no option \"%s\"", field->path, field->option);
    if (set_value(load, row, value, err) < 0)
        return error_prefix(err, "field \"%s\"", field->path);
    return 0;
}

static int walk(const struct load *load, const char *parent, const struct json *object, struct error **err) {
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        if (str_empty(parent) && (str_equal(it.key, "kind") || str_equal(it.key, "apiVersion")))
            continue;
        char *path = str_empty(parent) ? alloc_string(it.key) : alloc_printf("%s.%s", parent, it.key);
        const struct config_field *field = find_field(load, path);
        int result = 0;
        if (field)
            result = apply_field(load, field, it.value, err);
        else if (is_parent(load, path) && (!it.value || json_is_object(it.value)))
            result = walk(load, path, it.value, err);
        else if (load->spec->strict)
            result = error_set(err, "strict decoding error: unknown field \"%s\"", path);
        else
            log_warning("unknown field in configuration file, ignoring", "field", path, NULL);
        free(path);
        if (result < 0)
            return -1;
    }
    return 0;
}

int config_file_load(const char *path, const struct config_file_spec *spec, const struct option *options, void *target,
                     const struct str_list *given, struct error **err) {
    AUTO_STR text = {0};
    AUTO_JSON tree = NULL;
    if (file_read(path, CONFIG_MAX_BYTES, &text, err) < 0 || yaml_parse_one(str_text(&text), text.len, path, &tree, err) < 0)
        return error_prefix(err, "failed to load config file \"%s\"", path);
    if (!str_equal(json_get_string(tree, "kind"), spec->kind) ||
        !str_equal(json_get_string(tree, "apiVersion"), spec->api_version))
        return error_set(err,
                         "failed to load config file \"%s\": no kind \"%s\" is registered for version \"%s\", expected %s of %s",
                         path, json_get_text(tree, "kind"), json_get_text(tree, "apiVersion"), spec->kind, spec->api_version);
    struct load load = {.spec = spec, .options = options, .target = target, .given = given};
    if (walk(&load, "", tree, err) < 0)
        return error_prefix(err, "failed to load config file \"%s\"", path);
    return 0;
}
