// SPDX-License-Identifier: Apache-2.0
// A request to the apiserver as its core sees it: free of sockets and of the HTTP library.
#ifndef CUBE_APISERVER_REQUEST_H
#define CUBE_APISERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/authentication/authenticator.h"
#include "apiserver/authentication/user.h"
#include "common/net/transport.h"

// All borrowed from the caller for the time of the call (a response never points into its request).
struct api_request {
    const char *method; // "GET", ...
    const char *target; // path and query as on the request line, still escaped
    const struct http_header *headers;
    size_t header_count;
    const char *body; // complete; NULL for none
    size_t body_len;
    bool body_too_large;                        // it was beyond the server's limit and is not here
    const char *peer_address;                   // "10.0.0.7"; NULL if unknown
    const struct peer_certificate *certificate; // NULL: no TLS
    int64_t received;                           // monotonic; 0: now. Time spent waiting since counts against the request timeout
    const struct user_info *user;               // not NULL: vouched for by the caller (in-process), nothing is authenticated
};

// The header's value, NULL if absent. Names compare without case.
const char *api_request_header(const struct api_request *request, const char *name);

#endif
