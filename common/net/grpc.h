// SPDX-License-Identifier: Apache-2.0
// A gRPC client over nghttp2 on a unix socket: one persistent connection for all calls, raw message bytes in and out.
#ifndef CUBE_COMMON_NET_GRPC_H
#define CUBE_COMMON_NET_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/net/transport.h"

enum grpc_code {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_DATA_LOSS = 15,
    GRPC_UNAUTHENTICATED = 16,
};

struct grpc_client;

struct grpc_client_config {
    const char *socket_path; // "/run/containerd/containerd.sock"; a "unix://" prefix is fine
    size_t max_message;      // bytes of a reply; 0: 16 MiB
    // Sent with each call, e.g. {"containerd-namespace", "k8s.io"}; names lower case.
    const struct http_header *metadata;
    size_t metadata_count;
};

// Connects at the first call and again after the peer went away. Calls may come from many threads at once.
int grpc_client_new(const struct grpc_client_config *config, struct grpc_client **ret_client, struct error **err) MUST_CHECK;
void grpc_client_free(struct grpc_client *client); // NULL is fine; no call may be under way

// A call to make; all is borrowed until the call has returned.
struct grpc_request {
    const char *method; // "/runtime.v1.RuntimeService/Version"
    const void *message;
    size_t len;
    int64_t timeout; // nanoseconds; 0: none. Streams have none
};

// A unary call, blocking. Appends the reply.
// Errors read `rpc error: code = NotFound desc = ...` and carry the code (grpc_error_code). A call that was never sent because the
// connection was gone is tried once more on a fresh one; nothing that may have been received is repeated.
int grpc_client_call(struct grpc_client *client, const struct grpc_request *request, struct str *reply,
                     struct error **err) MUST_CHECK;

// One message of the stream, on the calling thread. Return false to end the call (no error).
typedef bool (*grpc_message_handler)(void *context, const char *bytes, size_t len);
// A server-streaming call; returns 0 when the server ended it well, the handler or `stop` (may be NULL) stopped it.
int grpc_client_stream(struct grpc_client *client, const struct grpc_request *request, grpc_message_handler handler,
                       void *context, struct stream_stop *stop, struct error **err) MUST_CHECK;

// The code in an error of this file; GRPC_UNKNOWN for any other, GRPC_OK for NULL.
enum grpc_code grpc_error_code(const struct error *error);
const char *grpc_code_name(enum grpc_code code); // "NotFound"

#endif
