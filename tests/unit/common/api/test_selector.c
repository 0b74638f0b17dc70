// SPDX-License-Identifier: Apache-2.0
// Label, field and node selectors: parsing, matching, messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/api/selector.h"

static const struct {
    const char *text;
    const char *labels; // JSON
    bool matches;
} matching[] = {
    {"", "{}", true},
    {"a=b", "{\"a\":\"b\"}", true},
    {"a==b", "{\"a\":\"b\"}", true},
    {"a=b", "{\"a\":\"c\"}", false},
    {"a=b", "{}", false},
    {"a!=b", "{}", true},
    {"a!=b", "{\"a\":\"b\"}", false},
    {"a in (x, y)", "{\"a\":\"y\"}", true},
    {"a in (x,y)", "{\"a\":\"z\"}", false},
    {"a notin (x,y)", "{}", true},
    {"a notin (x,y)", "{\"a\":\"x\"}", false},
    {"a", "{\"a\":\"\"}", true},
    {"a", "{}", false},
    {"!a", "{}", true},
    {" ! a ", "{\"a\":\"1\"}", false},
    {"n>3", "{\"n\":\"4\"}", true},
    {"n>3", "{\"n\":\"3\"}", false},
    {"n<3", "{\"n\":\"x\"}", false},
    {"n<3", "{}", false},
    {"a=,b", "{\"a\":\"\",\"b\":\"1\"}", true},
    {"a in (,x)", "{\"a\":\"\"}", true},
    {"a in (in,notin)", "{\"a\":\"notin\"}", true},
    {"in=1", "{\"in\":\"1\"}", true},
    {"example.com/a=b,c", "{\"example.com/a\":\"b\",\"c\":\"\"}", true},
};

static struct json *parse(const char *text) {
    struct json *value = NULL;
    assert_int_equal(json_parse(text, strlen(text), NULL, &value, NULL), 0);
    return value;
}

static void test_matching(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(matching); i++) {
        AUTO_SELECTOR selector = NULL;
        AUTO_ERROR err = NULL;
        if (selector_parse(matching[i].text, &selector, &err) < 0)
            fail_msg("%s: %s", matching[i].text, error_message(err));
        AUTO_JSON labels = parse(matching[i].labels);
        if (selector_matches_labels(selector, labels) != matching[i].matches)
            fail_msg("%s on %s", matching[i].text, matching[i].labels);
        // The canonical text means the same.
        AUTO_STR text = {0};
        selector_append_text(selector, &text);
        AUTO_SELECTOR again = NULL;
        assert_int_equal(selector_parse(str_text(&text), &again, NULL), 0);
        assert_true(selector_matches_labels(again, labels) == matching[i].matches);
    }
}

static const struct {
    const char *text;
    const char *message;
} refused[] = {
    {"=", "found '=', expected: !, identifier, or 'end of string'"},
    {"a,", "found '', expected: identifier after ','"},
    {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
    {"a in x", "unable to parse requirement: found 'x' expected: '('"},
    {"a in (x", "unable to parse requirement: found '', expected: ',' or ')'"},
    {"a in ()", "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"},
    {"a==b==c", "found '==', expected: ',' or 'end of string'"},
    {"!", "unable to parse requirement: found '', expected: identifier"},
    {"a>x",
     "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"},
};

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        AUTO_SELECTOR selector = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(selector_parse(refused[i].text, &selector, &err), -1);
        assert_string_equal(error_message(err), refused[i].message);
        assert_int_equal(err->code, 400);
    }
    AUTO_SELECTOR selector = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(selector_parse("-bad=1", &selector, &err), -1);
    assert_true(str_starts(error_message(err), "unable to parse requirement: <nil>: Invalid value: \"-bad\": name part must"));
}

static void test_json(void **state) {
    (void)state;
    AUTO_SELECTOR nothing = NULL;
    assert_int_equal(selector_from_json(NULL, &nothing, NULL), 0);
    assert_true(selector_is_nothing(nothing));
    assert_false(selector_matches_labels(nothing, NULL));
    AUTO_JSON empty = json_new_object();
    AUTO_SELECTOR everything = NULL;
    assert_int_equal(selector_from_json(empty, &everything, NULL), 0);
    assert_true(selector_is_everything(everything));
    AUTO_JSON both =
        parse("{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"In\",\"values\":[\"d\",\"e\"]},"
              "{\"key\":\"x\",\"operator\":\"DoesNotExist\"}]}");
    AUTO_SELECTOR selector = NULL;
    assert_int_equal(selector_from_json(both, &selector, NULL), 0);
    AUTO_STR text = {0};
    selector_append_text(selector, &text);
    assert_string_equal(str_text(&text), "a=b,c in (d,e),!x");
    assert_string_equal(selector_exact(selector, "a"), "b");
    AUTO_JSON bad = parse("{\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"Is\"}]}");
    AUTO_ERROR err = NULL;
    AUTO_SELECTOR none = NULL;
    assert_int_equal(selector_from_json(bad, &none, &err), -1);
    assert_string_equal(error_message(err), "\"Is\" is not a valid label selector operator");
}

static const struct object *pod(const char *node, const char *phase) {
    AUTO_STR text = {0};
    str_printf(&text,
               "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"nodeName\":\"%s\"},\"status\":{\"phase\":\"%s\"}}",
               node, phase);
    struct object *object = NULL;
    assert_int_equal(object_new_from_bytes(str_text(&text), text.len, resource_pods(), &object, NULL), 0);
    return object;
}

static void test_fields(void **state) {
    (void)state;
    AUTO_OBJECT object = pod("n1", "Running");
    static const struct {
        const char *text;
        bool matches;
    } rows[] = {
        {"", true},
        {"spec.nodeName=n1", true},
        {"spec.nodeName==n1,status.phase!=Failed", true},
        {"spec.nodeName=n2", false},
        {"metadata.name=p,metadata.namespace=n,", true},
        {"spec.hostNetwork=false", true},
        {"spec.nodeName=n\\,1", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FIELD_SELECTOR selector = NULL;
        assert_int_equal(field_selector_parse(rows[i].text, &selector, NULL), 0);
        assert_int_equal(field_selector_check(selector, resource_pods(), NULL), 0);
        assert_true(field_selector_matches(selector, object) == rows[i].matches);
    }
    AUTO_FIELD_SELECTOR selector = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(field_selector_parse("spec.nodeName", &selector, &err), -1);
    assert_string_equal(error_message(err), "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'");
}

static void test_field_refused(void **state) {
    (void)state;
    AUTO_FIELD_SELECTOR selector = NULL;
    AUTO_ERROR pods = NULL;
    AUTO_ERROR maps = NULL;
    assert_int_equal(field_selector_parse("spec.x=1", &selector, NULL), 0);
    assert_int_equal(field_selector_check(selector, resource_pods(), &pods), -1);
    assert_string_equal(error_message(pods), "field label not supported: spec.x");
    assert_int_equal(field_selector_check(selector, resource_configmaps(), &maps), -1);
    assert_string_equal(error_message(maps),
                        "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    assert_int_equal(maps->code, 400);
}

static void test_nodes(void **state) {
    (void)state;
    const struct object_pair labels[] = {{"zone", "a"}, {"cpus", "8"}};
    static const struct {
        const char *json;
        bool matches;
    } rows[] = {
        {"{\"nodeSelectorTerms\":[]}", false},
        {"{\"nodeSelectorTerms\":[{}]}", false},
        {"{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":\"In\",\"values\":[\"a\"]}]}]}", true},
        {"{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"cpus\",\"operator\":\"Gt\",\"values\":[\"8\"]}]}]}", false},
        {"{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"Exists\"}]},"
         "{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n1\"]}]}]}",
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json = parse(rows[i].json);
        CLEANUP(node_selector_freep) struct node_selector *selector = NULL;
        assert_int_equal(node_selector_from_json(json, &selector, NULL), 0);
        assert_true(node_selector_matches(selector, "n1", labels, ARRAY_LEN(labels)) == rows[i].matches);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matching), cmocka_unit_test(test_refused),       cmocka_unit_test(test_json),
        cmocka_unit_test(test_fields),   cmocka_unit_test(test_field_refused), cmocka_unit_test(test_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
