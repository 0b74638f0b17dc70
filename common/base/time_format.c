// SPDX-License-Identifier: Apache-2.0
// Times and durations as Kubernetes writes them.
#include "common/base/time_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define DAY_SECONDS INT64_C(86400)

static int64_t floor_divide(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0);
}

// Days since 1970-01-01 in the Gregorian calendar, and back.
static int64_t days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day) {
    days += 719468;
    int64_t era = floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static size_t format_date_time(int64_t wall, char *buffer) {
    int64_t seconds = floor_divide(wall, SECOND);
    int64_t days = floor_divide(seconds, DAY_SECONDS);
    int rest = (int)(seconds - days * DAY_SECONDS);
    int year = 0;
    int month = 0;
    int day = 0;
    date_of(days, &year, &month, &day);
    return (size_t)snprintf(buffer, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, rest / 3600,
                            rest / 60 % 60, rest % 60);
}

static int fraction_of(int64_t wall) {
    return (int)(wall - floor_divide(wall, SECOND) * SECOND);
}

const char *time_format_seconds(int64_t wall, char *buffer) {
    strcpy(buffer + format_date_time(wall, buffer), "Z");
    return buffer;
}

const char *time_format_micro(int64_t wall, char *buffer) {
    size_t len = format_date_time(wall, buffer);
    snprintf(buffer + len, TIME_TEXT_SIZE - len, ".%06dZ", fraction_of(wall) / 1000);
    return buffer;
}

const char *time_format_nano(int64_t wall, char *buffer) {
    size_t len = format_date_time(wall, buffer);
    snprintf(buffer + len, TIME_TEXT_SIZE - len, ".%09dZ", fraction_of(wall));
    return buffer;
}

// Exactly `count` digits within low..high; moves *text on.
static bool take_number(const char **text, int count, int low, int high, int *ret_value) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *text += count;
    *ret_value = value;
    return value >= low && value <= high;
}

static bool take_char(const char **text, char c) {
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool take_fraction(const char **text, int64_t *ret_nanoseconds) {
    *ret_nanoseconds = 0;
    if (!take_char(text, '.'))
        return true;
    int64_t scale = SECOND;
    const char *start = *text;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        scale /= 10;
        *ret_nanoseconds += (**text - '0') * scale;
    }
    return *text > start;
}

static bool take_offset(const char **text, int *ret_seconds) {
    *ret_seconds = 0;
    if (take_char(text, 'Z'))
        return true;
    bool minus = **text == '-';
    if (!minus && **text != '+')
        return false;
    (*text)++;
    int hours = 0;
    int minutes = 0;
    if (!take_number(text, 2, 0, 23, &hours) || !take_char(text, ':') || !take_number(text, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return true;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool time_parse(const char *text, int64_t *ret_wall) {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int offset = 0;
    int64_t fraction = 0;
    if (!take_number(&text, 4, 0, 9999, &year) || !take_char(&text, '-') || !take_number(&text, 2, 1, 12, &month) ||
        !take_char(&text, '-') || !take_number(&text, 2, 1, days_in_month(year, month), &day) || !take_char(&text, 'T') ||
        !take_number(&text, 2, 0, 23, &hour) || !take_char(&text, ':') || !take_number(&text, 2, 0, 59, &minute) ||
        !take_char(&text, ':') || !take_number(&text, 2, 0, 59, &second) || !take_fraction(&text, &fraction) ||
        !take_offset(&text, &offset) || *text != '\0')
        return false;
    int64_t seconds = days_of(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    int64_t wall = 0;
    if (__builtin_mul_overflow(seconds, SECOND, &wall) || __builtin_add_overflow(wall, fraction, &wall))
        return false;
    *ret_wall = wall;
    return true;
}

struct duration_unit {
    const char *name;
    int64_t nanoseconds;
};

// Longer names before those that they begin with.
static const struct duration_unit duration_units[] = {{"ns", NANOSECOND},
                                                      {"us", MICROSECOND},
                                                      {"\xC2\xB5s", MICROSECOND},
                                                      {"\xCE\xBCs", MICROSECOND},
                                                      {"ms", MILLISECOND},
                                                      {"s", SECOND},
                                                      {"m", MINUTE},
                                                      {"h", HOUR}};

// The unit's name is all up to the next digit or point.
static const struct duration_unit *take_unit(const char **text) {
    size_t len = strcspn(*text, ".0123456789");
    for (size_t i = 0; i < ARRAY_LEN(duration_units); i++) {
        if (strlen(duration_units[i].name) == len && memcmp(*text, duration_units[i].name, len) == 0) {
            *text += len;
            return &duration_units[i];
        }
    }
    return NULL;
}

// One "1.5h"; the magnitude is added to *total.
static bool take_duration_part(const char **text, uint64_t *total) {
    const uint64_t limit = (uint64_t)1 << 63;
    uint64_t whole = 0;
    double fraction = 0;
    double scale = 1;
    bool digits = false;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        digits = true;
        if (__builtin_mul_overflow(whole, UINT64_C(10), &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(**text - '0'), &whole) || whole > limit)
            return false;
    }
    if (take_char(text, '.')) {
        for (; **text >= '0' && **text <= '9'; (*text)++) {
            digits = true;
            if (scale < 1e17) {
                fraction = fraction * 10 + (**text - '0');
                scale *= 10;
            }
        }
    }
    const struct duration_unit *unit = digits ? take_unit(text) : NULL;
    if (!unit || __builtin_mul_overflow(whole, (uint64_t)unit->nanoseconds, &whole) || whole > limit)
        return false;
    whole += (uint64_t)(fraction * ((double)unit->nanoseconds / scale));
    return !__builtin_add_overflow(*total, whole, total) && *total <= limit;
}

bool duration_parse(const char *text, int64_t *ret_nanoseconds) {
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    uint64_t total = 0;
    if (strcmp(text, "0") != 0) {
        if (*text == '\0')
            return false;
        while (*text != '\0')
            if (!take_duration_part(&text, &total))
                return false;
    }
    if (!negative && total > (uint64_t)INT64_MAX)
        return false;
    *ret_nanoseconds = negative ? (int64_t)(0 - total) : (int64_t)total;
    return true;
}

// value / unit with as many decimals as it has.
static int format_decimal(char *buffer, uint64_t value, uint64_t unit, const char *name) {
    int len = snprintf(buffer, TIME_TEXT_SIZE, "%" PRIu64, value / unit);
    uint64_t rest = value % unit;
    if (rest > 0) {
        buffer[len++] = '.';
        while (rest > 0) {
            rest *= 10;
            buffer[len++] = (char)('0' + rest / unit);
            rest %= unit;
        }
    }
    return len + snprintf(buffer + len, 4, "%s", name);
}

const char *duration_format(int64_t nanoseconds, char *buffer) {
    char *out = buffer;
    uint64_t value = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    if (nanoseconds < 0)
        *out++ = '-';
    if (value == 0)
        strcpy(out, "0s");
    else if (value < (uint64_t)MICROSECOND)
        format_decimal(out, value, 1, "ns");
    else if (value < (uint64_t)MILLISECOND)
        format_decimal(out, value, (uint64_t)MICROSECOND, "\xC2\xB5s");
    else if (value < (uint64_t)SECOND)
        format_decimal(out, value, (uint64_t)MILLISECOND, "ms");
    else {
        uint64_t hours = value / (uint64_t)HOUR;
        uint64_t minutes = value / (uint64_t)MINUTE % 60;
        if (hours > 0)
            out += sprintf(out, "%" PRIu64 "h", hours);
        if (hours > 0 || minutes > 0)
            out += sprintf(out, "%" PRIu64 "m", minutes);
        format_decimal(out, value % (uint64_t)MINUTE, (uint64_t)SECOND, "s");
    }
    return buffer;
}

// "3m4s", or "3m" if the second part is 0.
static void format_two(char *buffer, int64_t first, const char *first_unit, int64_t second, const char *second_unit) {
    int len = snprintf(buffer, TIME_TEXT_SIZE, "%" PRId64 "%s", first, first_unit);
    if (second != 0)
        snprintf(buffer + len, (size_t)(TIME_TEXT_SIZE - len), "%" PRId64 "%s", second, second_unit);
}

const char *duration_format_age(int64_t nanoseconds, char *buffer) {
    int64_t seconds = nanoseconds / SECOND;
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;
    int64_t days = hours / 24;
    if (seconds < -1)
        strcpy(buffer, "<invalid>");
    else if (seconds < 0)
        strcpy(buffer, "0s");
    else if (seconds < 120)
        format_two(buffer, seconds, "s", 0, "");
    else if (minutes < 10)
        format_two(buffer, minutes, "m", seconds % 60, "s");
    else if (minutes < 180)
        format_two(buffer, minutes, "m", 0, "");
    else if (hours < 8)
        format_two(buffer, hours, "h", minutes % 60, "m");
    else if (hours < 48)
        format_two(buffer, hours, "h", 0, "");
    else if (hours < 24 * 8)
        format_two(buffer, days, "d", hours % 24, "h");
    else if (days < 365 * 2)
        format_two(buffer, days, "d", 0, "");
    else if (days < 365 * 8)
        format_two(buffer, days / 365, "y", days % 365, "d");
    else
        format_two(buffer, days / 365, "y", 0, "");
    return buffer;
}
