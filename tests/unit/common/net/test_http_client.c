// SPDX-License-Identifier: Apache-2.0
// The HTTP client: methods, credentials, endpoints, time limits.
#include "tests/unit/common/net/http_fixture.h"

static void a_request_arrives_whole(void **state) {
    struct fixture *fixture = *state;
    struct transport *client = plain_client(fixture->plain_base);
    const struct http_header headers[] = {{"X-One", "1"}, {"X-Two", "a"}, {"X-Two", "b"}};
    struct http_request request = {.method = "PATCH",
                                   .path = "/a%20b/c%2Fd?x=1&y=%41",
                                   .headers = headers,
                                   .header_count = 3,
                                   .body = "hello",
                                   .body_len = 5};
    AUTO_RESPONSE response = {0};
    assert_int_equal(transport_roundtrip(client, &request, &response, NULL), 0);
    assert_int_equal(response.status, 201);
    assert_string_equal(str_text(&response.body),
                        "PATCH path=/a b/c/d raw=/a%20b/c%2Fd query=x=1&y=%41 from=127.0.0.1 body=5:hello "
                        "X-One=1 X-Two=a X-Two=b");
    assert_string_equal(response.content_type, "text/x-echo");
    assert_string_equal(response.warning, "299 - \"one\"\n299 - \"two\"");
    assert_int_equal(response.retry_after_seconds, 7);
    transport_free(client);
}

static void all_methods_work(void **state) {
    struct fixture *fixture = *state;
    struct transport *client = client_as(fixture, NULL);
    static const struct {
        const char *method, *body, *expected;
    } rows[] = {
        {"GET", NULL, "GET path=/m raw=/m query= from=127.0.0.1 body=0:"},
        {"POST", "x", "POST path=/m raw=/m query= from=127.0.0.1 body=1:x"},
        {"POST", NULL, "POST path=/m raw=/m query= from=127.0.0.1 body=0:"},
        {"PUT", "xy", "PUT path=/m raw=/m query= from=127.0.0.1 body=2:xy"},
        {"DELETE", NULL, "DELETE path=/m raw=/m query= from=127.0.0.1 body=0:"},
        {"DELETE", "{}", "DELETE path=/m raw=/m query= from=127.0.0.1 body=2:{}"},
        {"HEAD", NULL, ""},
        {"OPTIONS", NULL, "OPTIONS path=/m raw=/m query= from=127.0.0.1 body=0:"},
    };
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            AUTO_RESPONSE response =
                exchange(client, rows[i].method, "/m", rows[i].body, rows[i].body == NULL ? 0 : strlen(rows[i].body));
            assert_int_equal(response.status, 201);
            assert_string_equal(str_text(&response.body), rows[i].expected);
        }
    transport_free(client);
}

static bool see_authorization(struct transport *client, const char *expected) {
    AUTO_RESPONSE response = exchange(client, "GET", "/authorization", NULL, 0);
    return strcmp(str_text(&response.body), expected) == 0;
}

static void credentials_are_sent_and_read_again(void **state) {
    struct fixture *fixture = *state;
    const char *endpoints[] = {fixture->base, NULL};
    char token[128], certificate[128], key[128];
    snprintf(token, sizeof(token), "%s/token", fixture->directory);
    snprintf(certificate, sizeof(certificate), "%s/client.crt", fixture->directory);
    snprintf(key, sizeof(key), "%s/client.key", fixture->directory);
    struct str first = {.data = (char *)(uintptr_t) "first\n", .len = 6},
               second = {.data = (char *)(uintptr_t) "second", .len = 6};
    write_file(fixture, "token", &first);
    write_file(fixture, "client.crt", &fixture->alice.certificate);
    write_file(fixture, "client.key", &fixture->alice.key);
    struct http_client_config config = {.endpoints = endpoints, .ca_pem = fixture->ca.ca_pem.data, .bearer_token = "fixed"};
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    assert_true(see_authorization(client, "Bearer fixed"));
    transport_free(client);
    config.username = "user";
    config.password = "pass";
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    assert_true(see_authorization(client, "Basic dXNlcjpwYXNz"));
    transport_free(client);
    const struct http_client_config files = {.endpoints = endpoints,
                                             .ca_pem = fixture->ca.ca_pem.data,
                                             .bearer_token_file = token,
                                             .certificate_file = certificate,
                                             .key_file = key};
    assert_int_equal(http_client_new(&files, &client, NULL), 0);
    assert_true(see_authorization(client, "Bearer first"));
    expect_body(client, "/whoami", "alice/developers");
    struct pki_leaf bob = pki_leaf(&fixture->ca, "bob", "operators", false);
    write_file(fixture, "token", &second);
    write_file(fixture, "client.key", &bob.key);
    write_file(fixture, "client.crt", &bob.certificate);
    usleep(1100000);
    assert_true(see_authorization(client, "Bearer second"));
    expect_body(client, "/whoami", "bob/operators");
    pki_leaf_free(&bob);
    transport_free(client);
}

static void unix_sockets_and_names(void **state) {
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/socket", fixture->directory);
    const char *endpoints[] = {"http://localhost", NULL};
    const struct http_client_config config = {.endpoints = endpoints, .unix_socket = path};
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    expect_body(client, "/x", "GET path=/x raw=/x query= from=@ body=0:");
    transport_free(client);
    // Verified against another name than the one connected to.
    const char *by_address[] = {fixture->base, NULL};
    static const struct {
        const char *name;
        bool works;
    } rows[] = {{"server", true}, {"localhost", true}, {"elsewhere", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct http_client_config named = {
            .endpoints = by_address, .ca_pem = fixture->ca.ca_pem.data, .server_name = rows[i].name};
        assert_int_equal(http_client_new(&named, &client, NULL), 0);
        struct http_request request = {.method = "GET", .path = "/whoami", .timeout = 10 * SECOND};
        AUTO_RESPONSE response = {0};
        AUTO_ERROR error = NULL;
        int result = transport_roundtrip(client, &request, &response, &error);
        assert_int_equal(result, rows[i].works ? 0 : -1);
        transport_free(client);
    }
}

static void only_a_connection_that_failed_is_tried_elsewhere(void **state) {
    struct fixture *fixture = *state;
    // A port that nobody listens on, and one where the peer takes the request and closes.
    int closer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), closed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    char dead[64], rude[64];
    assert_int_equal(bind(closed, (struct sockaddr *)&address, len), 0);
    getsockname(closed, (struct sockaddr *)&address, &len);
    snprintf(dead, sizeof(dead), "http://127.0.0.1:%u", ntohs(address.sin_port));
    const char *endpoints[] = {dead, fixture->plain_base, NULL};
    const struct http_client_config config = {.endpoints = endpoints};
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    AUTO_RESPONSE response = exchange(client, "POST", "/later", "x", 1);
    assert_int_equal(response.status, 200);
    transport_free(client);

    client = plain_client(dead);
    struct http_request request = {.method = "POST", .path = "/p?q=1", .body = "x", .body_len = 1, .timeout = 5 * SECOND};
    AUTO_ERROR refused = NULL;
    AUTO_RESPONSE none = {0};
    assert_int_equal(transport_roundtrip(client, &request, &none, &refused), -1);
    AUTO_STR expected = {0};
    str_printf(&expected, "Post \"%s/p?q=1\": dial tcp %s: connect: connection refused", dead, dead + 7);
    assert_string_equal(error_message(refused), expected.data);
    assert_true(error_is(refused, HTTP_CLIENT_UNREACHABLE));
    transport_free(client);

    address.sin_port = 0;
    assert_int_equal(bind(closer, (struct sockaddr *)&address, len), 0);
    getsockname(closer, (struct sockaddr *)&address, &len);
    assert_int_equal(listen(closer, 4), 0);
    snprintf(rude, sizeof(rude), "http://127.0.0.1:%u", ntohs(address.sin_port));
    const char *rude_first[] = {rude, fixture->plain_base, NULL};
    const struct http_client_config second = {.endpoints = rude_first};
    assert_int_equal(http_client_new(&second, &client, NULL), 0);
    struct hammer hammer = {.client = client, .path = "/later", .rounds = 1};
    int before = fixture->handled;
    struct thread *thread = thread_start("rude", hammer_run, &hammer);
    int fd = accept(closer, NULL, NULL);
    assert_true(raw_expect(fd, " from "));
    close(fd);
    thread_join(thread);
    assert_int_equal(hammer.failures, 1);
    assert_int_equal(fixture->handled, before);
    transport_free(client);
    close(closer);
    close(closed);
}

static void time_limits_hold(void **state) {
    struct fixture *fixture = *state;
    struct transport *client = client_as(fixture, NULL);
    expect_body(client, "/whoami", "nobody: no certificate"); // connected already, so that only the reply is awaited
    struct http_request request = {.method = "POST", .path = "/gate", .body = "x", .body_len = 1, .timeout = 300 * MILLISECOND};
    AUTO_RESPONSE response = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(transport_roundtrip(client, &request, &response, &error), -1);
    assert_true(error_is(error, HTTP_CLIENT_TIMEOUT));
    assert_non_null(strstr(error_message(error), "context deadline exceeded"));
    LOCKED(&fixture->gate_lock) {
        fixture->gate_open = true;
        cond_broadcast(&fixture->gate_changed);
    }
    transport_free(client);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_whole),
        cmocka_unit_test(all_methods_work),
        cmocka_unit_test(credentials_are_sent_and_read_again),
        cmocka_unit_test(unix_sockets_and_names),
        cmocka_unit_test(only_a_connection_that_failed_is_tried_elsewhere),
        cmocka_unit_test(time_limits_hold),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
