// SPDX-License-Identifier: Apache-2.0
// `get -w`: what is there, then a row or object for each change.
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/get_options.h"
#include "cubectl/table.h"
#include "cubectl/watch.h"

struct watching {
    struct session *session;
    const struct get_options *options;
    const struct target_words *words;
    struct output *output;
    struct table table;
    bool tables;
    struct str version; // of the list
    size_t rows;
    struct error *error;
};

static void flush_table(struct watching *watching) {
    AUTO_STR text = {0};
    tab_writer_flush(&watching->table.writer, &text);
    fwrite(str_text(&text), 1, text.len, watching->session->out);
    fflush(watching->session->out);
}

static int print_object(struct watching *watching, const char *type, struct json *object, struct error **err) {
    AUTO_JSON event = NULL;
    if (watching->options->watch_events && !output_by_object(watching->output)) {
        event = json_new_object();
        json_set_string(event, "type", type);
        json_set(event, "object", json_ref(object));
        object = event;
    }
    int result = output_print(watching->output, object, watching->session->out, err);
    output_flush(watching->output, watching->session->out);
    return result;
}

static int print_answer(struct watching *watching, const char *type, struct json *answer, struct error **err) {
    if (watching->tables) {
        table_add(&watching->table, watching->words->resource, answer, watching->options->watch_events ? type : NULL,
                  clock_wall(watching->session->clock));
        return 0;
    }
    const struct json *items = json_get(answer, "items");
    if (!json_is_array(items))
        return print_object(watching, type, answer, err);
    for (size_t i = 0; i < json_len(items); i++) {
        struct json *item = json_at(items, i);
        if (!json_has(item, "kind"))
            schema_set_kind(item, watching->words->resource->api_version, watching->words->resource->kind);
        if (print_object(watching, type, item, err) < 0)
            return -1;
    }
    return 0;
}

static void on_page(void *context, struct json *page) {
    struct watching *watching = context;
    str_clear(&watching->version);
    str_append(&watching->version, json_find_text(page, "metadata.resourceVersion"));
    watching->rows += table_row_count(page);
    if (watching->options->watch_only || watching->error)
        return;
    print_answer(watching, "ADDED", page, &watching->error);
}

static bool on_event(void *context, const char *type, struct json *object) {
    struct watching *watching = context;
    if (print_answer(watching, type, object, &watching->error) < 0)
        return false;
    if (watching->tables)
        flush_table(watching);
    return true;
}

// The collection's path; for one object its namespace's collection, narrowed to the name.
static void collection_path(const struct watching *watching, struct str *path) {
    struct target_words all = {watching->words->resource, NULL};
    get_path(watching->session, watching->options, &all, path);
    if (!watching->words->name)
        return;
    CLEANUP(free_ptr) char *selector = alloc_printf("metadata.name=%s", watching->words->name);
    url_query_add(path, "fieldSelector", selector);
}

// The object that is not there, in the server's own words.
static int require_object(struct watching *watching, struct error **err) {
    if (!watching->words->name || watching->rows > 0)
        return 0;
    AUTO_STR path = {0};
    get_path(watching->session, watching->options, watching->words, &path);
    return session_call(watching->session, &(struct session_call){.path = str_text(&path)}, NULL, err);
}

static int watch_all(struct watching *watching, struct error **err) {
    AUTO_STR path = {0};
    const char *accept = watching->tables && watching->options->server_print ? TABLE_TYPE : NULL;
    collection_path(watching, &path);
    if (target_pages(watching->session,
                     &(struct target_pages){path.data, accept, watching->options->chunk_size, on_page, watching}, err) < 0)
        return -1;
    if (watching->error)
        return error_move(err, &watching->error);
    flush_table(watching);
    if (require_object(watching, err) < 0)
        return -1;
    url_query_add(&path, "watch", "true");
    url_query_add(&path, "resourceVersion", str_text(&watching->version));
    struct watch_call call = {.path = path.data, .accept = accept, .callback = on_event, .context = watching};
    if (watch_run(watching->session, &call, err) < 0)
        return -1;
    return watching->error ? error_move(err, &watching->error) : 0;
}

int get_watch(struct session *session, const struct get_options *options, const struct target_words *words, struct output *output,
              struct error **err) {
    enum output_form form = output_form(output);
    struct watching watching = {.session = session,
                                .options = options,
                                .words = words,
                                .output = output,
                                .tables = form == OUTPUT_DEFAULT || form == OUTPUT_WIDE,
                                .table = {.writer = TAB_WRITER_TABLE,
                                          .wide = form == OUTPUT_WIDE,
                                          .no_headers = options->no_headers,
                                          .with_namespace = options->all_namespaces && words->resource->namespaced,
                                          .with_kind = options->show_kind,
                                          .show_labels = options->show_labels,
                                          .label_columns = &options->label_columns}};
    int result = watch_all(&watching, err);
    str_free(&watching.version);
    table_free(&watching.table);
    error_free(watching.error);
    return result;
}
