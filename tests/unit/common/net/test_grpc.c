// SPDX-License-Identifier: Apache-2.0
// The gRPC client against a small HTTP/2 server that behaves well or badly by the method's name.
#include <errno.h>
#include <nghttp2/nghttp2.h>
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
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/thread.h"
#include "common/net/grpc.h"

#define MAX_CONNECTIONS 16

// --- the server ------------------------------------------------------------------------------------------------------------

struct server {
    char path[108];
    int listen_fd;
    _Atomic bool stopping;
    _Atomic int streams_reset;
    _Atomic int connections_made;
    struct thread *acceptor;
    struct thread *threads[MAX_CONNECTIONS];
    size_t thread_count;
};

struct reply {
    struct str method, timeout, metadata, request, body;
    size_t sent;
    bool no_end, no_trailers, started;
    const char *http_status, *grpc_status, *grpc_message;
};

struct peer {
    struct server *server;
    int fd;
    nghttp2_session *http2;
};

static void add_message(struct str *body, unsigned char flag, const void *bytes, size_t len) {
    const unsigned char head[] = {flag, (unsigned char)(len >> 24), (unsigned char)(len >> 16), (unsigned char)(len >> 8),
                                  (unsigned char)len};
    str_append_n(body, head, sizeof(head));
    str_append_n(body, bytes, len);
}

static nghttp2_nv nv(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), 0};
}

static ssize_t reply_read(nghttp2_session *http2, int32_t stream_id, uint8_t *buffer, size_t max, uint32_t *flags,
                          nghttp2_data_source *source, void *user_data UNUSED) {
    struct reply *reply = source->ptr;
    size_t len = MIN(max, reply->body.len - reply->sent);
    if (len > 0)
        memcpy(buffer, reply->body.data + reply->sent, len);
    reply->sent += len;
    if (reply->sent < reply->body.len)
        return (ssize_t)len;
    if (reply->no_end)
        return len > 0 ? (ssize_t)len : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!reply->no_trailers) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const nghttp2_nv trailers[] = {nv("grpc-status", reply->grpc_status), nv("grpc-message", reply->grpc_message)};
        nghttp2_submit_trailer(http2, stream_id, trailers, 2);
    }
    return (ssize_t)len;
}

static size_t number_in(const struct reply *reply) {
    return strtoul(reply->request.data + 5, NULL, 10);
}

static void fill_reply(struct reply *reply) {
    const char *method = reply->method.data;
    const char *message = reply->request.data + 5;
    size_t len = reply->request.len - 5;
    char text[64];
    if (str_equal(method, "/t/Echo")) {
        add_message(&reply->body, 0, message, len);
    } else if (str_equal(method, "/t/Meta")) {
        snprintf(text, sizeof(text), "%s %s", str_text(&reply->metadata), str_text(&reply->timeout));
        add_message(&reply->body, 0, text, strlen(text));
    } else if (str_equal(method, "/t/Big")) {
        char *big = alloc_zero(number_in(reply));
        add_message(&reply->body, 0, big, number_in(reply));
        free(big);
    } else if (str_equal(method, "/t/Count")) {
        for (size_t i = 0; i < number_in(reply); i++) {
            snprintf(text, sizeof(text), "message %zu", i);
            add_message(&reply->body, 0, text, strlen(text));
        }
    } else if (str_equal(method, "/t/CountThenFail")) {
        add_message(&reply->body, 0, "one", 3);
        reply->grpc_status = "10";
        reply->grpc_message = "gone wrong";
    } else if (str_equal(method, "/t/Two")) {
        add_message(&reply->body, 0, "a", 1);
        add_message(&reply->body, 0, "b", 1);
    } else if (str_equal(method, "/t/Compressed")) {
        add_message(&reply->body, 1, "a", 1);
    } else if (str_equal(method, "/t/NoTrailers")) {
        add_message(&reply->body, 0, "a", 1);
        reply->no_trailers = true;
    } else if (str_equal(method, "/t/Forever")) {
        add_message(&reply->body, 0, "first", 5);
        reply->no_end = true;
    } else if (str_equal(method, "/t/Slow")) {
        reply->no_end = true;
    }
}

static void answer(struct peer *peer, int32_t stream_id, struct reply *reply) {
    reply->http_status = "200";
    reply->grpc_status = "0";
    reply->grpc_message = "";
    if (str_equal(reply->method.data, "/t/Fail")) {
        const nghttp2_nv headers[] = {nv(":status", "200"), nv("content-type", "application/grpc"), nv("grpc-status", "5"),
                                      nv("grpc-message", "no such thing: 100%25 \"gone%22 %C3%A4")};
        nghttp2_submit_response(peer->http2, stream_id, headers, 4, NULL);
        return;
    }
    if (str_equal(reply->method.data, "/t/NotFound")) {
        const nghttp2_nv headers[] = {nv(":status", "404")};
        nghttp2_submit_response(peer->http2, stream_id, headers, 1, NULL);
        return;
    }
    if (str_equal(reply->method.data, "/t/Reset")) {
        nghttp2_submit_rst_stream(peer->http2, 0, stream_id, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    fill_reply(reply);
    const nghttp2_nv headers[] = {nv(":status", "200"), nv("content-type", "application/grpc")};
    const nghttp2_data_provider provider = {.source.ptr = reply, .read_callback = reply_read};
    nghttp2_submit_response(peer->http2, stream_id, headers, 2, &provider);
}

static int server_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                         const uint8_t *value, size_t value_len, uint8_t flags UNUSED, void *user_data UNUSED) {
    struct reply *reply = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
    if (reply == NULL) {
        reply = alloc_zero(sizeof(*reply));
        nghttp2_session_set_stream_user_data(http2, frame->hd.stream_id, reply);
    }
    if (name_len == 5 && memcmp(name, ":path", 5) == 0)
        str_append_n(&reply->method, value, value_len);
    if (name_len == 12 && memcmp(name, "grpc-timeout", 12) == 0)
        str_append_n(&reply->timeout, value, value_len);
    if (name_len == 6 && memcmp(name, "x-test", 6) == 0)
        str_append_n(&reply->metadata, value, value_len);
    return 0;
}

static int server_data(nghttp2_session *http2, uint8_t flags UNUSED, int32_t stream_id, const uint8_t *bytes, size_t len,
                       void *user_data UNUSED) {
    struct reply *reply = nghttp2_session_get_stream_user_data(http2, stream_id);
    if (reply != NULL)
        str_append_n(&reply->request, bytes, len);
    return 0;
}

static int server_frame(nghttp2_session *http2, const nghttp2_frame *frame, void *user_data) {
    struct reply *reply = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
    bool data = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (reply != NULL && data && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && !reply->started) {
        reply->started = true;
        answer(user_data, frame->hd.stream_id, reply);
    }
    return 0;
}

static int server_stream_close(nghttp2_session *http2, int32_t stream_id, uint32_t code, void *user_data) {
    struct peer *peer = user_data;
    struct reply *reply = nghttp2_session_get_stream_user_data(http2, stream_id);
    if (code == NGHTTP2_CANCEL)
        peer->server->streams_reset++;
    if (reply != NULL) {
        str_free(&reply->method);
        str_free(&reply->timeout);
        str_free(&reply->metadata);
        str_free(&reply->request);
        str_free(&reply->body);
        free(reply);
    }
    return 0;
}

static void serve(void *argument) {
    struct peer *peer = argument;
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, server_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, server_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, server_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, server_stream_close);
    nghttp2_session_server_new(&peer->http2, callbacks, peer);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(peer->http2, 0, NULL, 0);
    char buffer[16384];
    while (!peer->server->stopping) {
        const uint8_t *out;
        ssize_t len;
        while ((len = nghttp2_session_mem_send(peer->http2, &out)) > 0)
            for (ssize_t done = 0, part; done < len; done += part)
                if ((part = send(peer->fd, out + done, (size_t)(len - done), MSG_NOSIGNAL)) <= 0)
                    goto end;
        struct pollfd fd = {.fd = peer->fd, .events = POLLIN};
        if (poll(&fd, 1, 20) == 0)
            continue;
        len = recv(peer->fd, buffer, sizeof(buffer), 0);
        if (len <= 0 || nghttp2_session_mem_recv(peer->http2, (uint8_t *)buffer, (size_t)len) < 0)
            break;
    }
end:
    // nghttp2 does not report streams that are still open when its session goes: their replies would leak.
    for (int32_t id = 1; id < 20000; id += 2)
        if (nghttp2_session_get_stream_user_data(peer->http2, id) != NULL)
            server_stream_close(peer->http2, id, 0, peer);
    nghttp2_session_del(peer->http2);
    close(peer->fd);
    free(peer);
}

static void accept_all(void *argument) {
    struct server *server = argument;
    while (!server->stopping) {
        struct pollfd fd = {.fd = server->listen_fd, .events = POLLIN};
        if (poll(&fd, 1, 20) == 0)
            continue;
        struct peer *peer = alloc_zero(sizeof(*peer));
        *peer = (struct peer){.server = server, .fd = accept(server->listen_fd, NULL, NULL)};
        assert_true(server->thread_count < MAX_CONNECTIONS);
        server->connections_made++;
        server->threads[server->thread_count++] = thread_start("serve", serve, peer);
    }
}

static void server_start(struct server *server) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, server->path);
    unlink(server->path);
    server->stopping = false;
    server->thread_count = 0;
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listen_fd, 16), 0);
    server->acceptor = thread_start("accept", accept_all, server);
}

static void server_stop(struct server *server) {
    server->stopping = true;
    thread_join(server->acceptor);
    for (size_t i = 0; i < server->thread_count; i++)
        thread_join(server->threads[i]);
    close(server->listen_fd);
    unlink(server->path);
}

// --- fixture ---------------------------------------------------------------------------------------------------------------

struct fixture {
    struct server server;
    char directory[64];
    struct grpc_client *client;
};

static int set_up(void **state) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    strcpy(fixture->directory, "/tmp/test-grpc-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->server.path, sizeof(fixture->server.path), "%s/socket", fixture->directory);
    server_start(&fixture->server);
    char endpoint[128];
    snprintf(endpoint, sizeof(endpoint), "unix://%s", fixture->server.path);
    const struct http_header metadata[] = {{"x-test", "marked"}};
    const struct grpc_client_config config = {.socket_path = endpoint, .metadata = metadata, .metadata_count = 1};
    assert_int_equal(grpc_client_new(&config, &fixture->client, NULL), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    grpc_client_free(fixture->client);
    server_stop(&fixture->server);
    assert_int_equal(file_remove_tree(fixture->directory, NULL), 0);
    free(fixture);
    return 0;
}

static int call(struct fixture *fixture, const char *method, const char *text, int64_t timeout, struct str *reply,
                struct error **err) {
    const struct grpc_request request = {.method = method, .message = text, .len = strlen(text), .timeout = timeout};
    return grpc_client_call(fixture->client, &request, reply, err);
}

// --- tests -----------------------------------------------------------------------------------------------------------------

static void replies_and_errors(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *method, *request, *reply;
        enum grpc_code code;
        const char *message;
    } rows[] = {
        {"/t/Echo", "hello", "hello", GRPC_OK, NULL},
        {"/t/Echo", "", "", GRPC_OK, NULL},
        {"/t/Meta", "", "marked 5000000u", GRPC_OK, NULL},
        {"/t/Fail", "x", NULL, GRPC_NOT_FOUND, "rpc error: code = NotFound desc = no such thing: 100% \"gone\" ä"},
        {"/t/NotFound", "x", NULL, GRPC_UNIMPLEMENTED, NULL},
        {"/t/Reset", "x", NULL, GRPC_INTERNAL, NULL},
        {"/t/NoTrailers", "x", NULL, GRPC_INTERNAL, NULL},
        {"/t/Two", "x", NULL, GRPC_INTERNAL, NULL},
        {"/t/None", "x", NULL, GRPC_INTERNAL, NULL},
        {"/t/Compressed", "x", NULL, GRPC_INTERNAL, NULL},
        {"/t/CountThenFail", "x", NULL, GRPC_ABORTED, "rpc error: code = Aborted desc = gone wrong"},
        {"/t/Big", "16777217", NULL, GRPC_RESOURCE_EXHAUSTED, NULL},
        {"/t/Echo", "still well", "still well", GRPC_OK, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR reply = {0};
        AUTO_ERROR error = NULL;
        int status = call(fixture, rows[i].method, rows[i].request, 5 * SECOND, &reply, &error);
        assert_int_equal(status, rows[i].code == GRPC_OK ? 0 : -1);
        assert_int_equal(grpc_error_code(error), rows[i].code);
        if (rows[i].reply != NULL)
            assert_string_equal(str_text(&reply), rows[i].reply);
        if (rows[i].message != NULL)
            assert_string_equal(error_message(error), rows[i].message);
    }
    assert_int_equal(fixture->server.connections_made, 1);
}

static void large_messages_pass(void **state) {
    struct fixture *fixture = *state;
    AUTO_STR reply = {0}, large = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(call(fixture, "/t/Big", "16777216", 20 * SECOND, &reply, &error), 0);
    assert_int_equal(reply.len, 16777216);
    str_clear(&reply);
    for (int i = 0; i < 500000; i++)
        str_append_int(&large, i);
    const struct grpc_request echo = {"/t/Echo", large.data, large.len, 20 * SECOND};
    assert_int_equal(grpc_client_call(fixture->client, &echo, &reply, &error), 0);
    assert_int_equal(reply.len, large.len);
    assert_memory_equal(reply.data, large.data, large.len);
}

static void deadlines_hold(void **state) {
    struct fixture *fixture = *state;
    AUTO_STR reply = {0};
    AUTO_ERROR error = NULL;
    int before = fixture->server.streams_reset;
    int64_t start = clock_monotonic(clock_system());
    assert_int_equal(call(fixture, "/t/Slow", "", 200 * MILLISECOND, &reply, &error), -1);
    int64_t took = clock_monotonic(clock_system()) - start;
    assert_true(took >= 200 * MILLISECOND && took < 2 * SECOND);
    assert_int_equal(grpc_error_code(error), GRPC_DEADLINE_EXCEEDED);
    for (int i = 0; i < 500 && fixture->server.streams_reset == before; i++)
        usleep(10000);
    assert_int_equal(fixture->server.streams_reset, before + 1);
}

struct hammer {
    struct fixture *fixture;
    _Atomic int failures;
};

static void hammer_run(void *argument) {
    struct hammer *hammer = argument;
    for (int i = 0; i < 100; i++) {
        char text[64];
        AUTO_STR reply = {0};
        AUTO_ERROR error = NULL;
        snprintf(text, sizeof(text), "%d %p", i, (void *)&reply);
        if (call(hammer->fixture, "/t/Echo", text, 20 * SECOND, &reply, &error) < 0 || strcmp(str_text(&reply), text) != 0)
            hammer->failures++;
    }
}

static void many_threads_share_the_connection(void **state) {
    struct hammer hammer = {.fixture = *state};
    struct thread *threads[16];
    int before = hammer.fixture->server.connections_made;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        threads[i] = thread_start("hammer", hammer_run, &hammer);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        thread_join(threads[i]);
    assert_int_equal(hammer.failures, 0);
    assert_int_equal(hammer.fixture->server.connections_made, before);
}

struct collect {
    struct str last;
    size_t count, stop_at;
    struct stream_stop *stop;
    int pause_us;
};

static bool collect_message(void *context, const char *bytes, size_t len) {
    struct collect *collect = context;
    str_clear(&collect->last);
    str_append_n(&collect->last, bytes, len);
    collect->count++;
    if (collect->pause_us > 0)
        usleep((useconds_t)collect->pause_us);
    return collect->count != collect->stop_at;
}

static void streams_bring_all_messages(void **state) {
    struct fixture *fixture = *state;
    struct collect collect = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(grpc_client_stream(fixture->client,
                                        &(struct grpc_request){.method = "/t/Count", .message = "100000", .len = 6},
                                        collect_message, &collect, NULL, &error),
                     0);
    assert_int_equal(collect.count, 100000);
    assert_string_equal(collect.last.data, "message 99999");
    str_free(&collect.last);
    // The handler ends it.
    struct collect some = {.stop_at = 7};
    assert_int_equal(grpc_client_stream(fixture->client,
                                        &(struct grpc_request){.method = "/t/Count", .message = "100000", .len = 6},
                                        collect_message, &some, NULL, &error),
                     0);
    assert_int_equal(some.count, 7);
    str_free(&some.last);
    // A failure behind messages.
    struct collect failing = {0};
    assert_int_equal(grpc_client_stream(fixture->client,
                                        &(struct grpc_request){.method = "/t/CountThenFail", .message = "x", .len = 1},
                                        collect_message, &failing, NULL, &error),
                     -1);
    assert_int_equal(failing.count, 1);
    assert_int_equal(grpc_error_code(error), GRPC_ABORTED);
    str_free(&failing.last);
}

static void stop_later(void *argument) {
    usleep(300000);
    ((struct stream_stop *)argument)->stopped = true;
}

static void a_waiting_stream_stops_by_the_flag(void **state) {
    struct fixture *fixture = *state;
    struct stream_stop stop = {0};
    struct collect collect = {0};
    AUTO_ERROR error = NULL;
    struct thread *stopper = thread_start("stopper", stop_later, &stop);
    int64_t start = clock_monotonic(clock_system());
    assert_int_equal(grpc_client_stream(fixture->client, &(struct grpc_request){.method = "/t/Forever", .message = "", .len = 0},
                                        collect_message, &collect, &stop, &error),
                     0);
    assert_true(clock_monotonic(clock_system()) - start < 2 * SECOND);
    assert_int_equal(collect.count, 1);
    assert_string_equal(collect.last.data, "first");
    thread_join(stopper);
    str_free(&collect.last);
}

static void stop_server_later(void *argument) {
    usleep(200000);
    server_stop(argument);
}

static void a_restarted_server_is_found_again(void **state) {
    struct fixture *fixture = *state;
    AUTO_STR reply = {0};
    AUTO_ERROR broken = NULL;
    AUTO_ERROR refused = NULL;
    AUTO_ERROR none = NULL;
    struct collect collect = {0};
    assert_int_equal(call(fixture, "/t/Echo", "a", 5 * SECOND, &reply, &none), 0);
    struct thread *stopper = thread_start("stopper", stop_server_later, &fixture->server);
    assert_int_equal(grpc_client_stream(fixture->client, &(struct grpc_request){.method = "/t/Forever", .message = "", .len = 0},
                                        collect_message, &collect, NULL, &broken),
                     -1);
    assert_int_equal(grpc_error_code(broken), GRPC_UNAVAILABLE);
    thread_join(stopper);
    assert_int_equal(call(fixture, "/t/Echo", "b", 5 * SECOND, &reply, &refused), -1);
    assert_int_equal(grpc_error_code(refused), GRPC_UNAVAILABLE);
    AUTO_STR expected = {0};
    str_printf(&expected,
               "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix %s: "
               "connect: no such file or directory\"",
               fixture->server.path);
    assert_string_equal(error_message(refused), expected.data);
    server_start(&fixture->server);
    str_clear(&reply);
    assert_int_equal(call(fixture, "/t/Echo", "c", 5 * SECOND, &reply, &none), 0);
    assert_string_equal(reply.data, "c");
    str_free(&collect.last);
}

static void only_absolute_unix_paths(void **state UNUSED) {
    static const char *const rows[] = {"tcp://127.0.0.1:1", "unix://relative", "relative", ""};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct grpc_client_config config = {.socket_path = rows[i]};
        struct grpc_client *client = NULL;
        AUTO_ERROR error = NULL;
        assert_int_equal(grpc_client_new(&config, &client, &error), -1);
    }
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_and_errors),
        cmocka_unit_test(large_messages_pass),
        cmocka_unit_test(deadlines_hold),
        cmocka_unit_test(many_threads_share_the_connection),
        cmocka_unit_test(streams_bring_all_messages),
        cmocka_unit_test(a_waiting_stream_stops_by_the_flag),
        cmocka_unit_test(a_restarted_server_is_found_again),
        cmocka_unit_test(only_absolute_unix_paths),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
