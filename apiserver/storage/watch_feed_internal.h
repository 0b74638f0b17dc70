// SPDX-License-Identifier: Apache-2.0
// What the two threads of the feed share: the follower (watch_feed.c, feed_load.c) and the barrier (barrier.c).
#ifndef CUBE_APISERVER_STORAGE_WATCH_FEED_INTERNAL_H
#define CUBE_APISERVER_STORAGE_WATCH_FEED_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "apiserver/storage/watch_cache_internal.h"
#include "apiserver/storage/watch_feed.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/net/transport.h"

struct watch_feed {
    // constant
    struct watch_feed_config config;
    char *prefix;
    char *progress_key;

    // any thread
    _Atomic uint64_t revision;     // every change up to here is in the caches
    _Atomic int64_t last_activity; // monotonic: when the watch last brought something, or was started
    _Atomic bool following;        // the watch stands
    _Atomic bool must_load;        // history was lost or undone: load everything again
    struct stream_stop stream;     // ends the current watch

    struct lock lock;
    struct cond changed; // revision, loaded, fetches, stopping
    struct cond work;    // for the barrier thread
    // under lock
    struct ptr_vec caches; // in order of their prefixes; none is ever removed
    bool started;
    bool stopping;
    bool loaded;
    size_t waiters;        // on `changed`, for a revision
    uint64_t fetch_wanted; // tickets: a fetch that starts serves all tickets given out before
    uint64_t fetch_started;
    uint64_t fetch_done;
    uint64_t fetch_revision;
    struct error *fetch_error; // of the last fetch; NULL: it worked
    bool fetch_back_in_time;   // the store's revision was before what the caches had seen
    bool tick_soon;            // the barrier thread is to look at bookmarks every second

    // owned by the barrier thread
    uint64_t target;      // the newest revision that the store is known to have
    int64_t target_since; // monotonic
    uint64_t touched;     // the revision of the last touch; 0: none that is waited for
    bool touch_failed;
    int64_t touched_since; // monotonic
    int64_t next_tick;     // monotonic

    // owned by the follower
    bool failing; // said so in the log
    int64_t backoff;

    struct thread *follower;
    struct thread *barrier;
};

// watch_feed.c
void watch_feed_publish(struct watch_feed *feed, uint64_t revision); // and wakes those that wait for it
// Ends the current watch, so that the follower starts a new one.
void watch_feed_break(struct watch_feed *feed);
// The cache whose prefix the key has; NULL if none. The lock must be held.
struct watch_cache *watch_feed_cache_of_key(struct watch_feed *feed, const char *key);
// A change out of a stored value: key is the whole key. false: it can't be decoded (logged) and is no change.
bool watch_feed_decode(struct watch_cache *cache, const char *key, const char *bytes, size_t len, uint64_t revision,
                       const struct object **ret_object);

// feed_load.c
// Loads all caches at one revision.
int watch_feed_load(struct watch_feed *feed, struct error **err) MUST_CHECK;
// Loads one cache that was added while the feed runs.
int watch_feed_load_one(struct watch_feed *feed, struct watch_cache *cache, int64_t deadline, struct error **err) MUST_CHECK;

// barrier.c
void barrier_run(void *feed); // the thread

#endif
