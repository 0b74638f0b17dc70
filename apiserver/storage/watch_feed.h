// SPDX-License-Identifier: Apache-2.0
// One watch of the whole prefix of the store feeds the caches of all resources: loads them, follows, starts again after a break.
//
// A feed has two threads, one that follows the watch and one for the barrier and what is due by time (bookmarks, old events). It survives a
// store that is gone for as long as it takes; meanwhile caches go on serving what they have. When the store has lost history (410) or went
// back in time (a restored backup) all caches are loaded anew, and their watchers get 410.
#ifndef CUBE_APISERVER_STORAGE_WATCH_FEED_H
#define CUBE_APISERVER_STORAGE_WATCH_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/storage/storage.h"
#include "apiserver/storage/watch_cache.h"
#include "common/api/resources.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"

// Storage, clock and random stay the caller's. Zero members take the defaults in the comments.
struct watch_feed_config {
    struct storage *storage;
    struct clock *clock;
    struct random *random;     // jitter of retries
    const char *prefix;        // "/registry/"
    int64_t event_window;      // nanoseconds that events are kept; 10 min
    size_t event_bytes;        // of a cache's kept events at most; 16 MiB
    size_t watcher_queue;      // events that a watcher may be behind before it is cut off; 1000
    int64_t bookmark_interval; // nanoseconds; 60 s
    int64_t barrier_bound;     // nanoseconds that a barrier waits for the cache before it says BEHIND; 2 s
    int64_t idle_check;        // nanoseconds of silence after which the store is asked whether the watch still lives; 30 s
};

struct watch_feed;

struct watch_feed *watch_feed_new(const struct watch_feed_config *config);
// Adds the cache of a resource; keys are resource->storage_prefix + "/" + [namespace + "/"] + name. The resource must live as long as the feed.
// Before watch_feed_start, or at any time later (a new CRD): then it is loaded before this returns, within the deadline.
int watch_feed_add(struct watch_feed *feed, const struct resource *resource, int64_t deadline, struct watch_cache **ret_cache,
                   struct error **err) MUST_CHECK;
// NULL if it has none.
struct watch_cache *watch_feed_cache(struct watch_feed *feed, const struct resource *resource);
// Starts the threads. Loading goes on in the background: see watch_feed_wait_ready.
void watch_feed_start(struct watch_feed *feed);
bool watch_feed_ready(struct watch_feed *feed); // every cache has been loaded: a check of /readyz
// false: the (monotonic) deadline passed.
bool watch_feed_wait_ready(struct watch_feed *feed, int64_t deadline);
uint64_t watch_feed_revision(struct watch_feed *feed);
// Ends every watcher (END), wakes all that wait, joins the threads.
void watch_feed_stop(struct watch_feed *feed);
// After stop; caches go with it, their watchers must be gone.
void watch_feed_free(struct watch_feed *feed);

// The key that is written where a watch of the prefix must see a revision: "<prefix>cube.progress". It belongs to no resource.
const char *watch_feed_progress_key(const struct watch_feed *feed);

#endif
