// SPDX-License-Identifier: Apache-2.0
// Prints meta.k8s.io Tables as the server made them.
#ifndef CUBE_CUBECTL_TABLE_H
#define CUBE_CUBECTL_TABLE_H

#include <stdbool.h>

#include "common/api/resources.h"
#include "common/data/json.h"
#include "cubectl/tab_writer.h"

// Zero-initialise but for the flags and the writer (TAB_WRITER_TABLE).
struct table {
    bool wide, no_headers, with_namespace, with_kind, show_labels;
    const struct str_list *label_columns; // -L; NULL: none
    struct tab_writer writer;
    struct json *columns; // of the resource being printed
    bool header_printed;
    const struct resource *resource; // of the last rows
};

// The value of Accept that asks for Tables.
#define TABLE_TYPE                                                                                                               \
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

// Adds the rows of an answer: a Table, or a list or object of a server that makes none (NAME and AGE then; now is the wall clock).
// event (ADDED, ...; NULL: none) stands before each row. A change of resource starts a table of its own: flush before.
void table_add(struct table *table, const struct resource *resource, const struct json *answer, const char *event, int64_t now);
// Before the rows of the next resource; what was written must have been flushed.
void table_next_resource(struct table *table);
void table_free(struct table *table);
size_t table_row_count(const struct json *answer); // rows, or items, or 1 for an object

#endif
