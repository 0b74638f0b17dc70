// SPDX-License-Identifier: Apache-2.0
// Objects: canonical bytes, facts, the spliced version, keys; metadata and conditions of trees.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/api/object.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"

static struct object *make(const char *text, const struct resource *resource) {
    struct object *object = NULL;
    AUTO_ERROR err = NULL;
    if (object_new_from_bytes(text, strlen(text), resource, &object, &err) < 0)
        fail_msg("%s", error_message(err));
    return object;
}

static const char pod_text[] =
    "{\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"7\",\"namespace\":\"n\",\"uid\":\"u\",\"generation\":3,"
    "\"labels\":{\"app\":\"x\",\"e\":\"\"},\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"ownerReferences\":[{\"uid\":\"1\"},"
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"rs\",\"uid\":\"2\",\"controller\":true}]},"
    "\"spec\":{\"nodeName\":\"node\",\"hostNetwork\":true},\"apiVersion\":\"v1\",\"kind\":\"Pod\"}";

static void test_facts(void **state) {
    (void)state;
    AUTO_OBJECT object = make(pod_text, resource_pods());
    assert_true(str_starts(object->json,
                           "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\",\"name\":\"p\""));
    assert_true(str_starts(object->json + object->body_offset, "\"metadata\":{"));
    assert_int_equal(object->len, strlen(object->json));
    assert_string_equal(object->kind, "Pod");
    assert_string_equal(object->ns, "n");
    assert_string_equal(object->name, "p");
    assert_string_equal(object->uid, "u");
    assert_int_equal(object->resource_version, 7);
    assert_int_equal(object->generation, 3);
    assert_true(object->deleting);
    assert_string_equal(object->controller_uid, "2");
    assert_string_equal(object->controller_kind, "ReplicaSet");
    assert_string_equal(object->controller_name, "rs");
    assert_string_equal(object_label(object, "app"), "x");
    assert_string_equal(object_label(object, "e"), "");
    assert_null(object_label(object, "none"));
    assert_string_equal(object_field(object, "spec.nodeName"), "node");
    assert_string_equal(object_field(object, "spec.hostNetwork"), "true");
    assert_string_equal(object_field(object, "status.phase"), "");
    assert_string_equal(object_field(object, "metadata.name"), "p");
    assert_null(object_field(object, "spec.other"));
    CLEANUP(free_ptr) char *key = object_key(object);
    assert_string_equal(key, "n/p");
}

static void test_version(void **state) {
    (void)state;
    AUTO_OBJECT seven = make(pod_text, resource_pods());
    AUTO_OBJECT big = object_with_version(seven, UINT64_C(18446744073709551615));
    assert_non_null(strstr(big->json, "\"metadata\":{\"resourceVersion\":\"18446744073709551615\",\"name\":\"p\""));
    assert_true(big->resource_version == UINT64_C(18446744073709551615));
    object_unref(STEAL(seven)); // nothing of the copy may point into it
    assert_string_equal(big->name, "p");
    assert_string_equal(object_label(big, "app"), "x");
    assert_string_equal(object_field(big, "spec.nodeName"), "node");
    assert_string_equal(big->controller_name, "rs");
    AUTO_OBJECT small = object_with_version(big, 5);
    assert_non_null(strstr(small->json, "\"metadata\":{\"resourceVersion\":\"5\",\"name\""));
    assert_int_equal(small->len, strlen(small->json));
    AUTO_JSON tree = object_tree(small);
    assert_string_equal(meta_resource_version(tree), "5");
}

static void test_version_of_bare(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"metadata\":{}}",
                                        "{\"kind\":\"X\",\"apiVersion\":\"g/v\",\"metadata\":{\"resourceVersion\":\"1\"}}",
                                        "{\"metadata\":{\"name\":\"a\"},\"data\":{\"a\":\"metadata\"}}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_OBJECT object = make(texts[i], NULL);
        AUTO_OBJECT versioned = object_with_version(object, 42);
        AUTO_OBJECT again = object_with_version(versioned, 43);
        AUTO_JSON tree = object_tree(again);
        assert_string_equal(meta_resource_version(tree), "43");
    }
}

static void test_kind_from_resource(void **state) {
    (void)state;
    AUTO_OBJECT object = make("{\"metadata\":{\"name\":\"a\\/b\"}}", resource_replicasets());
    assert_string_equal(object->json, "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"a/b\"}}");
    AUTO_OBJECT other = object_ref(object);
    assert_ptr_equal(other, object);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"{}", "[]", "{\"metadata\":[]}", "{\"metadata\":{\"resourceVersion\":\"x\"}}", "{", ""};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct object *object = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(object_new_from_bytes(texts[i], strlen(texts[i]), NULL, &object, &err), -1);
        assert_non_null(err);
    }
}

static void test_keys(void **state) {
    (void)state;
    char *ns = NULL;
    char *name = NULL;
    assert_true(object_key_split("a/b", &ns, &name));
    assert_string_equal(ns, "a");
    assert_string_equal(name, "b");
    free(ns);
    free(name);
    assert_true(object_key_split("b", &ns, &name));
    assert_string_equal(ns, "");
    free(ns);
    free(name);
    assert_false(object_key_split("", &ns, &name));
    assert_false(object_key_split("a/b/c", &ns, &name));
    assert_false(object_key_split("a/", &ns, &name));
}

static void test_meta(void **state) {
    (void)state;
    AUTO_JSON object = json_new_object();
    assert_string_equal(meta_name(object), "");
    assert_false(meta_deleting(object));
    assert_null(meta_label(object, "a"));
    meta_set_label(object, "a", NULL);
    meta_set_label(object, "a", "b");
    assert_string_equal(meta_label(object, "a"), "b");
    meta_set_label(object, "a", NULL);
    assert_null(json_find(object, "metadata.labels"));
    assert_true(meta_add_finalizer(object, "f"));
    assert_false(meta_add_finalizer(object, "f"));
    assert_true(meta_has_finalizer(object, "f"));
    assert_true(meta_remove_finalizer(object, "f"));
    assert_false(meta_remove_finalizer(object, "f"));
    assert_int_equal(meta_creation_time(object), 0);
    json_append(json_ensure_array(object, "metadata.ownerReferences"), meta_new_controller_reference("v1", "K", "n", "u"));
    assert_string_equal(json_get_text(meta_controller(object), "name"), "n");
    assert_true(meta_owned_by(object, "u"));
    assert_false(meta_owned_by(object, "v"));
}

static void test_conditions(void **state) {
    (void)state;
    AUTO_JSON object = json_new_object();
    assert_true(meta_set_condition(object, "Ready", "False", "R", "m", SECOND));
    assert_false(meta_set_condition(object, "Ready", "False", "R", "m", 2 * SECOND));
    assert_true(meta_set_condition(object, "Ready", "False", "R", NULL, 3 * SECOND));
    assert_string_equal(json_get_text(meta_condition(object, "Ready"), "lastTransitionTime"), "1970-01-01T00:00:01Z");
    assert_true(meta_set_condition(object, "Ready", "True", NULL, NULL, 4 * SECOND));
    assert_string_equal(json_get_text(meta_condition(object, "Ready"), "lastTransitionTime"), "1970-01-01T00:00:04Z");
    assert_true(meta_condition_is(object, "Ready", "True"));
    assert_false(json_has(meta_condition(object, "Ready"), "reason"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_version_of_bare),
        cmocka_unit_test(test_kind_from_resource),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
