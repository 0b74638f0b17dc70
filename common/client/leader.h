// SPDX-License-Identifier: Apache-2.0
// Leader election on a Lease: one of several replicas works, the others watch its lease run out by their own clock.
#ifndef CUBE_COMMON_CLIENT_LEADER_H
#define CUBE_COMMON_CLIENT_LEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/client/rest.h"

struct leader;

struct leader_config {
    struct rest *rest; // the election's own client: it sets its timeout, so that no request outlives the renew deadline
    struct clock *clock;
    struct random *random;
    const char *ns, *name;                                // of the Lease
    const char *identity;                                 // "<hostname>_<uuid>"
    int64_t lease_duration, renew_deadline, retry_period; // nanoseconds; 15 s, 10 s, 2 s as upstream
    // On the election's thread. on_started must return soon (start threads); on_lost: the lease is gone, upstream's programs exit 1.
    void (*on_started)(void *context);
    void (*on_lost)(void *context);
    void *context;
};

struct leader *leader_new(const struct leader_config *config);
void leader_start(struct leader *leader);
// Stops the election. release: give the lease up (holderIdentity "", 1 s) so that the next one takes over at once; only after all work
// has stopped.
void leader_stop(struct leader *leader, bool release);
void leader_free(struct leader *leader);
bool leader_is_leader(struct leader *leader);
// False when the leader has not renewed for lease_duration + 20 s: the /healthz check "leaderElection".
bool leader_healthy(struct leader *leader);

#endif
