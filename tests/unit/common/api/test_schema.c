// SPDX-License-Identifier: Apache-2.0
// The engine: decode checks with upstream's words, pruning, defaults, validation, paths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

static const struct {
    const char *json;
    const char *message; // behind the prefix
} wrong[] = {
    {"{\"spec\":{\"replicas\":\"3\"}}",
     "json: cannot unmarshal string into Go struct field ReplicaSetSpec.spec.replicas of type int32"},
    {"{\"spec\":{\"replicas\":1.5}}",
     "json: cannot unmarshal number 1.5 into Go struct field ReplicaSetSpec.spec.replicas of type int32"},
    {"{\"spec\":{\"replicas\":3000000000}}",
     "json: cannot unmarshal number 3000000000 into Go struct field ReplicaSetSpec.spec.replicas of type int32"},
    {"{\"spec\":[]}", "json: cannot unmarshal array into Go struct field ReplicaSet.spec of type v1.ReplicaSetSpec"},
    {"{\"metadata\":{\"labels\":{\"a\":1}}}",
     "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"},
    {"{\"spec\":{\"template\":{\"spec\":{\"containers\":{}}}}}",
     "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container"},
    {"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"a\",\"value\":true}]}]}}}}",
     "json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"},
    {"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"x\"}}}]}}}}",
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
    {"{\"metadata\":{\"creationTimestamp\":\"yesterday\"}}",
     "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""},
    {"{\"metadata\":{\"creationTimestamp\":\"2026-13-01T00:00:00Z\"}}",
     "parsing time \"2026-13-01T00:00:00Z\": month out of range"},
};

static void test_wrong_types(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_JSON object = parse(wrong[i].json);
        AUTO_ERROR err = NULL;
        assert_int_equal(schema_check_and_prune(resource_replicasets()->type, object, NULL, &err), -1);
        AUTO_STR message = {0};
        str_printf(&message, "ReplicaSet in version \"v1\" cannot be handled as a ReplicaSet: %s", wrong[i].message);
        assert_string_equal(error_message(err), str_text(&message));
        assert_int_equal(err->code, 400);
        assert_string_equal(err->reason, "BadRequest");
    }
}

static void test_unknown(void **state) {
    (void)state;
    AUTO_JSON object =
        parse("{\"foo\":1,\"spec\":{\"containers\":[{\"name\":\"a\"},{\"nmae\":\"b\",\"ports\":[{\"x\":1}]}],\"bar\":{}}}");
    AUTO_STR_LIST unknown = {0};
    assert_int_equal(schema_check_and_prune(resource_pods()->type, object, &unknown, NULL), 0);
    CLEANUP(free_ptr) char *joined = str_list_join(&unknown, ", ");
    assert_string_equal(joined, "unknown field \"foo\", unknown field \"spec.containers[1].nmae\", "
                                "unknown field \"spec.containers[1].ports[0].x\", unknown field \"spec.bar\"");
    CLEANUP(free_ptr) char *text = json_text(object);
    assert_string_equal(text, "{\"spec\":{\"containers\":[{\"name\":\"a\"},{\"ports\":[{}]}]}}");
    AUTO_ERROR err = NULL;
    assert_int_equal(schema_strict_error(&unknown, resource_pods()->type, &err), -1);
    assert_true(str_starts(error_message(err), "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown "
                                               "field \"foo\", unknown"));
}

static void test_canonical(void **state) {
    (void)state;
    AUTO_JSON object =
        parse("{\"metadata\":{\"name\":\"a\",\"labels\":{},\"finalizers\":[],\"annotations\":{\"x\":null},\"uid\":null,"
              "\"creationTimestamp\":\"2026-01-01T02:00:00+02:00\"},\"spec\":{\"nodeSelector\":{},\"overhead\":{\"cpu\":1,"
              "\"memory\":\"1024Mi\"},\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],\"containers\":[null]}}");
    assert_int_equal(schema_check_and_prune(resource_pods()->type, object, NULL, NULL), 0);
    CLEANUP(free_ptr) char *text = json_text(object);
    assert_string_equal(
        text, "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"x\":\"\"},\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},"
              "\"spec\":{\"overhead\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],"
              "\"containers\":[{}]}}");
    AUTO_JSON secret = parse("{\"data\":{\"a\":\"YWJj\\nZA==\"}}");
    assert_int_equal(schema_check_and_prune(resource_secrets()->type, secret, NULL, NULL), 0);
    assert_string_equal(json_find_text(secret, "data.a"), "YWJjZA==");
    AUTO_JSON bad = parse("{\"data\":{\"a\":\"%%%%\"}}");
    AUTO_ERROR err = NULL;
    assert_int_equal(schema_check_and_prune(resource_secrets()->type, bad, NULL, &err), -1);
    assert_non_null(strstr(error_message(err), "illegal base64 data at input byte 0"));
}

static void test_defaults(void **state) {
    (void)state;
    AUTO_JSON object =
        parse("{\"spec\":{\"restartPolicy\":\"\",\"terminationGracePeriodSeconds\":0,\"containers\":[{\"name\":\"a\","
              "\"ports\":[{\"containerPort\":1}],\"livenessProbe\":{\"httpGet\":{\"port\":1}}}],"
              "\"volumes\":[{\"name\":\"c\",\"configMap\":{\"name\":\"x\"}}]}}");
    for (int round = 0; round < 2; round++) {
        schema_default(resource_pods()->type, object);
        assert_string_equal(json_find_text(object, "spec.restartPolicy"), "Always");
        assert_string_equal(json_find_text(object, "spec.dnsPolicy"), "ClusterFirst");
        assert_string_equal(json_find_text(object, "spec.schedulerName"), "default-scheduler");
        assert_int_equal(json_find_int(object, "spec.terminationGracePeriodSeconds", -1), 0);
        const struct json *container = json_at(json_find(object, "spec.containers"), 0);
        assert_string_equal(json_get_text(json_at(json_get(container, "ports"), 0), "protocol"), "TCP");
        assert_string_equal(json_find_text(container, "livenessProbe.httpGet.scheme"), "HTTP");
        assert_int_equal(json_find_int(container, "livenessProbe.periodSeconds", 0), 10);
        assert_int_equal(json_find_int(json_at(json_find(object, "spec.volumes"), 0), "configMap.defaultMode", 0), 420);
        assert_true(json_has(json_get(object, "spec"), "securityContext"));
    }
}

static const struct {
    const char *json;
    const char *text; // of all errors
} invalid[] = {
    {"{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]}}", "[]"},
    {"{\"spec\":{\"containers\":[]}}", "spec.containers: Required value"},
    {"{\"spec\":{\"containers\":[{\"name\":\"\"}]}}",
     "[spec.containers[0].image: Required value, spec.containers[0].name: Required value]"},
    {"{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"restartPolicy\":\"x\"}}",
     "spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", \"Never\""},
    {"{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"ports\":[{\"containerPort\":70000}]}]}}",
     "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"},
    {"{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"livenessProbe\":{\"timeoutSeconds\":-1}}]}}",
     "spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0"},
};

static void test_validate(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
        AUTO_JSON object = parse(invalid[i].json);
        AUTO_FIELD_ERRORS errors = {0};
        schema_validate(resource_pods()->type, object, &errors);
        AUTO_STR text = {0};
        field_errors_append_text(&errors, &text);
        assert_string_equal(str_text(&text), invalid[i].text);
    }
}

static void test_immutable(void **state) {
    (void)state;
    AUTO_JSON old = parse("{\"type\":\"Opaque\"}");
    AUTO_JSON new = parse("{\"type\":\"x\"}");
    AUTO_FIELD_ERRORS errors = {0};
    schema_validate_update(resource_secrets()->type, old, old, &errors);
    assert_int_equal(errors.len, 0);
    schema_validate_update(resource_secrets()->type, new, old, &errors);
    assert_int_equal(errors.len, 1);
    assert_string_equal(errors.items[0].field, "type");
    assert_string_equal(errors.items[0].message, "Invalid value: \"x\": field is immutable");
}

static void test_walk(void **state) {
    (void)state;
    const struct schema_type *type = NULL;
    const struct schema_field *field = NULL;
    assert_true(schema_walk(resource_pods()->type, "spec.containers.resources.limits", &type, &field));
    assert_string_equal(field->name, "limits");
    AUTO_STR name = {0};
    schema_append_type_name(type, &name);
    assert_string_equal(str_text(&name), "map[string]Quantity");
    assert_true(schema_walk(resource_pods()->type, "spec.containers", &type, NULL));
    str_clear(&name);
    schema_append_type_name(type, &name);
    assert_string_equal(str_text(&name), "[]Container");
    assert_true(schema_walk(resource_pods()->type, "", &type, &field));
    assert_null(field);
    assert_false(schema_walk(resource_pods()->type, "spec.nope", NULL, NULL));
    assert_false(schema_walk(resource_pods()->type, "spec.nodeName.x", NULL, NULL));
}

static void test_set_kind(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"a\":1,\"kind\":\"x\",\"b\":null}",
                                        "{\"apiVersion\":\"v\",\"kind\":\"k\",\"a\":1,\"b\":null}",
                                        "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"a\":1,\"b\":null}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_JSON object = parse(texts[i]);
        schema_set_kind(object, "v1", "K");
        CLEANUP(free_ptr) char *text = json_text(object);
        assert_string_equal(text, "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"a\":1,\"b\":null}");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_types), cmocka_unit_test(test_unknown),  cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_validate), cmocka_unit_test(test_immutable),
        cmocka_unit_test(test_walk),        cmocka_unit_test(test_set_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
