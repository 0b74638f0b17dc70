// SPDX-License-Identifier: Apache-2.0
// Discovery and OpenAPI documents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/openapi.h"
#include "common/api/resources.h"
#include "common/data/json.h"

static struct json *parse(const struct str *text) {
    struct json *value = NULL;
    AUTO_ERROR error = NULL;
    struct json_limits limits = {.max_bytes = text->len + 1, .max_values = SIZE_MAX};
    if (json_parse(str_text(text), text->len, &limits, &value, &error) < 0)
        fail_msg("%s", error_message(error));
    return value;
}

static void test_versions(void **state) {
    (void)state;
    AUTO_STR text = {0};
    discovery_versions("10.0.0.1:6443", &text);
    assert_string_equal(str_text(&text), "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{"
                                         "\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":\"10.0.0.1:6443\"}]}\n");
}

static void test_groups(void **state) {
    (void)state;
    AUTO_STR text = {0};
    discovery_groups(&text);
    AUTO_JSON groups = parse(&text);
    assert_string_equal(json_get_text(groups, "kind"), "APIGroupList");
    const struct json *apps = json_array_find(json_get(groups, "groups"), "name", "apps", NULL);
    assert_string_equal(json_find_text(apps, "preferredVersion.groupVersion"), "apps/v1");
    assert_string_equal(json_get_text(json_at(json_get(apps, "versions"), 0), "groupVersion"), "apps/v1");
    AUTO_STR one = {0};
    assert_true(discovery_group("apps", &one));
    AUTO_JSON group = parse(&one);
    assert_string_equal(json_get_text(group, "kind"), "APIGroup");
    assert_false(discovery_group("nope", &one));
    assert_false(discovery_group("", &one));
}

static void test_resources(void **state) {
    (void)state;
    AUTO_STR text = {0};
    assert_true(discovery_resources("", "v1", &text));
    AUTO_JSON list = parse(&text);
    assert_string_equal(json_get_text(list, "groupVersion"), "v1");
    const struct json *pods = json_array_find(json_get(list, "resources"), "name", "pods", NULL);
    assert_string_equal(json_get_text(pods, "singularName"), "pod");
    assert_true(json_get_bool(pods, "namespaced", false));
    assert_true(json_array_has_string(json_get(pods, "shortNames"), "po"));
    assert_true(json_array_has_string(json_get(pods, "verbs"), "watch"));
    assert_non_null(json_array_find(json_get(list, "resources"), "name", "pods/log", NULL));
    assert_false(discovery_resources("", "v2", &text));
    assert_false(discovery_resources("nope", "v1", &text));

    AUTO_STR apps_text = {0};
    assert_true(discovery_resources("apps", "v1", &apps_text));
    AUTO_JSON apps = parse(&apps_text);
    const struct json *scale = json_array_find(json_get(apps, "resources"), "name", "replicasets/scale", NULL);
    assert_string_equal(json_get_text(scale, "group"), "autoscaling");
    assert_string_equal(json_get_text(scale, "kind"), "Scale");
}

static void test_aggregated(void **state) {
    (void)state;
    for (int core = 0; core < 2; core++) {
        AUTO_STR text = {0};
        discovery_aggregated(core, "v2", &text);
        AUTO_JSON list = parse(&text);
        assert_string_equal(json_get_text(list, "apiVersion"), "apidiscovery.k8s.io/v2");
        const struct json *items = json_get(list, "items");
        assert_true(json_len(items) > 0);
        for (size_t i = 0; i < json_len(items); i++) {
            const struct json *item = json_at(items, i);
            assert_int_equal(!*json_find_text(item, "metadata.name"), core);
            const struct json *version = json_at(json_get(item, "versions"), 0);
            assert_string_equal(json_get_text(version, "freshness"), "Current");
            const struct json *resource = json_at(json_get(version, "resources"), 0);
            assert_true(json_has(json_get(resource, "responseKind"), "group"));
            assert_non_null(json_get(resource, "scope"));
        }
    }
}

// Every reference of a document leads to a schema in it.
static void check_references(const struct json *value, const struct json *schemas) {
    for (struct json_iter it = json_iter(value); json_iter_next(&it);) {
        if (str_equal(it.key, "$ref") && json_is_string(it.value)) {
            const char *name = str_skip_prefix(json_string(it.value), "#/components/schemas/");
            if (!name || !json_get(schemas, name))
                fail_msg("dangling reference %s", json_string(it.value));
        }
        check_references(it.value, schemas);
    }
    for (size_t i = 0; i < json_len(value); i++)
        check_references(json_at(value, i), schemas);
}

static void test_openapi(void **state) {
    (void)state;
    struct openapi_cache *cache = openapi_cache_new();
    AUTO_STR index_text = {0};
    openapi_index(cache, &index_text);
    AUTO_JSON index = parse(&index_text);
    const struct json *entry = json_get(json_get(index, "paths"), "apis/apps/v1");
    assert_true(str_starts(json_get_text(entry, "serverRelativeURL"), "/openapi/v3/apis/apps/v1?hash="));
    size_t count = 0;
    const struct resource_group *groups = resources_groups(&count);
    for (size_t g = 0; g < count; g++)
        for (size_t v = 0; v < groups[g].version_count; v++) {
            AUTO_STR text = {0};
            assert_true(openapi_document(groups[g].group, groups[g].versions[v].version, &text));
            AUTO_JSON document = parse(&text);
            check_references(document, json_find(document, "components.schemas"));
        }
    openapi_cache_free(cache);
    AUTO_STR none = {0};
    assert_false(openapi_document("apps", "v7", &none));
}

// kubectl reads the protobuf with a parser that refuses what is wrong.
static void test_openapi_v2(void **state) {
    (void)state;
    AUTO_STR text = {0};
    openapi_empty_v2(&text);
    AUTO_JSON document = parse(&text);
    assert_string_equal(json_get_text(document, "swagger"), "2.0");
    AUTO_STR bytes = {0};
    openapi_empty_v2_protobuf(&bytes);
    const char *title = "\n\nKubernetes";
    assert_memory_equal(str_text(&bytes), "\n\0032.0\022", 6);
    assert_int_equal(str_text(&bytes)[6], (int)bytes.len - 7);
    assert_memory_equal(str_text(&bytes) + 7, title, strlen(title));
}

static bool has_parameter(const struct json *operation, const char *name) {
    return json_array_find(json_get(operation, "parameters"), "name", name, NULL);
}

static void test_openapi_core(void **state) {
    (void)state;
    AUTO_STR text = {0};
    assert_true(openapi_document("", "v1", &text));
    AUTO_JSON document = parse(&text);
    const struct json *paths = json_get(document, "paths");
    const struct json *patch = json_get(json_get(paths, "/api/v1/namespaces/{name}"), "patch");
    assert_string_equal(json_get_text(json_get(patch, "x-kubernetes-group-version-kind"), "kind"), "Namespace");
    assert_true(has_parameter(patch, "fieldValidation"));
    assert_true(has_parameter(patch, "dryRun"));
    assert_true(has_parameter(patch, "fieldManager"));
    assert_non_null(json_get(json_get(paths, "/api/v1/pods"), "get"));
    assert_null(json_get(json_get(paths, "/api/v1/pods"), "post"));
    assert_non_null(json_get(json_get(paths, "/api/v1/namespaces/{namespace}/pods/{name}/binding"), "post"));

    const struct json *schemas = json_find(document, "components.schemas");
    const struct json *pod = json_get(schemas, "io.k8s.api.core.v1.Pod");
    assert_string_equal(json_get_text(json_at(json_get(pod, "x-kubernetes-group-version-kind"), 0), "kind"), "Pod");
    const struct json *spec = json_get(schemas, "io.k8s.api.core.v1.PodSpec");
    const struct json *containers = json_get(json_get(spec, "properties"), "containers");
    assert_string_equal(json_get_text(containers, "x-kubernetes-patch-merge-key"), "name");
    assert_string_equal(json_get_text(containers, "x-kubernetes-patch-strategy"), "merge");
    assert_string_equal(json_get_text(containers, "x-kubernetes-list-type"), "map");
    assert_true(json_array_has_string(json_get(spec, "required"), "containers"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions),  cmocka_unit_test(test_groups),
                                       cmocka_unit_test(test_resources), cmocka_unit_test(test_aggregated),
                                       cmocka_unit_test(test_openapi),   cmocka_unit_test(test_openapi_core),
                                       cmocka_unit_test(test_openapi_v2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
