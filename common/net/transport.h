// SPDX-License-Identifier: Apache-2.0
// The seam between clients and the network: one request in, one response or a stream out.
//
// http_client.h makes a transport over libcurl; the apiserver's core makes one that calls it in-process; the simulation one that
// loses, delays and reorders. All calls block the calling thread and may be made from several threads at once.
#ifndef CUBE_COMMON_NET_TRANSPORT_H
#define CUBE_COMMON_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

// A request header or response header; names compare without case.
struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method;                // "GET", ...
    const char *path;                  // path and query, escaped: "/api/v1/pods?limit=5"
    const struct http_header *headers; // besides those that the transport adds (Host, credentials, Content-Length)
    size_t header_count;
    const char *body; // NULL for none
    size_t body_len;
    int64_t timeout; // nanoseconds for the whole exchange; 0: none (streams)
};

// What came back. Free with http_response_free. Any HTTP status is a success of the transport.
struct http_response {
    int status;
    char *content_type;      // NULL if none
    char *warning;           // all Warning headers, joined by newlines; NULL if none
    int retry_after_seconds; // -1 if none
    struct str body;
};

// What a stream hands its caller. Called on the calling thread of transport_stream.
struct stream_handler {
    // Headers are in. Return false to stop.
    bool (*on_start)(void *context, int status, const char *content_type);
    // The next bytes. Return false to stop (no error).
    bool (*on_data)(void *context, const char *bytes, size_t len);
    void *context;
};

// A flag that another thread sets to end a stream early; the transport polls or is woken, within a second.
struct stream_stop {
    _Atomic bool stopped;
};

struct transport;

struct transport_ops {
    const char *name;
    int (*roundtrip)(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                     struct error **err);
    // Returns 0 when the peer ended the stream or the handler or `stop` stopped it, -1 when the connection failed or broke.
    int (*stream)(struct transport *transport, const struct http_request *request, const struct stream_handler *handler,
                  struct stream_stop *stop, struct error **err);
    void (*free)(struct transport *transport);
};
struct transport {
    const struct transport_ops *ops;
};

int transport_roundtrip(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                        struct error **err) MUST_CHECK;
int transport_stream(struct transport *transport, const struct http_request *request, const struct stream_handler *handler,
                     struct stream_stop *stop, struct error **err) MUST_CHECK;
void transport_free(struct transport *transport);        // NULL is fine
void http_response_free(struct http_response *response); // frees and zeroes
#define AUTO_RESPONSE CLEANUP(http_response_free) struct http_response

#endif
