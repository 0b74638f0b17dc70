// SPDX-License-Identifier: Apache-2.0
// One run of a handler of probes and lifecycle hooks: exec, httpGet, tcpSocket.
#ifndef CUBE_KUBELET_HANDLER_H
#define CUBE_KUBELET_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"
#include "kubelet/runtime/runtime.h"

struct handler_target {
    struct runtime *runtime;
    const struct json *container; // for named ports
    const char *container_id;
    const char *pod_ip;
    int64_t timeout; // nanoseconds; 0: none
};

// Runs `handler` (a member named exec, httpGet or tcpSocket decides). true: success. Else message says why, in upstream's words
// ("HTTP probe failed with statuscode: 500").
bool handler_run(const struct handler_target *target, const struct json *handler, struct str *message);
// A port number or the name of one of the container's ports; 0: unknown.
int handler_port(const struct json *container, const struct json *port);

#endif
