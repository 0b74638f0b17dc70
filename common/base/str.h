// SPDX-License-Identifier: Apache-2.0
// A growing byte string, always NUL-terminated, and the string predicates that C lacks.
#ifndef CUBE_COMMON_BASE_STR_H
#define CUBE_COMMON_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/macro.h"

// Zero-initialise to start: struct str s = {0}; data is NULL until something is appended.
struct str {
    char *data;
    size_t len;
    size_t cap;
};

#define AUTO_STR CLEANUP(str_free) struct str

void str_free(struct str *s);  // frees and zeroes
void str_clear(struct str *s); // keeps the memory
void str_reserve(struct str *s, size_t extra);
void str_append(struct str *s, const char *text);
void str_append_n(struct str *s, const void *bytes, size_t len);
void str_append_char(struct str *s, char c);
void str_append_int(struct str *s, int64_t value);
void str_append_uint(struct str *s, uint64_t value);
// The shortest decimal that reads back as the same number, as strconv's 'g' and so Prometheus' text format have it: "0.25", "1e+06",
// "NaN", "+Inf".
void str_append_double(struct str *s, double value);
// In double quotes and escaped as Go's %q does.
void str_append_quoted(struct str *s, const char *text);
void str_printf(struct str *s, const char *format, ...) PRINTF_LIKE(2, 3); // appends
void str_vprintf(struct str *s, const char *format, va_list args) PRINTF_LIKE(2, 0);
void str_truncate(struct str *s, size_t len);
void str_remove_front(struct str *s, size_t len);
const char *str_text(const struct str *s); // never NULL
char *str_take(struct str *s);             // malloc'd, never NULL; s is empty afterwards

bool str_equal(const char *a, const char *b); // NULL equals only NULL
bool str_empty(const char *s);                // NULL or ""
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
const char *str_skip_prefix(const char *s, const char *prefix); // behind the prefix, or NULL
bool str_equal_nocase(const char *a, const char *b);            // ASCII
void str_lower(char *s);                                        // ASCII, in place
// The whole text as a decimal number, nothing around it; false on overflow or anything else.
bool str_to_int64(const char *s, int64_t *ret_value) MUST_CHECK;
bool str_to_uint64(const char *s, uint64_t *ret_value) MUST_CHECK;
bool str_to_double(const char *s, double *ret_value) MUST_CHECK;
// As Go's strconv.ParseBool: 1 t T true TRUE True 0 f F false FALSE False.
bool str_to_bool(const char *s, bool *ret_value) MUST_CHECK;

// A list of owned strings. Zero-initialise to start.
struct str_list {
    char **items;
    size_t len;
    size_t cap;
};

#define AUTO_STR_LIST CLEANUP(str_list_free) struct str_list

void str_list_free(struct str_list *list);
void str_list_add(struct str_list *list, const char *text);
void str_list_take(struct str_list *list, char *take_text);
bool str_list_contains(const struct str_list *list, const char *text);
void str_list_remove(struct str_list *list, const char *text); // first match, order kept
void str_list_sort(struct str_list *list);
// Appends the parts of text between separators; "" gives no part.
void str_list_split(struct str_list *list, const char *text, char separator);
char *str_list_join(const struct str_list *list, const char *separator);

#endif
