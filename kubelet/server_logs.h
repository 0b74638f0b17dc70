// SPDX-License-Identifier: Apache-2.0
// GET /containerLogs/<namespace>/<pod>/<container>: finds the container's log and its options.
#ifndef CUBE_KUBELET_SERVER_LOGS_H
#define CUBE_KUBELET_SERVER_LOGS_H

#include "common/base/clock.h"
#include "common/net/http_server.h"
#include "kubelet/log_stream.h"
#include "kubelet/pods.h"
#include "kubelet/runtime/runtime.h"

// What the answer is made of; borrowed.
struct server_logs {
    struct log_streams *streams;
    struct pods *pods;
    struct runtime *runtime;
    struct clock *clock;
};
// 0: replied. Else the HTTP status and text to reply with.
int server_logs_answer(const struct server_logs *logs, struct http_server_request *request, struct str *message);
// Query parameters as PodLogOptions. 0, or 422 with a message.
int server_logs_options(const char *query, int64_t now, struct log_stream_options *ret_options, bool *ret_previous,
                        struct str *message);

#endif
