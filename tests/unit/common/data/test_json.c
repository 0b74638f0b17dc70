// SPDX-License-Identifier: Apache-2.0
// JSON values: what is accepted, refused and how; building, paths, writing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/data/json.h"

// A copy without the NUL behind it, so that sanitizers see each byte read too far.
static int parse_exact(const char *text, size_t len, const struct json_limits *limits, struct json **ret, struct error **err) {
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    int result = json_parse(copy, len, limits, ret, err);
    free(copy);
    return result;
}

static const struct {
    const char *text;
    const char *written; // NULL: the same
} accepted[] = {
    {"null", NULL},
    {"true", NULL},
    {" [ ] ", "[]"},
    {"{ }", "{}"},
    {"12", NULL},
    {"-0", "0"},
    {"-0.0", NULL},
    {"9223372036854775807", NULL},
    {"-9223372036854775808", NULL},
    {"9223372036854775808", NULL},
    {"123456789012345678901234567890", NULL},
    {"1.50", NULL},
    {"1E5", NULL},
    {"1e-400", NULL},
    {"[1,2.5,{\"a\":[null,false]}]", NULL},
    {"\"\\u00e9\\/\\ud83d\\ude00\\u0041\"", "\"\xc3\xa9/\xf0\x9f\x98\x80"
                                            "A\""},
    {"\"\\b\\f\\n\\r\\t\\u0001\\u0000\\u2028\"", NULL},
    {"{\"b\":1,\"a\":2}", NULL},
    {"{\"\\u0061\":1}", "{\"a\":1}"},
    {"{\"\":{\"\":0}}", NULL},
    {"\"\xf4\x8f\xbf\xbf\"", NULL},
};

static void accepts_valid_json(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        AUTO_JSON value = NULL;
        AUTO_ERROR err = NULL;
        if (parse_exact(accepted[i].text, strlen(accepted[i].text), NULL, &value, &err) < 0)
            fail_msg("%s: %s", accepted[i].text, error_message(err));
        CLEANUP(free_ptr) char *text = json_text(value);
        assert_string_equal(text, accepted[i].written ? accepted[i].written : accepted[i].text);
        AUTO_JSON clone = json_clone(value);
        CLEANUP(free_ptr) char *clone_text = json_text(clone);
        assert_string_equal(clone_text, text);
        assert_true(json_equal(value, clone));
    }
}

#define ROW(text, message)                                                                                                       \
    { text, sizeof(text) - 1, message }

static const struct {
    const char *text;
    size_t len;
    const char *message;
} refused[] = {
    ROW("", "unexpected end of JSON input"),
    ROW("[1,", "unexpected end of JSON input"),
    ROW("{\"a\"", "unexpected end of JSON input"),
    ROW("\"abc", "unexpected end of JSON input"),
    ROW("[1,]", "invalid character ']' looking for beginning of value at line 1, column 4"),
    ROW("{\"a\":1,}", "invalid character '}' looking for beginning of object key string at line 1, column 8"),
    ROW("{a:1}", "invalid character 'a' looking for beginning of object key string at line 1, column 2"),
    ROW("{\"a\" 1}", "invalid character '1' after object key at line 1, column 6"),
    ROW("{\"a\":1 2}", "invalid character '2' after object key:value pair at line 1, column 8"),
    ROW("[1 2]", "invalid character '2' after array element at line 1, column 4"),
    ROW("[\n1,\n  x]", "invalid character 'x' looking for beginning of value at line 3, column 3"),
    ROW("// c\n1", "invalid character '/' looking for beginning of value at line 1, column 1"),
    ROW("01", "invalid character '1' after top-level value at line 1, column 2"),
    ROW("-x", "invalid character 'x' in numeric literal at line 1, column 2"),
    ROW("[1e+]", "invalid character ']' in exponent of numeric literal at line 1, column 5"),
    ROW("trux", "invalid character 'x' in literal true (expecting 'e') at line 1, column 4"),
    ROW("{}}", "invalid character '}' after top-level value at line 1, column 3"),
    ROW("\"\\x\"", "invalid character 'x' in string escape code at line 1, column 3"),
    ROW("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape at line 1, column 6"),
    // What json-c's own parser lets pass or changes in silence.
    ROW("{\"a\":1,\"a\":2}", "duplicate field \"a\""),
    ROW("NaN", "invalid character 'N' looking for beginning of value at line 1, column 1"),
    ROW("Infinity", "invalid character 'I' looking for beginning of value at line 1, column 1"),
    ROW("-Infinity", "invalid character 'I' in numeric literal at line 1, column 2"),
    ROW("{'a':1}", "invalid character '\\'' looking for beginning of object key string at line 1, column 2"),
    ROW("[\"a\tb\"]", "invalid character '\\t' in string literal at line 1, column 4"),
    ROW("[\"a\nb\"]", "invalid character '\\n' in string literal at line 1, column 4"),
    ROW("[\"a\x01\"]", "invalid character '\\x01' in string literal at line 1, column 4"),
    ROW("\"\xc0\xaf\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xe0\x80\xaf\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xf0\x80\x80\xaf\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xed\xa0\x80\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xf4\x90\x80\x80\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xff\"", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("\"\xc3", "invalid UTF-8 in string literal at line 1, column 2"),
    ROW("[1.]", "invalid character ']' after decimal point in numeric literal at line 1, column 4"),
    ROW("[1E400]", "cannot unmarshal number 1E400 into Go value of type float64 at line 1, column 2"),
    ROW("{}\0x", "invalid character '\\x00' after top-level value at line 1, column 3"),
    ROW("\"\\ud800\"", "invalid unpaired surrogate in string literal at line 1, column 2"),
    ROW("\"\\udc00\"", "invalid unpaired surrogate in string literal at line 1, column 2"),
    ROW("\"\\ud800\\u0041\"", "invalid unpaired surrogate in string literal at line 1, column 2"),
    ROW("{\"a\\u0000b\":1}", "invalid \\u0000 in object key at line 1, column 4"),
    ROW("\xef\xbb\xbf{}", "invalid character '\xc3\xaf' looking for beginning of value at line 1, column 1"),
};

static void refuses_all_else(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct json *value = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(parse_exact(refused[i].text, refused[i].len, NULL, &value, &err), -1);
        assert_null(value);
        assert_string_equal(error_message(err), refused[i].message);
    }
}

static const struct {
    const char *text;
    const char *path;
} duplicates[] = {
    {"{\"spec\":{\"containers\":[{\"name\":\"a\",\"name\":\"b\"}]}}", "spec.containers[0].name"},
    {"{\"a\":[0,[1,{\"x\":1}],{\"y\":{},\"y\":2}]}", "a[2].y"},
    {"{\"a\":{\"b\":1},\"a\":{}}", "a"},
    {"{\"ab\":1,\"\\u0061b\":2}", "ab"},
    {"[[],{\"k\":{\"l\":[]},\"m\":0,\"k\":1}]", "[1].k"},
};

static void names_duplicate_keys(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(duplicates); i++) {
        AUTO_ERROR err = NULL;
        AUTO_JSON value = NULL;
        AUTO_STR_LIST found = {0};
        AUTO_STR message = {0};
        struct json_limits limits = {.allow_duplicates = true, .duplicates = &found};
        str_printf(&message, "duplicate field \"%s\"", duplicates[i].path);
        assert_int_equal(json_parse(duplicates[i].text, strlen(duplicates[i].text), NULL, &value, &err), -1);
        assert_string_equal(error_message(err), message.data);
        assert_int_equal(json_parse(duplicates[i].text, strlen(duplicates[i].text), &limits, &value, NULL), 0);
        assert_int_equal(found.len, 1);
        assert_string_equal(found.items[0], duplicates[i].path);
    }
    AUTO_JSON last = NULL;
    assert_int_equal(json_parse("{\"a\":1,\"a\":2}", 13, &(struct json_limits){.allow_duplicates = true}, &last, NULL), 0);
    assert_int_equal(json_get_int(last, "a", 0), 2);
}

static void finds_duplicates_among_many_keys(void **state UNUSED) {
    AUTO_STR text = {0};
    str_append_char(&text, '{');
    for (int i = 0; i < 5000; i++)
        str_printf(&text, "\"key-%d\":{\"x\":%d},", i, i);
    size_t len = text.len;
    AUTO_JSON value = NULL;
    AUTO_ERROR err = NULL;
    str_append(&text, "\"z\":0}");
    assert_int_equal(json_parse(text.data, text.len, NULL, &value, NULL), 0);
    assert_int_equal(json_object_size(value), 5001);
    assert_int_equal(json_find_int(value, "key-4321.x", 0), 4321);
    str_truncate(&text, len);
    str_append(&text, "\"key-17\":0}");
    struct json *none = NULL;
    assert_int_equal(json_parse(text.data, text.len, NULL, &none, &err), -1);
    assert_string_equal(error_message(err), "duplicate field \"key-17\"");
}

static void holds_its_limits(void **state UNUSED) {
    AUTO_STR deep = {0};
    for (int i = 0; i < 128; i++)
        str_append_char(&deep, '[');
    for (int i = 0; i < 128; i++)
        str_append_char(&deep, ']');
    AUTO_JSON value = NULL;
    assert_int_equal(json_parse(deep.data, deep.len, NULL, &value, NULL), 0);
    AUTO_STR deeper = {0};
    str_printf(&deeper, "[%s]", deep.data);
    struct json *none = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(json_parse(deeper.data, deeper.len, NULL, &none, &err), -1);
    assert_string_equal(error_message(err), "exceeded max depth at line 1, column 129");
    AUTO_ERROR count = NULL;
    assert_int_equal(json_parse("[1,2,3]", 7, &(struct json_limits){.max_values = 3}, &none, &count), -1);
    assert_string_equal(error_message(count), "too many values: the limit is 3");
    AUTO_ERROR size = NULL;
    assert_int_equal(json_parse("[1,2,3]", 7, &(struct json_limits){.max_bytes = 6}, &none, &size), -1);
    assert_string_equal(error_message(size), "JSON text of 7 bytes is over the limit of 6");
}

static void reads_streams(void **state UNUSED) {
    const char *text = "{\"a\":1}{\"b\":2} x";
    struct json *value = NULL;
    size_t used = 0;
    assert_int_equal(json_parse_first(text, strlen(text), NULL, &value, &used, NULL), 0);
    assert_int_equal(used, 7);
    assert_int_equal(json_get_int(value, "a", 0), 1);
    json_unref(value);
    value = NULL;
    assert_int_equal(json_parse_first("12-3", 4, NULL, &value, &used, NULL), 0);
    assert_int_equal(json_int(value, 0), 12);
    json_unref(value);
}

static void builds_and_finds(void **state UNUSED) {
    AUTO_JSON pod = json_new_object();
    json_put_string(pod, "metadata.name", "web");
    json_put(pod, "spec.replicas", json_new_int(3));
    json_append(json_ensure_array(pod, "spec.items"), json_new_string("b"));
    json_insert(json_find(pod, "spec.items"), 0, json_new_string("a"));
    json_insert(json_find(pod, "spec.items"), 9, json_new_double(1.5));
    json_set_bool(json_ensure_object(pod, "status"), "ready", true);
    json_set(pod, "nothing", NULL);
    CLEANUP(free_ptr) char *text = json_text(pod);
    assert_string_equal(text, "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":3,\"items\":[\"a\",\"b\",1.5]},"
                              "\"status\":{\"ready\":true},\"nothing\":null}");
    assert_string_equal(json_find_text(pod, "metadata.name"), "web");
    assert_string_equal(json_find_text(pod, "metadata.name.x"), "");
    assert_null(json_find_string(pod, "spec.replicas"));
    assert_true(json_has(pod, "nothing"));
    assert_null(json_get(pod, "nothing"));
    assert_false(json_has(NULL, "x"));
    assert_int_equal(json_find_int(pod, "spec.replicas", 0), 3);
    assert_true(json_find_bool(pod, "status.ready", false));
    assert_true(json_array_has_string(json_find(pod, "spec.items"), "b"));
    json_replace(json_find(pod, "spec.items"), 1, json_new_int(1));
    json_delete(json_find(pod, "spec.items"), 0);
    json_delete(json_find(pod, "spec.items"), 7);
    assert_int_equal(json_len(json_find(pod, "spec.items")), 2);
    json_set_string(pod, "nothing", NULL);
    assert_false(json_has(pod, "nothing"));
    for (struct json_iter it = json_iter(pod); json_iter_next(&it);)
        json_remove(pod, it.key);
    assert_int_equal(json_object_size(pod), 0);
}

static void reads_scalars(void **state UNUSED) {
    AUTO_JSON value = NULL;
    const char *text = "{\"i\":1,\"d\":1.0,\"h\":1.5,\"big\":1e30,\"s\":\"1\",\"b\":true}";
    assert_int_equal(json_parse(text, strlen(text), NULL, &value, NULL), 0);
    assert_int_equal(json_get_int(value, "i", 7), 1);
    assert_int_equal(json_get_int(value, "d", 7), 1);
    assert_int_equal(json_get_int(value, "h", 7), 7);
    assert_int_equal(json_get_int(value, "big", 7), 7);
    assert_int_equal(json_get_int(value, "s", 7), 7);
    assert_int_equal(json_get_bool(value, "i", false), false);
    assert_int_equal(json_get_bool(value, "b", false), true);
    assert_false(json_equal(json_get(value, "i"), json_get(value, "d")));
    assert_null(json_new_string(NULL));
    assert_null(json_new_double(1.0 / 0.0));
}

static const struct {
    double value;
    const char *text;
} doubles[] = {
    {0.1, "0.1"},
    {1, "1"},
    {1e20, "100000000000000000000"},
    {1e21, "1e+21"},
    {1e-6, "0.000001"},
    {1e-7, "1e-7"},
    {-2.5, "-2.5"},
    {123456.789, "123456.789"},
    {1e-10, "1e-10"},
    {5e-324, "5e-324"},
    {1e100, "1e+100"},
    {0.3, "0.3"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
};

static void writes_doubles_as_go(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
        AUTO_JSON value = json_new_double(doubles[i].value);
        CLEANUP(free_ptr) char *text = json_text(value);
        assert_string_equal(text, doubles[i].text);
    }
}

static void writes_pretty_and_sorted(void **state UNUSED) {
    const char *text = "{\"b\":[1,{}],\"a\":{\"x<\":1.50},\"c\":[]}";
    AUTO_JSON value = NULL;
    AUTO_STR out = {0};
    assert_int_equal(json_parse(text, strlen(text), NULL, &value, NULL), 0);
    json_write_pretty(value, &out, 2);
    assert_string_equal(out.data, "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": {\n    \"x<\": 1.50\n  },\n  \"c\": []\n}");
    str_clear(&out);
    json_write_sorted(value, &out, -1);
    assert_string_equal(out.data, "{\"a\":{\"x\\u003c\":1.5},\"b\":[1,{}],\"c\":[]}");
    str_clear(&out);
    json_write_string_n(&out, "a\xff\xe2\x80\xa9/\x7f", 7);
    assert_string_equal(out.data, "\"a\\ufffd\\u2029/\x7f\"");
}

// What is special in a string is found at every place of it, whatever the bytes around.
static void test_string_places(void **state UNUSED) {
    static const struct {
        const char *inside; // NULL: refused
        const char *text;
    } rows[] = {{"\\\"", "\""},   {"\\\\", "\\"}, {"\\n", "\n"},  {"\xc3\xa4", "\xc3\xa4"},
                {"\x7f", "\x7f"}, {NULL, "\x1f"}, {NULL, "\x80"}, {NULL, "\xff"}};
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        for (size_t before = 0; before < 20; before++) {
            AUTO_STR json = {0}, text = {0}, written = {0};
            AUTO_JSON value = NULL;
            AUTO_ERROR err = NULL;
            str_printf(&json, "\"%.*s%s !~#[]\"", (int)before, "!~ #[]^!~ #[]^!~ #[]",
                       rows[row].inside ? rows[row].inside : rows[row].text);
            str_printf(&text, "%.*s%s !~#[]", (int)before, "!~ #[]^!~ #[]^!~ #[]", rows[row].text);
            int result = json_parse(json.data, json.len, NULL, &value, &err);
            assert_int_equal(result, rows[row].inside ? 0 : -1);
            if (result < 0)
                continue;
            assert_string_equal(json_string(value), text.data);
            json_write(value, &written);
            assert_string_equal(written.data, json.data);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_string_places),
        cmocka_unit_test(accepts_valid_json),
        cmocka_unit_test(refuses_all_else),
        cmocka_unit_test(names_duplicate_keys),
        cmocka_unit_test(finds_duplicates_among_many_keys),
        cmocka_unit_test(holds_its_limits),
        cmocka_unit_test(reads_streams),
        cmocka_unit_test(builds_and_finds),
        cmocka_unit_test(reads_scalars),
        cmocka_unit_test(writes_doubles_as_go),
        cmocka_unit_test(writes_pretty_and_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
