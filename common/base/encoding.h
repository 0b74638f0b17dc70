// SPDX-License-Identifier: Apache-2.0
// Base64 (standard and URL-safe), hexadecimal and percent encoding.
#ifndef CUBE_COMMON_BASE_ENCODING_H
#define CUBE_COMMON_BASE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/macro.h"
#include "common/base/str.h"

void base64_encode(struct str *out, const void *bytes, size_t len); // appends, padded
// Appends the bytes. Strict: padding required, no white space, no bits left over; false and out unchanged otherwise.
bool base64_decode(struct str *out, const char *text, size_t len) MUST_CHECK;
void base64url_encode(struct str *out, const void *bytes, size_t len); // no padding
bool base64url_decode(struct str *out, const char *text, size_t len) MUST_CHECK;
void hex_encode(struct str *out, const void *bytes, size_t len);
void percent_encode(struct str *out, const char *text); // all but unreserved characters
// plus_is_space as in query strings; false on a broken escape or an encoded NUL.
bool percent_decode(struct str *out, const char *text, size_t len, bool plus_is_space) MUST_CHECK;

#endif
