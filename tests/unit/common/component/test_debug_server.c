// SPDX-License-Identifier: Apache-2.0
// The health server over HTTPS with its self-signed certificate: who may read what.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/component/debug_server.h"
#include "common/net/http_client.h"
#include "tests/fixtures/etcd_process.h"

static bool good(void *context UNUSED, struct str *reason UNUSED) {
    return true;
}

static const struct health_check checks[] = {{"ping", good, NULL}};

static const struct {
    bool plain;
    const char *path;
    int status;
    const char *body; // part of it
} rows[] = {
    {false, "/healthz", 200, "ok"},
    {false, "/healthz?verbose", 200, "[+]ping ok\nhealthz check passed\n"},
    {false, "/healthz/ping", 200, "ok"},
    {false, "/healthz/nope", 404, "404 page not found"},
    {false, "/healthzz", 403, "forbidden: User \\\"system:anonymous\\\" cannot get path \\\"/healthzz\\\""},
    {false, "/livez", 404, "404 page not found"}, // there are no checks for it
    {false, "/readyz", 404, "404 page not found"},
    {false, "/metrics", 403, "\"reason\":\"Forbidden\""},
    {false, "/configz", 403, "\"reason\":\"Forbidden\""},
    {true, "/metrics", 200, "process_cpu_seconds_total"},
    {true, "/configz", 200, "{\"kind\":\"x\"}"},
    {true, "/version", 200, "\"gitVersion\""},
    {true, "/nope", 404, "404 page not found"},
};

static void check(bool plain) {
    struct debug_server_config config = {.bind_address = "127.0.0.1",
                                         .port = etcd_process_free_port(),
                                         .plain = plain,
                                         .healthz = checks,
                                         .healthz_count = 1,
                                         .configz = "{\"kind\":\"x\"}"};
    struct debug_server *server = NULL, *second = NULL;
    AUTO_ERROR err = NULL;
    if (debug_server_start(&config, &server, &err) < 0)
        fail_msg("%s", error_message(err));
    assert_int_equal(debug_server_start(&config, &second, &err), -1); // the port is taken
    assert_null(second);
    char url[64];
    snprintf(url, sizeof(url), "%s://127.0.0.1:%d", plain ? "http" : "https", config.port);
    const char *const endpoints[] = {url, NULL};
    struct http_client_config client = {.endpoints = endpoints, .insecure = true};
    struct transport *transport = NULL;
    assert_int_equal(http_client_new(&client, &transport, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].plain != plain)
            continue;
        struct http_request request = {.method = "GET", .path = rows[i].path, .timeout = INT64_C(10000000000)};
        AUTO_RESPONSE response = {0};
        AUTO_ERROR failure = NULL;
        if (transport_roundtrip(transport, &request, &response, &failure) < 0)
            fail_msg("%s: %s", rows[i].path, error_message(failure));
        if (response.status != rows[i].status || !strstr(str_text(&response.body), rows[i].body))
            fail_msg("%s: %d %s", rows[i].path, response.status, str_text(&response.body));
    }
    transport_free(transport);
    debug_server_stop(server);
}

static void test_rows(void **state) {
    (void)state;
    check(false);
    check(true);
    struct debug_server_config none = {.port = 0};
    struct debug_server *server = NULL;
    assert_int_equal(debug_server_start(&none, &server, NULL), 0);
    assert_null(server);
    debug_server_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
