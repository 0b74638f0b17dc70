// SPDX-License-Identifier: Apache-2.0
// REST calls over a scripted transport: paths, bodies, Status errors, and the framing of watch events.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/client/rest.h"
#include "tests/fixtures/scripted_transport.h"

static struct rest *client(struct scripted_transport *transport) {
    struct rest_config config = {.transport = scripted_transport_of(transport), .clock = clock_system(), .user_agent = "test"};
    return rest_new(&config);
}

static void test_paths(void **state) {
    (void)state;
    const struct {
        struct rest_target target;
        const char *wanted;
    } rows[] = {
        {{resource_pods(), NULL, NULL, NULL}, "/api/v1/pods"},
        {{resource_pods(), "", NULL, NULL}, "/api/v1/pods"},
        {{resource_pods(), "n", NULL, NULL}, "/api/v1/namespaces/n/pods"},
        {{resource_pods(), "n", "p", "status"}, "/api/v1/namespaces/n/pods/p/status"},
        {{resource_nodes(), "ignored", "x", NULL}, "/api/v1/nodes/x"},
        {{resource_namespaces(), NULL, "n", "finalize"}, "/api/v1/namespaces/n/finalize"},
        {{resource_replicasets(), "n", "r", "scale"}, "/apis/apps/v1/namespaces/n/replicasets/r/scale"},
        {{resource_pods(), "n/..", "a b?", NULL}, "/api/v1/namespaces/n%2F../pods/a%20b%3F"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR path = {0};
        rest_path(&rows[i].target, &path);
        assert_string_equal(path.data, rows[i].wanted);
    }
}

// What each verb sends.
static void test_verbs(void **state) {
    (void)state;
    const struct script_step steps[] = {{.status = 200}, {.status = 200}, {.status = 201}, {.status = 201},
                                        {.status = 200}, {.status = 200}, {.status = 200}, {.status = 200}};
    const char *const wanted[] = {
        "GET /api/v1/namespaces/n/pods/p\n",
        "GET "
        "/api/v1/namespaces/n/pods?labelSelector=a%3Db&fieldSelector=c%3Dd&resourceVersion=0&resourceVersionMatch=NotOlderThan&"
        "limit=5&continue=x\n",
        "POST /api/v1/namespaces/n/pods\n{}",
        "POST /api/v1/namespaces/n/pods/p/binding\n{}",
        "PUT /api/v1/namespaces/n/pods/p\n{}",
        "PATCH /api/v1/namespaces/n/pods/p\n{}",
        "DELETE /api/v1/namespaces/n/pods/p\n{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"}",
        "DELETE /api/v1/namespaces/n/pods/p\n{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"gracePeriodSeconds\":0,"
        "\"propagationPolicy\":\"Orphan\",\"preconditions\":{\"uid\":\"u\",\"resourceVersion\":\"7\"}}",
    };
    struct scripted_transport *transport = scripted_transport_new(steps, ARRAY_LEN(steps));
    struct rest *rest = client(transport);
    struct rest_target target = {.resource = resource_pods(), .ns = "n", .name = "p"};
    struct rest_target list = {.resource = resource_pods(), .ns = "n"};
    struct rest_target binding = {.resource = resource_pods(), .ns = "n", .name = "p", .subresource = "binding"};
    struct rest_list_options options = {"a=b", "c=d", "0", "NotOlderThan", 5, "x", false};
    struct rest_delete_options deletion = {0, "Orphan", "u", "7"};
    AUTO_JSON body = json_new_object();
    AUTO_JSON value = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(rest_get(rest, &target, &value, &err), 0);
    json_unref(STEAL(value));
    assert_int_equal(rest_list(rest, &list, &options, &value, &err), 0);
    assert_int_equal(rest_create(rest, &target, body, NULL, &err), 0);
    assert_int_equal(rest_create(rest, &binding, body, NULL, &err), 0);
    assert_int_equal(rest_update(rest, &target, body, NULL, &err), 0);
    assert_int_equal(rest_patch(rest, &target, REST_PATCH_MERGE, body, NULL, &err), 0);
    assert_int_equal(rest_delete(rest, &target, NULL, &err), 0);
    assert_int_equal(rest_delete(rest, &target, &deletion, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        assert_string_equal(scripted_transport_request(transport, i), wanted[i]);
    rest_free(rest);
    scripted_transport_free(transport);
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        int code;
        const char *reason, *message;
    } rows[] = {
        {404,
         "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"pods \\\"p\\\" not found\","
         "\"reason\":\"NotFound\",\"details\":{\"name\":\"p\",\"kind\":\"pods\"},\"code\":404}",
         404, "NotFound", "pods \"p\" not found"},
        {409, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"no\",\"reason\":\"Conflict\"}", 409, "Conflict", "no"},
        {503, "upstream is gone", 503, "ServiceUnavailable", "the server is currently unable to handle the request"},
        {500, "boom", 500, "InternalError", "an error on the server (\"boom\") has prevented the request from succeeding"},
        {403, "{\"not\":\"a status\"}", 403, "Forbidden", ""},
        {0, NULL, 0, NULL, "connection refused"},
        {200, "{\"broken\":", 0, NULL, "answer to GET /api/v1/namespaces/n/pods/p"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step step = {.status = rows[i].status, .body = rows[i].body};
        struct scripted_transport *transport = scripted_transport_new(&step, 1);
        struct rest *rest = client(transport);
        struct rest_target target = {.resource = resource_pods(), .ns = "n", .name = "p"};
        AUTO_JSON value = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(rest_get(rest, &target, &value, &err), -1);
        assert_int_equal(err->code, rows[i].code);
        if (rows[i].reason)
            assert_string_equal(err->reason, rows[i].reason);
        if (!strstr(error_message(err), rows[i].message))
            fail_msg("row %zu: %s", i, error_message(err));
        rest_free(rest);
        scripted_transport_free(transport);
    }
}

// --- watch -------------------------------------------------------------------------------------------------------------

#define ADDED(name, version)                                                                                                     \
    "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name                      \
    "\",\"namespace\":\"n\",\"resourceVersion\":\"" version "\"}}}\n"
#define ERROR_410                                                                                                                \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"too old\","  \
    "\"reason\":\"Expired\",\"code\":410}}\n"

struct seen {
    struct str log;
    int stop_after; // 0: never
    int events;
};

static bool note(void *context, enum rest_event event, const struct object *object) {
    struct seen *seen = context;
    str_printf(&seen->log, "%d:%s@%llu ", (int)event, object->name, (unsigned long long)object->resource_version);
    return ++seen->events != seen->stop_after;
}

struct watch_case {
    const char *const *chunks;
    int status;
    enum script_end end;
    int stop_after;
    int result;
    const char *seen;
    int code;
    const char *message;
};

static void check_watch(const struct watch_case *row) {
    const struct script_step step = {.expect = "watch=true&resourceVersion=5&timeoutSeconds=9&allowWatchBookmarks=true",
                                     .status = row->status,
                                     .chunks = row->chunks,
                                     .body = "",
                                     .end = row->end};
    struct scripted_transport *transport = scripted_transport_new(&step, 1);
    struct rest *rest = client(transport);
    struct rest_target target = {.resource = resource_pods(), .ns = "n"};
    struct rest_watch_options options = {.resource_version = "5", .timeout_seconds = 9, .bookmarks = true};
    struct seen seen = {.stop_after = row->stop_after};
    AUTO_ERROR err = NULL;
    int result = rest_watch(rest, &target, &options, note, &seen, &err);
    if (result != row->result || strcmp(str_text(&seen.log), row->seen) != 0)
        fail_msg("%d, %s, %s; wanted %s", result, str_text(&seen.log), error_message(err), row->seen);
    if (result < 0) {
        assert_int_equal(err->code, row->code);
        assert_non_null(strstr(error_message(err), row->message));
    }
    assert_null(scripted_transport_surprise(transport));
    str_free(&seen.log);
    rest_free(rest);
    scripted_transport_free(transport);
}

#define CHUNKS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_watch_framing(void **state) {
    (void)state;
    const struct watch_case rows[] = {
        {CHUNKS(ADDED("a", "6") ADDED("b", "7")), 200, SCRIPT_CLOSE, 0, 0, "0:a@6 0:b@7 ", 0, ""},
        {CHUNKS("{\"type\":\"ADDED\",\"obj", "", "ect\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"6\"}}", "}",
                "\n" ADDED("b", "7") "{\"ty"),
         200, SCRIPT_CLOSE, 0, 0, "0:a@6 0:b@7 ", 0, ""},
        {CHUNKS("", "\n\n" ADDED("a", "6") "\n"), 200, SCRIPT_CLOSE, 0, 0, "0:a@6 ", 0, ""},
        {CHUNKS(ADDED("a", "6") ADDED("b", "7")), 200, SCRIPT_CLOSE, 1, 0, "0:a@6 ", 0, ""},
        {CHUNKS(ADDED("a", "6")), 200, SCRIPT_BREAK, 0, -1, "0:a@6 ", 0, "unexpected EOF"},
        {CHUNKS("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"8\"}}}\n"
                "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"9\"}}}\n"
                "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":"
                "\"12\"}}}\n"),
         200, SCRIPT_CLOSE, 0, 0, "1:a@8 2:a@9 3:@12 ", 0, ""},
        {CHUNKS(ADDED("a", "6") ERROR_410 ADDED("b", "7")), 200, SCRIPT_CLOSE, 0, -1, "0:a@6 ", 410, "too old"},
        {CHUNKS("{\"type\":\"ERROR\"}\n"), 200, SCRIPT_CLOSE, 0, -1, "", 500, ""},
        {CHUNKS("{\"type\":\"STRANGE\",\"object\":{}}\n"), 200, SCRIPT_CLOSE, 0, -1, "", 500, "unknown type \"STRANGE\""},
        {CHUNKS("nonsense\n"), 200, SCRIPT_CLOSE, 0, -1, "", 500, "watch event: "},
        {CHUNKS("{\"type\":\"ADDED\",\"object\":{}}\n"), 200, SCRIPT_CLOSE, 0, -1, "", 500, "watch event: "},
        {CHUNKS("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"gone\",", "\"reason\":\"Expired\",\"code\":410}"), 410,
         SCRIPT_CLOSE, 0, -1, "", 410, "gone"},
        {CHUNKS("no json"), 503, SCRIPT_CLOSE, 0, -1, "", 503, "unable to handle"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_watch(&rows[i]);
}

// --- limits ------------------------------------------------------------------------------------------------------------

static void test_throttle(void **state) {
    (void)state;
    const struct script_step steps[] = {{.status = 200}, {.status = 200}, {.status = 200}, {.status = 200}};
    struct scripted_transport *transport = scripted_transport_new(steps, ARRAY_LEN(steps));
    struct rest_config config = {.transport = scripted_transport_of(transport), .clock = clock_system(), .qps = 50, .burst = 2};
    struct rest *rest = rest_new(&config);
    struct rest_target target = {.resource = resource_pods(), .ns = "n", .name = "p"};
    int64_t started = clock_monotonic(clock_system());
    for (int i = 0; i < 4; i++)
        assert_int_equal(rest_get(rest, &target, NULL, NULL), 0);
    int64_t took = clock_monotonic(clock_system()) - started;
    assert_true(took >= 38 * MILLISECOND); // two at once, then one in 20 ms
    assert_true(took < 2 * SECOND);
    rest_free(rest);
    scripted_transport_free(transport);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),         cmocka_unit_test(test_verbs),    cmocka_unit_test(test_errors),
        cmocka_unit_test(test_watch_framing), cmocka_unit_test(test_throttle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
