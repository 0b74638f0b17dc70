// SPDX-License-Identifier: Apache-2.0
// One request on its way through the filters to its handler. Internal to the apiserver's folder.
#ifndef CUBE_APISERVER_CALL_H
#define CUBE_APISERVER_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/apiserver.h"
#include "apiserver/authentication/user.h"
#include "apiserver/request_info.h"
#include "common/base/str.h"

struct resource;

// Lives on the stack of apiserver_handle.
struct api_call {
    struct apiserver *server;
    const struct api_request *request;
    struct api_response *response;
    struct request_info info; // parsed by its filter
    bool info_parsed;
    struct user_info user; // filled by the authentication filter
    struct str_list warnings;
    const struct resource *resource; // found by the resource handler; NULL otherwise
    int64_t started;                 // monotonic
    int64_t deadline;                // monotonic, for everything but long-running requests: set by its filter
    _Atomic size_t *counted;         // the in-flight counter that this call is in; NULL if none
};

// Answers with a Status; frees the error. Returns false, for filters.
bool api_call_refuse(struct api_call *call, struct error **error);

#endif
