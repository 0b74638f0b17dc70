// SPDX-License-Identifier: Apache-2.0
// The layout: a column is a run of neighbouring lines that have a cell there; each run is laid out by itself, from left to right.
#include "cubectl/tab_writer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/vec.h"

struct cell {
    const char *text;
    size_t len;
    size_t width; // characters
};

struct line {
    struct vec cells; // the last one ended with the line, not with a tab
};

struct layout {
    struct tab_writer *writer;
    struct vec lines;
    struct vec widths; // size_t, of the columns left of the current one
    struct str *out;
};

static size_t width_of(const char *text, size_t len) {
    size_t width = 0;
    for (size_t i = 0; i < len; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static void split_line(const char *text, size_t len, struct vec *lines) {
    struct line line = {.cells = VEC_OF(struct cell)};
    const char *end = text + len;
    for (;;) {
        const char *tab = memchr(text, '\t', (size_t)(end - text));
        size_t cell_len = (size_t)((tab ? tab : end) - text);
        vec_push(&line.cells, &(struct cell){text, cell_len, width_of(text, cell_len)});
        if (!tab)
            break;
        text = tab + 1;
    }
    vec_push(lines, &line);
}

static const struct line *line_at(const struct layout *layout, size_t index) {
    return VEC_AT(&layout->lines, struct line, index);
}

static void write_lines(struct layout *layout, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        const struct line *line = line_at(layout, i);
        for (size_t c = 0; c < line->cells.len; c++) {
            const struct cell *cell = VEC_AT(&line->cells, struct cell, c);
            str_append_n(layout->out, cell->text, cell->len);
            if (c >= layout->widths.len)
                continue;
            size_t width = *VEC_AT(&layout->widths, size_t, c);
            for (size_t pad = cell->width; pad < width; pad++)
                str_append_char(layout->out, ' ');
        }
        if (i + 1 < layout->lines.len)
            str_append_char(layout->out, '\n');
    }
}

static size_t remembered(struct tab_writer *writer, size_t column, size_t width) {
    if (!writer->remember)
        return width;
    if (column >= writer->widest_count) {
        writer->widest = alloc_resize(writer->widest, column + 1, sizeof(*writer->widest));
        for (size_t i = writer->widest_count; i <= column; i++)
            writer->widest[i] = 0;
        writer->widest_count = column + 1;
    }
    writer->widest[column] = MAX(writer->widest[column], width);
    return writer->widest[column];
}

// Lays out lines begin to end, whose columns left of the current one have their widths. The depth is the number of columns of a
// line, which the caller's text bounds.
static void lay_out(struct layout *layout, size_t begin, size_t end) {
    size_t column = layout->widths.len;
    size_t written = begin;
    for (size_t i = begin; i < end; i++) {
        if (column + 1 >= line_at(layout, i)->cells.len)
            continue;
        write_lines(layout, written, i);
        written = i;
        size_t width = layout->writer->min_width;
        for (; i < end && column + 1 < line_at(layout, i)->cells.len; i++) {
            const struct cell *cell = VEC_AT(&line_at(layout, i)->cells, struct cell, column);
            width = MAX(width, cell->width + layout->writer->padding);
        }
        width = remembered(layout->writer, column, width);
        vec_push(&layout->widths, &width);
        lay_out(layout, written, i);
        vec_remove(&layout->widths, layout->widths.len - 1);
        written = i;
    }
    write_lines(layout, written, end);
}

void tab_writer_flush(struct tab_writer *writer, struct str *out) {
    if (writer->text.len == 0)
        return;
    struct layout layout = {.writer = writer, .lines = VEC_OF(struct line), .widths = VEC_OF(size_t), .out = out};
    const char *text = writer->text.data, *end = text + writer->text.len;
    for (;;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        split_line(text, (size_t)((newline ? newline : end) - text), &layout.lines);
        if (!newline)
            break;
        text = newline + 1;
    }
    lay_out(&layout, 0, layout.lines.len);
    for (size_t i = 0; i < layout.lines.len; i++)
        vec_free(&VEC_AT(&layout.lines, struct line, i)->cells);
    vec_free(&layout.lines);
    vec_free(&layout.widths);
    str_clear(&writer->text);
}

void tab_writer_forget(struct tab_writer *writer) {
    writer->widest_count = 0;
}

void tab_writer_free(struct tab_writer *writer) {
    str_free(&writer->text);
    free(writer->widest);
    writer->widest = NULL;
    writer->widest_count = 0;
}
