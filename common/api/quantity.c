// SPDX-License-Identifier: Apache-2.0
// Parses, prints and computes with resource quantities in units of 1e-9, in 128 bits.
#include "common/api/quantity.h"

#include <ctype.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"

#define NANO ((__int128)1000000000)
#define MILLI ((__int128)1000000)
// Far above int64 in nanos, far below 128 bits: sums of a few cannot overflow.
#define LIMIT ((__int128)1 << 120)

static const char bad_format[] = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
static const char bad_suffix[] = "unable to parse quantity's suffix";

struct suffix {
    const char *text;
    enum quantity_format format;
    int base; // 2 or 10
    int exponent;
};

// Largest last within each format.
static const struct suffix suffixes[] = {
    {"n", QUANTITY_DECIMAL_SI, 10, -9}, {"u", QUANTITY_DECIMAL_SI, 10, -6}, {"m", QUANTITY_DECIMAL_SI, 10, -3},
    {"", QUANTITY_DECIMAL_SI, 10, 0},   {"k", QUANTITY_DECIMAL_SI, 10, 3},  {"M", QUANTITY_DECIMAL_SI, 10, 6},
    {"G", QUANTITY_DECIMAL_SI, 10, 9},  {"T", QUANTITY_DECIMAL_SI, 10, 12}, {"P", QUANTITY_DECIMAL_SI, 10, 15},
    {"E", QUANTITY_DECIMAL_SI, 10, 18}, {"Ki", QUANTITY_BINARY_SI, 2, 10},  {"Mi", QUANTITY_BINARY_SI, 2, 20},
    {"Gi", QUANTITY_BINARY_SI, 2, 30},  {"Ti", QUANTITY_BINARY_SI, 2, 40},  {"Pi", QUANTITY_BINARY_SI, 2, 50},
    {"Ei", QUANTITY_BINARY_SI, 2, 60},
};

// --- parsing -------------------------------------------------------------------------------------------------------------

static bool find_suffix(const char *text, struct suffix *ret_suffix) {
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (str_equal(suffixes[i].text, text)) {
            *ret_suffix = suffixes[i];
            return true;
        }
    int64_t exponent;
    if ((*text != 'e' && *text != 'E') || !text[1])
        return false;
    const char *digits = text + 1 + (text[1] == '+');
    if (!str_to_int64(digits, &exponent) || exponent > INT32_MAX || exponent < INT32_MIN)
        return false;
    *ret_suffix = (struct suffix){.format = QUANTITY_DECIMAL_EXPONENT, .base = 10, .exponent = (int)exponent};
    return true;
}

// value * 10, saturating.
static __int128 times_ten(__int128 value, int digit) {
    return value > LIMIT / 16 ? LIMIT : value * 10 + digit;
}

// The number's digits scaled by 10^shift to nanos, rounded up. All digits count, however many there are.
static __int128 decimal_nanos(const char *digits, size_t len, size_t whole_len, int64_t exponent) {
    int64_t shift = exponent + 9; // digits that stand before the nanos' point: whole_len + shift
    __int128 value = 0;
    bool lost = false;
    int64_t kept = (int64_t)whole_len + shift;
    for (int64_t i = 0; i < (int64_t)len; i++) {
        if (i < kept)
            value = times_ten(value, digits[i] - '0');
        else if (digits[i] != '0')
            lost = true;
    }
    for (int64_t i = (int64_t)len; i < kept && value && value < LIMIT; i++)
        value = times_ten(value, 0);
    return lost ? MIN(value + 1, LIMIT) : value;
}

// Binary suffixes: (whole + fraction) * 2^exponent. The fraction is kept to 18 digits, which is exact for what upstream prints.
static __int128 binary_nanos(const char *digits, size_t len, size_t whole_len, int exponent) {
    __int128 whole = 0;
    __int128 fraction = 0;
    __int128 unit = 1;
    bool lost = false;
    for (size_t i = 0; i < len; i++) {
        if (i < whole_len) {
            whole = times_ten(whole, digits[i] - '0');
        } else if (i - whole_len < 18) {
            fraction = fraction * 10 + (digits[i] - '0');
            unit *= 10;
        } else if (digits[i] != '0') {
            lost = true;
        }
    }
    if (whole >= LIMIT >> exponent)
        return LIMIT;
    // Fractions of the unit: fraction < 10^18 < 2^60 and 2^exponent <= 2^60, so the product fits.
    __int128 scaled = fraction << exponent;
    __int128 whole_part = (whole << exponent) + scaled / unit;
    if (whole_part >= LIMIT / NANO)
        return LIMIT;
    __int128 rest = scaled % unit * NANO;
    __int128 value = whole_part * NANO + rest / unit;
    return rest % unit || lost ? value + 1 : value;
}

// The suffix's form: letters, a sign, digits, and nothing behind.
static bool is_suffix_form(const char *text) {
    text += strspn(text, "eEinumkKMGTP");
    text += *text == '-' || *text == '+';
    return text[strspn(text, "0123456789")] == '\0';
}

int quantity_parse(const char *text, struct quantity *ret_quantity, struct error **err) {
    const char *p = text;
    bool negative = *p == '-';
    p += *p == '-' || *p == '+';
    p += strspn(p, "0"); // as upstream: even "-" is a zero
    size_t whole_len = strspn(p, "0123456789");
    const char *fraction = p + whole_len + (p[whole_len] == '.');
    size_t fraction_len = p[whole_len] == '.' ? strspn(fraction, "0123456789") : 0;
    const char *suffix_text = fraction + fraction_len;
    if (!*text || !is_suffix_form(suffix_text))
        return error_set(err, "%s", bad_format);
    struct suffix suffix;
    if (!find_suffix(suffix_text, &suffix))
        return error_set(err, "%s", bad_suffix);
    AUTO_STR digits = {0};
    str_append_n(&digits, p, whole_len);
    str_append_n(&digits, fraction, fraction_len);
    __int128 nanos = suffix.base == 10 ? decimal_nanos(str_text(&digits), digits.len, whole_len, suffix.exponent)
                                       : binary_nanos(str_text(&digits), digits.len, whole_len, suffix.exponent);
    enum quantity_format format = suffix.format;
    if (format == QUANTITY_BINARY_SI)
        nanos = MIN(nanos, (__int128)INT64_MAX * NANO);
    if (format == QUANTITY_BINARY_SI && nanos > 0 && nanos < NANO)
        format = QUANTITY_DECIMAL_SI;
    *ret_quantity = (struct quantity){.nanos = negative ? -nanos : nanos, .format = format};
    return 0;
}

int quantity_from_json(const struct json *value, struct quantity *ret_quantity, struct error **err) {
    if (!value || json_kind_of(value) == JSON_NULL) {
        *ret_quantity = (struct quantity){0};
        return 0;
    }
    CLEANUP(free_ptr) char *text = json_is_string(value) ? alloc_string(json_string(value)) : json_text(value);
    char *start = text + strspn(text, " \t\r\n");
    size_t len = strlen(start);
    while (len && isspace((unsigned char)start[len - 1]))
        start[--len] = '\0';
    return quantity_parse(start, ret_quantity, err);
}

struct quantity quantity_of(int64_t value, enum quantity_format format) {
    return (struct quantity){.nanos = value * NANO, .format = format};
}

struct quantity quantity_of_milli(int64_t milli, enum quantity_format format) {
    return (struct quantity){.nanos = milli * MILLI, .format = format};
}

// --- printing ------------------------------------------------------------------------------------------------------------

static void append_int128(struct str *out, __int128 value) {
    char buffer[48];
    size_t at = sizeof(buffer);
    bool negative = value < 0;
    buffer[--at] = '\0';
    do {
        int digit = (int)(value % 10);
        buffer[--at] = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value);
    if (negative)
        buffer[--at] = '-';
    str_append(out, buffer + at);
}

static void append_binary(struct str *out, __int128 value) {
    int exponent = 0;
    for (; value % 1024 == 0 && exponent < 60; exponent += 10)
        value /= 1024;
    append_int128(out, value);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (exponent && suffixes[i].base == 2 && suffixes[i].exponent == exponent)
            str_append(out, suffixes[i].text);
}

static void append_decimal(struct str *out, __int128 nanos, enum quantity_format format) {
    int exponent = -9;
    for (; nanos % 1000 == 0 && (exponent < 18 || format == QUANTITY_DECIMAL_EXPONENT); exponent += 3)
        nanos /= 1000;
    append_int128(out, nanos);
    if (format == QUANTITY_DECIMAL_EXPONENT) {
        if (exponent)
            str_printf(out, "e%d", exponent);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (suffixes[i].base == 10 && suffixes[i].exponent == exponent)
            str_append(out, suffixes[i].text);
}

void quantity_append(const struct quantity *q, struct str *out) {
    if (q->nanos == 0) {
        str_append_char(out, '0');
        return;
    }
    bool small = q->nanos > -1024 * NANO && q->nanos < 1024 * NANO;
    if (q->format == QUANTITY_BINARY_SI && !small && q->nanos % NANO == 0)
        append_binary(out, q->nanos / NANO);
    else
        append_decimal(out, q->nanos, q->format == QUANTITY_DECIMAL_EXPONENT ? q->format : QUANTITY_DECIMAL_SI);
}

char *quantity_text(const struct quantity *q) {
    struct str out = {0};
    quantity_append(q, &out);
    return str_take(&out);
}

// --- computing -----------------------------------------------------------------------------------------------------------

int quantity_compare(const struct quantity *a, const struct quantity *b) {
    return a->nanos < b->nanos ? -1 : a->nanos > b->nanos;
}

int quantity_sign(const struct quantity *q) {
    return q->nanos < 0 ? -1 : q->nanos > 0;
}

static __int128 clamp(__int128 nanos) {
    return nanos > LIMIT ? LIMIT : nanos < -LIMIT ? -LIMIT : nanos;
}

void quantity_add(struct quantity *q, const struct quantity *other) {
    if (q->nanos == 0)
        q->format = other->format;
    q->nanos = clamp(q->nanos + other->nanos);
}

void quantity_subtract(struct quantity *q, const struct quantity *other) {
    if (q->nanos == 0)
        q->format = other->format;
    q->nanos = clamp(q->nanos - other->nanos);
}

static int64_t scaled(__int128 nanos, __int128 unit) {
    __int128 value = nanos / unit;
    __int128 rest = nanos % unit;
    value += rest > 0 ? 1 : rest < 0 ? -1 : 0;
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t quantity_value(const struct quantity *q) {
    return scaled(q->nanos, NANO);
}

int64_t quantity_milli_value(const struct quantity *q) {
    return scaled(q->nanos, MILLI);
}

double quantity_double(const struct quantity *q) {
    return (double)q->nanos / 1e9;
}

int64_t quantity_json_value(const struct json *object, const char *key) {
    struct quantity q = {0};
    return quantity_from_json(json_get(object, key), &q, NULL) < 0 ? 0 : quantity_value(&q);
}

int64_t quantity_json_milli_value(const struct json *object, const char *key) {
    struct quantity q = {0};
    return quantity_from_json(json_get(object, key), &q, NULL) < 0 ? 0 : quantity_milli_value(&q);
}
