// SPDX-License-Identifier: Apache-2.0
// The apiserver's core: a request in, a response out, with everything that it depends on handed in.
#ifndef CUBE_APISERVER_APISERVER_H
#define CUBE_APISERVER_APISERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/request.h"
#include "apiserver/response.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/net/transport.h"

struct apiserver;
struct storage; // apiserver/storage/storage.h
struct authenticator;

// How the core reaches a kubelet: makes a transport to https://host:port. The caller frees it.
struct kubelet_dialer {
    int (*dial)(void *context, const char *host, int port, struct transport **ret_transport, struct error **err);
    void *context;
};

// Everything borrowed must outlive the server. Zero values take upstream's defaults.
struct apiserver_config {
    struct clock *clock;
    struct random *random;
    struct storage *take_storage;             // owned
    struct authenticator *take_authenticator; // owned; NULL: only requests that bring their user are let in
    struct kubelet_dialer kubelet;            // dial NULL: pods/log answers 500
    const char *const *kubelet_address_types; // NULL-ended; NULL: upstream's order
    const char *advertise_address;            // for /api's serverAddressByClientCIDRs ("10.0.0.1:6443"); NULL: ""
    int64_t request_timeout;                  // nanoseconds; 0: 60 s; all but watches and logs end by then with 504
    int64_t min_watch_timeout;                // nanoseconds; 0: 1800 s; a watch without a timeout ends after 1 to 2 times this
    size_t max_in_flight;                     // non-mutating; 0: 400
    size_t max_mutating_in_flight;            // 0: 200
    int64_t default_not_ready_toleration_seconds;   // 0: 300
    int64_t default_unreachable_toleration_seconds; // 0: 300
    const char *enable_admission;                   // --enable-admission-plugins, comma separated; NULL: none
    const char *disable_admission;                  // --disable-admission-plugins
    int64_t event_ttl;                              // nanoseconds; 0: one hour
    int64_t compaction_interval;                    // nanoseconds; 0: this server never compacts
};

int apiserver_new(const struct apiserver_config *config, struct apiserver **ret_server, struct error **err) MUST_CHECK;
// Starts caches and timers. Requests may come before; they answer as upstream does until /readyz is ok.
int apiserver_start(struct apiserver *server, struct error **err) MUST_CHECK;
// Waits until the caches are loaded and the system namespaces are there. false: the (monotonic) deadline passed.
bool apiserver_wait_ready(struct apiserver *server, int64_t deadline);
// From now on /readyz fails; everything else still works.
void apiserver_begin_shutdown(struct apiserver *server);
// Ends all watches (their next read is the end) and refuses new ones.
void apiserver_end_watches(struct apiserver *server);
void apiserver_stop(struct apiserver *server);
void apiserver_free(struct apiserver *server); // stops it if needed; no request may be running and no response may be left

int64_t apiserver_now(const struct apiserver *server); // monotonic, for requests' `received`

// Answers one request; may block on storage, barriers and kubelets. Safe from any thread. *response must be zeroed; it is always filled.
void apiserver_handle(struct apiserver *server, const struct api_request *request, struct api_response *response);
// Whether apiserver_handle can answer this from memory, without blocking.
bool apiserver_answers_at_once(struct apiserver *server, const struct api_request *request);

#endif
