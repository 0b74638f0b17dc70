// SPDX-License-Identifier: Apache-2.0
// Base64, hexadecimal and percent encoding.
#include "common/base/encoding.h"

#include <stdint.h>
#include <string.h>

static const char standard_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct str *out, const unsigned char *bytes, size_t len, const char *alphabet, bool padded) {
    str_reserve(out, (len + 2) / 3 * 4);
    for (size_t i = 0; i < len; i += 3) {
        size_t count = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (count > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (count > 2)
            group |= bytes[i + 2];
        char text[4];
        for (size_t k = 0; k < 4; k++)
            text[k] = k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=';
        str_append_n(out, text, padded ? 4 : count + 1);
    }
}

static int digit_of(char c, const char *alphabet) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

// len without padding.
static bool decode(struct str *out, const char *text, size_t len, const char *alphabet) {
    if (len % 4 == 1)
        return false;
    size_t start = out->len;
    str_reserve(out, len / 4 * 3 + 3);
    uint32_t bits = 0;
    int bit_count = 0;
    for (size_t i = 0; i < len; i++) {
        int digit = digit_of(text[i], alphabet);
        if (digit < 0) {
            str_truncate(out, start);
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            str_append_char(out, (char)(bits >> bit_count & 0xFF));
        }
    }
    if ((bits & ((1u << bit_count) - 1)) != 0) {
        str_truncate(out, start);
        return false;
    }
    return true;
}

void base64_encode(struct str *out, const void *bytes, size_t len) {
    encode(out, bytes, len, standard_alphabet, true);
}

bool base64_decode(struct str *out, const char *text, size_t len) {
    if (len % 4 != 0)
        return false;
    if (len > 0 && text[len - 1] == '=')
        len -= text[len - 2] == '=' ? 2 : 1;
    return decode(out, text, len, standard_alphabet);
}

void base64url_encode(struct str *out, const void *bytes, size_t len) {
    encode(out, bytes, len, url_alphabet, false);
}

bool base64url_decode(struct str *out, const char *text, size_t len) {
    return decode(out, text, len, url_alphabet);
}

void hex_encode(struct str *out, const void *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = bytes;
    str_reserve(out, len * 2);
    for (size_t i = 0; i < len; i++) {
        str_append_char(out, digits[byte[i] >> 4]);
        str_append_char(out, digits[byte[i] & 15]);
    }
}

static bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c));
}

void percent_encode(struct str *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (unreserved(*text))
            str_append_char(out, *text);
        else
            str_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_decode(struct str *out, const char *text, size_t len, bool plus_is_space) {
    size_t start = out->len;
    str_reserve(out, len);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                str_truncate(out, start);
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        str_append_char(out, c);
    }
    return true;
}
