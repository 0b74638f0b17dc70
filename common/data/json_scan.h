// SPDX-License-Identifier: Apache-2.0
// The strict one-pass JSON checker that runs before any tree is built: grammar, UTF-8, numbers, depth, counts, duplicate keys.
#ifndef CUBE_COMMON_DATA_JSON_SCAN_H
#define CUBE_COMMON_DATA_JSON_SCAN_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/data/json.h"

// What was counted on the way. len is how many bytes the value took, from the first byte of the text on.
struct json_scan_result {
    size_t len;
    size_t values;
    size_t duplicates;
};

// Checks one value and what follows it: nothing but white space. limits may be NULL. Beyond the grammar of RFC 8259 these are refused:
// bytes that are not UTF-8 (overlong forms and surrogates included), half surrogate pairs as \u escapes, \u0000 in keys,
// numbers beyond the range of a double. Integers beyond 64 bits pass (they become doubles, as upstream reads them).
int json_scan(const char *bytes, size_t len, const struct json_limits *limits, struct json_scan_result *ret_result,
              struct error **err) MUST_CHECK;
// The same for the first value of a stream: what follows is not looked at.
int json_scan_first(const char *bytes, size_t len, const struct json_limits *limits, struct json_scan_result *ret_result,
                    struct error **err) MUST_CHECK;
// Appends what the inside of a checked string (between its quotes) means.
void json_scan_unescape(const char *inside, size_t len, struct str *out);
// How many leading bytes stand for themselves in a JSON string: ASCII but controls, quote and backslash.
size_t json_scan_plain(const char *bytes, size_t len);
// How many bytes of s (1 to 4) are one well-formed UTF-8 character; 0 if none is.
size_t json_scan_utf8(const unsigned char *s, size_t len);

#endif
