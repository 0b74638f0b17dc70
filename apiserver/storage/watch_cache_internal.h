// SPDX-License-Identifier: Apache-2.0
// What the files of the watch cache share: caches, their recent events, watchers, and what the feed does to them.
#ifndef CUBE_APISERVER_STORAGE_WATCH_CACHE_INTERNAL_H
#define CUBE_APISERVER_STORAGE_WATCH_CACHE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/storage/event_log.h"
#include "apiserver/storage/object_index.h"
#include "apiserver/storage/watch_cache.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/base/vec.h"

struct watch_feed;

enum watch_cache_state {
    WATCH_CACHE_LOADING, // changes that come meanwhile are put aside
    WATCH_CACHE_READY,
    WATCH_CACHE_STOPPED,
};

// A change of one key on its way into the cache. object is owned; NULL: the key is gone.
struct watch_cache_change {
    char *key; // behind the cache's prefix; owned; only set where object is NULL
    const struct object *object;
    uint64_t revision;
};

struct watch_cache {
    // constant
    struct watch_feed *feed;
    const struct resource *resource;
    char *prefix; // "/registry/pods/"
    size_t prefix_len;
    const char *index_field; // watchers that fix this field have buckets of their own; NULL: none
    int64_t event_window;
    size_t event_bytes;
    size_t watcher_queue;
    int64_t bookmark_interval;
    struct clock *clock;
    const _Atomic uint64_t *feed_revision; // what all caches have seen

    struct lock lock;
    // under lock
    enum watch_cache_state state;
    uint64_t epoch; // changes when a load that goes on has become useless
    struct object_index objects;
    struct event_log events;
    uint64_t applied;        // the newest revision that this cache has taken in
    struct vec pending;      // struct watch_cache_change, while loading
    struct map buckets;      // struct ptr_vec of watchers; see watcher_bucket in watch_cache_watcher.c
    struct str bucket_name;  // scratch
    size_t watcher_count;    // in buckets
    size_t bookmark_count;   // of those, with bookmarks
    int64_t bookmark_due;    // the earliest of all watchers', or earlier
    struct list to_be_woken; // watchers, by wake_node
};

struct watch_cache_config {
    struct watch_feed *feed;
    const _Atomic uint64_t *feed_revision;
    const struct resource *resource;
    const char *prefix;
    struct clock *clock;
    int64_t event_window;
    size_t event_bytes;
    size_t watcher_queue;
    int64_t bookmark_interval;
};

// --- watch_feed.c, for watchers ----------------------------------------------------------------------------------------------
// A watcher with bookmarks has come: the feed's clock must look at it in time. Called without locks.
void watch_feed_look_at_bookmarks(struct watch_feed *feed);

// --- watch_cache.c, for the feed -------------------------------------------------------------------------------------------
struct watch_cache *watch_cache_new(const struct watch_cache_config *config); // in state LOADING
void watch_cache_free(struct watch_cache *cache);
// Takes a change in, in order of revisions, and hands it to watchers; those are woken by watch_cache_wake.
void watch_cache_apply(struct watch_cache *cache, struct watch_cache_change *take_change);
void watch_cache_wake(struct watch_cache *cache);
// Back to loading: watchers get 410; what is there stays for readers that do not need it fresh.
void watch_cache_begin_load(struct watch_cache *cache);
// Ends a load that began under this epoch: swaps the objects in (the old ones are handed back), history begins at the revision, changes
// put aside follow. false: another load was faster or changes were lost; nothing has changed.
bool watch_cache_install(struct watch_cache *cache, struct object_index *objects, uint64_t revision, uint64_t epoch) MUST_CHECK;
uint64_t watch_cache_epoch(struct watch_cache *cache);
// Ends all watchers.
void watch_cache_stop(struct watch_cache *cache);
// Drops old events and wakes watchers whose bookmark is due. Returns when to come again (TIME_NEVER: no need).
int64_t watch_cache_tick(struct watch_cache *cache, int64_t now);
// Under the lock: what the cache shows now.
uint64_t watch_cache_revision_locked(const struct watch_cache *cache);
void watch_cache_change_free(struct watch_cache_change *change);

// --- watch_cache_watcher.c, for watch_cache.c, all under the cache's lock ----------------------------------------------------
// Hands an event of the log to every watcher that it concerns.
void watch_cache_deliver(struct watch_cache *cache, struct logged_event *event);
enum watcher_end { WATCHER_END_QUIET, WATCHER_END_EXPIRED };
void watch_cache_end_watchers(struct watch_cache *cache, enum watcher_end how);
void watch_cache_wake_bookmarks(struct watch_cache *cache, int64_t now);
void watch_cache_wake_locked(struct watch_cache *cache);

#endif
