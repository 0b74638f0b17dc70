// SPDX-License-Identifier: Apache-2.0
// The transport over libcurl: keep-alive handles, TLS with client certificates, tokens, several endpoints. The only file that knows libcurl.
#ifndef CUBE_COMMON_NET_HTTP_CLIENT_H
#define CUBE_COMMON_NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/transport.h"

// All strings are copied. PEM data takes precedence over the matching file. Files are read again when they change (rotated certificates).
struct http_client_config {
    const char *const *endpoints; // base URLs, NULL-ended: "https://127.0.0.1:6443"; tried in turn when one is unreachable
    const char *ca_pem, *ca_file; // none: the system's
    const char *certificate_pem, *certificate_file;
    const char *key_pem, *key_file;
    const char *bearer_token, *bearer_token_file;
    const char *username, *password; // basic
    const char *server_name;         // for verification instead of the URL's host; NULL: the host
    const char *unix_socket;         // connect there instead of the URL's host; NULL: no
    const char *proxy_url;           // NULL: none (the environment's proxies are ignored)
    const char *user_agent;
    bool insecure;           // do not verify the server
    int64_t connect_timeout; // nanoseconds; 0: 10 s
    // Keeps at most this many idle connections (a handle each). 0: 4.
    size_t max_idle;
    // A stream that brings no byte for so long is broken (error). 0: no bound.
    int64_t stream_idle_timeout;
};

// Reasons of errors (error_is): no connection could be made and nothing was sent, so the request may be repeated; and: the request was
// sent, and its time is over. Errors without a reason: the connection broke after the request may have been sent.
#define HTTP_CLIENT_UNREACHABLE "Unreachable"
#define HTTP_CLIENT_TIMEOUT "Timeout"

// Connections are kept alive and used again. Only GET and HEAD are ever sent twice.
int http_client_new(const struct http_client_config *config, struct transport **ret_transport, struct error **err) MUST_CHECK;

#endif
