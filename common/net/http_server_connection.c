// SPDX-License-Identifier: Apache-2.0
// Borrowed connections: the connection stays suspended in the library while a thread of its own speaks another protocol on it.
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/alloc.h"
#include "common/net/http_server_internal.h"

void http_server_reply_borrow(struct http_server_request *request, void (*run)(void *context, struct http_connection *connection),
                              void *context) {
    struct http_server_exchange *exchange = (struct http_server_exchange *)request;
    struct http_connection *loan = alloc_zero(sizeof(*loan));
    *loan = (struct http_connection){
        .exchange = exchange,
        .run = run,
        .context = context,
        .fd = exchange->link->fd,
        .session = exchange->link->session,
    };
    bool start = false;
    LOCKED(&exchange->lock) {
        start = exchange->suspended;
        if (!start) // the I/O thread starts it once the connection is suspended
            exchange->loan = loan;
    }
    if (start)
        http_server_loan_start(loan);
}

static void run_loan(void *argument) {
    struct http_connection *loan = argument;
    struct http_server_exchange *exchange = loan->exchange;
    loan->run(loan->context, loan);
    LOCKED(&exchange->server->lock)
    list_remove(&loan->node);
    (void)shutdown(loan->fd, SHUT_RDWR);
    free(loan);
    http_server_exchange_publish(exchange, 0, NULL);
}

void http_server_loan_start(struct http_connection *loan) {
    struct http_server *server = loan->exchange->server;
    LOCKED(&server->lock) {
        list_push_back(&server->loans, &loan->node);
        if (server->draining)
            (void)shutdown(loan->fd, SHUT_RDWR);
    }
    thread_detach(thread_start("http-borrow", run_loan, loan));
}

void http_server_loans_shut(struct http_server *server) {
    LOCKED(&server->lock) {
        LIST_FOREACH(node, &server->loans)
        (void)shutdown(CONTAINER_OF(node, struct http_connection, node)->fd, SHUT_RDWR);
    }
}

static ssize_t outcome_of_tls(ssize_t len) {
    if (len >= 0)
        return len;
    if (len == GNUTLS_E_AGAIN || len == GNUTLS_E_INTERRUPTED)
        return HTTP_CONNECTION_AGAIN;
    if (len == GNUTLS_E_PREMATURE_TERMINATION) // the peer closed without saying so in TLS
        return 0;
    return -1;
}

static ssize_t outcome_of_socket(ssize_t len) {
    if (len >= 0)
        return len;
    return errno == EAGAIN || errno == EINTR ? HTTP_CONNECTION_AGAIN : -1;
}

ssize_t http_connection_read(struct http_connection *connection, void *buffer, size_t max) {
    if (connection->session != NULL)
        return outcome_of_tls(gnutls_record_recv(connection->session, buffer, max));
    return outcome_of_socket(recv(connection->fd, buffer, max, MSG_DONTWAIT));
}

ssize_t http_connection_write(struct http_connection *connection, const void *bytes, size_t len) {
    if (connection->session != NULL)
        return outcome_of_tls(gnutls_record_send(connection->session, bytes, len));
    return outcome_of_socket(send(connection->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

int http_connection_write_all(struct http_connection *connection, const void *bytes, size_t len) {
    const char *rest = bytes;
    while (len > 0) {
        ssize_t written = http_connection_write(connection, rest, len);
        if (written == HTTP_CONNECTION_AGAIN) {
            struct pollfd fd = {.fd = connection->fd, .events = POLLOUT};
            (void)poll(&fd, 1, -1);
            continue;
        }
        if (written < 0)
            return -1;
        rest += written;
        len -= (size_t)written;
    }
    return 0;
}

bool http_connection_pending(struct http_connection *connection) {
    return connection->session != NULL && gnutls_record_check_pending(connection->session) > 0;
}

bool http_connection_wait_readable(struct http_connection *connection, int64_t timeout) {
    if (http_connection_pending(connection))
        return true;
    struct pollfd fd = {.fd = connection->fd, .events = POLLIN};
    int milliseconds = timeout < 0 ? -1 : (int)MIN(timeout / 1000000, INT32_MAX);
    return poll(&fd, 1, milliseconds) > 0;
}

int http_connection_fd(const struct http_connection *connection) {
    return connection->fd;
}

void http_connection_end_write(struct http_connection *connection) {
    if (connection->session != NULL)
        (void)gnutls_bye(connection->session, GNUTLS_SHUT_WR);
    (void)shutdown(connection->fd, SHUT_WR);
}

const struct http_server_request *http_connection_request(const struct http_connection *connection) {
    return &connection->exchange->request;
}
