// SPDX-License-Identifier: Apache-2.0
// What the files of the etcd store share: calls with failover (etcd_call.c), leases (etcd_lease.c), the watch (etcd_watch.c).
#ifndef CUBE_APISERVER_STORAGE_ETCD_INTERNAL_H
#define CUBE_APISERVER_STORAGE_ETCD_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/storage/etcd.h"
#include "apiserver/storage/etcd_json.h"
#include "common/base/lock.h"

// A lease that several keys of about the same ttl share, as upstream does: events would be a lease each otherwise.
struct etcd_lease {
    struct lock lock; // held while one is granted
    // under lock
    uint64_t id;
    int64_t expires; // monotonic
    int objects;
};

struct etcd {
    struct storage storage;
    // constant
    struct clock *clock;
    struct transport **transports;
    size_t transport_count;
    bool owns_transports;
    char *compact_key;
    int64_t request_timeout;
    int64_t endpoint_timeout;
    size_t max_calls;

    atomic_size_t preferred; // the endpoint that worked last
    struct etcd_lease lease;

    struct lock lock;
    struct cond call_done;
    // under lock
    size_t calls; // in flight
    size_t call_waiters;
    uint64_t compact_version;  // see storage_compact_step
    uint64_t compact_revision; // what the next round compacts to; 0: nothing yet
};

// etcd_call.c
enum etcd_call_kind {
    ETCD_READ,  // tried at other endpoints, too
    ETCD_WRITE, // sent once at most
};
struct etcd_method {
    const char *path;
    enum etcd_call_kind kind;
};
extern const struct etcd_method etcd_range, etcd_put, etcd_txn, etcd_compaction, etcd_lease_grant, etcd_maintenance_status;
// POSTs the body and reads the answer. deadline 0: the default.
int etcd_call(struct etcd *etcd, const struct etcd_method *method, const struct str *body, int64_t deadline,
              struct etcd_answer *ret_answer, struct error **err) MUST_CHECK;
// An error that etcd gave in an answer, as the API error that it becomes. Returns -1.
int etcd_answer_error(const struct etcd_answer *answer, struct error **err);
// A failure of the transport, as the API error that it becomes: takes *from. Returns -1.
int etcd_transport_error(struct error **err, struct error **from);

// etcd_lease.c
// A lease that lasts at least ttl (nanoseconds) from now.
int etcd_lease_get(struct etcd *etcd, int64_t ttl, int64_t deadline, uint64_t *ret_lease, struct error **err) MUST_CHECK;

// etcd_watch.c
int etcd_watch(struct storage *storage, const struct storage_watch *watch, struct error **err) MUST_CHECK;

#endif
