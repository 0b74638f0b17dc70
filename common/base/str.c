// SPDX-License-Identifier: Apache-2.0
// A growing byte string, string predicates, number parsing, and lists of strings.
#include "common/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void str_free(struct str *s) {
    free(s->data);
    *s = (struct str){0};
}

void str_clear(struct str *s) {
    str_truncate(s, 0);
}

void str_reserve(struct str *s, size_t extra) {
    size_t needed = 0;
    if (__builtin_add_overflow(s->len, extra, &needed) || __builtin_add_overflow(needed, 1, &needed))
        needed = SIZE_MAX; // which alloc_resize can't give: it aborts
    if (needed <= s->cap)
        return;
    size_t cap = s->cap + s->cap / 2;
    if (cap < needed)
        cap = needed;
    if (cap < 32)
        cap = 32;
    s->data = alloc_resize(s->data, cap, 1);
    s->cap = cap;
    s->data[s->len] = '\0';
}

void str_append(struct str *s, const char *text) {
    str_append_n(s, text, strlen(text));
}

void str_append_n(struct str *s, const void *bytes, size_t len) {
    if (s->cap - s->len <= len)
        str_reserve(s, len);
    if (len > 0)
        memcpy(s->data + s->len, bytes, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void str_append_char(struct str *s, char c) {
    if (s->cap - s->len < 2)
        str_reserve(s, 1);
    s->data[s->len++] = c;
    s->data[s->len] = '\0';
}

void str_append_int(struct str *s, int64_t value) {
    char buffer[24];
    int len = snprintf(buffer, sizeof(buffer), "%" PRId64, value);
    str_append_n(s, buffer, (size_t)len);
}

void str_append_uint(struct str *s, uint64_t value) {
    char buffer[24];
    int len = snprintf(buffer, sizeof(buffer), "%" PRIu64, value);
    str_append_n(s, buffer, (size_t)len);
}

// Digits of "d.ddde+XX" behind the point that matter, and the exponent.
static int shortest_digits(double value, char *buffer, size_t size) {
    for (int precision = 0; precision < 17; precision++) {
        snprintf(buffer, size, "%.*e", precision, value);
        if (strtod(buffer, NULL) == value)
            return precision;
    }
    return 16;
}

void str_append_double(struct str *s, double value) {
    if (isnan(value)) {
        str_append(s, "NaN");
        return;
    }
    if (isinf(value)) {
        str_append(s, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    char buffer[40];
    int precision = shortest_digits(value, buffer, sizeof(buffer));
    int exponent = (int)strtol(strchr(buffer, 'e') + 1, NULL, 10);
    if (value != 0 && (exponent < -4 || exponent >= 6)) {
        str_append(s, buffer);
        return;
    }
    int decimals = precision > exponent ? precision - exponent : 0;
    str_printf(s, "%.*f", decimals, value);
}

// The length of the UTF-8 sequence at s and its code point; 0 if it is none.
static size_t decode_rune(const unsigned char *s, uint32_t *ret_rune) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xF0 && s[0] < 0xF8 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    if (len == 0 || s[0] >= 0xF8)
        return 0;
    uint32_t rune = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        rune = rune << 6 | (s[i] & 0x3Fu);
    }
    if (rune < smallest[len] || rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000))
        return 0;
    *ret_rune = rune;
    return len;
}

// Go's strconv.IsPrint for what is met in practice: controls, spaces but ' ', format characters and private use don't print.
static bool rune_prints(uint32_t rune) {
    static const uint32_t hidden[][2] = {{0x00, 0x1F},     {0x7F, 0xA0},       {0xAD, 0xAD},     {0x1680, 0x1680},
                                         {0x180E, 0x180E}, {0x2000, 0x200F},   {0x2028, 0x202F}, {0x205F, 0x206F},
                                         {0x3000, 0x3000}, {0xE000, 0xF8FF},   {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB},
                                         {0xFFFE, 0xFFFF}, {0xE0000, 0x10FFFF}};
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        if (rune >= hidden[i][0] && rune <= hidden[i][1])
            return false;
    return true;
}

static void append_rune_quoted(struct str *s, uint32_t rune, const unsigned char *bytes, size_t len) {
    static const char named[] = "abtnvfr"; // 7 to 13
    if (rune == '"' || rune == '\\')
        str_printf(s, "\\%c", (int)rune);
    else if (rune >= 7 && rune <= 13)
        str_printf(s, "\\%c", named[rune - 7]);
    else if (rune_prints(rune))
        str_append_n(s, bytes, len);
    else if (rune < 0x80)
        str_printf(s, "\\x%02x", rune);
    else if (rune < 0x10000)
        str_printf(s, "\\u%04x", rune);
    else
        str_printf(s, "\\U%08x", rune);
}

void str_append_quoted(struct str *s, const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    str_append_char(s, '"');
    while (*bytes != '\0') {
        uint32_t rune = 0;
        size_t len = decode_rune(bytes, &rune);
        if (len == 0)
            str_printf(s, "\\x%02x", *bytes++);
        else
            append_rune_quoted(s, rune, bytes, len);
        bytes += len;
    }
    str_append_char(s, '"');
}

void str_printf(struct str *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    str_vprintf(s, format, args);
    va_end(args);
}

void str_vprintf(struct str *s, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    char small[256];
    int len = vsnprintf(small, sizeof(small), format, args);
    if (len < 0)
        abort(); // only a broken format does that
    if ((size_t)len < sizeof(small)) {
        str_append_n(s, small, (size_t)len);
    } else {
        str_reserve(s, (size_t)len);
        vsnprintf(s->data + s->len, (size_t)len + 1, format, again);
        s->len += (size_t)len;
    }
    va_end(again);
}

void str_truncate(struct str *s, size_t len) {
    if (len >= s->len)
        return;
    s->len = len;
    s->data[len] = '\0';
}

void str_remove_front(struct str *s, size_t len) {
    if (len == 0 || s->len == 0)
        return;
    if (len > s->len)
        len = s->len;
    memmove(s->data, s->data + len, s->len - len);
    str_truncate(s, s->len - len);
}

const char *str_text(const struct str *s) {
    return s->data ? s->data : "";
}

char *str_take(struct str *s) {
    char *text = s->data ? s->data : alloc_string("");
    *s = (struct str){0};
    return text;
}

bool str_equal(const char *a, const char *b) {
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_empty(const char *s) {
    return !s || *s == '\0';
}

bool str_starts(const char *s, const char *prefix) {
    return str_skip_prefix(s, prefix) != NULL;
}

bool str_ends(const char *s, const char *suffix) {
    size_t len = strlen(s);
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len && memcmp(s + len - suffix_len, suffix, suffix_len) == 0;
}

const char *str_skip_prefix(const char *s, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_equal_nocase(const char *a, const char *b) {
    if (!a || !b)
        return a == b;
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

void str_lower(char *s) {
    for (; *s != '\0'; s++)
        *s = lower(*s);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool str_to_uint64(const char *s, uint64_t *ret_value) {
    if (!s || *s == '\0')
        return false;
    uint64_t value = 0;
    for (; *s != '\0'; s++) {
        if (!is_digit(*s) || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool str_to_int64(const char *s, int64_t *ret_value) {
    if (!s)
        return false;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    uint64_t value = 0;
    if (!str_to_uint64(s, &value))
        return false;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    if (value > limit)
        return false;
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

bool str_to_double(const char *s, double *ret_value) {
    if (!s)
        return false;
    const char *p = *s == '-' || *s == '+' ? s + 1 : s;
    if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
        return false; // no white space, no "inf", no "nan"
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
        return false;
    char *end = NULL;
    errno = 0;
    double value = strtod(s, &end);
    if (*end != '\0' || !isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

bool str_to_bool(const char *s, bool *ret_value) {
    static const char *const truths[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const falsehoods[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
        if (str_equal(s, truths[i])) {
            *ret_value = true;
            return true;
        }
        if (str_equal(s, falsehoods[i])) {
            *ret_value = false;
            return true;
        }
    }
    return false;
}

void str_list_free(struct str_list *list) {
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct str_list){0};
}

void str_list_add(struct str_list *list, const char *text) {
    str_list_take(list, alloc_string(text));
}

void str_list_take(struct str_list *list, char *take_text) {
    if (list->len == list->cap) {
        list->cap = list->cap > 0 ? list->cap * 2 : 4;
        list->items = alloc_resize(list->items, list->cap, sizeof(*list->items));
    }
    list->items[list->len++] = take_text;
}

bool str_list_contains(const struct str_list *list, const char *text) {
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

void str_list_remove(struct str_list *list, const char *text) {
    for (size_t i = 0; i < list->len; i++) {
        if (strcmp(list->items[i], text) != 0)
            continue;
        free(list->items[i]);
        memmove(&list->items[i], &list->items[i + 1], (list->len - i - 1) * sizeof(*list->items));
        list->len--;
        return;
    }
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void str_list_sort(struct str_list *list) {
    if (list->len > 1)
        qsort(list->items, list->len, sizeof(*list->items), compare_texts);
}

void str_list_split(struct str_list *list, const char *text, char separator) {
    if (*text == '\0')
        return;
    for (;;) {
        const char *end = strchrnul(text, separator);
        str_list_take(list, alloc_string_n(text, (size_t)(end - text)));
        if (*end == '\0')
            return;
        text = end + 1;
    }
}

char *str_list_join(const struct str_list *list, const char *separator) {
    struct str joined = {0};
    for (size_t i = 0; i < list->len; i++) {
        if (i > 0)
            str_append(&joined, separator);
        str_append(&joined, list->items[i]);
    }
    return str_take(&joined);
}
