// SPDX-License-Identifier: Apache-2.0
// An HTTP server with one handler that does, by path, all that a server can, and clients for it; shared by the tests of both sides.
#ifndef CUBE_TESTS_UNIT_COMMON_NET_HTTP_FIXTURE_H
#define CUBE_TESTS_UNIT_COMMON_NET_HTTP_FIXTURE_H

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

static inline void reply_identity(struct http_server_request *request) {
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

static inline bool append_header(void *context, const char *name, const char *value) {
    if (str_starts(name, "X-"))
        str_printf(context, " %s=%s", name, value);
    return true;
}

static inline void reply_echo(struct http_server_request *request) {
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

static inline void reply_later(void *argument) {
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

static inline void count_release(void *owner) {
    atomic_fetch_add((_Atomic int *)owner, 1);
}

static inline void reply_many_slices(struct fixture *fixture, struct http_server_request *request, size_t count) {
    struct http_slice *slices = alloc_array(count + 1, sizeof(*slices));
    for (size_t i = 0; i < count; i++) {
        size_t start = (i * 977) % (fixture->big_len - 5000);
        slices[i] = (struct http_slice){fixture->big + start, i % 5000, &fixture->released};
    }
    http_server_reply_slices(request, &ok_text, slices, count, count_release);
}

static inline ssize_t feed_read(void *context, char *buffer, size_t max) {
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

static inline void feed_closed(void *context) {
    struct feed *feed = context;
    LOCKED(&feed->lock) {
        feed->closed++;
        cond_broadcast(&feed->changed);
    }
}

static const struct http_stream_ops feed_ops = {feed_read, feed_closed};

static inline ssize_t flood_read(void *context UNUSED, char *buffer, size_t max) {
    memset(buffer, 'x', max);
    return (ssize_t)max;
}
static const struct http_stream_ops flood_ops = {flood_read, feed_closed};

static inline void reply_feed(struct fixture *fixture, struct http_server_request *request, const struct http_stream_ops *ops) {
    struct feed *feed = &fixture->feed;
    struct http_stream *stream = http_server_reply_stream(request, &ok_text, ops, feed);
    LOCKED(&feed->lock) {
        http_stream_unref(feed->stream);
        feed->stream = stream;
        cond_broadcast(&feed->changed);
    }
}

static inline void echo_on_borrowed(void *context UNUSED, struct http_connection *connection) {
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

static inline void handle(void *context, struct http_server_request *request) {
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

static inline void write_file(const struct fixture *fixture, const char *name, const struct str *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    assert_int_equal(file_write_atomic(path, text->data, text->len, 0600, NULL), 0);
}

static inline void start_server(struct fixture *fixture) {
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

static inline int set_up(void **state) {
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

static inline int tear_down(void **state) {
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

static inline struct transport *client_as(const struct fixture *fixture, const struct pki_leaf *leaf) {
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

static inline struct transport *plain_client(const char *base) {
    const char *endpoints[] = {base, NULL};
    const struct http_client_config config = {.endpoints = endpoints};
    struct transport *client = NULL;
    assert_int_equal(http_client_new(&config, &client, NULL), 0);
    return client;
}

static inline struct http_response exchange(struct transport *client, const char *method, const char *path, const char *body,
                                            size_t len) {
    struct http_request request = {.method = method, .path = path, .body = body, .body_len = len, .timeout = 20 * SECOND};
    struct http_response response = {0};
    struct error *error = NULL;
    if (transport_roundtrip(client, &request, &response, &error) < 0)
        fail_msg("%s", error_message(error));
    return response;
}

static inline void expect_body(struct transport *client, const char *path, const char *body) {
    AUTO_RESPONSE response = exchange(client, "GET", path, NULL, 0);
    assert_string_equal(str_text(&response.body), body);
}

static inline int raw_connect(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval bound = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

// Reads until the text has been seen or the peer ends.
static inline bool raw_expect(int fd, const char *text) {
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

struct hammer {
    struct transport *client;
    const char *path;
    int rounds;
    _Atomic int failures;
};

static inline void hammer_run(void *argument) {
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

#endif
