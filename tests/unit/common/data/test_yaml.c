// SPDX-License-Identifier: Apache-2.0
// YAML: what scalars mean, anchors and merges, bounds, messages; and the text that kubectl prints.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/data/yaml.h"

static const struct {
    const char *yaml;
    const char *json;
} readings[] = {
    {"a: [1, 0x1f, 0644, 0o17, 0b101, 1_000, +3, -7]", "{\"a\":[1,31,420,15,5,1000,3,-7]}"},
    {"a: [1.0, 2.5, .5, 1e3, 08, 1e400]", "{\"a\":[1,2.5,0.5,1000,8,\"1e400\"]}"},
    {"a: [18446744073709551615, -9223372036854775808]", "{\"a\":[18446744073709551615,-9223372036854775808]}"},
    {"a: [y, Yes, ON, true, n, off, No, FALSE]", "{\"a\":[true,true,true,true,false,false,false,false]}"},
    {"a: [~, null, NULL, '', \"\", 'null', \"true\"]", "{\"a\":[null,null,null,\"\",\"\",\"null\",\"true\"]}"},
    {"a: [2024-01-01, 2024-01-01T00:00:00Z, 1:30, 1.2.3, yEs, 0xg]",
     "{\"a\":[\"2024-01-01\",\"2024-01-01T00:00:00Z\",\"1:30\",\"1.2.3\",\"yEs\",\"0xg\"]}"},
    {"a: !!str 12\nb: !!binary aGk=\nc: !!float 3\nd: !foo 1", "{\"a\":\"12\",\"b\":\"hi\",\"c\":3,\"d\":\"1\"}"},
    {"1: a\ntrue: b\n1.5: c\n'2': d", "{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\",\"2\":\"d\"}"},
    {"a: &x {k: 1}\nb: *x\nc: [*x]", "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"c\":[{\"k\":1}]}"},
    {"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3", "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}"},
    {"a:\n  <<: [{k: 1}, {k: 2, l: 3}]", "{\"a\":{\"k\":1,\"l\":3}}"},
    {"a: |\n  x\n  y\nb: >-\n  x\n  y", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
    {"{\"a\": \"\\ud83d\\ude00\\/\"}", "{\"a\":\"\xf0\x9f\x98\x80/\"}"},
    {"{a: b}", "{\"a\":\"b\"}"},
    {"{\"a\": b}", "{\"a\":\"b\"}"},
    {"\xef\xbb\xbf"
     "a: 1",
     "{\"a\":1}"},
    {"# nothing\n", "{}"},
    {"---\n---\n", "{}"},
};

static void reads_as_upstream(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        AUTO_JSON value = NULL;
        AUTO_ERROR err = NULL;
        if (yaml_parse_one(readings[i].yaml, strlen(readings[i].yaml), NULL, &value, &err) < 0)
            fail_msg("%s: %s", readings[i].yaml, error_message(err));
        CLEANUP(free_ptr) char *text = json_text(value);
        assert_string_equal(text, readings[i].json);
    }
}

static const struct {
    const char *yaml;
    const char *message; // behind "error parsing f.yaml: "
} errors[] = {
    {"a: [1\n\n", "error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'"},
    {"a: b: c", "error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context"},
    {"a: 1\n  b: 2", "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context"},
    {"a:\n\t- b", "error converting YAML to JSON: yaml: line 2: found character that cannot start any token"},
    {"\na: 1\nb: @x", "error converting YAML to JSON: yaml: line 3: found character that cannot start any token"},
    {"a: *x", "error converting YAML to JSON: yaml: line 1: unknown anchor 'x' referenced"},
    {"a: &x [*x]", "error converting YAML to JSON: yaml: line 1: anchor 'x' value contains itself"},
    {"a: 1\nb: 2\na: 3", "error converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"},
    {"a: .nan", "error converting YAML to JSON: yaml: line 1: unsupported value: neither infinity nor NaN can be JSON"},
    {"a: !!int x", "error converting YAML to JSON: yaml: line 1: cannot decode !!str `x` as a !!int"},
    {"? [a]\n: 1", "error converting YAML to JSON: yaml: line 1: invalid map key"},
    {"\"a\\0b\": 1", "error converting YAML to JSON: yaml: line 1: invalid \\0 in map key"},
    {"<<: 1", "error converting YAML to JSON: yaml: line 1: map merge requires map or sequence of maps as the value"},
    {"{\"a\": 1,\n \"b\" 2}", "invalid character '2' after object key at line 2, column 6"},
    {"{\"a\": 1, \"a\": 2}", "duplicate field \"a\""},
    {"a: 1\n---\nb: 2", "expected one document, found another at line 3"},
};

static void says_what_is_wrong(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct json *value = NULL;
        AUTO_ERROR err = NULL;
        AUTO_STR message = {0};
        str_printf(&message, "error parsing f.yaml: %s", errors[i].message);
        assert_int_equal(yaml_parse_one(errors[i].yaml, strlen(errors[i].yaml), "f.yaml", &value, &err), -1);
        assert_string_equal(error_message(err), message.data);
        assert_null(value);
    }
}

static void reads_several_documents(void **state UNUSED) {
    static const char *const streams[] = {"# c\na: 1\n---\n# empty\n---\nb: 2\n...\n---\nc: 3\n",
                                          "{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}"};
    static const size_t lines[][3] = {{2, 6, 9}, {1, 2, 4}};
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        CLEANUP(yaml_documents_free) struct yaml_documents documents = {0};
        assert_int_equal(yaml_parse(streams[i], strlen(streams[i]), "f", &documents, NULL), 0);
        assert_int_equal(documents.len, 3);
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(documents.items[j].line, lines[i][j]);
        assert_int_equal(json_get_int(documents.items[2].value, "c", 0), 3);
    }
}

static void bounds_what_aliases_expand_to(void **state UNUSED) {
    AUTO_STR bomb = {0};
    str_append(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++)
        str_printf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    AUTO_STR deep = {0};
    str_append(&deep, "a0: &a0 x\n");
    for (int i = 1; i < 200; i++)
        str_printf(&deep, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    AUTO_STR nested = {0};
    for (int i = 0; i < 2000; i++)
        str_append_char(&nested, '[');
    const struct str *texts[] = {&bomb, &deep, &nested};
    static const char *const ends[] = {"document contains excessive aliasing", "exceeded max depth", "exceeded max depth"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct json *value = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(yaml_parse_one(texts[i]->data, texts[i]->len, NULL, &value, &err), -1);
        assert_true(str_ends(error_message(err), ends[i]));
    }
}

// Left: JSON; right: what kubectl 1.32 prints for it.
static const struct {
    const char *json;
    const char *yaml;
} writings[] = {
    {"{\"b\":1,\"a\":[1,[2,[3]],[],{}],\"c\":{\"d\":[{\"x\":1,\"y\":[2]}]}}",
     "a:\n- 1\n- - 2\n  - - 3\n- []\n- {}\nb: 1\nc:\n  d:\n  - x: 1\n    \"y\":\n    - 2\n"},
    {"[null,true,1,0.5,1e21,1e-7,1000000.5,1000000.0,18446744073709551615]",
     "- null\n- true\n- 1\n- 0.5\n- 1e+21\n- 1e-07\n- 1.0000005e+06\n- 1000000\n- 1.8446744073709552e+19\n"},
    {"[\"\",\"1\",\"1.5\",\"1e3\",\"0x1\",\"1:30\",\"true\",\"no\",\"y\",\"null\",\"~\",\"2024-01-01T00:00:00Z\",\".inf\",\"1_"
     "000\"]",
     "- \"\"\n- \"1\"\n- \"1.5\"\n- \"1e3\"\n- \"0x1\"\n- \"1:30\"\n- \"true\"\n- \"no\"\n- \"y\"\n- \"null\"\n- \"~\"\n"
     "- \"2024-01-01T00:00:00Z\"\n- \".inf\"\n- \"1_000\"\n"},
    {"[\"- a\",\"a: b\",\"a #b\",\"#a\",\"a:\",\" a\",\"a "
     "\",\"*a\",\"&a\",\"!a\",\"@a\",\"{a\",\"a{\",\"'a'\",\"%a\",\"?\",\"-\",\"a,b\",\"<<\",\"=\"]",
     "- '- a'\n- 'a: b'\n- 'a #b'\n- '#a'\n- 'a:'\n- ' a'\n- 'a '\n- '*a'\n- '&a'\n- '!a'\n- '@a'\n- '{a'\n- a{\n- '''a'''\n"
     "- '%a'\n- '?'\n- '-'\n- a,b\n- <<\n- =\n"},
    {"[\"10.0.0.1\",\"nginx:1.25\",\"100m\",\"128Mi\",\"a\\tb\",\"\\u00e9\",\"/bin/sh\",\"-c\"]",
     "- 10.0.0.1\n- nginx:1.25\n- 100m\n- 128Mi\n- \"a\\tb\"\n- \xc3\xa9\n- /bin/sh\n- -c\n"},
    {"{\"t\":\"a\\nb\\n\",\"u\":\"a\\nb\",\"v\":\"a\\n\\n\",\"w\":\"  a\\nb\",\"x\":\"a \\nb\"}",
     "t: |\n  a\n  b\nu: |-\n  a\n  b\nv: |+\n  a\n\nw: |2-\n    a\n  b\nx: \"a \\nb\"\n"},
    {"{\"a10\":1,\"a2\":1,\"a-b\":1,\"aB\":1,\"10\":1}", "\"10\": 1\na-b: 1\na2: 1\na10: 1\naB: 1\n"},
    {"{\"m\":\"0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/1 nodes "
     "are "
     "available.\"}",
     "m: '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready:\n  }. preemption: 0/1 nodes "
     "are "
     "available.'\n"},
    {"{\"a\":\"x\\n\\n\"}", "a: |+\n  x\n\n"},
    {"{}", "{}\n"},
    {"[]", "[]\n"},
};

static void writes_as_kubectl(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(writings); i++) {
        AUTO_JSON value = NULL;
        AUTO_STR out = {0};
        assert_int_equal(json_parse(writings[i].json, strlen(writings[i].json), NULL, &value, NULL), 0);
        yaml_write(value, &out);
        assert_string_equal(str_text(&out), writings[i].yaml);
        AUTO_JSON again = NULL;
        AUTO_STR out_again = {0};
        assert_int_equal(yaml_parse_one(out.data, out.len, NULL, &again, NULL), 0);
        yaml_write(again, &out_again);
        assert_string_equal(out_again.data, out.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_as_upstream),       cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(reads_several_documents), cmocka_unit_test(bounds_what_aliases_expand_to),
        cmocka_unit_test(writes_as_kubectl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
