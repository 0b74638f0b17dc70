// SPDX-License-Identifier: Apache-2.0
// The HTTP(S) server of scheduler, controller-manager and kube-proxy: /healthz /livez /readyz /metrics /configz /version.
#ifndef CUBE_COMMON_COMPONENT_DEBUG_SERVER_H
#define CUBE_COMMON_COMPONENT_DEBUG_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/component/health.h"

// Checks and their contexts stay the caller's and must outlive the server; strings are copied.
struct debug_server;

struct debug_server_config {
    const char *bind_address;
    int port;                                // 0: no server at all (debug_server_start gives NULL)
    bool plain;                              // HTTP without TLS
    const char *certificate_file, *key_file; // "" or NULL: a self-signed certificate in memory
    const char *client_ca_file;              // who holds a certificate of it may read /metrics and /configz
    const struct health_check *healthz, *livez, *readyz;
    size_t healthz_count, livez_count, readyz_count; // 0: the path answers 404
    const char *configz;                             // JSON text or NULL
};

int debug_server_start(const struct debug_server_config *config, struct debug_server **ret_server, struct error **err) MUST_CHECK;
void debug_server_stop(struct debug_server *server);

#endif
