// SPDX-License-Identifier: Apache-2.0
// Leases for keys with a ttl, shared by keys that expire within a minute (or a twentieth of the ttl) of each other, as upstream does.
#include "apiserver/storage/etcd_internal.h"

#define REUSE_MAX MINUTE
#define OBJECTS_MAX 1000

static bool fits(const struct etcd_lease *lease, int64_t now, int64_t ttl, int64_t reuse) {
    return lease->id && lease->objects < OBJECTS_MAX && lease->expires >= now + ttl && lease->expires <= now + ttl + reuse;
}

int etcd_lease_get(struct etcd *etcd, int64_t ttl, int64_t deadline, uint64_t *ret_lease, struct error **err) {
    struct etcd_lease *lease = &etcd->lease;
    int64_t reuse = MIN(REUSE_MAX, ttl / 20);
    LOCKED(&lease->lock) {
        int64_t now = clock_monotonic(etcd->clock);
        if (!fits(lease, now, ttl, reuse)) {
            AUTO_STR body = {0};
            AUTO_ETCD_ANSWER answer = {0};
            int64_t seconds = (ttl + reuse + SECOND - 1) / SECOND;
            etcd_json_lease_grant(&body, seconds);
            if (etcd_call(etcd, &etcd_lease_grant, &body, deadline, &answer, err) < 0)
                return -1;
            lease->id = answer.lease;
            lease->expires = now + seconds * SECOND;
            lease->objects = 0;
        }
        lease->objects++;
        *ret_lease = lease->id;
    }
    return 0;
}
