// SPDX-License-Identifier: Apache-2.0
// Text in columns: cells end with a tab, columns are as wide as their widest cell in a run of lines; Go's text/tabwriter.
#ifndef CUBE_CUBECTL_TAB_WRITER_H
#define CUBE_CUBECTL_TAB_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/str.h"

// Zero-initialise but for the first three members.
struct tab_writer {
    size_t min_width; // of a column, padding included
    size_t padding;   // spaces behind the widest cell
    bool remember;    // columns never get narrower from one flush to the next
    struct str text;  // not yet laid out
    size_t *widest;   // remembered
    size_t widest_count;
};

// kubectl's tables, and its descriptions.
#define TAB_WRITER_TABLE ((struct tab_writer){.min_width = 6, .padding = 3, .remember = true})
#define TAB_WRITER_DESCRIBE ((struct tab_writer){.padding = 2})

void tab_writer_flush(struct tab_writer *writer, struct str *out); // lays out what was written and appends it
void tab_writer_forget(struct tab_writer *writer);                 // the remembered widths
void tab_writer_free(struct tab_writer *writer);

#endif
