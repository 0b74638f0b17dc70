// SPDX-License-Identifier: Apache-2.0
// A request to the apiserver as its core sees it: free of sockets and of the HTTP library.
#include "apiserver/request.h"

#include "common/base/str.h"

const char *api_request_header(const struct api_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (str_equal_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    return NULL;
}
