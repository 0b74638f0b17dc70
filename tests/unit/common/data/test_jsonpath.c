// SPDX-License-Identifier: Apache-2.0
// JSONPath: each row's text or message is what kubectl 1.32 prints for the template.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/data/jsonpath.h"

static const char document[] =
    "{\"apiVersion\":\"e.com/v1\",\"kind\":\"Foo\",\"metadata\":{\"name\":\"x\",\"labels\":{\"a.b/"
    "c\":\"v\",\"k\":\"w\"}},\"list\":[{\"name\":\"n1\",\"v\":1,\"ok\":true,\"t\":{\"s\":[\"p\",\"q\"]}},{\"name\":\"n2\",\"v\":"
    "2.5,\"ok\":false},{\"name\":\"n3\",\"v\":10}],\"nums\":[1,2,3,4,5],\"s\":\"str\",\"nul\":null,\"e\":[],\"eo\":{},\"nested\":"
    "[[1,2],[3,4]],\"m\":{\"b\":{\"name\":\"deep\"},\"a\":{\"name\":\"deep2\"}},\"big\":1e21,\"f\":1000000.5}";

// "!": an error. Keys that are missing are allowed, as kubectl allows them by default.
static const struct {
    const char *template;
    const char *result;
} rows[] = {
    {"{.metadata.name}", "x"},
    {"{.metadata.labels}", "{\"a.b/c\":\"v\",\"k\":\"w\"}"},
    {"{.metadata.labels.a\\.b/c}", "v"},
    {"{.metadata.labels['a.b/c']}", ""},
    {"{.metadata.labels[\"a.b/c\"]}", "!invalid array index \"a.b/c\""},
    {"{.metadata['name']}", "x"},
    {"{['metadata'].name}", "x"},
    {"{.list[*].name}", "n1 n2 n3"},
    {"{.list[0].name}", "n1"},
    {"{.list[-1].name}", "n3"},
    {"{.list[0:2].name}", "n1 n2"},
    {"{.list[1:].name}", "n2 n3"},
    {"{.list[:1].name}", "n1"},
    {"{.list[::2].name}", "n1 n3"},
    {"{.list[-2:].name}", "n2 n3"},
    {"{.list[5].name}", "!array index out of bounds: index 5, length 3"},
    {"{.list[-5].name}", "!array index out of bounds: index -2, length 3"},
    {"{.nums[4:1]}", "!starting index 4 is greater than ending index 1"},
    {"{.nums[0:10]}", "!array index out of bounds: index 9, length 5"},
    {"{.nums[10:]}", "!array index out of bounds: index 10, length 5"},
    {"{.nums[1:4:2]}", "2 4"},
    {"{.nums[0,2]}", "1 3"},
    {"{.nums[0,-1,2:4]}", "1 5 3 4"},
    {"{.list[?(@.name==\"n2\")].v}", "2.5"},
    {"{.list[?(@.name=='n2')].v}", "2.5"},
    {"{.list[?(@.v>2)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.v>=2.5)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.v!=1)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.v<2)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.ok)].name}", "n1 n2"},
    {"{.list[?(@.ok==true)].name}", "n1"},
    {"{.list[?(@.t.s[0]==\"p\")].name}", "n1"},
    {"{.list[?(@.nope==\"p\")].name}", ""},
    {"{.list[?(@.name>\"n1\")].name}", "n2 n3"},
    {"{.list[?(@.v>\"a\")].name}", "!incompatible types for comparison"},
    {"{..name}", "x n1 n2 n3 deep deep2"},
    {"{.list[*]['name','v']}", "n1 n2 n3 1 2.5 10"},
    {"{.list[*]['name', 'v']}", "n1 n2 n3 1 2.5 10"},
    {"{['kind','apiVersion']}", "Foo e.com/v1"},
    {"{.list[*].t}", "{\"s\":[\"p\",\"q\"]}"},
    {"{.nope}", ""},
    {"{.nope.x}", ""},
    {"{.nul}", "null"},
    {"{.s.x}", ""},
    {"{.s[0]}", "!string is not array or slice"},
    {"{.metadata[0]}", "!map[string]interface {} is not array or slice"},
    {"{.e}", "[]"},
    {"{.e[0]}", "!array index out of bounds: index 0, length 0"},
    {"{.e[*]}", ""},
    {"{.eo}", "{}"},
    {"{.eo.*}", ""},
    {"{.nested[*][0]}", "1 3"},
    {"{.nested[*]}", "[1,2] [3,4]"},
    {"{.nested}", "[[1,2],[3,4]]"},
    {"{.big} {.f}", "1e+21 1.0000005e+06"},
    {"{range .list[*]}{.name}{\"\\t\"}{.v}{\"\\n\"}{end}", "n1\t1\nn2\t2.5\nn3\t10\n"},
    {"{range .list[*]}{@.name},{end}", "n1,n2,n3,"},
    {"{range .list[*]}[{.name}]{end}", "[n1][n2][n3]"},
    {"{range .list[*]}{range .t.s[*]}{@}{end};{end}", "pq;;;"},
    {"{range .nums[*]}{@}-{end}", "1-2-3-4-5-"},
    {"{range .e[*]}{.x}{end}done", "done"},
    {"{\"a\\\"b\\n\"}", "a\"b\n"},
    {"{'a'}", "a"},
    {"{\"\\u0041\"}", "A"},
    {"text only", "text only"},
    {"a{.kind}b{.s}c", "aFoobstrc"},
    {"{.list[*].name}{\"\\n\"}{.kind}", "n1 n2 n3\nFoo"},
    {"{$.kind}", "Foo"},
    {"{@.kind}", "Foo"},
    {"{.}", ""},
    {"{kind}", "!unrecognized identifier kind"},
    {"{5}", "5"},
    {"{1.5}", "1.5"},
    {"{true}", "true"},
    {"{.kind", "!unclosed action"},
    {"{.list[}", "!unterminated array"},
    {"{.list[0}", "!unterminated array"},
    {"{.list[abc]}", "!invalid array index abc"},
    {"{.list[?(@.name=\"x\")]}", "!unrecognized filter operator ="},
    {"{.list[?(@.name==}", "!unterminated filter"},
    {"{.list[?(@.name==\"n1\"]}", "!unterminated filter"},
    {"{range .list[*]}{.name}", "n1n2n3"},
    {"{end}", "!not in range, nothing to end"},
    {"{.list[0:1:0]}", "!step must be > 0"},
    {"{.list[::-1]}", "!step must be > 0"},
    {"{\"abc}", "!unterminated quoted string"},
    {"{.metadata.labels[\"a.b/c}", "!unterminated array"},
    {"{ .kind }", "Foo"},
    {"{ .kind .s }", ""},
    {"{.kind .s}", ""},
    {"{.kind}{.s}", "Foostr"},
    {"{.kind,.s}", "!unrecognized character in action: U+002C ','"},
    {"{..*}", "!unrecognized character in action: U+002A '*'"},
    {"{.list[*]..s}", "[\"p\",\"q\"]"},
    {"{.list..name}", "n1 n2 n3"},
    {"{.['kind']}", ""},
    {"{.list.name}", ""},
    {"{.list[*].v}", "1 2.5 10"},
    {"{.list[?(@.v==1)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.v==1.0)].name}", "!incompatible types for comparison"},
    {"{.list[?(1==@.v)].name}", "!incompatible types for comparison"},
    {"{.list[?(@.name==\"n1\" && @.v==1)].name}", "!unrecognized character in action: U+0026 '&'"},
    {"{.list[?(@.name == \"n1\")].name}", "n1"},
    {"{.list[?( @.name == \"n1\" )].name}", "n1"},
    {"{.list[ 0 ].name}", "!invalid array index  0 "},
    {"{.list[0 ,1].name}", "n1 n2"},
    {"{-5}", "-5"},
    {"{+5}", "5"},
    {"{.metadata.labels.a\\\\.b}", ""},
    {"{.a b}", "!unrecognized identifier b"},
    {"{.list[?(@.t)].name}", "n1"},
    {"{.list[?(!@.t)].name}", "!unrecognized character in action: U+0021 '!'"},
    {"{.list[?(@.v==1)]['name']}", "!incompatible types for comparison"},
    {"{.list[*].name }x", "n1 n2 n3x"},
    {"{.items}", ""},
    {"{range}{end}", ""},
    {"{.nums[*]}{range .nums[0:2]}{.}{end}", "1 2 3 4 5"},
    {"{.kind}}", "Foo}"},
    {"}{.kind}", "}Foo"},
    {"{{.kind}}", "!unrecognized character in action: U+007B '{'"},
    {"{.list[?(@.name=~\"n1\")].name}", "!unrecognized character in action: U+007E '~'"},
    {"{.m['a']['name']}", "deep2"},
    {"{.m[a]}", "!invalid array index a"},
    {"{.metadata.labels.*}", "v w"},
    {"{.list[1]}", "{\"name\":\"n2\",\"ok\":false,\"v\":2.5}"},
    {"{.nums[-1:]}", "5"},
    {"{.nums[-2:-1]}", "4"},
    {"{.nums[:-1]}", "1 2 3 4"},
    {"{.nums[-9:2]}", "!array index out of bounds: index -4, length 5"},
    {"{.nums[0:-9]}", "!array index out of bounds: index -5, length 5"},
    {"{.nums[:0]}", ""},
};

static struct json *parsed(void) {
    struct json *value = NULL;
    assert_int_equal(json_parse(document, sizeof(document) - 1, NULL, &value, NULL), 0);
    return value;
}

static void prints_as_kubectl(void **state UNUSED) {
    AUTO_JSON root = parsed();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSONPATH path = NULL;
        AUTO_STR out = {0};
        AUTO_ERROR err = NULL;
        if (jsonpath_compile(rows[i].template, &path, &err) < 0 || jsonpath_print(path, root, true, &out, &err) < 0) {
            str_clear(&out);
            str_printf(&out, "!%s", error_message(err));
        }
        if (!str_equal(str_text(&out), rows[i].result))
            fail_msg("%s: want %s, got %s", rows[i].template, rows[i].result, str_text(&out));
    }
}

static void refuses_missing_keys_when_told(void **state UNUSED) {
    static const struct {
        const char *template;
        const char *message;
    } missing[] = {{"{.nope.x}", "nope is not found"},
                   {"{.s.x}", "x is not found"},
                   {"{.list[?(@.nope==\"p\")].name}", "nope is not found"}};
    AUTO_JSON root = parsed();
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        AUTO_JSONPATH path = NULL;
        AUTO_STR out = {0};
        AUTO_ERROR err = NULL;
        assert_int_equal(jsonpath_compile(missing[i].template, &path, NULL), 0);
        assert_int_equal(jsonpath_print(path, root, false, &out, &err), -1);
        assert_string_equal(error_message(err), missing[i].message);
    }
}

static void finds_values(void **state UNUSED) {
    static const struct {
        const char *path;
        const char *values; // compact JSON
    } found[] = {
        {".metadata.name", "[\"x\"]"},
        {"{.metadata.name}", "[\"x\"]"},
        {"metadata.name", "[\"x\"]"},
        {".list[*].v", "[1,2.5,10]"},
        {".nul", "[null]"},
        {".nope", "[]"},
        {".list[?(@.name==\"n1\")].t.s", "[[\"p\",\"q\"]]"},
    };
    AUTO_JSON root = parsed();
    for (size_t i = 0; i < ARRAY_LEN(found); i++) {
        AUTO_JSONPATH path = NULL;
        AUTO_JSONPATH_VALUES values = {0};
        assert_int_equal(jsonpath_compile_path(found[i].path, &path, NULL), 0);
        assert_int_equal(jsonpath_find(path, root, true, &values, NULL), 0);
        AUTO_JSON list = json_new_array();
        for (size_t j = 0; j < values.len; j++)
            json_append(list, json_ref(values.items[j]));
        CLEANUP(free_ptr) char *text = json_text(list);
        assert_string_equal(text, found[i].values);
    }
    static const char *const bad[] = {"", ".", "{}", "{.a}{.b}", "{.a"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct jsonpath *path = NULL;
        assert_int_equal(jsonpath_compile_path(bad[i], &path, NULL), -1);
    }
}

static void bounds_templates(void **state UNUSED) {
    AUTO_STR filters = {0};
    AUTO_STR ranges = {0};
    AUTO_STR long_text = {0};
    str_append(&filters, "{");
    for (int i = 0; i < 1000; i++) {
        str_append(&filters, "[?(@.a==");
        str_append(&ranges, "{range .a}");
    }
    for (int i = 0; i < 1000; i++)
        str_append(&filters, ")]");
    str_append(&filters, "}");
    for (int i = 0; i < 70000; i++)
        str_append_char(&long_text, 'x');
    const struct str *texts[] = {&filters, &ranges, &long_text};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct jsonpath *path = NULL;
        assert_int_equal(jsonpath_compile(texts[i]->data, &path, NULL), -1);
    }
    AUTO_JSON root = json_new_object();
    struct json *at = root;
    for (int i = 0; i < 100; i++)
        at = json_ensure_object(at, "a");
    AUTO_JSONPATH path = NULL;
    AUTO_STR out = {0};
    AUTO_ERROR err = NULL;
    assert_int_equal(jsonpath_compile("{..a..a..a..a..a}", &path, NULL), 0);
    assert_int_equal(jsonpath_print(path, root, true, &out, &err), -1);
    assert_string_equal(error_message(err), "too many results: the limit is 1000000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_as_kubectl),
        cmocka_unit_test(refuses_missing_keys_when_told),
        cmocka_unit_test(finds_values),
        cmocka_unit_test(bounds_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
