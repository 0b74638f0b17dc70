// SPDX-License-Identifier: Apache-2.0
// URLs to verbs, resources and names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apiserver/request_info.h"

static const struct {
    const char *method, *target;
    bool is_resource;
    const char *verb, *prefix, *group, *version, *ns, *resource, *subresource, *name;
    bool long_running;
} rows[] = {
    {"GET", "/", false, "get", "", "", "", "", "", "", "", false},
    {"GET", "/healthz", false, "get", "", "", "", "", "", "", "", false},
    {"POST", "/version", false, "post", "", "", "", "", "", "", "", false},
    {"GET", "/api", false, "get", "", "", "", "", "", "", "", false},
    {"GET", "/api/v1", false, "get", "", "", "", "", "", "", "", false},
    {"GET", "/apis/apps/v1", false, "get", "", "", "", "", "", "", "", false},
    {"GET", "/api/v1/namespaces", true, "list", "api", "", "v1", "", "namespaces", "", "", false},
    {"GET", "/api/v1/namespaces/other", true, "get", "api", "", "v1", "other", "namespaces", "", "other", false},
    {"GET", "/api/v1/namespaces/other/pods", true, "list", "api", "", "v1", "other", "pods", "", "", false},
    {"GET", "/api/v1/namespaces/other/pods/foo", true, "get", "api", "", "v1", "other", "pods", "", "foo", false},
    {"HEAD", "/api/v1/namespaces/other/pods/foo", true, "get", "api", "", "v1", "other", "pods", "", "foo", false},
    {"GET", "/api/v1/pods", true, "list", "api", "", "v1", "", "pods", "", "", false},
    {"HEAD", "/api/v1/pods", true, "list", "api", "", "v1", "", "pods", "", "", false},
    {"GET", "/api/v1/pods?watch=true", true, "watch", "api", "", "v1", "", "pods", "", "", true},
    {"GET", "/api/v1/pods?watch=1&limit=5", true, "watch", "api", "", "v1", "", "pods", "", "", true},
    {"GET", "/api/v1/pods?watch", true, "watch", "api", "", "v1", "", "pods", "", "", true},
    {"GET", "/api/v1/pods?watch=false", true, "list", "api", "", "v1", "", "pods", "", "", false},
    {"GET", "/api/v1/pods?watch=0", true, "list", "api", "", "v1", "", "pods", "", "", false},
    {"GET", "/api/v1/watch/pods", true, "watch", "api", "", "v1", "", "pods", "", "", true},
    {"GET", "/api/v1/watch/namespaces/other/pods", true, "watch", "api", "", "v1", "other", "pods", "", "", true},
    {"GET", "/api/v1/watch/namespaces/other/pods/x", true, "watch", "api", "", "v1", "other", "pods", "", "x", true},
    {"POST", "/api/v1/namespaces/other/pods", true, "create", "api", "", "v1", "other", "pods", "", "", false},
    {"PUT", "/api/v1/namespaces/other/pods/foo", true, "update", "api", "", "v1", "other", "pods", "", "foo", false},
    {"PATCH", "/api/v1/namespaces/other/pods/foo", true, "patch", "api", "", "v1", "other", "pods", "", "foo", false},
    {"DELETE", "/api/v1/namespaces/other/pods/foo", true, "delete", "api", "", "v1", "other", "pods", "", "foo", false},
    {"DELETE", "/api/v1/namespaces/other/pods", true, "deletecollection", "api", "", "v1", "other", "pods", "", "", false},
    {"DELETE", "/api/v1/nodes", true, "deletecollection", "api", "", "v1", "", "nodes", "", "", false},
    {"PUT", "/api/v1/namespaces/other/finalize", true, "update", "api", "", "v1", "other", "namespaces", "finalize", "other",
     false},
    {"GET", "/api/v1/namespaces/other/status", true, "get", "api", "", "v1", "other", "namespaces", "status", "other", false},
    {"PUT", "/api/v1/namespaces/other/pods/foo/status", true, "update", "api", "", "v1", "other", "pods", "status", "foo", false},
    {"GET", "/api/v1/namespaces/other/pods/foo/log?follow=true", true, "get", "api", "", "v1", "other", "pods", "log", "foo",
     true},
    {"GET", "/apis/apps/v1/namespaces/x/replicasets/rs/scale", true, "get", "apis", "apps", "v1", "x", "replicasets", "scale",
     "rs", false},
    {"GET", "/apis/apps/v1/replicasets", true, "list", "apis", "apps", "v1", "", "replicasets", "", "", false},
    {"OPTIONS", "/api/v1/pods", true, "", "api", "", "v1", "", "pods", "", "", false},
    {"GET", "/api/v1/namespaces/a/pods/c%20d", true, "get", "api", "", "v1", "a", "pods", "", "c d", false},
    // As upstream: the path is split after it was unescaped.
    {"GET", "/api/v1/namespaces/a/pods/b%2Fstatus", true, "get", "api", "", "v1", "a", "pods", "status", "b", false},
    {"GET", "/api/v1/namespaces/a%2Fpods/b", true, "get", "api", "", "v1", "a", "pods", "", "b", false},
    {"GET", "//api/v1/pods//", true, "list", "api", "", "v1", "", "pods", "", "", false},
    {"GET", "https://host:1/api/v1/pods?watch=1", true, "watch", "api", "", "v1", "", "pods", "", "", true},
    {"GET", "https://host", false, "get", "", "", "", "", "", "", "", false},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_REQUEST_INFO info = {0};
        print_message("%s %s\n", rows[i].method, rows[i].target);
        assert_int_equal(request_info_parse(rows[i].method, rows[i].target, &info, NULL), 0);
        assert_int_equal(info.is_resource, rows[i].is_resource);
        assert_string_equal(info.verb, rows[i].verb);
        assert_string_equal(info.api_prefix, rows[i].prefix);
        assert_string_equal(info.group, rows[i].group);
        assert_string_equal(info.version, rows[i].version);
        assert_string_equal(info.ns, rows[i].ns);
        assert_string_equal(info.resource, rows[i].resource);
        assert_string_equal(info.subresource, rows[i].subresource);
        assert_string_equal(info.name, rows[i].name);
        assert_int_equal(request_info_long_running(&info), rows[i].long_running);
    }
}

static void test_bad(void **state) {
    (void)state;
    static const char *const bad[] = {"/api/v1/%zz", "/api/v1/pods?a=%", "/api/v1/pods?%gg=1", "/api/v1/watch", "/%00"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct request_info info;
        AUTO_ERROR error = NULL;
        assert_int_equal(request_info_parse("GET", bad[i], &info, &error), -1);
        assert_true(error_has_code(error, 400));
    }
}

static void test_queries(void **state) {
    (void)state;
    AUTO_REQUEST_INFO info = {0};
    assert_int_equal(request_info_parse("GET", "/x?a=1&b=x%20y+z&a=2&c&&d=FALSE", &info, NULL), 0);
    assert_string_equal(request_info_query(&info, "a"), "1");
    assert_string_equal(request_info_query(&info, "b"), "x y z");
    assert_string_equal(request_info_query(&info, "c"), "");
    assert_null(request_info_query(&info, "e"));
    assert_true(request_info_query_bool(&info, "c"));
    assert_false(request_info_query_bool(&info, "d"));
    assert_false(request_info_query_bool(&info, "e"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bad), cmocka_unit_test(test_queries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
