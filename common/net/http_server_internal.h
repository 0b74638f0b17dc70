// SPDX-License-Identifier: Apache-2.0
// What the http_server*.c files share: the server, its listeners, connections, requests and streams.
//
// Locks, in this order: server->hangup_lock, server->lock, then the lock of a request or of a stream. No lock is held while code of
// the server's user runs.
//
// Suspending (requests that wait for their reply, streams that wait for data) follows one protocol: under the lock of the
// request or stream, the I/O thread looks whether what it waits for has come and suspends only if not; the other side notes that it has
// come and resumes only what is suspended. So a resume never meets a connection that is not suspended, or is gone.
#ifndef CUBE_COMMON_NET_HTTP_SERVER_INTERNAL_H
#define CUBE_COMMON_NET_HTTP_SERVER_INTERNAL_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/net/http_server.h"

#define HTTP_SERVER_ADDRESS_SIZE 64

struct x509;

struct http_server_port {
    struct http_server *server;
    char *name;
    struct tls_store *tls;
    struct MHD_Daemon *daemon;
    int listen_fd; // -1 once the server no longer listens
    uint16_t port;
};

struct http_server {
    // constant
    struct http_server_port *ports;
    size_t port_count;
    http_server_handler handler;
    http_server_handler too_large;
    void *context;
    size_t max_body;

    _Atomic bool draining;

    struct lock lock;
    struct cond changed;
    // under lock
    size_t held;         // requests between the handler's call and the queueing of their reply, or borrowed
    struct list streams; // http_stream.node, from reply to end
    struct list loans;   // http_connection.node, borrowed

    // The watch for clients that go away while their stream waits. The thread keeps hangup_lock from taking events to
    // having handled them, so a stream that was removed under it is never touched again.
    struct lock hangup_lock;
    int hangup_epoll;
    int hangup_stop; // eventfd
    struct thread *hangup_thread;
};

// One client connection: MHD's socket context. Owned by its I/O thread.
struct http_server_link {
    struct http_server_port *port;
    int fd;
    void *session;   // gnutls_session_t, NULL: plain
    bool hold_next;  // the next TLS record is the head of a reply whose body follows at once
    struct str held; // it, until then
    const struct tls_material *material;
    uint64_t verified_generation; // 0: the peer was not looked at yet
    struct x509 *certificate;
    struct http_server_peer peer;
    char *peer_error;
    uint16_t remote_port;
    char remote_address[HTTP_SERVER_ADDRESS_SIZE];
};

struct http_connection {
    struct list_node node; // server->loans
    struct http_server_exchange *exchange;
    void (*run)(void *context, struct http_connection *connection);
    void *context;
    int fd;
    void *session;
};

// One request and its reply: MHD's con_cls, from the request line to NOTIFY_COMPLETED.
struct http_server_exchange {
    struct http_server_request request; // first: the public part
    struct http_server *server;
    struct http_server_link *link;
    struct MHD_Connection *connection;
    char *target, *raw_path, *path; // owned
    struct str body;
    uint64_t body_seen;
    bool begun, too_large, dispatched, counted;

    struct lock lock;
    // under lock
    bool suspended;
    bool ready; // response and status are there, or `hang_up`
    bool hang_up;
    bool has_body; // which is there as soon as the head is
    unsigned status;
    struct MHD_Response *response;
    struct http_connection *loan; // a borrow that waits for the suspension
    struct http_stream *stream;   // one reference
};

struct http_stream {
    _Atomic unsigned references;
    struct list_node node; // server->streams
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_stream_ops *ops;
    void *context;
    int fd;
    bool watched; // in hangup_epoll; I/O thread only

    struct lock lock;
    // under lock
    bool pending; // woken since the last read
    bool suspended;
    bool gone;   // the client is, or the stream was aborted
    bool closed; // connection and fd are not to be used
};

// http_server_reply.c
// Gives the reply that is ready to MHD, or suspends the connection until there is one.
enum MHD_Result http_server_exchange_settle(struct http_server_exchange *exchange);
void http_server_exchange_publish(struct http_server_exchange *exchange, unsigned status, struct MHD_Response *response);
void http_server_exchange_release(struct http_server_exchange *exchange); // no longer counts as held
void http_server_add_headers(struct MHD_Response *response, const struct http_server_head *head);

// http_server_stream.c
int http_server_hangup_start(struct http_server *server, struct error **err) MUST_CHECK;
void http_server_hangup_stop(struct http_server *server);
void http_server_stream_over(struct http_stream *stream); // the reply has ended; gives the exchange's reference back
void http_server_streams_wake(struct http_server *server);

// http_server_connection.c
void http_server_loan_start(struct http_connection *loan);
void http_server_loans_shut(struct http_server *server);

// http_server_peer.c
enum MHD_Result http_server_link_open(struct http_server_port *port, struct MHD_Connection *connection,
                                      struct http_server_link **ret_link);
void http_server_link_close(struct http_server_link *link);
void http_server_link_identify(struct http_server_link *link); // makes link->peer and link->peer_error current

// http_server_record.c
void http_server_link_use_records(struct http_server_link *link);

// http_server_listen.c
int http_server_listen(const struct http_server_listener *listener, int *ret_fd, uint16_t *ret_port,
                       struct error **err) MUST_CHECK;

#endif
