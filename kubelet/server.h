// SPDX-License-Identifier: Apache-2.0
// The kubelet's HTTP servers: 10250 (TLS, authenticated), the optional plain read-only port, and /healthz on 10248.
#ifndef CUBE_KUBELET_SERVER_H
#define CUBE_KUBELET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/client/rest.h"
#include "kubelet/node_facts.h"
#include "kubelet/options.h"
#include "kubelet/pods.h"
#include "kubelet/runtime/runtime.h"

struct server;

// All borrowed.
struct server_config {
    const struct kubelet_options *options;
    const struct node_facts *facts;
    struct runtime *runtime;
    struct rest *rest; // for TokenReview and SubjectAccessReview; NULL: neither
    struct clock *clock;
    struct pods *pods;
};

int server_start(const struct server_config *config, struct server **ret_server, struct error **err) MUST_CHECK;
void server_stop(struct server *server); // NULL is fine
uint16_t server_port(const struct server *server);
uint16_t server_healthz_port(const struct server *server);
// A container has ended: followers of its log finish.
void server_container_ended(struct server *server, const char *container_id);

#endif
