// SPDX-License-Identifier: Apache-2.0
// The HTTP server: certificates, bodies, replies, streams, borrowed connections, stop.
#include <fcntl.h>

#include "tests/unit/common/net/http_fixture.h"

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

static int open_files(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

// Also its connection goes at once, though another one that idles for longer stays.
static void a_silent_client_that_leaves_is_noticed(void **state) {
    struct fixture *fixture = *state;
    LOCKED(&fixture->feed.lock) {
        http_stream_unref(STEAL(fixture->feed.stream));
        fixture->feed.closed = 0;
        fixture->feed.ended = fixture->feed.cut = false;
        str_clear(&fixture->feed.text);
    }
    static const char request[] = "GET /feed HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char other[] = "GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n";
    int idle = raw_connect(http_server_port(fixture->server, 1));
    assert_int_equal(send(idle, other, sizeof(other) - 1, 0), sizeof(other) - 1);
    assert_true(raw_expect(idle, "nobody"));
    int files = open_files();
    int fd = raw_connect(http_server_port(fixture->server, 1));
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    assert_true(raw_expect(fd, "\r\n\r\n"));
    usleep(50000);
    assert_int_equal(fixture->feed.closed, 0);
    close(fd);
    feed_wait_closed(&fixture->feed, SECOND);
    for (int i = 0; i < 100 && open_files() > files; i++)
        usleep(10000);
    assert_int_equal(open_files(), files);
    close(idle);
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
        cmocka_unit_test(a_busy_port_is_named),
        cmocka_unit_test(stop_with_suspended_connections),
        cmocka_unit_test(certificates_reload),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
