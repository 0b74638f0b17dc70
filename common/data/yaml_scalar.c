// SPDX-License-Identifier: Apache-2.0
// What a plain YAML 1.1 scalar means: a table of words, then integers in four bases, floats and timestamps.
#include "common/data/yaml_scalar.h"

#include <string.h>

#include "common/base/macro.h"
#include "common/data/json_number.h"

#define MAX_NUMBER_LEN 400 // longer ones are strings

struct word {
    const char *text;
    enum yaml_scalar_kind kind;
    bool boolean;
};

static const struct word words[] = {
    {"", YAML_SCALAR_NULL, false},
    {"~", YAML_SCALAR_NULL, false},
    {"null", YAML_SCALAR_NULL, false},
    {"Null", YAML_SCALAR_NULL, false},
    {"NULL", YAML_SCALAR_NULL, false},
    {"y", YAML_SCALAR_BOOL, true},
    {"Y", YAML_SCALAR_BOOL, true},
    {"yes", YAML_SCALAR_BOOL, true},
    {"Yes", YAML_SCALAR_BOOL, true},
    {"YES", YAML_SCALAR_BOOL, true},
    {"true", YAML_SCALAR_BOOL, true},
    {"True", YAML_SCALAR_BOOL, true},
    {"TRUE", YAML_SCALAR_BOOL, true},
    {"on", YAML_SCALAR_BOOL, true},
    {"On", YAML_SCALAR_BOOL, true},
    {"ON", YAML_SCALAR_BOOL, true},
    {"n", YAML_SCALAR_BOOL, false},
    {"N", YAML_SCALAR_BOOL, false},
    {"no", YAML_SCALAR_BOOL, false},
    {"No", YAML_SCALAR_BOOL, false},
    {"NO", YAML_SCALAR_BOOL, false},
    {"false", YAML_SCALAR_BOOL, false},
    {"False", YAML_SCALAR_BOOL, false},
    {"FALSE", YAML_SCALAR_BOOL, false},
    {"off", YAML_SCALAR_BOOL, false},
    {"Off", YAML_SCALAR_BOOL, false},
    {"OFF", YAML_SCALAR_BOOL, false},
    {".nan", YAML_SCALAR_NOT_FINITE, false},
    {".NaN", YAML_SCALAR_NOT_FINITE, false},
    {".NAN", YAML_SCALAR_NOT_FINITE, false},
    {".inf", YAML_SCALAR_NOT_FINITE, false},
    {".Inf", YAML_SCALAR_NOT_FINITE, false},
    {".INF", YAML_SCALAR_NOT_FINITE, false},
    {"+.inf", YAML_SCALAR_NOT_FINITE, false},
    {"+.Inf", YAML_SCALAR_NOT_FINITE, false},
    {"+.INF", YAML_SCALAR_NOT_FINITE, false},
    {"-.inf", YAML_SCALAR_NOT_FINITE, false},
    {"-.Inf", YAML_SCALAR_NOT_FINITE, false},
    {"-.INF", YAML_SCALAR_NOT_FINITE, false},
};

// A cursor over the text; all take_ functions stop at the end.
struct cursor {
    const char *p;
    const char *end;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take(struct cursor *c, const char *any_of) {
    if (c->p >= c->end || !*c->p || !strchr(any_of, *c->p))
        return false;
    c->p++;
    return true;
}

static size_t take_digits(struct cursor *c) {
    const char *start = c->p;
    while (c->p < c->end && is_digit(*c->p))
        c->p++;
    return (size_t)(c->p - start);
}

// --- numbers -----------------------------------------------------------------------------------------------------------

static int digit_value(char c) {
    if (is_digit(c))
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

static int take_base(struct cursor *c) {
    if (c->end - c->p < 2 || c->p[0] != '0')
        return 10;
    char letter = (char)(c->p[1] | 0x20);
    int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    c->p += base ? 2 : 1;
    return base ? base : 8;
}

// [-+] then 0x, 0o, 0b, 0 (octal) or decimal digits.
static bool resolve_integer(const char *text, size_t len, struct yaml_scalar *ret) {
    struct cursor c = {text, text + len};
    bool negative = c.p < c.end && *c.p == '-';
    bool has_sign = take(&c, "+-");
    int base = take_base(&c);
    uint64_t value = 0;
    if (c.p == c.end)
        return false;
    for (; c.p < c.end; c.p++) {
        int digit = digit_value(*c.p);
        if (digit >= base || value > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base)
            return false;
        value = value * (uint64_t)base + (uint64_t)digit;
    }
    if (value <= INT64_MAX || (negative && value == (uint64_t)INT64_MAX + 1)) {
        *ret = (struct yaml_scalar){.kind = YAML_SCALAR_INT, .integer = negative ? (int64_t)(0 - value) : (int64_t)value};
        return true;
    }
    if (has_sign)
        return false;
    *ret = (struct yaml_scalar){.kind = YAML_SCALAR_UINT, .natural = value};
    return true;
}

// [-+] digits with or without a fraction, or a fraction alone; an exponent.
static bool resolve_float(const char *text, size_t len, struct yaml_scalar *ret) {
    struct cursor c = {text, text + len};
    take(&c, "+-");
    size_t before = take_digits(&c);
    size_t behind = take(&c, ".") ? take_digits(&c) : 0;
    if (before == 0 && behind == 0)
        return false;
    if (take(&c, "eE")) {
        take(&c, "+-");
        if (take_digits(&c) == 0)
            return false;
    }
    double number;
    if (c.p != c.end || !json_number_to_double(text, len, &number))
        return false;
    *ret = (struct yaml_scalar){.kind = YAML_SCALAR_FLOAT, .number = number};
    return true;
}

// --- timestamps --------------------------------------------------------------------------------------------------------

static bool take_number(struct cursor *c, int max_digits, int low, int high, int *ret_value) {
    int value = 0, digits = 0;
    for (; digits < max_digits && c->p < c->end && is_digit(*c->p); digits++)
        value = value * 10 + (*c->p++ - '0');
    *ret_value = value;
    return digits > 0 && value >= low && value <= high;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_zone(struct cursor *c) {
    int ignored;
    if (take(c, "Z"))
        return true;
    return take(c, "+-") && c->end - c->p == 5 && take_number(c, 2, 0, 24, &ignored) && take(c, ":") &&
           take_number(c, 2, 0, 60, &ignored);
}

// A date; or a date, T or t, time and zone; or a date, spaces and a time.
static bool is_timestamp(const char *text, size_t len) {
    struct cursor c = {text, text + len};
    int year, month, day, ignored;
    if (len < 6 || text[4] != '-' || !take_number(&c, 4, 0, 9999, &year) || !take(&c, "-") ||
        !take_number(&c, 2, 1, 12, &month) || !take(&c, "-") || !take_number(&c, 2, 1, days_in_month(year, month), &day))
        return false;
    if (c.p == c.end)
        return true;
    bool with_zone = *c.p != ' ';
    if (!take(&c, "Tt "))
        return false;
    while (!with_zone && take(&c, " "))
        continue;
    if (!take_number(&c, 2, 0, 23, &ignored) || !take(&c, ":") || !take_number(&c, 2, 0, 59, &ignored) || !take(&c, ":") ||
        !take_number(&c, 2, 0, 59, &ignored))
        return false;
    if (c.end - c.p >= 2 && (*c.p == '.' || *c.p == ',') && is_digit(c.p[1])) {
        c.p++;
        take_digits(&c);
    }
    return (!with_zone || take_zone(&c)) && c.p == c.end;
}

// --- all of it ---------------------------------------------------------------------------------------------------------

static bool resolve_number(const char *text, size_t len, struct yaml_scalar *ret) {
    char plain[MAX_NUMBER_LEN]; // underscores may group digits
    size_t n = 0;
    if (len > sizeof(plain))
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '_')
            plain[n++] = text[i];
    return resolve_integer(plain, n, ret) || resolve_float(plain, n, ret);
}

struct yaml_scalar yaml_scalar_resolve(const char *text, size_t len) {
    struct yaml_scalar scalar = {.kind = YAML_SCALAR_STRING};
    if (len > 0 && (!text[0] || !strchr("+-.0123456789yYnNtTfFoO~", text[0])))
        return scalar;
    for (size_t i = 0; len <= 5 && i < ARRAY_LEN(words); i++)
        if (strlen(words[i].text) == len && memcmp(words[i].text, text, len) == 0)
            return (struct yaml_scalar){.kind = words[i].kind, .boolean = words[i].boolean};
    if (text[0] == '.') {
        resolve_float(text, len, &scalar);
    } else if (is_digit(text[0]) || text[0] == '+' || text[0] == '-') {
        if (is_timestamp(text, len))
            scalar.kind = YAML_SCALAR_TIMESTAMP;
        else
            resolve_number(text, len, &scalar);
    }
    return scalar;
}

// 1:30:00 and the like were numbers once; other readers still think so.
static bool is_base_60(const char *text, size_t len) {
    struct cursor c = {text, text + len};
    take(&c, "+-");
    if (take_digits(&c) == 0)
        return false;
    while (take(&c, "_0123456789"))
        continue;
    size_t groups = 0;
    for (; take(&c, ":"); groups++) {
        size_t digits = take_digits(&c);
        if (digits == 0 || digits > 2 || (digits == 2 && c.p[-2] > '5'))
            return false;
    }
    if (take(&c, "."))
        while (take(&c, "_0123456789"))
            continue;
    return groups > 0 && c.p == c.end;
}

bool yaml_scalar_is_ambiguous(const char *text, size_t len) {
    return yaml_scalar_resolve(text, len).kind != YAML_SCALAR_STRING || is_base_60(text, len);
}
