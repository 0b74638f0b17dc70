// SPDX-License-Identifier: Apache-2.0
// Tables to text.
#include "cubectl/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "cubectl/mapping.h"

void table_free(struct table *table) {
    json_unref(table->columns);
    table->columns = NULL;
    tab_writer_free(&table->writer);
}

void table_next_resource(struct table *table) {
    json_unref(table->columns);
    table->columns = NULL;
    table->header_printed = false;
    tab_writer_forget(&table->writer);
}

size_t table_row_count(const struct json *answer) {
    if (json_is_array(json_get(answer, "rows")) || str_equal(json_get_string(answer, "kind"), "Table"))
        return json_len(json_get(answer, "rows"));
    return json_get(answer, "items") ? json_len(json_get(answer, "items")) : 1;
}

// --- answers that are no Tables ----------------------------------------------------------------------------------------

static struct json *new_column(const char *name, const char *format) {
    struct json *column = json_new_object();
    json_set_string(column, "name", name);
    json_set_string(column, "format", format);
    return column;
}

static void add_plain_row(struct json *rows, struct json *object, int64_t now) {
    char age[TIME_TEXT_SIZE];
    struct json *row = json_new_object();
    struct json *cells = json_ensure_array(row, "cells");
    int64_t created = meta_creation_time(object);
    json_append(cells, json_new_string(meta_name(object)));
    json_append(cells, json_new_string(created ? duration_format_age(now - created, age) : "<unknown>"));
    json_set(row, "object", json_ref(object));
    json_append(rows, row);
}

static struct json *plain_table(const struct json *answer, int64_t now) {
    struct json *table = json_new_object();
    struct json *columns = json_ensure_array(table, "columnDefinitions");
    struct json *rows = json_ensure_array(table, "rows");
    json_append(columns, new_column("Name", "name"));
    json_append(columns, new_column("Age", ""));
    const struct json *items = json_get(answer, "items");
    for (size_t i = 0; i < json_len(items); i++)
        add_plain_row(rows, json_at(items, i), now);
    if (!items)
        add_plain_row(rows, (struct json *)answer, now);
    return table;
}

// --- text --------------------------------------------------------------------------------------------------------------

static void append_upper(struct str *out, const char *text) {
    for (; *text; text++)
        str_append_char(out, (char)toupper((unsigned char)*text));
}

static bool shown(const struct table *table, const struct json *column) {
    return table->wide || json_get_int(column, "priority", 0) == 0;
}

static void add_header(struct table *table, bool event) {
    struct str *out = &table->writer.text;
    size_t start = out->len;
    if (event)
        str_append(out, "EVENT\t");
    if (table->with_namespace)
        str_append(out, "NAMESPACE\t");
    for (size_t i = 0; i < json_len(table->columns); i++) {
        if (!shown(table, json_at(table->columns, i)))
            continue;
        append_upper(out, json_get_text(json_at(table->columns, i), "name"));
        str_append_char(out, '\t');
    }
    for (size_t i = 0; table->label_columns && i < table->label_columns->len; i++) {
        const char *slash = strrchr(table->label_columns->items[i], '/');
        append_upper(out, slash ? slash + 1 : table->label_columns->items[i]);
        str_append_char(out, '\t');
    }
    if (table->show_labels)
        str_append(out, "LABELS\t");
    if (out->len > start)
        str_truncate(out, out->len - 1);
    str_append_char(out, '\n');
    table->header_printed = true;
}

// Up to the first line break; control characters are shown, not sent to the terminal.
static void append_cell(struct str *out, const struct json *cell) {
    if (!cell)
        return;
    if (!json_is_string(cell)) {
        json_write(cell, out);
        return;
    }
    for (const char *c = json_string(cell); *c; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\f') {
            str_append(out, "...");
            return;
        }
        if (*c == '\033')
            str_append(out, "^[");
        else
            str_append_char(out, *c == '\t' ? ' ' : *c);
    }
}

static void append_labels(struct str *out, const struct json *labels) {
    AUTO_STR_LIST pairs = {0};
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);)
        str_list_take(&pairs, alloc_printf("%s=%s", it.key, json_string(it.value) ? json_string(it.value) : ""));
    str_list_sort(&pairs);
    CLEANUP(free_ptr) char *text = str_list_join(&pairs, ",");
    str_append(out, pairs.len > 0 ? text : "<none>");
}

static void add_row(struct table *table, const struct json *row, const char *event) {
    struct str *out = &table->writer.text;
    const struct json *object = json_get(row, "object"), *cells = json_get(row, "cells");
    const struct json *labels = json_find(object, "metadata.labels");
    if (event)
        str_printf(out, "%-8s\t", event);
    if (table->with_namespace)
        str_printf(out, "%s\t", meta_namespace(object));
    for (size_t i = 0; i < json_len(table->columns); i++) {
        const struct json *column = json_at(table->columns, i);
        if (!shown(table, column))
            continue;
        if (table->with_kind && str_equal(json_get_string(column, "format"), "name")) {
            mapping_append_kind(table->resource, out);
            str_append_char(out, '/');
        }
        append_cell(out, json_at(cells, i));
        str_append_char(out, '\t');
    }
    for (size_t i = 0; table->label_columns && i < table->label_columns->len; i++) {
        const char *value = json_get_string(labels, table->label_columns->items[i]);
        str_printf(out, "%s\t", value ? value : "");
    }
    if (table->show_labels) {
        append_labels(out, labels);
        str_append_char(out, '\t');
    }
    str_truncate(out, out->len - 1);
    str_append_char(out, '\n');
}

void table_add(struct table *table, const struct resource *resource, const struct json *answer, const char *event, int64_t now) {
    AUTO_JSON plain = NULL;
    if (!str_equal(json_get_string(answer, "kind"), "Table"))
        answer = plain = plain_table(answer, now);
    table->resource = resource;
    const struct json *rows = json_get(answer, "rows");
    if (json_len(json_get(answer, "columnDefinitions")) > 0) {
        json_unref(table->columns);
        table->columns = json_ref(json_get(answer, "columnDefinitions"));
    }
    if (json_len(rows) == 0)
        return;
    if (!table->no_headers && !table->header_printed)
        add_header(table, event != NULL);
    for (size_t i = 0; i < json_len(rows); i++)
        add_row(table, json_at(rows, i), event);
}
