// SPDX-License-Identifier: Apache-2.0
// Hands the answer of another server (a kubelet) on as a response stream, with a bounded buffer between the two.
#ifndef CUBE_APISERVER_PROXY_STREAM_H
#define CUBE_APISERVER_PROXY_STREAM_H

#include "apiserver/call.h"
#include "common/net/transport.h"

struct proxy_stream_request {
    struct transport *take_transport; // freed when the stream is over, also on failure
    const char *path;
    const char *resource, *name; // what errors speak of
};

// GETs the path and blocks until the other side answers. 2xx: the call's response becomes a stream of its body. Else the error that upstream
// makes of such an answer.
int proxy_stream_open(struct api_call *call, const struct proxy_stream_request *request, struct error **err) MUST_CHECK;
// Waits until no proxy stream has a thread left; streams must have been freed.
void proxy_stream_wait_all(void);

#endif
