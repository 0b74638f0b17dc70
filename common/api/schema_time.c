// SPDX-License-Identifier: Apache-2.0
// Finds the part of a malformed time at which Go's time.Parse would stop.
#include "common/api/schema_time.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// The parts of the layout: digits with bounds, or a literal.
struct part {
    const char *layout;
    int digits; // 0: literal
    long low;
    long high;
    const char *range; // what is out of range
};

static const struct part parts[] = {
    {"2006", 4, 0, 9999, ""},   {"-", 0, 0, 0, NULL}, {"01", 2, 1, 12, "month"},  {"-", 0, 0, 0, NULL},
    {"02", 2, 1, 31, "day"},    {"T", 0, 0, 0, NULL}, {"15", 2, 0, 23, "hour"},   {":", 0, 0, 0, NULL},
    {"04", 2, 0, 59, "minute"}, {":", 0, 0, 0, NULL}, {"05", 2, 0, 59, "second"},
};

static bool takes_digits(const char *text, int count) {
    for (int i = 0; i < count; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return true;
}

static int failed(const char *text, const char *layout, const char *rest, const char *part, struct error **err) {
    return error_set(err, "parsing time \"%s\" as \"%s\": cannot parse \"%s\" as \"%s\"", text, layout, rest, part);
}

int schema_time_error(const char *text, bool micro, struct error **err) {
    const char *layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
    const char *rest = text;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const struct part *part = &parts[i];
        if (!part->digits) {
            if (!str_starts(rest, part->layout))
                return failed(text, layout, rest, part->layout, err);
            rest += strlen(part->layout);
            continue;
        }
        if (!takes_digits(rest, part->digits))
            return failed(text, layout, rest, part->layout, err);
        CLEANUP(free_ptr) char *digits = alloc_string_n(rest, (size_t)part->digits);
        long value = strtol(digits, NULL, 10);
        if (value < part->low || value > part->high)
            return error_set(err, "parsing time \"%s\": %s out of range", text, part->range);
        rest += part->digits;
    }
    if (*rest == '.' && isdigit((unsigned char)rest[1]))
        rest += 1 + strspn(rest + 1, "0123456789");
    else if (micro)
        return failed(text, layout, rest, ".000000", err);
    bool zone = *rest == 'Z' ||
                ((*rest == '+' || *rest == '-') && takes_digits(rest + 1, 2) && rest[3] == ':' && takes_digits(rest + 4, 2));
    if (!zone)
        return failed(text, layout, rest, "Z07:00", err);
    rest += *rest == 'Z' ? 1 : 6;
    if (*rest)
        return error_set(err, "parsing time \"%s\": extra text: \"%s\"", text, rest);
    return error_set(err, "parsing time \"%s\": day out of range", text);
}
