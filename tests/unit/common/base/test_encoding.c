// SPDX-License-Identifier: Apache-2.0
// Base64, hexadecimal, percent encoding; hashes; randomness.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/encoding.h"
#include "common/base/hash.h"
#include "common/base/random.h"

static void test_base64(void **state UNUSED) {
    static const struct {
        const char *plain;
        const char *encoded;
    } rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR encoded = {0};
        AUTO_STR decoded = {0};
        base64_encode(&encoded, rows[i].plain, strlen(rows[i].plain));
        assert_string_equal(str_text(&encoded), rows[i].encoded);
        assert_true(base64_decode(&decoded, rows[i].encoded, strlen(rows[i].encoded)));
        assert_string_equal(str_text(&decoded), rows[i].plain);
    }
    AUTO_STR url = {0};
    base64url_encode(&url, "\xfb\xff", 2);
    assert_string_equal(url.data, "-_8");
    str_clear(&url);
    assert_true(base64url_decode(&url, "-_8", 3));
    assert_memory_equal(url.data, "\xfb\xff", 2);
}

// Every byte at every place in a group, with every rest.
static void test_base64_round_trip(void **state UNUSED) {
    unsigned char bytes[260];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(255 - i);
    for (size_t start = 0; start < 3; start++) {
        for (size_t len = 0; start + len <= sizeof(bytes); len++) {
            AUTO_STR encoded = {0}, url = {0}, decoded = {0};
            base64_encode(&encoded, bytes + start, len);
            base64url_encode(&url, bytes + start, len);
            assert_int_equal(encoded.len, (len + 2) / 3 * 4);
            assert_true(base64_decode(&decoded, str_text(&encoded), encoded.len));
            assert_true(base64url_decode(&decoded, str_text(&url), url.len));
            assert_int_equal(decoded.len, 2 * len);
            if (len > 0)
                assert_memory_equal(decoded.data, bytes + start, len);
            if (len > 0)
                assert_memory_equal(decoded.data + len, bytes + start, len);
        }
    }
}

static void test_base64_strict(void **state UNUSED) {
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "=", "Zm 9v", "Zm9v\n", "-_8=", "Zg==Zg==", "Z"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_STR out = {0};
        str_append(&out, "x");
        assert_false(base64_decode(&out, bad[i], strlen(bad[i])));
        assert_string_equal(out.data, "x");
    }
    static const char *const bad_url[] = {"Zg==", "Z", "Zh", "+/8", "Zg "};
    for (size_t i = 0; i < ARRAY_LEN(bad_url); i++) {
        AUTO_STR out = {0};
        assert_false(base64url_decode(&out, bad_url[i], strlen(bad_url[i])));
    }
}

static void test_percent(void **state UNUSED) {
    AUTO_STR out = {0};
    percent_encode(&out, "a b/\xc3\xa4~");
    assert_string_equal(out.data, "a%20b%2F%C3%A4~");
    str_clear(&out);
    assert_true(percent_decode(&out, "a%20b%2f+", 9, false));
    assert_string_equal(out.data, "a b/+");
    str_clear(&out);
    assert_true(percent_decode(&out, "a+b", 3, true));
    assert_string_equal(out.data, "a b");
    static const char *const bad[] = {"%", "%2", "%zz", "%00", "a%2"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(percent_decode(&out, bad[i], strlen(bad[i]), false));
    assert_string_equal(out.data, "a b");
    str_clear(&out);
    hex_encode(&out, "\x00\xff", 2);
    assert_string_equal(out.data, "00ff");
}

static void test_hash(void **state UNUSED) {
    assert_true(hash_fnv1a_32("", 0) == 0x811c9dc5u);
    assert_true(hash_fnv1a_32("foobar", 6) == 0xbf9cf968u);
    assert_true(hash_fnv1a_64("foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(hash_table_key("abcdefghi", 9) == hash_table_key("abcdefghi", 9));
    assert_true(hash_table_key("abcdefghi", 9) != hash_table_key("abcdefghj", 9));
}

static void test_random(void **state UNUSED) {
    struct random *a = random_seeded_new(7);
    struct random *b = random_seeded_new(7);
    char x[UUID_TEXT_SIZE];
    char y[UUID_TEXT_SIZE];
    random_uuid(a, x);
    random_uuid(b, y);
    assert_string_equal(x, y);
    assert_int_equal(strlen(x), 36);
    assert_int_equal(x[14], '4');
    assert_non_null(strchr("89ab", x[19]));
    int seen[3] = {0};
    for (int i = 0; i < 3000; i++)
        seen[random_below(a, 3)]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(seen[i], 800, 1200);
    for (int i = 0; i < 1000; i++) {
        double unit = random_unit(i % 2 ? a : random_system());
        assert_true(unit >= 0 && unit < 1);
    }
    char name[6];
    random_name_suffix(random_system(), name, 5);
    assert_int_equal(strspn(name, "bcdfghjklmnpqrstvwxz2456789"), 5);
    random_seeded_free(a);
    random_seeded_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_base64),        cmocka_unit_test(test_base64_round_trip),
                                       cmocka_unit_test(test_base64_strict), cmocka_unit_test(test_percent),
                                       cmocka_unit_test(test_hash),          cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
