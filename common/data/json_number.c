// SPDX-License-Identifier: Apache-2.0
// Numbers in text, read and written as Go does it.
#include "common/data/json_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

bool json_number_to_double(const char *text, size_t len, double *ret_value) {
    char small[64];
    char *copy = len < sizeof(small) ? small : alloc_zero(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    double value = strtod(copy, NULL);
    if (copy != small)
        free(copy);
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

bool json_number_to_int64(const char *text, size_t len, int64_t *ret_value) {
    bool negative = len > 0 && text[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    size_t i = negative || (len > 0 && text[0] == '+') ? 1 : 0;
    if (i == len)
        return false;
    for (; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

// The shortest digits that read back as value (without sign and point) and the decimal exponent of the first digit.
static int shortest_digits(double value, char *digits, size_t size) {
    char text[40];
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    size_t n = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9' && n + 1 < size)
            digits[n++] = *p;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return atoi(p + 1);
}

static void append_exponent_form(const char *digits, int exponent, int min_exponent_digits, struct str *out) {
    str_append_char(out, digits[0]);
    if (digits[1])
        str_printf(out, ".%s", digits + 1);
    str_printf(out, "e%c%0*d", exponent < 0 ? '-' : '+', min_exponent_digits, abs(exponent));
}

static void append_plain_form(const char *digits, int exponent, struct str *out) {
    int len = (int)strlen(digits);
    if (exponent < 0) {
        str_append(out, "0.");
        for (int i = -1; i > exponent; i--)
            str_append_char(out, '0');
        str_append(out, digits);
        return;
    }
    for (int i = 0; i < len || i <= exponent; i++) {
        if (i == exponent + 1)
            str_append_char(out, '.');
        str_append_char(out, i < len ? digits[i] : '0');
    }
}

static void append_double(double value, bool exponent_form, int min_exponent_digits, struct str *out) {
    char digits[32];
    if (signbit(value))
        str_append_char(out, '-');
    int exponent = shortest_digits(fabs(value), digits, sizeof(digits));
    if (exponent_form)
        append_exponent_form(digits, exponent, min_exponent_digits, out);
    else
        append_plain_form(digits, exponent, out);
}

void json_number_append(double value, struct str *out) {
    double size = fabs(value);
    bool exponent_form = size != 0 && (size < 1e-6 || size >= 1e21);
    append_double(value, exponent_form, size < 1e-6 ? 1 : 2, out);
}

void json_number_append_g(double value, struct str *out) {
    char digits[32];
    int exponent = value == 0 ? 0 : shortest_digits(fabs(value), digits, sizeof(digits));
    append_double(value, exponent < -4 || exponent >= 6, 2, out);
}
