// SPDX-License-Identifier: Apache-2.0
// Storage in etcd 3.4+ through its v3 JSON gateway.
//
// Reads go to the next endpoint when one fails; writes are never sent twice. At most max_calls requests are in flight, more gain
// nothing. One file builds requests and reads answers (etcd_json.h), one follows the watch stream (etcd_watch.h).
#ifndef CUBE_APISERVER_STORAGE_ETCD_H
#define CUBE_APISERVER_STORAGE_ETCD_H

#include <stddef.h>
#include <stdint.h>

#include "apiserver/storage/storage.h"
#include "common/base/clock.h"
#include "common/net/transport.h"

// Transports and clock stay the caller's and must outlive the store, unless take_transports says otherwise.
struct etcd_config {
    struct transport *const *transports; // one an endpoint, in order of preference
    size_t transport_count;
    bool take_transports; // the store frees them
    struct clock *clock;
    const char *compact_key;  // NULL: "compact_rev_key"
    int64_t request_timeout;  // nanoseconds for calls without deadline; 0: 20 s
    int64_t endpoint_timeout; // nanoseconds that a read waits for one endpoint when there are others; 0: 5 s
    size_t max_calls;         // requests in flight; 0: 32
};

struct storage *etcd_storage_new(const struct etcd_config *config);

// --- the usual set-up over http_client.h -----------------------------------------------------------------------------------
// As --etcd-servers, --etcd-cafile, --etcd-certfile, --etcd-keyfile give it.
struct etcd_endpoints {
    const char *const *servers; // NULL-ended URLs
    const char *ca_file;        // NULL: the system's
    const char *certificate_file;
    const char *key_file;
    int64_t request_timeout; // as in etcd_config
};
// Connects lazily: an etcd that is not there yet is no error.
int etcd_storage_open(const struct etcd_endpoints *endpoints, struct clock *clock, struct storage **ret_storage,
                      struct error **err) MUST_CHECK;

#endif
