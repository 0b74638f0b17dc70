// SPDX-License-Identifier: Apache-2.0
// Accept and Content-Type headers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apiserver/negotiation.h"

#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io"
#define V2 "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

static const struct {
    const char *accept;
    bool tables;
    int code; // 0: fine
    enum negotiation_form form;
    const char *version;
    bool yaml, pretty;
} accepts[] = {
    {NULL, true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"*/*", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"application/*", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"application/json", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"Application/JSON", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"application/json;pretty=1", true, 0, NEGOTIATION_OBJECT, "v1", false, true},
    {"application/json;stream=watch", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"application/yaml", true, 0, NEGOTIATION_OBJECT, "v1", true, false},
    {"application/vnd.kubernetes.protobuf, application/json", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"application/vnd.kubernetes.protobuf", true, 406, 0, NULL, false, false},
    {"text/html,application/xhtml+xml,*/*;q=0.8", true, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {"text/plain", true, 406, 0, NULL, false, false},
    {"application/json;q=0", true, 406, 0, NULL, false, false},
    {"application/json;q=0.5, application/yaml", true, 0, NEGOTIATION_OBJECT, "v1", true, false},
    {TABLE, true, 0, NEGOTIATION_TABLE, "v1", false, false},
    {TABLE, false, 406, 0, NULL, false, false},
    {TABLE ",application/json", false, 0, NEGOTIATION_OBJECT, "v1", false, false},
    {TABLE ",application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", true, 0, NEGOTIATION_TABLE, "v1", false, false},
    {"application/json;as=Table;v=v1beta1;g=meta.k8s.io", true, 0, NEGOTIATION_TABLE, "v1beta1", false, false},
    {"application/json;as=Table;v=v2;g=meta.k8s.io", true, 406, 0, NULL, false, false},
    {"application/json;as=Chair;v=v1;g=meta.k8s.io", true, 406, 0, NULL, false, false},
    {"application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1", true, 0, NEGOTIATION_PARTIAL, "v1", false, false},
    {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
     "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
     true, 0, NEGOTIATION_PARTIAL, "v1", false, false},
};

static void test_accept(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepts); i++) {
        struct negotiation negotiation = {0};
        AUTO_ERROR error = NULL;
        print_message("%s\n", accepts[i].accept ? accepts[i].accept : "(none)");
        int result = negotiation_accept(accepts[i].accept, accepts[i].tables, &negotiation, &error);
        assert_int_equal(result, accepts[i].code ? -1 : 0);
        if (accepts[i].code) {
            assert_true(error_has_code(error, accepts[i].code));
            assert_true(error_is(error, "NotAcceptable"));
            continue;
        }
        assert_int_equal(negotiation.form, accepts[i].form);
        assert_int_equal(negotiation.yaml, accepts[i].yaml);
        assert_int_equal(negotiation.pretty, accepts[i].pretty);
        assert_string_equal(negotiation.meta_version, accepts[i].version);
    }
}

static void test_prefers(void **state) {
    (void)state;
    static const struct {
        const char *accept, *version;
        bool prefers;
    } rows[] = {
        {NULL, "v2", false},
        {"*/*", "v2", false},
        {V2, "v2", true},
        {V2, "v2beta1", false},
        {V2 ",application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2", true},
        {"application/json," V2, "v2", false},
        {"application/json;q=0.9," V2, "v2", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(negotiation_prefers(rows[i].accept, "apidiscovery.k8s.io", rows[i].version, "APIGroupDiscoveryList"),
                         rows[i].prefers);
}

static void test_pretty(void **state) {
    (void)state;
    assert_true(negotiation_pretty(NULL, "curl/7.88"));
    assert_false(negotiation_pretty("false", "curl/7.88"));
    assert_true(negotiation_pretty("true", "kubectl/v1.32"));
    assert_false(negotiation_pretty(NULL, "kubectl/v1.32"));
    assert_false(negotiation_pretty(NULL, NULL));
}

static void test_body(void **state) {
    (void)state;
    bool yaml = true;
    assert_int_equal(negotiation_body(NULL, &yaml, NULL), 0);
    assert_false(yaml);
    assert_int_equal(negotiation_body("application/json; charset=utf-8", &yaml, NULL), 0);
    assert_false(yaml);
    assert_int_equal(negotiation_body("application/yaml", &yaml, NULL), 0);
    assert_true(yaml);
    AUTO_ERROR error = NULL;
    assert_int_equal(negotiation_body("text/plain", &yaml, &error), -1);
    assert_true(error_has_code(error, 415));
    assert_true(error_is(error, "UnsupportedMediaType"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accept), cmocka_unit_test(test_prefers),
                                       cmocka_unit_test(test_pretty), cmocka_unit_test(test_body)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
