// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server over libmicrohttpd: TLS with certificates that reload, replies now or later, streams, borrowed connections.
//
// Life of a request: the handler is called on an I/O thread when headers and body are there. It must not block. It replies there and
// then, or hands the request to another thread, which calls one of the http_server_reply functions later. Each request is replied
// to exactly once, by any thread; the request and all that it points to are gone with the reply. Nobody needs to say
// beforehand that the reply will be late: the server suspends the connection by itself.
#ifndef CUBE_COMMON_NET_HTTP_SERVER_H
#define CUBE_COMMON_NET_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/net/tls.h"
#include "common/net/transport.h"

struct http_server;
struct http_stream;
struct http_connection;

// Who the client is by its certificate. Verified once for each connection and generation of the client CA.
struct http_server_peer {
    const char *common_name; // "" if the subject has none
    const char *const *organizations;
    size_t organization_count;
    int64_t not_after;       // wall nanoseconds
    const char *fingerprint; // SHA-256 of the certificate in hex
};

struct http_server_request {
    const char *method;
    const char *target; // as sent: path and query, escaped
    const char *path;   // decoded; a target with a broken escape never reaches the handler (400)
    const char *raw_path;
    const char *query; // behind the '?', escaped; "" if none
    const char *body;  // NUL-terminated, never NULL
    size_t body_len;
    const struct http_server_peer *peer; // NULL: no certificate, or one that the client CA does not vouch for
    const char *peer_error;              // why a certificate that was presented does not count; else NULL
    const char *remote_address;          // "10.0.0.1"; "@" for unix sockets
    uint16_t remote_port;
    bool tls;
    const char *listener; // the name of the listener
};

// The value of the first header of this name (case does not matter), or NULL. Good until the reply.
const char *http_server_header(const struct http_server_request *request, const char *name);
// All headers in order; return false to stop.
void http_server_each_header(const struct http_server_request *request,
                             bool (*visit)(void *context, const char *name, const char *value), void *context);

typedef void (*http_server_handler)(void *context, struct http_server_request *request);

struct http_server_listener {
    const char *name;
    const char *address;   // numeric: "0.0.0.0", "::", "127.0.0.1"
    uint16_t port;         // 0: any free port, see http_server_port
    const char *unix_path; // instead of address: a unix socket at this path (an old one is removed), mode 0660
    int listen_fd;         // instead of both, if > 0: a listening socket; the server closes it
    struct tls_store *tls; // NULL: plain HTTP. Borrowed: must outlive the server. Its CAs verify clients' certificates
    unsigned threads;      // I/O threads; 0: 2 with TLS, 1 without
    bool tls_1_3_only;     // else TLS 1.2 is spoken as well
};

struct http_server_config {
    const struct http_server_listener *listeners;
    size_t listener_count;
    http_server_handler handler;
    // Called instead of the handler when the body is larger than max_body (request->body is empty); must reply 413.
    // NULL: a plain-text 413.
    http_server_handler too_large;
    void *context;            // for both
    size_t max_body;          // bytes; 0: 3 MiB
    size_t connection_buffer; // bytes for each connection, bounds URI + headers; 0: 32 KiB
    unsigned max_connections; // for each listener; 0: 20,000
    unsigned idle_seconds;    // a connection that moves no byte for so long is closed (streams that wait are not); 0: 120
};

// All strings are copied. Errors name the address: `listen tcp 0.0.0.0:6443: bind: address already in use`.
int http_server_start(const struct http_server_config *config, struct http_server **ret_server, struct error **err) MUST_CHECK;
// The port of the listener with this index.
uint16_t http_server_port(const struct http_server *server, size_t listener);
// From now on no new connections; streams end (their closed is called); further requests on open connections get 503. Does not wait.
void http_server_drain(struct http_server *server);
// Drains, waits until each request that a handler took was replied to and each borrower has returned (their sockets are shut
// down), ends all connections, frees. NULL is fine. Never call it from a handler, a stream's function or a borrower.
void http_server_stop(struct http_server *server);

// --- replies ---------------------------------------------------------------------------------------------------------------

struct http_server_head {
    int status;
    const char *content_type;          // NULL: none
    const struct http_header *headers; // further ones; may repeat a name
    size_t header_count;
};

// The bytes are copied.
void http_server_reply(struct http_server_request *request, const struct http_server_head *head, const void *bytes, size_t len);
// Takes the string's memory; body is empty afterwards.
void http_server_reply_str(struct http_server_request *request, const struct http_server_head *head, struct str *take_body);
// The bytes stay where they are; release(owner) is called once nobody needs them, on any thread.
void http_server_reply_shared(struct http_server_request *request, const struct http_server_head *head, const void *bytes,
                              size_t len, void (*release)(void *owner), void *owner);

// A piece of a body in memory that `owner` keeps alive.
struct http_slice {
    const char *bytes;
    size_t len;
    void *owner; // release is called with it once; NULL: the bytes are static (or another slice's owner keeps them)
};
// One body out of many pieces, with Content-Length. Takes the array (from malloc) and a reference in each owner.
void http_server_reply_slices(struct http_server_request *request, const struct http_server_head *head,
                              struct http_slice *take_slices, size_t count, void (*release)(void *owner));

#define HTTP_STREAM_WAIT ((ssize_t)-1)  // nothing now: http_stream_wake will be called
#define HTTP_STREAM_END ((ssize_t)-2)   // the end of the body
#define HTTP_STREAM_ABORT ((ssize_t)-3) // cut the connection, so that the client sees a broken body

struct http_stream_ops {
    // Copies at most max bytes into the buffer and returns how many (> 0), or one of the values above. On an I/O thread: must not
    // block. max may be less than a message: keep the rest. No lock of the server is held.
    ssize_t (*read)(void *context, char *buffer, size_t max);
    // The stream is over, for whatever reason; read is not called any more. Exactly once, on an I/O thread, without locks.
    void (*closed)(void *context);
};

// A chunked body that a producer fills as it can. Returns a reference that the caller gives back with http_stream_unref at any
// time, earliest in closed; waking a stream that is over does nothing. closed may be called before this returns.
// For HEAD requests read is never called.
struct http_stream *http_server_reply_stream(struct http_server_request *request, const struct http_server_head *head,
                                             const struct http_stream_ops *ops, void *context);
// There is something to read (or to end). Any thread; the server holds no lock while it calls read or closed, so the caller may hold
// its own here. Cheap when the stream is not waiting.
void http_stream_wake(struct http_stream *stream);
// Ends the connection at once, even if the client does not read; closed follows.
void http_stream_abort(struct http_stream *stream);
struct http_stream *http_stream_ref(struct http_stream *stream);
void http_stream_unref(struct http_stream *stream); // NULL is fine

// Hands the whole connection over for a protocol of its own (Upgrade): run is called on a new thread, may block, and writes the
// 101 itself; when it returns the connection is closed. Until then the request stays readable (headers, path, peer).
void http_server_reply_borrow(struct http_server_request *request, void (*run)(void *context, struct http_connection *connection),
                              void *context);

// On a borrowed connection. One thread may read while another writes.
#define HTTP_CONNECTION_AGAIN ((ssize_t)-2)
// > 0 bytes, 0 the peer has ended, -1 broken, HTTP_CONNECTION_AGAIN nothing now (wait for POLLIN on the descriptor).
ssize_t http_connection_read(struct http_connection *connection, void *buffer, size_t max);
// > 0 bytes, -1 broken, HTTP_CONNECTION_AGAIN (wait for POLLOUT, then repeat with the same bytes).
ssize_t http_connection_write(struct http_connection *connection, const void *bytes, size_t len);
// Waits as needed. 0 or -1.
int http_connection_write_all(struct http_connection *connection, const void *bytes, size_t len);
// Waits for bytes to read; false: timeout (nanoseconds; < 0: none).
bool http_connection_wait_readable(struct http_connection *connection, int64_t timeout);
// Decrypted bytes wait that poll cannot see: read before polling.
bool http_connection_pending(struct http_connection *connection);
int http_connection_fd(const struct http_connection *connection);
// Tells the peer that nothing more will be written.
void http_connection_end_write(struct http_connection *connection);
const struct http_server_request *http_connection_request(const struct http_connection *connection);

#endif
