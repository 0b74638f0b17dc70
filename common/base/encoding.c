// SPDX-License-Identifier: Apache-2.0
// Base64, hexadecimal and percent encoding.
#include "common/base/encoding.h"

#include <stdint.h>
#include <string.h>

static const char standard_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// How many characters stand for so many bytes.
static size_t encoded_len(size_t len, bool padded) {
    return padded ? (len + 2) / 3 * 4 : len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
}

static void encode(struct str *out, const unsigned char *bytes, size_t len, const char *alphabet, bool padded) {
    size_t total = encoded_len(len, padded);
    str_reserve(out, total);
    if (total == 0)
        return;
    char *text = out->data + out->len;
    out->len += total;
    out->data[out->len] = '\0';
    for (; len >= 3; len -= 3, bytes += 3, text += 4) {
        text[0] = alphabet[bytes[0] >> 2];
        text[1] = alphabet[(bytes[0] & 3) << 4 | bytes[1] >> 4];
        text[2] = alphabet[(bytes[1] & 15) << 2 | bytes[2] >> 6];
        text[3] = alphabet[bytes[2] & 63];
    }
    if (len == 0)
        return;
    unsigned second = len == 2 ? bytes[1] : 0;
    text[0] = alphabet[bytes[0] >> 2];
    text[1] = alphabet[(bytes[0] & 3) << 4 | second >> 4];
    if (len == 2)
        text[2] = alphabet[(second & 15) << 2];
    if (padded)
        memset(text + len + 1, '=', 3 - len);
}

// What letters and digits stand for in both alphabets, plus one.
static const unsigned char base64_digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,
    ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
    ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
    ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
    ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
    ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
    ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
};

// -1: not in the alphabet.
static int digit_of(char c, const char *alphabet) {
    unsigned digit = base64_digits[(unsigned char)c];
    if (digit != 0)
        return (int)digit - 1;
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

// The last two or three characters, one or two bytes, whose unused bits must be zero.
static bool decode_rest(char *out, const char *text, size_t len, const char *alphabet) {
    int first = digit_of(text[0], alphabet), second = digit_of(text[1], alphabet);
    int third = len == 3 ? digit_of(text[2], alphabet) : 0;
    if ((first | second | third) < 0 || (len == 2 ? second & 15 : third & 3) != 0)
        return false;
    out[0] = (char)(first << 2 | second >> 4);
    if (len == 3)
        out[1] = (char)((second & 15) << 4 | third >> 2);
    return true;
}

// len without padding. Nothing is appended to out unless all of it is good.
static bool decode(struct str *out, const char *text, size_t len, const char *alphabet) {
    if (len % 4 == 1)
        return false;
    str_reserve(out, len / 4 * 3 + 3);
    char *start = out->data + out->len, *at = start;
    for (; len >= 4; len -= 4, text += 4, at += 3) {
        int first = digit_of(text[0], alphabet), second = digit_of(text[1], alphabet);
        int third = digit_of(text[2], alphabet), fourth = digit_of(text[3], alphabet);
        if ((first | second | third | fourth) < 0)
            break;
        at[0] = (char)(first << 2 | second >> 4);
        at[1] = (char)((second & 15) << 4 | third >> 2);
        at[2] = (char)((third & 3) << 6 | fourth);
    }
    bool good = len == 0 || (len < 4 && decode_rest(at, text, len, alphabet));
    if (good)
        out->len += (size_t)(at - start) + (len > 0 ? len - 1 : 0);
    out->data[out->len] = '\0';
    return good;
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
