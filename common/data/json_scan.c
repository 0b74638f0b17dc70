// SPDX-License-Identifier: Apache-2.0
// The strict one-pass JSON checker. It keeps one frame per open container and the keys of all open objects on one stack, so
// that small objects cost no allocation; an object with many keys gets a hash table of its own.
#include "common/data/json_scan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/data/json_number.h"

#define DEFAULT_MAX_BYTES ((size_t)3 * 1024 * 1024)
#define DEFAULT_MAX_DEPTH 128
#define DEFAULT_MAX_VALUES 400000
#define LINEAR_KEYS 16      // up to this many keys are compared one by one
#define MAX_NUMBER_LEN 1024 // no number that means something is longer
#define MAX_PATH_LEN 1024   // of a duplicate key, in messages
#define MAX_DUPLICATES 100  // that are listed; more are only counted

// A key in the text (between its quotes), or unescaped in the arena if it held escapes.
struct scan_key {
    const char *text;
    size_t len;
    size_t arena; // offset + 1 in the arena; 0: text points into the input
};

struct scan_frame {
    bool is_object;
    size_t first_key;   // of this object in keys
    size_t first_arena; // arena length when the object was opened
    size_t index;       // of the current element of an array
    size_t *table;      // indexes into keys + 1, 0 is free; NULL while the object is small
    size_t table_size;  // a power of two
};

struct scan {
    const char *start;
    const char *p;
    const char *end;
    struct json_limits limits;
    struct json_scan_result result;
    struct scan_frame *frames;
    size_t depth;
    size_t frame_cap;
    struct scan_key *keys;
    size_t key_count;
    size_t key_cap;
    struct str arena;
    struct error **err;
};

static void scan_free(struct scan *s) {
    for (size_t i = 0; i < s->depth; i++)
        free(s->frames[i].table);
    free(s->frames);
    free(s->keys);
    str_free(&s->arena);
}

// --- errors ------------------------------------------------------------------------------------------------------------

static int fail(struct scan *s, const char *at, const char *what) {
    size_t line = 1;
    const char *line_start = s->start;
    for (const char *p = s->start; p < at; p++) {
        if (*p == '\n') {
            line++;
            line_start = p + 1;
        }
    }
    return error_set(s->err, "%s at line %zu, column %zu", what, line, (size_t)(at - line_start) + 1);
}

// The character as Go quotes it in such messages.
static void quote_character(unsigned char c, char *buffer, size_t size) {
    static const char names[] = "abtnvfr"; // 7 to 13
    if (c == '\'')
        snprintf(buffer, size, "'\\''");
    else if (c == '\\')
        snprintf(buffer, size, "'\\\\'");
    else if (c >= 7 && c <= 13)
        snprintf(buffer, size, "'\\%c'", names[c - 7]);
    else if (c < 0x20 || c == 0x7f)
        snprintf(buffer, size, "'\\x%02x'", c);
    else if (c < 0x7f)
        snprintf(buffer, size, "'%c'", c);
    else if (c < 0xa1 || c == 0xad)
        snprintf(buffer, size, "'\\u%04x'", c);
    else
        snprintf(buffer, size, "'%c%c'", 0xc0 | (c >> 6), 0x80 | (c & 0x3f));
}

static int fail_character(struct scan *s, const char *where) {
    if (s->p >= s->end)
        return error_set(s->err, "unexpected end of JSON input");
    char quoted[16], what[128];
    quote_character((unsigned char)*s->p, quoted, sizeof(quoted));
    snprintf(what, sizeof(what), "invalid character %s %s", quoted, where);
    return fail(s, s->p, what);
}

// --- strings -----------------------------------------------------------------------------------------------------------

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

// Eight bytes at once: the top bit of a byte is set in the result if the byte is not plain. A byte after such a one may be marked too.
static uint64_t not_plain(uint64_t word) {
    uint64_t quote = word ^ EACH_BYTE('"'), backslash = word ^ EACH_BYTE('\\');
    uint64_t control = word - EACH_BYTE(0x20);
    quote -= EACH_BYTE(1);
    backslash -= EACH_BYTE(1);
    return (word | control | quote | backslash) & EACH_BYTE(0x80);
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

size_t json_scan_plain(const char *bytes, size_t len) {
    size_t i = 0;
    for (uint64_t word; len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        if (not_plain(word))
            break;
    }
    while (i < len && is_plain((unsigned char)bytes[i]))
        i++;
    return i;
}

size_t json_scan_utf8(const unsigned char *s, size_t len) {
    if (len == 0)
        return 0;
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (len < need)
        return 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  // no overlong forms
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; // no surrogates, nothing beyond U+10FFFF
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return need;
}

static void append_utf8(struct str *out, unsigned code) {
    char bytes[4];
    size_t n = 0;
    if (code < 0x80) {
        bytes[n++] = (char)code;
    } else if (code < 0x800) {
        bytes[n++] = (char)(0xc0 | (code >> 6));
        bytes[n++] = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        bytes[n++] = (char)(0xe0 | (code >> 12));
        bytes[n++] = (char)(0x80 | ((code >> 6) & 0x3f));
        bytes[n++] = (char)(0x80 | (code & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | (code >> 18));
        bytes[n++] = (char)(0x80 | ((code >> 12) & 0x3f));
        bytes[n++] = (char)(0x80 | ((code >> 6) & 0x3f));
        bytes[n++] = (char)(0x80 | (code & 0x3f));
    }
    str_append_n(out, bytes, n);
}

static unsigned hex4(const char *p) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++)
        code = code * 16 + (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return code;
}

void json_scan_unescape(const char *inside, size_t len, struct str *out) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *end = inside + len;
    str_reserve(out, len);
    for (const char *p = inside; p < end;) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        str_append_n(out, p, (size_t)((slash ? slash : end) - p));
        if (!slash)
            break;
        p = slash + 2;
        const char *letter = strchr(from, slash[1]);
        if (slash[1] == 'u') {
            unsigned code = hex4(p);
            p += 4;
            if (code >= 0xd800 && code < 0xdc00) {
                code = 0x10000 + ((code - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
                p += 6;
            }
            append_utf8(out, code);
        } else {
            str_append_char(out, letter ? to[letter - from] : slash[1]);
        }
    }
}

static int scan_hex4(struct scan *s, unsigned *ret_code) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        char c = s->p < s->end ? *s->p : '\0';
        if (c >= '0' && c <= '9')
            code = code * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            code = code * 16 + (unsigned)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            code = code * 16 + (unsigned)(c - 'A') + 10;
        else
            return fail_character(s, "in \\u hexadecimal character escape");
    }
    *ret_code = code;
    return 0;
}

// Behind "\u". A pair of surrogates is one character; half of one is an error.
static int scan_unicode_escape(struct scan *s, bool is_key) {
    const char *at = s->p - 2;
    unsigned code;
    if (scan_hex4(s, &code) < 0)
        return -1;
    if (code == 0 && is_key)
        return fail(s, at, "invalid \\u0000 in object key");
    if (code < 0xd800 || code > 0xdfff)
        return 0;
    if (code < 0xdc00 && s->end - s->p >= 2 && s->p[0] == '\\' && s->p[1] == 'u') {
        s->p += 2;
        if (scan_hex4(s, &code) < 0)
            return -1;
        if (code >= 0xdc00 && code <= 0xdfff)
            return 0;
    }
    return fail(s, at, "invalid unpaired surrogate in string literal");
}

static int scan_escape(struct scan *s, bool is_key) {
    s->p++;
    char c = s->p < s->end ? *s->p : '\0';
    if (c == '\0' || !strchr("\"\\/bfnrtu", c))
        return fail_character(s, "in string escape code");
    s->p++;
    return c == 'u' ? scan_unicode_escape(s, is_key) : 0;
}

// At the opening quote; leaves p behind the closing one.
static int scan_string(struct scan *s, bool is_key, bool *ret_escaped) {
    s->p++;
    *ret_escaped = false;
    for (;;) {
        s->p += json_scan_plain(s->p, (size_t)(s->end - s->p));
        if (s->p == s->end)
            break;
        unsigned char c = (unsigned char)*s->p;
        if (c == '"') {
            s->p++;
            return 0;
        }
        if (c == '\\') {
            *ret_escaped = true;
            if (scan_escape(s, is_key) < 0)
                return -1;
        } else if (c < 0x20) {
            return fail_character(s, "in string literal");
        } else {
            size_t n = json_scan_utf8((const unsigned char *)s->p, (size_t)(s->end - s->p));
            if (n == 0)
                return fail(s, s->p, "invalid UTF-8 in string literal");
            s->p += n;
        }
    }
    return error_set(s->err, "unexpected end of JSON input");
}

// --- numbers and literals ----------------------------------------------------------------------------------------------

static bool at_digit(const struct scan *s) {
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static void skip_digits(struct scan *s) {
    while (at_digit(s))
        s->p++;
}

static int check_number_range(struct scan *s, const char *start) {
    size_t len = (size_t)(s->p - start);
    double value;
    if (len > MAX_NUMBER_LEN)
        return fail(s, start, "number of too many digits");
    if (len > 300 || memchr(start, 'e', len) || memchr(start, 'E', len)) {
        if (!json_number_to_double(start, len, &value)) {
            AUTO_STR what = {0};
            str_printf(&what, "cannot unmarshal number %.*s%s into Go value of type float64", (int)MIN(len, 64), start,
                       len > 64 ? "..." : "");
            return fail(s, start, what.data);
        }
    }
    return 0;
}

static int scan_number(struct scan *s) {
    const char *start = s->p;
    if (*s->p == '-')
        s->p++;
    if (!at_digit(s))
        return fail_character(s, "in numeric literal");
    if (*s->p == '0')
        s->p++;
    else
        skip_digits(s);
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!at_digit(s))
            return fail_character(s, "after decimal point in numeric literal");
        skip_digits(s);
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (!at_digit(s))
            return fail_character(s, "in exponent of numeric literal");
        skip_digits(s);
    }
    return check_number_range(s, start);
}

static int scan_literal(struct scan *s, const char *literal) {
    for (size_t i = 0; literal[i]; i++, s->p++) {
        if (s->p >= s->end || *s->p != literal[i]) {
            char where[64];
            snprintf(where, sizeof(where), "in literal %s (expecting '%c')", literal, literal[i]);
            return fail_character(s, where);
        }
    }
    return 0;
}

// --- keys --------------------------------------------------------------------------------------------------------------

static const char *key_text(const struct scan *s, const struct scan_key *key) {
    return key->arena ? s->arena.data + key->arena - 1 : key->text;
}

static bool key_equal(const struct scan *s, const struct scan_key *a, const struct scan_key *b) {
    return a->len == b->len && memcmp(key_text(s, a), key_text(s, b), a->len) == 0;
}

static size_t key_slot(const struct scan *s, const struct scan_frame *frame, const struct scan_key *key) {
    size_t mask = frame->table_size - 1;
    size_t slot = (size_t)hash_table_key(key_text(s, key), key->len) & mask;
    while (frame->table[slot] && !key_equal(s, &s->keys[frame->table[slot] - 1], key))
        slot = (slot + 1) & mask;
    return slot;
}

static void table_grow(struct scan *s, struct scan_frame *frame) {
    free(frame->table);
    frame->table_size = frame->table_size ? frame->table_size * 2 : (size_t)LINEAR_KEYS * 4;
    frame->table = alloc_array(frame->table_size, sizeof(*frame->table));
    for (size_t i = frame->first_key; i < s->key_count; i++)
        frame->table[key_slot(s, frame, &s->keys[i])] = i + 1;
}

// Puts the key on the stack, also if it is there already (its path must be known to report it); says whether it was.
static bool remember_key(struct scan *s, struct scan_frame *frame, const struct scan_key *key) {
    size_t count = s->key_count - frame->first_key;
    bool known = false;
    if (count >= LINEAR_KEYS) {
        if (!frame->table || count * 2 >= frame->table_size)
            table_grow(s, frame);
        size_t slot = key_slot(s, frame, key);
        known = frame->table[slot] != 0;
        frame->table[slot] = s->key_count + 1;
    } else {
        for (size_t i = frame->first_key; i < s->key_count && !known; i++)
            known = key_equal(s, &s->keys[i], key);
    }
    if (s->key_count == s->key_cap) {
        s->key_cap = s->key_cap ? s->key_cap * 2 : 64;
        s->keys = alloc_resize(s->keys, s->key_cap, sizeof(*s->keys));
    }
    s->keys[s->key_count++] = *key;
    return known;
}

// The path of the current key: spec.containers[0].name.
static void append_path(const struct scan *s, struct str *path) {
    for (size_t i = 0; i < s->depth && path->len < MAX_PATH_LEN; i++) {
        const struct scan_frame *frame = &s->frames[i];
        if (!frame->is_object) {
            str_printf(path, "[%zu]", frame->index);
            continue;
        }
        size_t last = (i + 1 < s->depth ? s->frames[i + 1].first_key : s->key_count) - 1;
        // Frames of arrays have no keys of their own, so the last key below the next frame's first is this object's.
        const struct scan_key *key = &s->keys[last];
        if (path->len)
            str_append_char(path, '.');
        str_append_n(path, key_text(s, key), MIN(key->len, MAX_PATH_LEN));
    }
}

static int report_duplicate(struct scan *s) {
    s->result.duplicates++;
    if (s->limits.allow_duplicates && (!s->limits.duplicates || s->result.duplicates > MAX_DUPLICATES))
        return 0;
    AUTO_STR path = {0};
    append_path(s, &path);
    if (!s->limits.allow_duplicates)
        return error_set(s->err, "duplicate field \"%s\"", str_text(&path));
    if (!str_list_contains(s->limits.duplicates, str_text(&path)))
        str_list_add(s->limits.duplicates, str_text(&path));
    return 0;
}

static int scan_key(struct scan *s) {
    if (s->p >= s->end || *s->p != '"')
        return fail_character(s, "looking for beginning of object key string");
    struct scan_frame *frame = &s->frames[s->depth - 1];
    struct scan_key key = {.text = s->p + 1};
    bool escaped;
    if (scan_string(s, true, &escaped) < 0)
        return -1;
    key.len = (size_t)(s->p - 1 - key.text);
    if (escaped) {
        key.arena = s->arena.len + 1;
        json_scan_unescape(key.text, key.len, &s->arena);
        key.len = s->arena.len - (key.arena - 1);
    }
    return remember_key(s, frame, &key) ? report_duplicate(s) : 0;
}

// --- containers --------------------------------------------------------------------------------------------------------

static void skip_space(struct scan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static int open_container(struct scan *s) {
    if (s->depth >= s->limits.max_depth)
        return fail(s, s->p, "exceeded max depth");
    if (s->depth == s->frame_cap) {
        s->frame_cap = s->frame_cap ? s->frame_cap * 2 : 16;
        s->frames = alloc_resize(s->frames, s->frame_cap, sizeof(*s->frames));
    }
    s->frames[s->depth++] =
        (struct scan_frame){.is_object = *s->p == '{', .first_key = s->key_count, .first_arena = s->arena.len};
    s->p++;
    return 0;
}

static void close_container(struct scan *s) {
    struct scan_frame *frame = &s->frames[--s->depth];
    free(frame->table);
    s->key_count = frame->first_key;
    str_truncate(&s->arena, frame->first_arena);
    s->p++;
}

static int scan_key_and_colon(struct scan *s) {
    skip_space(s);
    if (scan_key(s) < 0)
        return -1;
    skip_space(s);
    if (s->p >= s->end || *s->p != ':')
        return fail_character(s, "after object key");
    s->p++;
    return 0;
}

// Begins a value. *ret_opened says that it is a container with something in it, whose first value comes next.
static int scan_value_start(struct scan *s, bool *ret_opened) {
    *ret_opened = false;
    skip_space(s);
    if (++s->result.values > s->limits.max_values)
        return error_set(s->err, "too many values: the limit is %zu", s->limits.max_values);
    char c = s->p < s->end ? *s->p : '\0';
    bool escaped;
    switch (c) {
    case '"':
        return scan_string(s, false, &escaped);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    case '{':
    case '[':
        if (open_container(s) < 0)
            return -1;
        skip_space(s);
        if (s->p < s->end && *s->p == (c == '{' ? '}' : ']')) {
            close_container(s);
            return 0;
        }
        *ret_opened = true;
        return c == '{' ? scan_key_and_colon(s) : 0;
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return scan_number(s);
        return fail_character(s, "looking for beginning of value");
    }
}

// After a value inside a container: a comma and the next key, or the end of containers. *ret_more: a value comes next.
static int scan_value_end(struct scan *s, bool *ret_more) {
    *ret_more = false;
    while (s->depth > 0) {
        struct scan_frame *frame = &s->frames[s->depth - 1];
        skip_space(s);
        char c = s->p < s->end ? *s->p : '\0';
        if (c == ',') {
            s->p++;
            *ret_more = true;
            frame->index++;
            return frame->is_object ? scan_key_and_colon(s) : 0;
        }
        if (c != (frame->is_object ? '}' : ']'))
            return fail_character(s, frame->is_object ? "after object key:value pair" : "after array element");
        close_container(s);
    }
    return 0;
}

static int scan_whole_value(struct scan *s) {
    for (;;) {
        bool next;
        if (scan_value_start(s, &next) < 0)
            return -1;
        if (!next && scan_value_end(s, &next) < 0)
            return -1;
        if (!next)
            return 0;
    }
}

static int scan_text(struct scan *s, bool only) {
    size_t len = (size_t)(s->end - s->start);
    if (len > s->limits.max_bytes && only)
        return error_set(s->err, "JSON text of %zu bytes is over the limit of %zu", len, s->limits.max_bytes);
    if (scan_whole_value(s) < 0)
        return -1;
    s->result.len = (size_t)(s->p - s->start);
    if (s->result.len > s->limits.max_bytes)
        return error_set(s->err, "JSON text of %zu bytes is over the limit of %zu", s->result.len, s->limits.max_bytes);
    skip_space(s);
    if (only && s->p < s->end)
        return fail_character(s, "after top-level value");
    return 0;
}

static int scan_run(const char *bytes, size_t len, const struct json_limits *limits, bool only,
                    struct json_scan_result *ret_result, struct error **err) {
    struct scan s = {.start = bytes, .p = bytes, .end = bytes + len, .err = err};
    if (limits)
        s.limits = *limits;
    if (!s.limits.max_bytes)
        s.limits.max_bytes = DEFAULT_MAX_BYTES;
    if (!s.limits.max_depth)
        s.limits.max_depth = DEFAULT_MAX_DEPTH;
    if (!s.limits.max_values)
        s.limits.max_values = DEFAULT_MAX_VALUES;
    int result = scan_text(&s, only);
    if (result == 0)
        *ret_result = s.result;
    scan_free(&s);
    return result;
}

int json_scan(const char *bytes, size_t len, const struct json_limits *limits, struct json_scan_result *ret_result,
              struct error **err) {
    return scan_run(bytes, len, limits, true, ret_result, err);
}

int json_scan_first(const char *bytes, size_t len, const struct json_limits *limits, struct json_scan_result *ret_result,
                    struct error **err) {
    return scan_run(bytes, len, limits, false, ret_result, err);
}
