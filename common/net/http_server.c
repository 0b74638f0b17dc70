// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server over libmicrohttpd: start and stop, and the way of a request from its first line to the handler.
#include "common/net/http_server.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/net/http_server_internal.h"

#define DEFAULT_MAX_BODY ((size_t)3 * 1024 * 1024)
#define DEFAULT_CONNECTION_BUFFER ((size_t)32 * 1024)
#define DEFAULT_MAX_CONNECTIONS 20000u
#define DEFAULT_IDLE_SECONDS 120u
// A body over the limit is read and thrown away up to this size, so that the client gets to see the reply; beyond, the reply comes at once.
#define MAX_DISCARD ((uint64_t)16 * 1024 * 1024)
// How long streams get to send their last chunk when the server stops.
#define STREAM_END_TIME SECOND
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define TLS_1_3_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IO_STACK_SIZE ((size_t)1024 * 1024)
#else
#define IO_STACK_SIZE THREAD_STACK_SIZE
#endif

// --- requests --------------------------------------------------------------------------------------------------------------

// The request line is in: the library hands out the target as sent only here.
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection) {
    struct http_server_port *port = cls;
    struct http_server_exchange *exchange = alloc_zero(sizeof(*exchange));
    exchange->server = port->server;
    exchange->connection = connection;
    exchange->target = alloc_string(target);
    lock_init(&exchange->lock, "http_server_exchange");
    return exchange;
}

static void on_completed(void *cls UNUSED, struct MHD_Connection *connection UNUSED, void **con_cls,
                         enum MHD_RequestTerminationCode code UNUSED) {
    struct http_server_exchange *exchange = STEAL(*con_cls);
    if (exchange == NULL)
        return;
    if (exchange->stream != NULL)
        http_server_stream_over(exchange->stream);
    http_server_exchange_release(exchange);
    LOCKED(&exchange->lock) {
        // Whoever resumed the connection may still be about to leave its lock.
    }
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    lock_destroy(&exchange->lock);
    str_free(&exchange->body);
    free(exchange->target);
    free(exchange->raw_path);
    free(exchange->path);
    free(exchange);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct http_server_link *link = NULL;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        http_server_link_close(STEAL(*socket_context));
    } else if (http_server_link_open(cls, connection, &link) == MHD_YES) {
        *socket_context = link;
    }
}

// Sets path and query from the target, in origin form ("/x?y") or absolute form ("http://host/x?y"). false: a broken escape.
static bool split_target(struct http_server_exchange *exchange) {
    const char *start = exchange->target;
    const char *rest = str_skip_prefix(start, "http://");
    if (rest == NULL)
        rest = str_skip_prefix(start, "https://");
    if (rest != NULL) {
        start = rest + strcspn(rest, "/?");
    }
    size_t len = strcspn(start, "?");
    exchange->raw_path = alloc_string_n(start, len);
    AUTO_STR path = {0};
    if (!percent_decode(&path, start, len, false))
        return false;
    exchange->path = str_take(&path);
    exchange->request.query = start[len] == '?' ? start + len + 1 : "";
    return true;
}

static enum MHD_Result answer_at_once(struct http_server_exchange *exchange, int status, const char *text) {
    const struct http_header close_header = {"Connection", "close"};
    const struct http_server_head head = {status, "text/plain; charset=utf-8", &close_header, 1};
    exchange->dispatched = true;
    http_server_reply(&exchange->request, &head, text, strlen(text));
    return http_server_exchange_settle(exchange);
}

static void refuse_large(void *context UNUSED, struct http_server_request *request) {
    const struct http_server_head head = {413, "text/plain; charset=utf-8", NULL, 0};
    http_server_reply(request, &head, "http: request body too large\n", 29);
}

static bool count_as_held(struct http_server_exchange *exchange) {
    struct http_server *server = exchange->server;
    LOCKED(&server->lock) {
        if (!server->draining) {
            server->held++;
            exchange->counted = true;
        }
    }
    return exchange->counted;
}

static enum MHD_Result dispatch(struct http_server_exchange *exchange) {
    struct http_server *server = exchange->server;
    struct http_server_link *link = exchange->link;
    struct http_server_request *request = &exchange->request;
    exchange->dispatched = true;
    if (!count_as_held(exchange))
        return answer_at_once(exchange, 503, "the server is shutting down\n");
    http_server_link_identify(link);
    request->target = exchange->target;
    request->raw_path = exchange->raw_path;
    request->path = exchange->path;
    request->body = str_text(&exchange->body);
    request->body_len = exchange->body.len;
    request->peer = link->certificate != NULL ? &link->peer : NULL;
    request->peer_error = link->peer_error;
    request->remote_address = link->remote_address;
    request->remote_port = link->remote_port;
    request->tls = link->session != NULL;
    request->listener = link->port->name;
    if (exchange->too_large)
        server->too_large(server->context, request);
    else
        server->handler(server->context, request);
    return http_server_exchange_settle(exchange);
}

// Headers are in, the body is not.
static enum MHD_Result begin(struct http_server_exchange *exchange, const char *method) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange->begun = true;
    exchange->link = info == NULL ? NULL : info->socket_context;
    if (exchange->link == NULL)
        return MHD_NO;
    exchange->request.method = method;
    if (!split_target(exchange))
        return answer_at_once(exchange, 400, "400 Bad Request");
    const char *length = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t announced;
    if (length == NULL || !str_to_uint64(length, &announced) || announced <= exchange->server->max_body)
        return MHD_YES;
    exchange->too_large = true;
    // The client waits for a word before it sends the body, or would send more than is worth reading.
    const char *expect = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);
    if (announced > MAX_DISCARD || (expect != NULL && strcasecmp(expect, "100-continue") == 0))
        return dispatch(exchange);
    return MHD_YES;
}

static enum MHD_Result add_body(struct http_server_exchange *exchange, const char *bytes, size_t *len) {
    exchange->body_seen += *len;
    if (exchange->body_seen > exchange->server->max_body)
        exchange->too_large = true;
    if (exchange->body_seen > MAX_DISCARD + exchange->server->max_body)
        return MHD_NO;
    if (exchange->too_large)
        str_free(&exchange->body);
    else
        str_append_n(&exchange->body, bytes, *len);
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls UNUSED, struct MHD_Connection *connection UNUSED, const char *url UNUSED,
                                  const char *method, const char *version UNUSED, const char *upload, size_t *upload_len,
                                  void **con_cls) {
    struct http_server_exchange *exchange = *con_cls;
    if (exchange == NULL)
        return MHD_NO;
    if (!exchange->begun)
        return begin(exchange, method);
    if (exchange->dispatched)
        return http_server_exchange_settle(exchange);
    if (*upload_len > 0)
        return add_body(exchange, upload, upload_len);
    return dispatch(exchange);
}

const char *http_server_header(const struct http_server_request *request, const char *name) {
    const struct http_server_exchange *exchange = (const struct http_server_exchange *)request;
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

struct header_visit {
    bool (*visit)(void *context, const char *name, const char *value);
    void *context;
};

static enum MHD_Result visit_header(void *cls, enum MHD_ValueKind kind UNUSED, const char *name, const char *value) {
    const struct header_visit *visit = cls;
    return visit->visit(visit->context, name, value == NULL ? "" : value) ? MHD_YES : MHD_NO;
}

void http_server_each_header(const struct http_server_request *request,
                             bool (*visit)(void *context, const char *name, const char *value), void *context) {
    const struct http_server_exchange *exchange = (const struct http_server_exchange *)request;
    struct header_visit closure = {visit, context};
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, visit_header, &closure);
}

// --- start and stop --------------------------------------------------------------------------------------------------------

// The library insists on a certificate source of its own; credentials are set for each connection when it opens.
static int no_certificate(gnutls_session_t session UNUSED, const gnutls_datum_t *authorities UNUSED, int authority_count UNUSED,
                          const gnutls_pk_algorithm_t *algorithms UNUSED, int algorithm_count UNUSED,
                          gnutls_pcert_st **certificates UNUSED, unsigned int *certificate_count UNUSED,
                          gnutls_privkey_t *key UNUSED) {
    return -1;
}

static void discard_log(void *cls UNUSED, const char *format UNUSED, va_list args UNUSED) {
}

static int start_daemon(const struct http_server_config *config, const struct http_server_listener *listener,
                        struct http_server_port *port, struct error **err) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    unsigned threads = listener->threads > 0 ? listener->threads : listener->tls != NULL ? 2 : 1;
    unsigned connections = config->max_connections > 0 ? config->max_connections : DEFAULT_MAX_CONNECTIONS;
    unsigned idle = config->idle_seconds > 0 ? config->idle_seconds : DEFAULT_IDLE_SECONDS;
    size_t buffer = config->connection_buffer > 0 ? config->connection_buffer : DEFAULT_CONNECTION_BUFFER;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, __extension__(void *) no_certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)(listener->tls_1_3_only ? TLS_1_3_PRIORITIES : TLS_PRIORITIES)},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem pool_options[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (listener->tls != NULL)
        flags |= MHD_USE_TLS;
    port->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, port, MHD_OPTION_EXTERNAL_LOGGER, discard_log, NULL,
                                    MHD_OPTION_LISTEN_SOCKET, port->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, port,
                                    MHD_OPTION_NOTIFY_COMPLETED, on_completed, port, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                                    port, MHD_OPTION_CONNECTION_MEMORY_LIMIT, buffer, MHD_OPTION_CONNECTION_LIMIT, connections,
                                    MHD_OPTION_CONNECTION_TIMEOUT, idle, MHD_OPTION_THREAD_STACK_SIZE, IO_STACK_SIZE,
                                    MHD_OPTION_ARRAY, threads > 1 ? pool_options : none, MHD_OPTION_ARRAY,
                                    listener->tls != NULL ? tls_options : none, MHD_OPTION_END);
    if (port->daemon == NULL)
        return error_set(err, "start the HTTP server for listener \"%s\"", port->name);
    return 0;
}

static int start_port(struct http_server *server, const struct http_server_config *config, size_t index, struct error **err) {
    const struct http_server_listener *listener = &config->listeners[index];
    struct http_server_port *port = &server->ports[index];
    port->name = alloc_string(listener->name != NULL ? listener->name : "");
    port->tls = listener->tls;
    if (http_server_listen(listener, &port->listen_fd, &port->port, err) < 0)
        return -1;
    return start_daemon(config, listener, port, err);
}

static void server_free(struct http_server *server) {
    http_server_hangup_stop(server);
    for (size_t i = 0; i < server->port_count; i++) {
        fd_closep(&server->ports[i].listen_fd);
        free(server->ports[i].name);
    }
    free(server->ports);
    cond_destroy(&server->changed);
    lock_destroy(&server->lock);
    lock_destroy(&server->hangup_lock);
    free(server);
}

int http_server_start(const struct http_server_config *config, struct http_server **ret_server, struct error **err) {
    struct http_server *server = alloc_zero(sizeof(*server));
    server->handler = config->handler;
    server->too_large = config->too_large != NULL ? config->too_large : refuse_large;
    server->context = config->context;
    server->max_body = config->max_body > 0 ? config->max_body : DEFAULT_MAX_BODY;
    server->hangup_epoll = server->hangup_stop = -1;
    lock_init(&server->lock, "http_server");
    lock_init(&server->hangup_lock, "http_server_hangup");
    cond_init(&server->changed);
    list_init(&server->streams);
    list_init(&server->loans);
    server->port_count = config->listener_count;
    server->ports = alloc_array(config->listener_count, sizeof(*server->ports));
    for (size_t i = 0; i < server->port_count; i++) {
        server->ports[i].server = server;
        server->ports[i].listen_fd = -1;
    }
    int status = http_server_hangup_start(server, err);
    for (size_t i = 0; status == 0 && i < config->listener_count; i++)
        status = start_port(server, config, i, err);
    if (status < 0) {
        http_server_stop(server);
        return -1;
    }
    *ret_server = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server, size_t listener) {
    return listener < server->port_count ? server->ports[listener].port : 0;
}

void http_server_drain(struct http_server *server) {
    bool first = false;
    LOCKED(&server->lock) {
        first = !server->draining;
        server->draining = true;
    }
    if (!first)
        return;
    for (size_t i = 0; i < server->port_count; i++) {
        struct http_server_port *port = &server->ports[i];
        if (port->daemon != NULL)
            (void)MHD_quiesce_daemon(port->daemon);
        fd_closep(&port->listen_fd);
    }
    http_server_streams_wake(server);
}

void http_server_stop(struct http_server *server) {
    if (server == NULL)
        return;
    http_server_drain(server);
    http_server_loans_shut(server);
    int64_t deadline = clock_monotonic(clock_system()) + STREAM_END_TIME;
    LOCKED(&server->lock) {
        while (server->held > 0) // the library aborts if it is stopped while a connection is suspended
            cond_wait(&server->changed, &server->lock);
        while (!list_empty(&server->streams) && clock_wait(clock_system(), &server->changed, &server->lock, deadline))
            continue;
    }
    for (size_t i = 0; i < server->port_count; i++)
        if (server->ports[i].daemon != NULL)
            MHD_stop_daemon(server->ports[i].daemon);
    server_free(server);
}
