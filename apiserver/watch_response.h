// SPDX-License-Identifier: Apache-2.0
// A watch as a response stream: events of a cache's watcher as lines of JSON, also as Tables and partial metadata.
#ifndef CUBE_APISERVER_WATCH_RESPONSE_H
#define CUBE_APISERVER_WATCH_RESPONSE_H

#include <stdint.h>

#include "apiserver/call.h"
#include "apiserver/negotiation.h"
#include "apiserver/storage/watch_cache.h"
#include "apiserver/table.h"

struct watch_response_options {
    struct negotiation negotiation;
    enum table_include include; // for Tables
    const struct resource *resource;
    int64_t deadline; // monotonic: when the stream ends
};

// The end of a watch that begins now: after timeout_seconds, or if that is 0 after a random time between once and twice the server's
// minimum.
int64_t watch_response_deadline(struct apiserver *server, int64_t timeout_seconds);
// Makes the call's response a stream over the watcher, which it takes.
void watch_response_set(struct api_call *call, const struct watch_response_options *options,
                        struct watch_cache_watcher *take_watcher);
// A watch that cannot begin where the client wants (410 Expired): as upstream, a stream of one ERROR event, not a refused request.
void watch_response_set_expired(struct api_call *call, const struct error *error);

#endif
