// SPDX-License-Identifier: Apache-2.0
// API errors: upstream's messages, and Status objects there and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

static char *text_of(struct error *take_error) {
    AUTO_JSON status = status_from_error(take_error);
    error_free(take_error);
    return json_text(status);
}

static void test_objects(void **state) {
    (void)state;
    struct error *err = NULL;
    assert_int_equal(status_not_found(&err, resource_replicasets(), "x"), -1);
    CLEANUP(free_ptr) char *not_found = text_of(err);
    assert_string_equal(not_found,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
                        "\"message\":\"replicasets.apps \\\"x\\\" not found\",\"reason\":\"NotFound\",\"details\":{\"name\":"
                        "\"x\",\"group\":\"apps\",\"kind\":\"replicasets\"},\"code\":404}");
    err = NULL;
    status_no_such_path(&err);
    CLEANUP(free_ptr) char *no_path = text_of(err);
    assert_string_equal(no_path,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"the "
                        "server could not find the requested resource\",\"reason\":\"NotFound\",\"details\":{},\"code\":404}");
    err = NULL;
    status_unauthorized(&err);
    CLEANUP(free_ptr) char *unauthorized = text_of(err);
    assert_string_equal(unauthorized, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
                                      "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}");
    err = NULL;
    error_set(&err, "boom");
    CLEANUP(free_ptr) char *plain = text_of(err);
    assert_non_null(strstr(plain, "\"message\":\"Internal error occurred: boom\",\"reason\":\"InternalError\",\"code\":500"));
}

static void test_invalid(void **state) {
    (void)state;
    AUTO_FIELD_ERRORS errors = {0};
    AUTO_ERROR one = NULL;
    AUTO_ERROR two = NULL;
    field_errors_required(&errors, "spec.containers", NULL);
    status_invalid(&one, resource_pods(), "x", &errors);
    assert_string_equal(error_message(one), "Pod \"x\" is invalid: spec.containers: Required value");
    assert_int_equal(one->code, 422);
    assert_int_equal(one->cause_count, 1);
    field_errors_required(&errors, "spec.containers", NULL);
    field_errors_forbidden(&errors, "a", "no");
    status_invalid(&two, resource_replicasets(), "x", &errors);
    assert_string_equal(error_message(two),
                        "ReplicaSet.apps \"x\" is invalid: [spec.containers: Required value, a: Forbidden: no]");
}

static void test_round_trip(void **state) {
    (void)state;
    AUTO_FIELD_ERRORS errors = {0};
    field_errors_too_many(&errors, "f", 5, 3);
    AUTO_ERROR err = NULL;
    status_invalid(&err, resource_pods(), "x", &errors);
    AUTO_JSON status = status_from_error(err);
    assert_true(status_is_status(status));
    AUTO_ERROR back = NULL;
    assert_int_equal(status_to_error(status, 0, &back), -1);
    assert_string_equal(error_message(back), error_message(err));
    assert_int_equal(back->code, 422);
    assert_string_equal(back->causes[0].field, "f");
    assert_string_equal(back->causes[0].message, "Too many: 5: must have at most 3 items");
    assert_string_equal(back->kind, "Pod");
}

static void test_messages(void **state) {
    (void)state;
    struct error *err = NULL;
    static const char *const wanted[] = {
        "pods \"a\" already exists",
        "Operation cannot be fulfilled on pods \"a\": " STATUS_CONFLICT_MODIFIED,
        "pods \"a\" is forbidden: no",
        "pods is forbidden: no",
        "forbidden: no",
        "create is not supported on resources of kind \"pods\"",
        "Timeout: Too large resource version: 9, current: 5",
        "Internal error occurred: x 1",
        "Request entity too large: limit is 3145728",
    };
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        switch (i) {
        case 0:
            status_already_exists(&err, resource_pods(), "a");
            break;
        case 1:
            status_conflict(&err, resource_pods(), "a", STATUS_CONFLICT_MODIFIED);
            break;
        case 2:
            status_forbidden(&err, resource_pods(), "a", "no");
            break;
        case 3:
            status_forbidden(&err, resource_pods(), NULL, "no");
            break;
        case 4:
            status_forbidden(&err, NULL, NULL, "no");
            break;
        case 5:
            status_method_not_supported(&err, resource_pods(), "create");
            break;
        case 6:
            status_resource_version_too_large(&err, 9, 5);
            break;
        case 7:
            status_internal(&err, "x %d", 1);
            break;
        default:
            status_too_large(&err, "limit is %d", 3145728);
            break;
        }
        assert_string_equal(error_message(err), wanted[i]);
        error_free(STEAL(err));
    }
    assert_int_equal(status_not_found(NULL, resource_pods(), "a"), -1);
    assert_int_equal(status_internal(NULL, "x"), -1);
}

static void test_http(void **state) {
    (void)state;
    static const struct {
        int code;
        const char *method;
        const char *reason;
    } rows[] = {{404, "GET", "NotFound"},       {409, "POST", "AlreadyExists"}, {409, "PUT", "Conflict"},
                {500, "GET", "InternalError"},  {418, "GET", "Unknown"},        {403, "GET", "Forbidden"},
                {429, "GET", "TooManyRequests"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ERROR err = NULL;
        assert_int_equal(status_from_http(rows[i].code, rows[i].method, "body", &err), -1);
        assert_string_equal(err->reason, rows[i].reason);
        assert_int_equal(err->code, rows[i].code);
    }
}

static void test_success(void **state) {
    (void)state;
    AUTO_JSON status = status_success(resource_pods(), "a", "u");
    CLEANUP(free_ptr) char *text = json_text(status);
    assert_string_equal(text,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"details\":{\"name\":"
                        "\"a\",\"kind\":\"pods\",\"uid\":\"u\"}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),  cmocka_unit_test(test_invalid), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_http),    cmocka_unit_test(test_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
