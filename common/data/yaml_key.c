// SPDX-License-Identifier: Apache-2.0
// The order in which go-yaml prints the keys of a mapping.
#include "common/data/yaml_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/data/json_scan.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The code point at s, which is NUL-terminated; broken bytes count as themselves.
static unsigned code_at(const char *s) {
    const unsigned char *u = (const unsigned char *)s;
    size_t n = json_scan_utf8(u, strnlen(s, 4));
    if (n < 2)
        return u[0];
    unsigned code = u[0] & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (u[i] & 0x3f);
    return code;
}

// Beyond ASCII nearly all characters are letters but for the ranges of signs and symbols.
static bool is_letter(unsigned code) {
    static const struct {
        unsigned first, last;
    } signs[] = {{0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},     {0xbb, 0xbf},     {0xd7, 0xd7},      {0xf7, 0xf7},
                 {0x300, 0x36f},   {0x2000, 0x2070}, {0x2072, 0x207e}, {0x2080, 0x208f}, {0x20a0, 0x2101},  {0x2190, 0x2bff},
                 {0x3000, 0x3004}, {0x3007, 0x3030}, {0xe000, 0xf8ff}, {0xfe00, 0xfe6f}, {0x1f000, 0x1ffff}};
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (code >= signs[i].first && code <= signs[i].last)
            return false;
    return true;
}

// Whether a digit other than 0 stands before, in the same run.
static bool follows_digit(const char *text, size_t at) {
    for (; at > 0 && is_digit(text[at - 1]); at--)
        if (text[at - 1] != '0')
            return true;
    return false;
}

static int compare_digit_runs(const char *a, const char *b, size_t at) {
    uint64_t a_value = 0, b_value = 0;
    size_t i = at, j = at;
    if ((a[at] == '0' || b[at] == '0') && follows_digit(a, at))
        a_value = b_value = 1;
    for (; is_digit(a[i]); i++)
        a_value = a_value * 10 + (uint64_t)(a[i] - '0');
    for (; is_digit(b[j]); j++)
        b_value = b_value * 10 + (uint64_t)(b[j] - '0');
    if (a_value != b_value)
        return a_value < b_value ? -1 : 1;
    if (i != j)
        return i < j ? -1 : 1;
    return code_at(a + at) < code_at(b + at) ? -1 : 1;
}

int yaml_key_compare(const void *left, const void *right) {
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    size_t i = 0;
    while (a[i] && a[i] == b[i])
        i++;
    if (!a[i] || !b[i])
        return a[i] ? 1 : b[i] ? -1 : 0;
    while (i > 0 && ((unsigned char)a[i] & 0xc0) == 0x80)
        i--; // to the start of the character
    bool a_is_letter = is_letter(code_at(a + i)), b_is_letter = is_letter(code_at(b + i));
    if (a_is_letter && b_is_letter)
        return code_at(a + i) < code_at(b + i) ? -1 : 1;
    if (a_is_letter || b_is_letter)
        return b_is_letter ? -1 : 1;
    return compare_digit_runs(a, b, i);
}
