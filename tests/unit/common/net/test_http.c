// SPDX-License-Identifier: Apache-2.0
// The HTTP server and the HTTP client against each other over loopback.
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/thread.h"
#include "common/net/http_client.h"
#include "common/net/http_server.h"
#include "tests/unit/common/net/pki.h"

#define FEED_LIMIT 64

// A feed that a test fills and a stream reads.
struct feed {
    struct lock lock;
    struct cond changed;
    struct str text;
    bool ended, cut;
    int closed;
    struct http_stream *stream;
};

struct fixture {
    struct pki ca, other_ca;
    struct pki_leaf server_leaf, alice, stranger;
    char directory[64];
    struct tls_store *tls;
    struct http_server *server;
    struct thread_pool *pool;
    struct feed feed;
    _Atomic int released;
    char *big;
    size_t big_len;
    _Atomic int handled;
    struct lock gate_lock;
    struct cond gate_changed;
    bool gate_open;
    char base[64], plain_base[64];
};

static const struct http_server_head ok_text = {200, "text/plain", NULL, 0};

// --- the server's side -----------------------------------------------------------------------------------------------------

static void reply_identity(struct http_server_request *request) {
    AUTO_STR text = {0};
    if (request->peer != NULL) {
        str_printf(&text, "%s", request->peer->common_name);
        for (size_t i = 0; i < request->peer->organization_count; i++)
            str_printf(&text, "/%s", request->peer->organizations[i]);
    } else {
        str_printf(&text, "nobody: %s", request->peer_error != NULL ? request->peer_error : "no certificate");
    }
    http_server_reply_str(request, &ok_text, &text);
}

static bool append_header(void *context, const char *name, const char *value) {
    if (str_starts(name, "X-"))
        str_printf(context, " %s=%s", name, value);
    return true;
}

static void reply_echo(struct http_server_request *request) {
    AUTO_STR text = {0};
    str_printf(&text, "%s path=%s raw=%s query=%s from=%s body=%zu:%.20s", request->method, request->path, request->raw_path,
               request->query, request->remote_address, request->body_len, request->body);
    http_server_each_header(request, append_header, &text);
    const struct http_header headers[] = {{"Warning", "299 - \"one\""}, {"Warning", "299 - \"two\""}, {"Retry-After", "7"}};
    const struct http_server_head head = {201, "text/x-echo", headers, 3};
    http_server_reply(request, &head, text.data, text.len);
}

struct deferred {
    struct fixture *fixture;
    struct http_server_request *request;
};

static void reply_later(void *argument) {
    struct deferred *deferred = argument;
    struct http_server_request *request = deferred->request;
    if (str_equal(request->path, "/gate")) {
        LOCKED(&deferred->fixture->gate_lock)
        while (!deferred->fixture->gate_open)
            cond_wait(&deferred->fixture->gate_changed, &deferred->fixture->gate_lock);
    }
    if (str_equal(request->query, "slow"))
        usleep(2000);
    http_server_reply(request, &ok_text, request->body, request->body_len);
    free(deferred);
}

static void count_release(void *owner) {
    atomic_fetch_add((_Atomic int *)owner, 1);
}

static void reply_many_slices(struct fixture *fixture, struct http_server_request *request, size_t count) {
    struct http_slice *slices = alloc_array(count + 1, sizeof(*slices));
    for (size_t i = 0; i < count; i++) {
        size_t start = (i * 977) % (fixture->big_len - 5000);
        slices[i] = (struct http_slice){fixture->big + start, i % 5000, &fixture->released};
    }
    http_server_reply_slices(request, &ok_text, slices, count, count_release);
}

static ssize_t feed_read(void *context, char *buffer, size_t max) {
    struct feed *feed = context;
    ssize_t result = HTTP_STREAM_WAIT;
    LOCKED(&feed->lock) {
        if (feed->text.len > 0) {
            result = (ssize_t)MIN(max, feed->text.len);
            memcpy(buffer, feed->text.data, (size_t)result);
            str_remove_front(&feed->text, (size_t)result);
        } else if (feed->cut) {
            result = HTTP_STREAM_ABORT;
        } else if (feed->ended) {
            result = HTTP_STREAM_END;
        }
    }
    return result;
}

static void feed_closed(void *context) {
    struct feed *feed = context;
    LOCKED(&feed->lock) {
        feed->closed++;
        cond_broadcast(&feed->changed);
    }
}

static const struct http_stream_ops feed_ops = {feed_read, feed_closed};

static ssize_t flood_read(void *context UNUSED, char *buffer, size_t max) {
    memset(buffer, 'x', max);
    return (ssize_t)max;
}
static const struct http_stream_ops flood_ops = {flood_read, feed_closed};

static void reply_feed(struct fixture *fixture, struct http_server_request *request, const struct http_stream_ops *ops) {
    struct feed *feed = &fixture->feed;
    struct http_stream *stream = http_server_reply_stream(request, &ok_text, ops, feed);
    LOCKED(&feed->lock) {
        http_stream_unref(feed->stream);
        feed->stream = stream;
        cond_broadcast(&feed->changed);
    }
}

static void echo_on_borrowed(void *context UNUSED, struct http_connection *connection) {
    char buffer[4096];
    static const char greeting[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    if (http_connection_write_all(connection, greeting, sizeof(greeting) - 1) < 0)
        return;
    for (;;) {
        ssize_t len = http_connection_read(connection, buffer, sizeof(buffer));
        if (len == HTTP_CONNECTION_AGAIN)
            (void)http_connection_wait_readable(connection, -1);
        else if (len <= 0 || http_connection_write_all(connection, buffer, (size_t)len) < 0)
            return;
    }
}

static void handle(void *context, struct http_server_request *request) {
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->handled, 1);
    if (str_equal(request->path, "/whoami")) {
        reply_identity(request);
    } else if (str_starts(request->path, "/later") || str_equal(request->path, "/gate")) {
        struct deferred *deferred = alloc_zero(sizeof(*deferred));
        *deferred = (struct deferred){fixture, request};
        assert_true(thread_pool_submit(fixture->pool, reply_later, deferred));
    } else if (str_equal(request->path, "/slices")) {
        reply_many_slices(fixture, request, 10000);
    } else if (str_equal(request->path, "/noslices")) {
        reply_many_slices(fixture, request, 1);
    } else if (str_equal(request->path, "/shared")) {
        http_server_reply_shared(request, &ok_text, fixture->big, fixture->big_len, count_release, &fixture->released);
    } else if (str_equal(request->path, "/feed")) {
        reply_feed(fixture, request, &feed_ops);
    } else if (str_equal(request->path, "/flood")) {
        reply_feed(fixture, request, &flood_ops);
    } else if (str_equal(request->path, "/authorization")) {
        const char *value = http_server_header(request, "authorization");
        http_server_reply(request, &ok_text, value, value == NULL ? 0 : strlen(value));
    } else if (str_equal(request->path, "/borrow")) {
        http_server_reply_borrow(request, echo_on_borrowed, fixture);
    } else {
        reply_echo(request);
    }
}

// --- fixture ---------------------------------------------------------------------------------------------------------------

static void write_file(const struct fixture *fixture, const char *name, const struct str *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    assert_int_equal(file_write_atomic(path, text->data, text->len, 0600, NULL), 0);
}

static void start_server(struct fixture *fixture) {
    char certificate[128], key[128], ca[128], unix_path[128];
    snprintf(certificate, sizeof(certificate), "%s/tls.crt", fixture->directory);
    snprintf(key, sizeof(key), "%s/tls.key", fixture->directory);
    snprintf(ca, sizeof(ca), "%s/ca.crt", fixture->directory);
    snprintf(unix_path, sizeof(unix_path), "%s/socket", fixture->directory);
    const struct tls_config tls = {.certificate_file = certificate, .key_file = key, .ca_file = ca};
    assert_int_equal(tls_store_new(&tls, clock_system(), &fixture->tls, NULL), 0);
    const struct http_server_listener listeners[] = {
        {.name = "secure", .address = "127.0.0.1", .tls = fixture->tls},
        {.name = "plain", .address = "127.0.0.1"},
        {.name = "local", .unix_path = unix_path},
    };
    const struct http_server_config config = {
        .listeners = listeners, .listener_count = 3, .handler = handle, .context = fixture, .max_body = 100000};
    struct error *error = NULL;
    if (http_server_start(&config, &fixture->server, &error) < 0)
        fail_msg("%s", error_message(error));
    snprintf(fixture->base, sizeof(fixture->base), "https://127.0.0.1:%u", http_server_port(fixture->server, 0));
    snprintf(fixture->plain_base, sizeof(fixture->plain_base), "http://127.0.0.1:%u", http_server_port(fixture->server, 1));
}

static int set_up(void **state) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    fixture->ca = pki_new("test-ca");
    fixture->other_ca = pki_new("other-ca");
    fixture->server_leaf = pki_leaf(&fixture->ca, "server", "system:servers", true);
    fixture->alice = pki_leaf(&fixture->ca, "alice", "developers", false);
    fixture->stranger = pki_leaf(&fixture->other_ca, "mallory", "system:masters", false);
    strcpy(fixture->directory, "/tmp/test-http-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    write_file(fixture, "tls.crt", &fixture->server_leaf.certificate);
    write_file(fixture, "tls.key", &fixture->server_leaf.key);
    write_file(fixture, "ca.crt", &fixture->ca.ca_pem);
    fixture->pool = thread_pool_new("worker", 8, 0);
    fixture->big_len = 300000;
    fixture->big = alloc_zero(fixture->big_len);
    for (size_t i = 0; i < fixture->big_len; i++)
        fixture->big[i] = (char)('a' + i % 26);
    lock_init(&fixture->feed.lock, "feed");
    cond_init(&fixture->feed.changed);
    lock_init(&fixture->gate_lock, "gate");
    cond_init(&fixture->gate_changed);
    start_server(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    http_server_stop(fixture->server);
    thread_pool_stop(fixture->pool);
    tls_store_free(fixture->tls);
    pki_free(&fixture->ca);
    pki_free(&fixture->other_ca);
    pki_leaf_free(&fixture->server_leaf);
    pki_leaf_free(&fixture->alice);
    pki_leaf_free(&fixture->stranger);
    http_stream_unref(fixture->feed.stream);
    str_free(&fixture->feed.text);
    lock_destroy(&fixture->feed.lock);
    cond_destroy(&fixture->feed.changed);
    lock_destroy(&fixture->gate_lock);
    cond_destroy(&fixture->gate_changed);
    assert_int_equal(file_remove_tree(fixture->directory, NULL), 0);
    free(fixture->big);
    free(fixture);
    return 0;
}

static struct transport *client_as(const struct fixture *fixture, const struct pki_leaf *leaf) {
    const char *endpoints[] = {fixture->base, NULL};
    const struct http_client_config config = {
        .endpoints = endpoints,
        .ca_pem = fixture->ca.ca_pem.data,
        .certificate_pem = leaf == NULL ? NULL : leaf->certificate.data,
        .key_pem = leaf == NULL ? NULL : leaf->key.data,
        .user_agent = "test",
    };
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    return client;
}

static struct transport *plain_client(const char *base) {
    const char *endpoints[] = {base, NULL};
    const struct http_client_config config = {.endpoints = endpoints};
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    return client;
}

static struct http_response exchange(struct transport *client, const char *method, const char *path, const char *body,
                                     size_t len) {
    struct http_request request = {.method = method, .path = path, .body = body, .body_len = len, .timeout = 20 * SECOND};
    struct http_response response = {0};
    struct error *error = NULL;
    if (transport_roundtrip(client, &request, &response, &error) < 0)
        fail_msg("%s", error_message(error));
    return response;
}

static void expect_body(struct transport *client, const char *path, const char *body) {
    AUTO_RESPONSE response = exchange(client, "GET", path, NULL, 0);
    assert_string_equal(str_text(&response.body), body);
}

// --- tests -----------------------------------------------------------------------------------------------------------------

static void client_certificates_are_told_apart(void **state) {
    struct fixture *fixture = *state;
    const struct {
        const struct pki_leaf *leaf;
        const char *expected;
    } rows[] = {
        {&fixture->alice, "alice/developers"},
        {NULL, "nobody: no certificate"},
        {&fixture->stranger, "nobody: x509: certificate signed by unknown authority"},
        {&fixture->server_leaf, "nobody: x509: certificate specifies an incompatible key usage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct transport *client = client_as(fixture, rows[i].leaf);
        expect_body(client, "/whoami", rows[i].expected);
        expect_body(client, "/whoami", rows[i].expected);
        transport_free(client);
    }
}

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

static int raw_connect(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval bound = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

// Reads until the text has been seen or the peer ends.
static bool raw_expect(int fd, const char *text) {
    AUTO_STR seen = {0};
    char buffer[4096];
    for (;;) {
        ssize_t len = recv(fd, buffer, sizeof(buffer), 0);
        if (len <= 0)
            return false;
        str_append_n(&seen, buffer, (size_t)len);
        if (strstr(seen.data, text) != NULL)
            return true;
    }
}

static void bad_requests_get_400(void **state) {
    struct fixture *fixture = *state;
    static const char *const rows[] = {
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%2 HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    int before = fixture->handled;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int fd = raw_connect(http_server_port(fixture->server, 1));
        assert_int_equal(send(fd, rows[i], strlen(rows[i]), 0), (ssize_t)strlen(rows[i]));
        assert_true(raw_expect(fd, "400 Bad Request"));
        close(fd);
    }
    // Left in the middle of a request: nothing may leak.
    int fd = raw_connect(http_server_port(fixture->server, 1));
    static const char half[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";
    assert_int_equal(send(fd, half, sizeof(half) - 1, 0), sizeof(half) - 1);
    close(fd);
    fd = raw_connect(http_server_port(fixture->server, 1));
    assert_int_equal(send(fd, half, 25, 0), 25);
    close(fd);
    assert_int_equal(fixture->handled, before);
}

static void large_bodies_get_413(void **state) {
    struct fixture *fixture = *state;
    static const size_t sizes[] = {100001, 3000000, 20000000};
    struct transport *client = client_as(fixture, NULL);
    char *body = alloc_zero(20000000);
    memset(body, 'b', 20000000);
    AUTO_RESPONSE fits = exchange(client, "POST", "/later", body, 100000);
    assert_int_equal(fits.status, 200);
    assert_int_equal(fits.body.len, 100000);
    int before = fixture->handled;
    for (size_t i = 0; i < 2; i++) {
        AUTO_RESPONSE response = exchange(client, "POST", "/later", body, sizes[i]);
        assert_int_equal(response.status, 413);
    }
    // Far beyond the limit the server does not wait for the end: the reply comes while the client still sends.
    int fd = raw_connect(http_server_port(fixture->server, 1));
    static const char head[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n";
    assert_int_equal(send(fd, head, sizeof(head) - 1, 0), sizeof(head) - 1);
    assert_true(raw_expect(fd, "413"));
    close(fd);
    assert_int_equal(fixture->handled, before);
    free(body);
    transport_free(client);
}

struct hammer {
    struct transport *client;
    const char *path;
    int rounds;
    _Atomic int failures;
};

static void hammer_run(void *argument) {
    struct hammer *hammer = argument;
    char body[64];
    for (int i = 0; i < hammer->rounds; i++) {
        snprintf(body, sizeof(body), "%d from %p", i, (void *)body);
        struct http_request request = {
            .method = "POST", .path = hammer->path, .body = body, .body_len = strlen(body), .timeout = 30 * SECOND};
        AUTO_RESPONSE response = {0};
        AUTO_ERROR error = NULL;
        if (transport_roundtrip(hammer->client, &request, &response, &error) < 0) {
            fprintf(stderr, "%s\n", error_message(error));
            hammer->failures++;
        } else if (response.status != 200 || strcmp(str_text(&response.body), body) != 0) {
            hammer->failures++;
        }
    }
}

static void replies_from_a_pool_under_load(void **state) {
    struct fixture *fixture = *state;
    enum { CLIENTS = 32 };
    static const char *const paths[] = {"/later", "/later?slow"};
    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        struct hammer hammer = {.client = client_as(fixture, &fixture->alice), .path = paths[p], .rounds = 60};
        struct thread *threads[CLIENTS];
        for (int i = 0; i < CLIENTS; i++)
            threads[i] = thread_start("hammer", hammer_run, &hammer);
        for (int i = 0; i < CLIENTS; i++)
            thread_join(threads[i]);
        assert_int_equal(hammer.failures, 0);
        transport_free(hammer.client);
    }
}

static void ten_thousand_slices(void **state) {
    struct fixture *fixture = *state;
    struct transport *clients[] = {client_as(fixture, NULL), plain_client(fixture->plain_base)};
    AUTO_STR expected = {0};
    for (size_t i = 0; i < 10000; i++)
        str_append_n(&expected, fixture->big + (i * 977) % (fixture->big_len - 5000), i % 5000);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        fixture->released = 0;
        AUTO_RESPONSE response = exchange(clients[i], "GET", "/slices", NULL, 0);
        assert_int_equal(response.body.len, expected.len);
        assert_memory_equal(response.body.data, expected.data, expected.len);
        AUTO_RESPONSE head = exchange(clients[i], "HEAD", "/slices", NULL, 0);
        AUTO_RESPONSE none = exchange(clients[i], "GET", "/noslices", NULL, 0);
        assert_int_equal(none.body.len, 0);
        AUTO_RESPONSE shared = exchange(clients[i], "GET", "/shared", NULL, 0);
        assert_int_equal(shared.body.len, fixture->big_len);
        expect_body(clients[i], "/whoami", "nobody: no certificate"); // the reply before this one is released by now
        assert_int_equal(fixture->released, 20002);
        transport_free(clients[i]);
    }
}

struct stream_test {
    struct fixture *fixture;
    struct transport *client;
    const char *path;
    struct stream_stop stop;
    struct lock lock;
    struct cond changed;
    struct str seen;
    int status, result;
    bool ended;
    char *message;
    struct thread *thread;
};

static bool stream_start(void *context, int status, const char *content_type) {
    struct stream_test *test = context;
    assert_string_equal(content_type, "text/plain");
    LOCKED(&test->lock) {
        test->status = status;
        cond_broadcast(&test->changed);
    }
    return true;
}

static bool stream_data(void *context, const char *bytes, size_t len) {
    struct stream_test *test = context;
    bool go_on = true;
    LOCKED(&test->lock) {
        str_append_n(&test->seen, bytes, len);
        go_on = strstr(test->seen.data, "enough") == NULL;
        cond_broadcast(&test->changed);
    }
    return go_on;
}

static void stream_run(void *argument) {
    struct stream_test *test = argument;
    struct http_request request = {.method = "GET", .path = test->path};
    struct stream_handler handler = {stream_start, stream_data, test};
    AUTO_ERROR error = NULL;
    int result = transport_stream(test->client, &request, &handler, &test->stop, &error);
    LOCKED(&test->lock) {
        test->result = result;
        test->message = error == NULL ? NULL : alloc_string(error_message(error));
        test->ended = true;
        cond_broadcast(&test->changed);
    }
}

static void stream_open(struct stream_test *test, struct fixture *fixture, struct transport *client) {
    *test = (struct stream_test){.fixture = fixture, .client = client, .path = "/feed"};
    struct feed *feed = &fixture->feed;
    LOCKED(&feed->lock) {
        http_stream_unref(STEAL(feed->stream));
        str_clear(&feed->text);
        feed->ended = feed->cut = false;
        feed->closed = 0;
    }
    lock_init(&test->lock, "stream_test");
    cond_init(&test->changed);
    test->thread = thread_start("stream", stream_run, test);
    LOCKED(&feed->lock)
    while (feed->stream == NULL)
        cond_wait(&feed->changed, &feed->lock);
}

static void stream_wait_text(struct stream_test *test, const char *text) {
    int64_t deadline = clock_monotonic(clock_system()) + 10 * SECOND;
    LOCKED(&test->lock)
    while (strstr(str_text(&test->seen), text) == NULL)
        assert_true(clock_wait(clock_system(), &test->changed, &test->lock, deadline));
}

static void stream_end(struct stream_test *test) {
    int64_t deadline = clock_monotonic(clock_system()) + 10 * SECOND;
    LOCKED(&test->lock)
    while (!test->ended)
        assert_true(clock_wait(clock_system(), &test->changed, &test->lock, deadline));
    thread_join(test->thread);
}

static void stream_test_free(struct stream_test *test) {
    str_free(&test->seen);
    free(test->message);
    lock_destroy(&test->lock);
    cond_destroy(&test->changed);
}

static void feed_add(struct feed *feed, const char *text) {
    LOCKED(&feed->lock) {
        str_append(&feed->text, text);
        http_stream_wake(feed->stream);
    }
}

static void feed_finish(struct feed *feed, bool cut) {
    LOCKED(&feed->lock) {
        feed->ended = true;
        feed->cut = cut;
        http_stream_wake(feed->stream);
    }
}

static void feed_wait_closed(struct feed *feed, int64_t bound) {
    int64_t deadline = clock_monotonic(clock_system()) + bound;
    LOCKED(&feed->lock)
    while (feed->closed == 0)
        assert_true(clock_wait(clock_system(), &feed->changed, &feed->lock, deadline));
}

static void streams_flow_and_end(void **state) {
    struct fixture *fixture = *state;
    struct transport *clients[] = {client_as(fixture, NULL), plain_client(fixture->plain_base)};
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct stream_test test;
        stream_open(&test, fixture, clients[i]);
        for (int n = 0; n < 200; n++) {
            char line[64];
            snprintf(line, sizeof(line), "<event %d>", n);
            feed_add(&fixture->feed, line);
            http_stream_wake(fixture->feed.stream); // for nothing
            if (n % 20 == 0)
                stream_wait_text(&test, line);
        }
        feed_finish(&fixture->feed, false);
        stream_end(&test);
        assert_int_equal(test.result, 0);
        assert_int_equal(test.status, 200);
        assert_non_null(strstr(test.seen.data, "<event 198><event 199>"));
        feed_wait_closed(&fixture->feed, 5 * SECOND);
        http_stream_wake(fixture->feed.stream); // after the end: nothing
        assert_int_equal(fixture->feed.closed, 1);
        stream_test_free(&test);
        transport_free(clients[i]);
    }
}

static void streams_stop_from_either_side(void **state) {
    struct fixture *fixture = *state;
    struct transport *client = client_as(fixture, NULL);
    struct stream_test test;
    // The handler has enough.
    stream_open(&test, fixture, client);
    feed_add(&fixture->feed, "enough");
    stream_end(&test);
    assert_int_equal(test.result, 0);
    feed_wait_closed(&fixture->feed, 5 * SECOND);
    stream_test_free(&test);
    // The flag, while nothing flows; the server notices by itself that the client has left.
    stream_open(&test, fixture, client);
    feed_add(&fixture->feed, "one");
    stream_wait_text(&test, "one");
    int64_t start = clock_monotonic(clock_system());
    test.stop.stopped = true;
    stream_end(&test);
    assert_int_equal(test.result, 0);
    feed_wait_closed(&fixture->feed, 5 * SECOND);
    assert_true(clock_monotonic(clock_system()) - start < 3 * SECOND);
    stream_test_free(&test);
    // The producer breaks it off: the client must not take it for an end.
    stream_open(&test, fixture, client);
    feed_add(&fixture->feed, "two");
    stream_wait_text(&test, "two");
    feed_finish(&fixture->feed, true);
    stream_end(&test);
    assert_int_equal(test.result, -1);
    assert_non_null(test.message);
    feed_wait_closed(&fixture->feed, 5 * SECOND);
    stream_test_free(&test);
    transport_free(client);
}

static void a_client_that_does_not_read_is_cut(void **state) {
    struct fixture *fixture = *state;
    LOCKED(&fixture->feed.lock) {
        http_stream_unref(STEAL(fixture->feed.stream));
        fixture->feed.closed = 0;
    }
    int fd = raw_connect(http_server_port(fixture->server, 1));
    static const char request[] = "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    assert_true(raw_expect(fd, "xxxx"));
    usleep(200000); // the socket's buffers fill up
    assert_int_equal(fixture->feed.closed, 0);
    http_stream_abort(fixture->feed.stream);
    feed_wait_closed(&fixture->feed, 5 * SECOND);
    close(fd);
}

static void a_silent_client_that_leaves_is_noticed(void **state) {
    struct fixture *fixture = *state;
    LOCKED(&fixture->feed.lock) {
        http_stream_unref(STEAL(fixture->feed.stream));
        fixture->feed.closed = 0;
        fixture->feed.ended = fixture->feed.cut = false;
        str_clear(&fixture->feed.text);
    }
    int fd = raw_connect(http_server_port(fixture->server, 1));
    static const char request[] = "GET /feed HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    assert_true(raw_expect(fd, "\r\n\r\n"));
    usleep(50000);
    assert_int_equal(fixture->feed.closed, 0);
    close(fd);
    feed_wait_closed(&fixture->feed, SECOND);
}

static void borrowed_connections_echo(void **state) {
    struct fixture *fixture = *state;
    for (int round = 0; round < 20; round++) {
        int fd = raw_connect(http_server_port(fixture->server, 1));
        static const char request[] = "POST /borrow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
        assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
        assert_true(raw_expect(fd, "Upgrade: echo\r\n\r\n"));
        assert_int_equal(send(fd, "ping pong", 9, 0), 9);
        assert_true(raw_expect(fd, "ping pong"));
        if (round % 2 == 0)
            close(fd);
        else {
            shutdown(fd, SHUT_WR);
            assert_false(raw_expect(fd, "nothing more"));
            close(fd);
        }
    }
}

// A TLS connection of our own, for what the HTTP client does not do.
struct tls_end {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static struct tls_end tls_connect(const struct fixture *fixture) {
    struct tls_end end = {.fd = raw_connect(http_server_port(fixture->server, 0))};
    gnutls_init(&end.session, GNUTLS_CLIENT);
    gnutls_set_default_priority(end.session);
    gnutls_certificate_allocate_credentials(&end.credentials);
    gnutls_credentials_set(end.session, GNUTLS_CRD_CERTIFICATE, end.credentials);
    gnutls_transport_set_int(end.session, end.fd);
    int status;
    while ((status = gnutls_handshake(end.session)) < 0)
        assert_false(gnutls_error_is_fatal(status));
    return end;
}

static void tls_close(struct tls_end *end) {
    gnutls_deinit(end->session);
    gnutls_certificate_free_credentials(end->credentials);
    close(end->fd);
}

struct tls_sender {
    struct tls_end *end;
    const char *bytes;
    size_t len;
};

static void tls_send(void *argument) {
    struct tls_sender *sender = argument;
    for (size_t done = 0; done < sender->len;) {
        ssize_t len = gnutls_record_send(sender->end->session, sender->bytes + done, sender->len - done);
        if (len > 0)
            done += (size_t)len;
        else if (gnutls_error_is_fatal((int)len))
            return;
    }
}

static size_t tls_receive(struct tls_end *end, char *buffer, size_t want) {
    size_t done = 0;
    while (done < want) {
        ssize_t len = gnutls_record_recv(end->session, buffer + done, want - done);
        if (len > 0)
            done += (size_t)len;
        else if (len == 0 || gnutls_error_is_fatal((int)len))
            break;
    }
    return done;
}

static void borrowed_tls_connections_carry_much(void **state) {
    struct fixture *fixture = *state;
    static const char request[] = "GET /borrow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    static const char greeting[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    size_t len = (size_t)8 * 1024 * 1024;
    char *out = alloc_zero(len), *in = alloc_zero(len);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(i * 31 + i / 4096);
    for (int round = 0; round < 3; round++) {
        struct tls_end end = tls_connect(fixture);
        struct tls_sender hello = {&end, request, sizeof(request) - 1}, all = {&end, out, len};
        tls_send(&hello);
        assert_int_equal(tls_receive(&end, in, sizeof(greeting) - 1), sizeof(greeting) - 1);
        assert_memory_equal(in, greeting, sizeof(greeting) - 1);
        struct thread *sender = thread_start("sender", tls_send, &all);
        assert_int_equal(tls_receive(&end, in, len), len);
        thread_join(sender);
        assert_memory_equal(in, out, len);
        tls_close(&end);
    }
    free(out);
    free(in);
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

static void certificates_reload(void **state) {
    struct fixture *fixture = *state;
    struct transport *old = client_as(fixture, &fixture->stranger);
    struct transport *kept = client_as(fixture, &fixture->alice);
    expect_body(old, "/whoami", "nobody: x509: certificate signed by unknown authority");
    expect_body(kept, "/whoami", "alice/developers");
    // Rubbish changes nothing.
    struct str rubbish = {.data = (char *)(uintptr_t) "rubbish", .len = 7};
    usleep(1100000);
    write_file(fixture, "ca.crt", &rubbish);
    expect_body(old, "/whoami", "nobody: x509: certificate signed by unknown authority");
    expect_body(kept, "/whoami", "alice/developers");
    // A new CA for clients counts on open connections too.
    usleep(1100000);
    write_file(fixture, "ca.crt", &fixture->other_ca.ca_pem);
    expect_body(old, "/whoami", "mallory/system:masters");
    expect_body(kept, "/whoami", "nobody: x509: certificate signed by unknown authority");
    // A new serving certificate, from another CA: new connections see it.
    struct pki_leaf leaf = pki_leaf(&fixture->other_ca, "server", "x", true);
    write_file(fixture, "tls.key", &leaf.key);
    write_file(fixture, "tls.crt", &leaf.certificate);
    usleep(1100000);
    struct transport *fresh = client_as(fixture, &fixture->alice);
    struct http_request request = {.method = "GET", .path = "/whoami", .timeout = 10 * SECOND};
    struct http_response response = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(transport_roundtrip(fresh, &request, &response, &error), -1);
    assert_non_null(
        strstr(error_message(error), "tls: failed to verify certificate: x509: certificate signed by unknown authority"));
    assert_true(error_is(error, HTTP_CLIENT_UNREACHABLE));
    expect_body(old, "/whoami", "mallory/system:masters");
    pki_leaf_free(&leaf);
    transport_free(fresh);
    transport_free(old);
    transport_free(kept);
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

static void open_gate_late(void *argument) {
    struct fixture *fixture = argument;
    usleep(300000);
    LOCKED(&fixture->gate_lock) {
        fixture->gate_open = true;
        cond_broadcast(&fixture->gate_changed);
    }
}

// Stops while a request is with a worker, a stream waits and a connection is borrowed.
static void stop_with_suspended_connections(void **state) {
    struct fixture *fixture = *state;
    struct transport *client = client_as(fixture, &fixture->alice);
    struct stream_test test;
    stream_open(&test, fixture, client);
    feed_add(&fixture->feed, "one");
    stream_wait_text(&test, "one");
    int fd = raw_connect(http_server_port(fixture->server, 1));
    static const char request[] = "GET /borrow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    assert_true(raw_expect(fd, "Upgrade: echo\r\n\r\n"));
    struct hammer hammer = {.client = client, .path = "/gate", .rounds = 1};
    LOCKED(&fixture->gate_lock)
    fixture->gate_open = false;
    int before = fixture->handled;
    struct thread *held = thread_start("held", hammer_run, &hammer);
    while (fixture->handled == before)
        usleep(1000);
    struct thread *opener = thread_start("opener", open_gate_late, fixture);
    http_server_stop(fixture->server);
    fixture->server = NULL;
    thread_join(opener);
    thread_join(held);
    assert_int_equal(hammer.failures, 0);
    stream_end(&test);
    assert_int_equal(test.result, 0); // a clean end
    assert_int_equal(fixture->feed.closed, 1);
    assert_false(raw_expect(fd, "anything"));
    close(fd);
    stream_test_free(&test);
    transport_free(client);
    tls_store_free(fixture->tls);
    start_server(fixture);
}

static void a_busy_port_is_named(void **state) {
    struct fixture *fixture = *state;
    const struct http_server_listener listener = {
        .name = "x", .address = "127.0.0.1", .port = http_server_port(fixture->server, 1)};
    const struct http_server_config config = {.listeners = &listener, .listener_count = 1, .handler = handle};
    struct http_server *server = NULL;
    AUTO_ERROR error = NULL;
    assert_int_equal(http_server_start(&config, &server, &error), -1);
    AUTO_STR expected = {0};
    str_printf(&expected, "listen tcp 127.0.0.1:%u: bind: ", listener.port);
    assert_true(str_starts(error_message(error), expected.data));
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_certificates_are_told_apart),
        cmocka_unit_test(a_request_arrives_whole),
        cmocka_unit_test(all_methods_work),
        cmocka_unit_test(bad_requests_get_400),
        cmocka_unit_test(large_bodies_get_413),
        cmocka_unit_test(replies_from_a_pool_under_load),
        cmocka_unit_test(ten_thousand_slices),
        cmocka_unit_test(streams_flow_and_end),
        cmocka_unit_test(streams_stop_from_either_side),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(a_silent_client_that_leaves_is_noticed),
        cmocka_unit_test(borrowed_connections_echo),
        cmocka_unit_test(borrowed_tls_connections_carry_much),
        cmocka_unit_test(credentials_are_sent_and_read_again),
        cmocka_unit_test(unix_sockets_and_names),
        cmocka_unit_test(only_a_connection_that_failed_is_tried_elsewhere),
        cmocka_unit_test(time_limits_hold),
        cmocka_unit_test(a_busy_port_is_named),
        cmocka_unit_test(stop_with_suspended_connections),
        cmocka_unit_test(certificates_reload),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
