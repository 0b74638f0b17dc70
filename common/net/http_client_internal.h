// SPDX-License-Identifier: Apache-2.0
// What the http_client*.c files share: the transport, its handles, and one exchange.
#ifndef CUBE_COMMON_NET_HTTP_CLIENT_INTERNAL_H
#define CUBE_COMMON_NET_HTTP_CLIENT_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/net/file_stamp.h"
#include "common/net/http_client.h"
#include "common/net/tls.h"
#include "common/net/url.h"

struct http_endpoint {
    char *base;       // "https://10.0.0.1:6443", without a slash at its end; with server_name in place of the host
    char *shown_base; // as configured, for messages
    char *address;    // "10.0.0.1:6443"
    char *connect_to; // CURLOPT_CONNECT_TO's entry when server_name differs from the host, or NULL
    char *host_header;
};

// The TLS material of one generation as files that exist only in memory: this libcurl takes no PEM data with GnuTLS.
struct http_client_tls {
    unsigned references; // under the client's lock
    uint64_t generation;
    int certificate, key, ca; // memfds, -1: none
};

struct http_client {
    struct transport transport; // first
    // constant
    struct http_endpoint *endpoints;
    size_t endpoint_count;
    char *server_name, *unix_socket, *proxy_url, *user_agent, *bearer_token, *bearer_token_file, *basic;
    bool insecure;
    int64_t connect_timeout, stream_idle_timeout;
    size_t max_idle;
    struct tls_store *tls;

    _Atomic size_t preferred; // the endpoint that worked last

    struct lock lock;
    // under lock
    struct list idle; // http_handle.node, the one used last in front
    size_t idle_count;
    struct http_client_tls *current_tls;
    char *file_token;
    struct file_stamp token_stamp;
    int64_t next_token_look;
};

// A libcurl handle with its own connection; one exchange uses it at a time.
struct http_handle {
    struct list_node node;
    CURL *easy;
    struct http_client_tls *tls;
    char error[CURL_ERROR_SIZE];
};

struct http_exchange {
    struct http_client *client;
    const struct http_request *request;
    struct http_response *response;       // for round trips
    const struct stream_handler *handler; // for streams
    struct stream_stop *stop;
    const struct http_endpoint *endpoint;
    struct http_handle *handle;
    int64_t deadline;  // monotonic, TIME_NEVER: none
    int64_t last_byte; // monotonic
    int status;
    char *content_type;
    unsigned attempts; // how often the request was about to be sent
    bool started;      // the handler knows of the headers
    bool stopped;      // by handler or flag
    bool idle_too_long;
    bool repeat_refused;
    bool body_too_large;
};

// http_client_exchange.c
// One try on one endpoint.
CURLcode http_client_exchange_perform(struct http_exchange *exchange);
// Fills err from what libcurl said.
int http_client_exchange_error(const struct http_exchange *exchange, CURLcode code, struct error **err);

// http_client.c
char *http_client_authorization(struct http_client *client); // "Authorization: ..." or NULL

#endif
