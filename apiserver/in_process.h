// SPDX-License-Identifier: Apache-2.0
// A transport that calls an apiserver's core directly as a given user: for tests and the simulation.
#ifndef CUBE_APISERVER_IN_PROCESS_H
#define CUBE_APISERVER_IN_PROCESS_H

#include "apiserver/apiserver.h"
#include "common/net/transport.h"

// The server and the clock must outlive the transport. user: the name; groups: NULL-ended or NULL (system:masters). Streams wait on the
// clock. transport_free frees it.
struct transport *in_process_transport_new(struct apiserver *server, struct clock *clock, const char *user,
                                           const char *const *groups);

#endif
