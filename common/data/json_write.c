// SPDX-License-Identifier: Apache-2.0
// JSON text from values and strings, without touching the tree that it reads.
#include "common/data/json_write.h"

#include <stdint.h>
#include <string.h>

#include "common/base/vec.h"
#include "common/data/json.h"
#include "common/data/json_number.h"
#include "common/data/json_scan.h"

// How an ASCII byte is written: 0 as it is, 1 as \u00XX, else a backslash and this letter.
static char escape_of(unsigned char c) {
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    if (c == '"' || c == '\\')
        return (char)c;
    if (c >= 0x20)
        return 0;
    return letters[c] ? letters[c] : 1;
}

// A character beyond ASCII; returns how many bytes of the input it took. U+2028 and U+2029 are escaped; broken bytes become U+FFFD.
static size_t write_wide(struct str *out, const unsigned char *s, size_t len) {
    size_t n = json_scan_utf8(s, len);
    if (n == 0) {
        str_append(out, "\\ufffd");
        return 1;
    }
    if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8)
        str_append(out, s[2] == 0xa8 ? "\\u2028" : "\\u2029");
    else
        str_append_n(out, s, n);
    return n;
}

// html: <, > and & are escaped too.
static void write_quoted(struct str *out, const char *text, size_t len, bool html) {
    const unsigned char *s = (const unsigned char *)text;
    size_t done = 0;
    str_append_char(out, '"');
    for (size_t i = 0; i < len;) {
        if (!html)
            i += json_scan_plain(text + i, len - i);
        if (i == len)
            break;
        char escape = s[i] < 0x80 ? escape_of(s[i]) : 1;
        if (html && (s[i] == '<' || s[i] == '>' || s[i] == '&'))
            escape = 1;
        if (escape == 0) {
            i++;
            continue;
        }
        str_append_n(out, text + done, i - done);
        if (s[i] >= 0x80) {
            i += write_wide(out, s + i, len - i);
        } else {
            if (escape == 1)
                str_printf(out, "\\u%04x", s[i]);
            else
                str_append_n(out, (const char[]){'\\', escape}, 2);
            i++;
        }
        done = i;
    }
    if (len > done)
        str_append_n(out, text + done, len - done);
    str_append_char(out, '"');
}

void json_write_string_n(struct str *out, const char *text, size_t len) {
    write_quoted(out, text, len, false);
}

void json_write_string(struct str *out, const char *text) {
    write_quoted(out, text, text ? strlen(text) : 0, false);
}

// indent < 0: compact.
struct layout {
    int indent;
    int level;
    bool sorted; // as kubectl prints: keys sorted, numbers in Go's form, HTML escaped
};

static void write_value(const struct json *value, struct str *out, struct layout layout);

static void break_line(struct str *out, struct layout layout) {
    if (layout.indent < 0)
        return;
    str_append_char(out, '\n');
    for (int i = 0; i < layout.level * layout.indent; i++)
        str_append_char(out, ' ');
}

static void write_member(const char *key, const struct json *value, struct str *out, struct layout inner, bool first) {
    if (!first)
        str_append_char(out, ',');
    break_line(out, inner);
    write_quoted(out, key, strlen(key), inner.sorted);
    str_append(out, inner.indent < 0 ? ":" : ": ");
    write_value(value, out, inner);
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_sorted_members(const struct json *object, struct str *out, struct layout inner) {
    struct ptr_vec keys = {0};
    for (struct json_iter it = json_iter(object); json_iter_next(&it);)
        ptr_vec_push(&keys, (void *)(uintptr_t)it.key);
    ptr_vec_sort(&keys, compare_keys);
    for (size_t i = 0; i < keys.len; i++)
        write_member(keys.items[i], json_get(object, keys.items[i]), out, inner, i == 0);
    ptr_vec_free(&keys);
}

static void write_object(const struct json *object, struct str *out, struct layout layout) {
    struct layout inner = {layout.indent, layout.level + 1, layout.sorted};
    bool first = true;
    str_append_char(out, '{');
    if (layout.sorted)
        write_sorted_members(object, out, inner);
    for (struct json_iter it = json_iter(object); !layout.sorted && json_iter_next(&it); first = false)
        write_member(it.key, it.value, out, inner, first);
    if (json_object_size(object) > 0)
        break_line(out, layout);
    str_append_char(out, '}');
}

static void write_array(const struct json *array, struct str *out, struct layout layout) {
    struct layout inner = {layout.indent, layout.level + 1, layout.sorted};
    size_t len = json_len(array);
    str_append_char(out, '[');
    for (size_t i = 0; i < len; i++) {
        if (i > 0)
            str_append_char(out, ',');
        break_line(out, inner);
        write_value(json_at(array, i), out, inner);
    }
    if (len > 0)
        break_line(out, layout);
    str_append_char(out, ']');
}

static void write_value(const struct json *value, struct str *out, struct layout layout) {
    switch (json_kind_of(value)) {
    case JSON_NULL:
        str_append(out, "null");
        break;
    case JSON_BOOL:
        str_append(out, json_bool(value, false) ? "true" : "false");
        break;
    case JSON_DOUBLE:
        if (layout.sorted) {
            json_number_append(json_double(value, 0), out);
            break;
        }
        json_append_number(value, out);
        break;
    case JSON_INT:
        json_append_number(value, out);
        break;
    case JSON_STRING:
        write_quoted(out, json_string(value), json_string_len(value), layout.sorted);
        break;
    case JSON_ARRAY:
        write_array(value, out, layout);
        break;
    case JSON_OBJECT:
        write_object(value, out, layout);
        break;
    }
}

void json_write(const struct json *value, struct str *out) {
    write_value(value, out, (struct layout){-1, 0, false});
}

void json_write_pretty(const struct json *value, struct str *out, int indent) {
    write_value(value, out, (struct layout){indent, 0, false});
}

void json_write_sorted(const struct json *value, struct str *out, int indent) {
    write_value(value, out, (struct layout){indent, 0, true});
}
