// SPDX-License-Identifier: Apache-2.0
// What grpc.c (calls) and grpc_session.c (the connection and its thread) share.
//
// Callers put calls into client->queued and wait; the I/O thread alone touches the session. A call is reference-counted: the caller's
// reference and, from queueing to the end of its stream, the I/O thread's. So a caller whose time is over just leaves.
#ifndef CUBE_COMMON_NET_GRPC_INTERNAL_H
#define CUBE_COMMON_NET_GRPC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/net/grpc.h"

#define GRPC_FRAME_HEAD 5
// A stream's messages that wait for its handler; beyond it the peer is not granted more window.
#define GRPC_BUFFERED_MAX ((size_t)4 * 1024 * 1024)

struct grpc_session;

struct grpc_client {
    // constant
    char *socket_path;
    size_t max_message;
    struct http_header *metadata; // owned
    size_t metadata_count;
    struct thread *thread;
    int wake_fd; // eventfd

    struct lock lock;
    // under lock
    struct list queued; // grpc_call.node, to be sent
    bool stopping;

    // owned by the I/O thread
    struct list active; // grpc_call.node, with an open stream
    struct grpc_session *session;
};

struct grpc_call {
    // constant
    struct list_node node;
    char *method;
    struct str request;    // framed
    char timeout_text[24]; // "" if none
    bool streaming;
    struct cond changed;
    unsigned references; // under the client's lock

    // owned by the I/O thread
    int32_t stream_id;
    size_t request_sent;
    bool sent;       // the headers may have left
    size_t withheld; // bytes not yet granted back to the peer
    int http_status;
    int grpc_status;     // -1: not seen
    struct str message;  // grpc-message, decoded
    struct str incoming; // bytes of a message that is not whole

    // under the client's lock
    bool cancelled;
    struct str messages; // whole ones: head and bytes, as they came
    size_t message_count;
    bool done;
    bool unsent; // done without having been sent: may be tried again
    enum grpc_code code;
    struct str text;
};

// grpc.c
void grpc_call_unref(struct grpc_client *client, struct grpc_call *call); // with the lock held
// Ends the call for its caller and drops the I/O thread's reference.
void grpc_call_finish(struct grpc_client *client, struct grpc_call *call, enum grpc_code code, const char *text);
void grpc_client_wake(struct grpc_client *client);

// grpc_session.c
void grpc_client_run(void *argument); // the I/O thread

#endif
