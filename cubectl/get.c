// SPDX-License-Identifier: Apache-2.0
// `get`: tables by the server's own rows; other forms by the objects themselves.
#include "cubectl/get.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/data/jsonpath.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/get_options.h"
#include "cubectl/get_sort.h"
#include "cubectl/table.h"

#define MEMBER(member) offsetof(struct get_options, member)

static const struct option options_table[] = {
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL,
     "Output format: json, yaml, name, wide, jsonpath=..., jsonpath-as-json=..., jsonpath-file=..., custom-columns=..., "
     "custom-columns-file=...",
     NULL},
    {"all-namespaces", 'A', OPTION_BOOL, MEMBER(all_namespaces), NULL, "List the objects of all namespaces", NULL},
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"field-selector", 0, OPTION_STRING, MEMBER(field_selector), NULL, "Selector (field query) to filter on", NULL},
    {"watch", 'w', OPTION_BOOL, MEMBER(watch), NULL, "After listing, watch for changes", NULL},
    {"watch-only", 0, OPTION_BOOL, MEMBER(watch_only), NULL, "Watch for changes without listing first", NULL},
    {"output-watch-events", 0, OPTION_BOOL, MEMBER(watch_events), NULL, "Show the kind of each event", NULL},
    {"no-headers", 0, OPTION_BOOL, MEMBER(no_headers), NULL, "Don't print headers", NULL},
    {"show-labels", 0, OPTION_BOOL, MEMBER(show_labels), NULL, "Show all labels as the last column", NULL},
    {"show-kind", 0, OPTION_BOOL, MEMBER(show_kind), NULL, "List the resource type for the requested objects", NULL},
    {"label-columns", 'L', OPTION_LIST, MEMBER(label_columns), NULL, "Labels to show as columns", NULL},
    {"sort-by", 0, OPTION_STRING, MEMBER(sort_by), NULL, "JSONPath of the field to sort by", NULL},
    {"chunk-size", 0, OPTION_INT, MEMBER(chunk_size), "500", "Ask for large lists in chunks; 0 for all at once", NULL},
    {"ignore-not-found", 0, OPTION_BOOL, MEMBER(ignore_not_found), NULL, "An object that is not there is no error", NULL},
    {"show-managed-fields", 0, OPTION_BOOL, MEMBER(show_managed_fields), NULL, "Keep managedFields in JSON and YAML", NULL},
    {"allow-missing-template-keys", 0, OPTION_BOOL, MEMBER(allow_missing), "true",
     "Ignore keys that a template names and an object lacks", NULL},
    {"server-print", 0, OPTION_BOOL, MEMBER(server_print), "true", "Have the server make the table", NULL},
    {"raw", 0, OPTION_STRING, MEMBER(raw), NULL, "Path to request and print as it comes", NULL},
    {"subresource", 0, OPTION_STRING, MEMBER(subresource), NULL, "Work on this subresource: status, scale", NULL},
    COMMAND_OPTIONS_END,
};

void get_path(const struct session *session, const struct get_options *options, const struct target_words *words,
              struct str *out) {
    if (words->name) {
        struct target target = {.resource = words->resource, .ns = session->ns, .name = words->name};
        target_path(&target, options->subresource, out);
        return;
    }
    target_list_path(words->resource, options->all_namespaces ? NULL : session->ns, out);
    if (!str_empty(options->selector))
        url_query_add(out, "labelSelector", options->selector);
    if (!str_empty(options->field_selector))
        url_query_add(out, "fieldSelector", options->field_selector);
}

static bool forgiven(const struct get_options *options, const struct error *error) {
    return options->ignore_not_found && error_has_code(error, 404) && error_is(error, "NotFound");
}

static void fail(struct session *session, const struct get_options *options, const struct target_words *words,
                 struct error *take_error) {
    if (!words->name)
        failure_list(&take_error, words->resource, options->selector, options->field_selector);
    if (forgiven(options, take_error))
        error_free(take_error);
    else
        failure_add(session, take_error);
}

// --- tables ------------------------------------------------------------------------------------------------------------

struct tables {
    struct session *session;
    const struct get_options *options;
    struct table table;
    const struct resource *resource; // being fetched
    const struct resource *last;     // printed
    size_t rows;
    bool namespaced; // all asked-for resources
};

static void flush(struct tables *tables) {
    AUTO_STR text = {0};
    tab_writer_flush(&tables->table.writer, &text);
    fwrite(str_text(&text), 1, text.len, tables->session->out);
}

static void add_answer(void *context, struct json *answer) {
    struct tables *tables = context;
    if (table_row_count(answer) == 0)
        return;
    if (tables->last != tables->resource) {
        flush(tables);
        if (tables->last && !tables->options->no_headers && tables->rows > 0)
            fputc('\n', tables->session->out);
        table_next_resource(&tables->table);
        tables->table.with_namespace = tables->options->all_namespaces && tables->resource->namespaced;
        tables->last = tables->resource;
    }
    tables->rows += table_row_count(answer);
    table_add(&tables->table, tables->resource, answer, NULL, clock_wall(tables->session->clock));
}

// With --sort-by a list is collected and sorted before it is added.
static void collect_answer(void *context, struct json *answer) {
    struct json **all = context;
    if (!*all) {
        *all = json_ref(answer);
        return;
    }
    struct json *rows = json_ensure_array(*all, "rows");
    for (size_t i = 0; i < json_len(json_get(answer, "rows")); i++)
        json_append(rows, json_ref(json_at(json_get(answer, "rows"), i)));
}

static int fetch_table(struct tables *tables, const struct target_words *words, struct error **err) {
    const struct get_options *options = tables->options;
    AUTO_STR path = {0};
    get_path(tables->session, options, words, &path);
    tables->resource = words->resource;
    const char *accept = options->server_print ? TABLE_TYPE : NULL;
    int64_t chunk = words->name ? 0 : options->chunk_size;
    if (str_empty(options->sort_by))
        return target_pages(tables->session, &(struct target_pages){path.data, accept, chunk, add_answer, tables}, err);
    AUTO_JSON all = NULL;
    url_query_add(&path, "includeObject", "Object");
    if (target_pages(tables->session, &(struct target_pages){path.data, accept, chunk, collect_answer, &all}, err) < 0)
        return -1;
    if (get_sort(json_get(all, "rows"), "object", options->sort_by, err) < 0)
        return -1;
    add_answer(tables, all);
    return 0;
}

static int print_tables(struct session *session, const struct get_options *options, const struct target_words_list *words,
                        bool wide, struct error **err UNUSED) {
    struct tables tables = {.session = session,
                            .options = options,
                            .namespaced = !options->all_namespaces,
                            .table = {.writer = TAB_WRITER_TABLE,
                                      .wide = wide,
                                      .no_headers = options->no_headers,
                                      .with_kind = words->several_types || options->show_kind,
                                      .show_labels = options->show_labels,
                                      .label_columns = &options->label_columns}};
    for (size_t i = 0; i < words->len; i++) {
        struct error *error = NULL;
        tables.namespaced = tables.namespaced && words->items[i].resource->namespaced;
        if (fetch_table(&tables, &words->items[i], &error) < 0)
            fail(session, options, &words->items[i], error);
    }
    flush(&tables);
    table_free(&tables.table);
    if (tables.rows == 0 && session->failures.len == 0 && !options->ignore_not_found) {
        fflush(session->out);
        if (tables.namespaced)
            fprintf(session->errors, "No resources found in %s namespace.\n", session->ns);
        else
            fprintf(session->errors, "No resources found\n");
    }
    return 0;
}

// --- other forms -------------------------------------------------------------------------------------------------------

struct objects {
    struct json *items;
    const struct resource *resource;
};

static void add_objects(void *context, struct json *answer) {
    struct objects *objects = context;
    const struct json *items = json_get(answer, "items");
    if (!json_is_array(items)) {
        json_append(objects->items, json_ref(answer));
        return;
    }
    for (size_t i = 0; i < json_len(items); i++) {
        struct json *item = json_at(items, i);
        if (!json_has(item, "kind"))
            schema_set_kind(item, objects->resource->api_version, objects->resource->kind);
        json_append(objects->items, json_ref(item));
    }
}

static int print_objects(struct session *session, const struct get_options *options, const struct target_words_list *words,
                         struct output *output, struct error **err) {
    AUTO_JSON list = output_new_list(true);
    struct objects objects = {.items = json_get(list, "items")};
    for (size_t i = 0; i < words->len; i++) {
        struct error *error = NULL;
        AUTO_STR path = {0};
        objects.resource = words->items[i].resource;
        get_path(session, options, &words->items[i], &path);
        int64_t chunk = words->items[i].name ? 0 : options->chunk_size;
        if (target_pages(session, &(struct target_pages){path.data, NULL, chunk, add_objects, &objects}, &error) < 0)
            fail(session, options, &words->items[i], error);
    }
    size_t count = json_len(objects.items);
    if (!str_empty(options->sort_by) && get_sort(objects.items, NULL, options->sort_by, err) < 0)
        return -1;
    int result = 0;
    if (output_by_object(output)) {
        for (size_t i = 0; i < count && result == 0; i++)
            result = output_print(output, json_at(objects.items, i), session->out, err);
        output_flush(output, session->out);
        return result;
    }
    bool single = words->len == 1 && words->items[0].name;
    if (single && count == 1)
        return output_print(output, json_at(objects.items, 0), session->out, err);
    if (single || (count == 0 && session->failures.len > 0))
        return 0; // the one object is not there
    return output_print(output, list, session->out, err);
}

// --- the command -------------------------------------------------------------------------------------------------------

static int no_resource(struct session *session, struct error **err) {
    fflush(session->out);
    fprintf(session->errors,
            "You must specify the type of resource to get. Use \"cubectl api-resources\" for a complete list of supported "
            "resources.\n\n");
    return failure_usage(session, err, "Required resource not specified.");
}

static int get_raw(struct session *session, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (session_call_text(session, &(struct session_call){.path = path}, &text, err) < 0)
        return -1;
    fwrite(str_text(&text), 1, text.len, session->out);
    return 0;
}

// -f: the objects that the manifests name.
static int words_of_files(struct session *session, const struct get_options *options, struct target_words_list *words,
                          struct error **err) {
    AUTO_TARGETS targets = {0};
    struct target_query query = {.filenames = &options->filenames, .recursive = options->recursive};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    for (size_t i = 0; i < targets.len; i++) {
        words->several_types = words->several_types || targets.items[i].resource != targets.items[0].resource;
        words->items = alloc_resize(words->items, words->len + 1, sizeof(*words->items));
        words->items[words->len++] = (struct target_words){targets.items[i].resource, alloc_string(targets.items[i].name)};
    }
    return 0;
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct get_options *options = opaque;
    if (!str_empty(options->raw))
        return get_raw(session, options->raw, err);
    AUTO_OUTPUT output = NULL;
    if (output_new(options->output, options->show_managed_fields, options->allow_missing, &output, err) < 0)
        return -1;
    if (options->no_headers)
        output_set_no_headers(output);
    if (arguments->len == 0 && options->filenames.len == 0)
        return no_resource(session, err);
    AUTO_TARGET_WORDS words = {0};
    if (session_prepare(session, err) < 0)
        return -1;
    if (options->filenames.len > 0 ? words_of_files(session, options, &words, err) < 0
                                   : target_parse(session, arguments, options->all_namespaces, &words, err) < 0)
        return -1;
    if (!str_empty(options->selector))
        for (size_t i = 0; i < words.len; i++)
            if (words.items[i].name)
                return error_set(err, "name cannot be provided when a selector is specified");
    if (options->watch || options->watch_only) {
        if (words.len != 1)
            return error_set(err, words.several_types
                                      ? "you may only specify a single resource type"
                                      : "watch is only supported on individual resources and resource collections");
        return get_watch(session, options, &words.items[0], output, err);
    }
    if (output_form(output) == OUTPUT_DEFAULT || output_form(output) == OUTPUT_WIDE)
        return print_tables(session, options, &words, output_form(output) == OUTPUT_WIDE, err);
    return print_objects(session, options, &words, output, err);
}

const struct command get_command = {
    .name = "get",
    .arguments = "(TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...)",
    .summary = "Display one or many resources",
    .options = options_table,
    .options_size = sizeof(struct get_options),
    .run = run,
};
