// SPDX-License-Identifier: Apache-2.0
// The order in which go-yaml prints the keys of a mapping.
#include "common/data/yaml_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80); // beyond ASCII nearly all of them are
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
    return (unsigned char)a[at] < (unsigned char)b[at] ? -1 : 1;
}

int yaml_key_compare(const void *left, const void *right) {
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    size_t i = 0;
    while (a[i] && a[i] == b[i])
        i++;
    if (!a[i] || !b[i])
        return a[i] ? 1 : b[i] ? -1 : 0;
    if (is_letter(a[i]) && is_letter(b[i]))
        return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
    if (is_letter(a[i]) || is_letter(b[i]))
        return is_letter(b[i]) ? -1 : 1;
    return compare_digit_runs(a, b, i);
}
