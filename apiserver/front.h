// SPDX-License-Identifier: Apache-2.0
// The apiserver on the network: HTTP requests to the core and its answers back.
//
// What the core answers from memory is answered on the I/O thread; everything that may block goes to a pool of workers.
#ifndef CUBE_APISERVER_FRONT_H
#define CUBE_APISERVER_FRONT_H

#include <stdint.h>

#include "apiserver/apiserver.h"
#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/net/tls.h"

struct front;

struct front_config {
    struct apiserver *server; // borrowed, as all here
    struct tls_store *tls;    // NULL: plain HTTP, for tests
    const char *address;
    uint16_t port;      // 0: any
    size_t queue_bound; // requests that may wait for a worker; more get 429. 0: 600
};

int front_start(const struct front_config *config, struct front **ret_front, struct error **err) MUST_CHECK;
uint16_t front_port(const struct front *front);
// Takes no new connections, ends watches, waits for running requests, frees.
void front_stop(struct front *front);

#endif
