// SPDX-License-Identifier: Apache-2.0
// The watch cache of one resource: its objects in order of their keys, recent events, and watchers.
//
// Fed by watch_feed.h, from the one watch of the store. Objects carry their resourceVersion; everything is handed out by reference. There is
// one revision counter for all resources, so a cache may be "at" a revision in which none of its own objects changed.
//
// Locks: a cache's lock, then a watcher's. Wake functions are called with the cache's lock held and the watcher's not: they must not block and not call into
// the cache, except watch_cache_next on their watcher. Consequently watch_cache_watcher_free must not be called with a lock held
// that a wake function takes.
#ifndef CUBE_APISERVER_STORAGE_WATCH_CACHE_H
#define CUBE_APISERVER_STORAGE_WATCH_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/api/resources.h"
#include "common/api/selector.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/vec.h"

struct watch_cache;
struct watch_cache_watcher;

// false until the first load is done, and while the cache is being loaded again after a break that lost history: read storage then.
bool watch_cache_ready(struct watch_cache *cache);
// The store's revision that the cache shows: everything up to it is here.
uint64_t watch_cache_revision(struct watch_cache *cache);
size_t watch_cache_count(struct watch_cache *cache);
size_t watch_cache_watcher_count(struct watch_cache *cache);

// --- reading -----------------------------------------------------------------------------------------------------------
// An owned reference; NULL if there is none. ns is "" for cluster scope. ret_revision (may be NULL): what the answer shows.
const struct object *watch_cache_get(struct watch_cache *cache, const char *ns, const char *name, uint64_t *ret_revision);

// All members may be zero. Selectors stay the caller's.
struct watch_cache_query {
    const char *ns;    // NULL or "": all
    const char *name;  // NULL: all. With ns, or for cluster scope, this is one look-up
    const char *after; // only keys greater than this one: "namespace/name", or "name" for cluster scope
    const struct selector *labels;
    const struct field_selector *fields;
    size_t limit; // matching objects; 0: no bound
};

struct watch_cache_list {
    struct ptr_vec objects; // const struct object *, owned references, in order of their keys
    uint64_t revision;      // what the list shows
    bool more;              // the limit cut it
    size_t remaining;       // with more: the objects of ns behind the last one, selectors not looked at
};

// A snapshot; ret_list is overwritten.
void watch_cache_list(struct watch_cache *cache, const struct watch_cache_query *query, struct watch_cache_list *ret_list);
void watch_cache_list_free(struct watch_cache_list *list); // frees and zeroes
#define AUTO_WATCH_CACHE_LIST CLEANUP(watch_cache_list_free) struct watch_cache_list

// --- waiting -----------------------------------------------------------------------------------------------------------
// Deadlines are monotonic nanoseconds of the feed's clock.

// Until the cache has seen the revision. -1: 504 `Too large resource version: N, current: M` at the deadline.
int watch_cache_wait(struct watch_cache *cache, uint64_t revision, int64_t deadline, struct error **err) MUST_CHECK;

enum watch_cache_freshness {
    WATCH_CACHE_FRESH,  // everything that was committed before the call is in the cache
    WATCH_CACHE_BEHIND, // the cache did not catch up within the bound: read storage
};
// The barrier of a consistent read: the store's revision is fetched once for all that wait at the same time, then the cache is waited for. -1
// when the store can't be asked (its error) or the deadline passed.
int watch_cache_barrier(struct watch_cache *cache, int64_t deadline, enum watch_cache_freshness *ret_freshness,
                        struct error **err) MUST_CHECK;

// --- watching ----------------------------------------------------------------------------------------------------------
enum watch_cache_event_type {
    WATCH_CACHE_ADDED,
    WATCH_CACHE_MODIFIED,
    WATCH_CACHE_DELETED,  // the object as it was, with the resourceVersion of the event
    WATCH_CACHE_BOOKMARK, // no object
};

struct watch_cache_event {
    enum watch_cache_event_type type;
    const struct object *object; // an owned reference; NULL for a bookmark
    uint64_t revision;           // of the object; of a bookmark: everything up to it has been delivered
    bool initial_events_end;     // a bookmark with the annotation k8s.io/initial-events-end
};

void watch_cache_event_free(struct watch_cache_event *event); // frees and zeroes
// {"type":"ADDED","object":...} and a newline, as it goes to the client; bookmarks have kind and apiVersion of the cache's resource.
void watch_cache_event_write(const struct watch_cache *cache, const struct watch_cache_event *event, struct str *out);
const char *watch_cache_event_name(enum watch_cache_event_type type); // "ADDED", ...

enum watch_cache_start {
    WATCH_CACHE_START_REVISION, // events behind `revision`; 410 `too old resource version: X (Y)` when they are no longer here
    WATCH_CACHE_START_STATE,    // first an ADDED for each object that matches now, then events (no or "0" resourceVersion)
    // The same, and then a bookmark with initial_events_end (sendInitialEvents=true).
    WATCH_CACHE_START_STATE_AND_BOOKMARK,
    WATCH_CACHE_START_NOW, // only what comes (sendInitialEvents=false without a resourceVersion)
};

struct watch_cache_watch_options {
    const char *ns;                     // NULL or "": all
    const char *name;                   // NULL: all
    struct selector *take_labels;       // owned, freed also on failure; NULL: all
    struct field_selector *take_fields; // the same
    enum watch_cache_start start;
    uint64_t revision; // START_REVISION; one in the future is fine: only what comes behind it is delivered
    bool bookmarks;    // about one a minute while nothing happens, and one shortly before the deadline
    int64_t deadline;  // monotonic; when the caller is going to end the watch; 0: never
};

// Waits for nothing: a caller that wants the newest state goes through the barrier first. Errors: 410 Expired; 429 `storage is (re)initializing` while not ready, as upstream.
int watch_cache_watch(struct watch_cache *cache, struct watch_cache_watch_options *options,
                      struct watch_cache_watcher **ret_watcher, struct error **err) MUST_CHECK;
// No wake is running or will come once this has returned. NULL is fine. Watchers must be freed before the feed.
void watch_cache_watcher_free(struct watch_cache_watcher *watcher);
void watch_cache_watcher_freep(struct watch_cache_watcher **watcher);
#define AUTO_WATCHER CLEANUP(watch_cache_watcher_freep) struct watch_cache_watcher *

// Called when there is something to read after `next` said EMPTY: an event, the end, or a bookmark that is due. May come without need. Events
// that arrive together wake once. Set it before the first next; if something is there already it is not called: read until EMPTY first.
void watch_cache_watcher_set_wake(struct watch_cache_watcher *watcher, void (*wake)(void *argument), void *argument);
struct watch_cache *watch_cache_watcher_cache(const struct watch_cache_watcher *watcher);

enum watch_cache_next {
    WATCH_CACHE_NEXT_EVENT,
    WATCH_CACHE_NEXT_EMPTY, // nothing now
    WATCH_CACHE_NEXT_END,   // over, without an error: the reader was too slow, or the feed stops. The client starts again.
    WATCH_CACHE_NEXT_ERROR, // over, with an error for the client: 410 after the store went back in time or history was lost
};

// Never blocks. ret_event is filled for EVENT, *err for ERROR. One reader at a time.
enum watch_cache_next watch_cache_next(struct watch_cache_watcher *watcher, struct watch_cache_event *ret_event,
                                       struct error **err) MUST_CHECK;
// The same, but waits until there is something or the (monotonic) deadline passes: EMPTY. For watchers without a wake function.
enum watch_cache_next watch_cache_next_wait(struct watch_cache_watcher *watcher, int64_t deadline,
                                            struct watch_cache_event *ret_event, struct error **err) MUST_CHECK;

#endif
