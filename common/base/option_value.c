// SPDX-License-Identifier: Apache-2.0
// The value of one option, with the parsers and messages of Go's strconv, time and encoding/csv.
#include "common/base/option_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time_format.h"

static void *place_of(const struct option *row, void *target) {
    return (char *)target + row->offset;
}

static const void *const_place_of(const struct option *row, const void *target) {
    return (const char *)target + row->offset;
}

// `<what> "<text>": <why>`
static int quote_error(struct error **err, const char *what, const char *text, const char *why) {
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, text);
    return error_set(err, "%s %s: %s", what, str_text(&quoted), why);
}

static int set_bool(void *place, const char *text, bool replace UNUSED, struct error **err) {
    if (!str_to_bool(text, place))
        return quote_error(err, "strconv.ParseBool: parsing", text, "invalid syntax");
    return 0;
}

// As ParseInt with base 0: 0x, 0o, 0b and a leading 0 choose the base.
static int parse_int(const char *text, int64_t *ret_value, struct error **err) {
    const char *digits = text + (*text == '-' || *text == '+');
    int base = 10;
    if (digits[0] == '0' && digits[1] != '\0') {
        char kind = (char)(digits[1] | 0x20);
        base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
        digits += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(digits, &end, base);
    if (*digits == '\0' || *end != '\0' || strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
        return quote_error(err, "strconv.ParseInt: parsing", text, "invalid syntax");
    unsigned long long limit = (unsigned long long)INT64_MAX + (*text == '-');
    if (errno == ERANGE || value > limit)
        return quote_error(err, "strconv.ParseInt: parsing", text, "value out of range");
    *ret_value = *text == '-' ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

static int set_int(void *place, const char *text, bool replace UNUSED, struct error **err) {
    return parse_int(text, place, err);
}

static int set_double(void *place, const char *text, bool replace UNUSED, struct error **err) {
    if (!str_to_double(text, place))
        return quote_error(err, "strconv.ParseFloat: parsing", text, "invalid syntax");
    return 0;
}

static int set_string(void *place, const char *text, bool replace UNUSED, struct error **err UNUSED) {
    char **value = place;
    char *copy = alloc_string(text);
    free(*value);
    *value = copy;
    return 0;
}

// Which of ParseDuration's three complaints fits a text that it refused.
static int duration_error(const char *text, struct error **err) {
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, text);
    const char *p = text + (*text == '-' || *text == '+');
    while (*p != '\0') {
        size_t digits = strspn(p, ".0123456789");
        size_t unit = strcspn(p + digits, ".0123456789");
        if (digits == 0 || (digits == 1 && *p == '.'))
            break;
        if (unit == 0 && p[digits] == '\0')
            return error_set(err, "time: missing unit in duration %s", str_text(&quoted));
        AUTO_STR probe = {0};
        AUTO_STR name = {0};
        str_append_char(&probe, '1');
        str_append_n(&probe, p + digits, unit);
        str_append_n(&name, p + digits, unit);
        int64_t ignored = 0;
        if (!duration_parse(str_text(&probe), &ignored)) {
            AUTO_STR quoted_unit = {0};
            str_append_quoted(&quoted_unit, str_text(&name));
            return error_set(err, "time: unknown unit %s in duration %s", str_text(&quoted_unit), str_text(&quoted));
        }
        p += digits + unit;
    }
    return error_set(err, "time: invalid duration %s", str_text(&quoted));
}

static int set_duration(void *place, const char *text, bool replace UNUSED, struct error **err) {
    return duration_parse(text, place) ? 0 : duration_error(text, err);
}

static int csv_error(struct error **err, size_t column, const char *why) {
    return error_set(err, "parse error on line 1, column %zu: %s", column, why);
}

// A field in quotes; *position is behind its opening quote, and moves behind its closing one.
static int take_quoted(const char *text, size_t *position, struct str *field, struct error **err) {
    for (;;) {
        char c = text[*position];
        if (c == '\0')
            return csv_error(err, *position + 1, "extraneous or missing \" in quoted-field");
        (*position)++;
        if (c != '"') {
            str_append_char(field, c);
        } else if (text[*position] == '"') {
            str_append_char(field, '"');
            (*position)++;
        } else if (text[*position] == ',' || text[*position] == '\0' || text[*position] == '\n') {
            return 0;
        } else {
            return csv_error(err, *position, "extraneous or missing \" in quoted-field");
        }
    }
}

int option_value_split_csv(const char *text, struct str_list *fields, struct error **err) {
    if (*text == '\0')
        return 0;
    for (size_t position = 0;; position++) {
        AUTO_STR field = {0};
        if (text[position] == '"') {
            position++;
            if (take_quoted(text, &position, &field, err) != 0)
                return -1;
        } else {
            size_t len = strcspn(text + position, ",\n");
            const char *quote = memchr(text + position, '"', len);
            if (quote)
                return csv_error(err, (size_t)(quote - text) + 1, "bare \" in non-quoted field");
            str_append_n(&field, text + position, len);
            position += len;
        }
        str_list_take(fields, str_take(&field));
        if (text[position] != ',')
            return 0; // a record ends with its line
    }
}

static int set_list(void *place, const char *text, bool replace, struct error **err) {
    AUTO_STR_LIST fields = {0};
    if (option_value_split_csv(text, &fields, err) != 0)
        return -1;
    struct str_list *list = place;
    if (replace)
        str_list_free(list);
    for (size_t i = 0; i < fields.len; i++)
        str_list_add(list, fields.items[i]);
    return 0;
}

static int set_array(void *place, const char *text, bool replace, struct error **err UNUSED) {
    struct str_list *list = place;
    if (replace)
        str_list_free(list);
    str_list_add(list, text);
    return 0;
}

static char *trimmed(const char *text, size_t len) {
    while (len > 0 && strchr(" \t\r\n", text[0])) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        len--;
    return alloc_string_n(text, len);
}

// A later pair takes the place of an earlier one of its key.
static void put_pair(struct str_list *list, const char *pair) {
    const char *equals = strchr(pair, '=');
    CLEANUP(free_ptr) char *key = trimmed(pair, (size_t)(equals - pair));
    CLEANUP(free_ptr) char *value = trimmed(equals + 1, strlen(equals + 1));
    char *text = alloc_printf("%s=%s", key, value);
    for (size_t i = 0; i < list->len; i++) {
        const char *rest = str_skip_prefix(list->items[i], key);
        if (rest && *rest == '=') {
            free(list->items[i]);
            list->items[i] = text;
            return;
        }
    }
    str_list_take(list, text);
}

static int set_map(void *place, const char *text, bool replace, struct error **err) {
    AUTO_STR_LIST pairs = {0};
    str_list_split(&pairs, text, ',');
    for (size_t i = 0; i < pairs.len; i++)
        if (*pairs.items[i] != '\0' && !strchr(pairs.items[i], '='))
            return error_set(err, "malformed pair, expect string=string");
    struct str_list *list = place;
    if (replace)
        str_list_free(list);
    for (size_t i = 0; i < pairs.len; i++)
        if (*pairs.items[i] != '\0')
            put_pair(list, pairs.items[i]);
    return 0;
}

static void format_bool(const void *place, struct str *out) {
    str_append(out, *(const bool *)place ? "true" : "false");
}

static void format_int(const void *place, struct str *out) {
    str_append_int(out, *(const int64_t *)place);
}

static void format_double(const void *place, struct str *out) {
    str_append_double(out, *(const double *)place);
}

static void format_string(const void *place, struct str *out) {
    const char *value = *(char *const *)place;
    str_append(out, value ? value : "");
}

static void format_duration(const void *place, struct str *out) {
    char buffer[TIME_TEXT_SIZE];
    str_append(out, duration_format(*(const int64_t *)place, buffer));
}

static void append_csv_field(struct str *out, const char *field) {
    if (*field != ' ' && !strpbrk(field, ",\"\r\n")) {
        str_append(out, field);
        return;
    }
    str_append_char(out, '"');
    for (; *field != '\0'; field++) {
        if (*field == '"')
            str_append_char(out, '"');
        str_append_char(out, *field);
    }
    str_append_char(out, '"');
}

static void format_list(const void *place, struct str *out) {
    const struct str_list *list = place;
    str_append_char(out, '[');
    for (size_t i = 0; i < list->len; i++) {
        if (i > 0)
            str_append_char(out, ',');
        append_csv_field(out, list->items[i]);
    }
    str_append_char(out, ']');
}

static void format_map(const void *place, struct str *out) {
    const struct str_list *list = place;
    struct str_list sorted = {0};
    for (size_t i = 0; i < list->len; i++)
        str_list_add(&sorted, list->items[i]);
    str_list_sort(&sorted);
    CLEANUP(free_ptr) char *text = str_list_join(&sorted, ",");
    str_append(out, text);
    str_list_free(&sorted);
}

static void clear_string(void *place) {
    free_ptr(place);
    memset(place, 0, sizeof(char *));
}

static void clear_list(void *place) {
    str_list_free(place);
}

// What a type can do; rows without `set` have no target.
static const struct value_type {
    size_t size;
    int (*set)(void *place, const char *text, bool replace, struct error **err);
    void (*format)(const void *place, struct str *out);
    void (*clear)(void *place); // NULL: nothing to free
} value_types[] = {
    [OPTION_BOOL] = {sizeof(bool), set_bool, format_bool, NULL},
    [OPTION_INT] = {sizeof(int64_t), set_int, format_int, NULL},
    [OPTION_DOUBLE] = {sizeof(double), set_double, format_double, NULL},
    [OPTION_STRING] = {sizeof(char *), set_string, format_string, clear_string},
    [OPTION_DURATION] = {sizeof(int64_t), set_duration, format_duration, NULL},
    [OPTION_LIST] = {sizeof(struct str_list), set_list, format_list, clear_list},
    [OPTION_ARRAY] = {sizeof(struct str_list), set_array, format_list, clear_list},
    [OPTION_MAP] = {sizeof(struct str_list), set_map, format_map, clear_list},
    [OPTION_IGNORED] = {0, NULL, NULL, NULL},
    [OPTION_IGNORED_BOOL] = {0, NULL, NULL, NULL},
    [OPTION_REFUSED] = {0, NULL, NULL, NULL},
};

int option_value_set(const struct option *row, void *target, const char *text, bool replace, struct error **err) {
    const struct value_type *type = &value_types[row->type];
    bool unused = false;
    if (row->type == OPTION_IGNORED_BOOL)
        return set_bool(&unused, text, replace, err);
    return type->set ? type->set(place_of(row, target), text, replace, err) : 0;
}

void option_value_clear(const struct option *row, void *target) {
    const struct value_type *type = &value_types[row->type];
    if (type->clear)
        type->clear(place_of(row, target));
    else if (type->size > 0)
        memset(place_of(row, target), 0, type->size);
}

void option_value_format(const struct option *row, const void *target, struct str *out) {
    const struct value_type *type = &value_types[row->type];
    if (type->format)
        type->format(const_place_of(row, target), out);
}
