// SPDX-License-Identifier: Apache-2.0
// The barrier of consistent reads, and the feed's clock.
//
// A request takes a ticket and waits. The thread fetches the store's revision once for all tickets given out by then; each request then
// waits until the caches have seen that revision. The watch does not show revisions of keys outside its prefix, so the caches may wait in
// vain for one: when the watch is quiet and still behind, the thread writes a key under the prefix, which the watch must show. If even
// that does not come, the watch is dead and is started again. etcd's own progress requests can't be used: not over HTTP/1.1,
// and in 3.4 before 3.4.25 they answer with revisions ahead of the events.
#include "apiserver/storage/watch_feed_internal.h"
#include "common/api/status.h"

#define FETCH_TIMEOUT (10 * SECOND)
#define NUDGE_DELAY (20 * MILLISECOND) // what the watch gets to bring a revision by itself
#define NUDGE_PAUSE (50 * MILLISECOND) // between two, if somebody keeps writing elsewhere
#define NUDGE_RETRY (1 * SECOND)       // after one that failed
#define WATCH_DEAD (5 * SECOND)        // that a touched key may take
#define TICK (1 * SECOND)

// --- requests ----------------------------------------------------------------------------------------------------------------------

// Until the caches have seen the revision. false: not by the deadline, or the feed stops. The lock must be held.
static bool wait_for_revision(struct watch_feed *feed, uint64_t revision, int64_t deadline) {
    bool in_time = true;
    feed->waiters++;
    while (atomic_load(&feed->revision) < revision && in_time && !feed->stopping)
        in_time = clock_wait(feed->config.clock, &feed->changed, &feed->lock, deadline);
    feed->waiters--;
    return atomic_load(&feed->revision) >= revision;
}

static void want_fetch(struct watch_feed *feed) {
    feed->fetch_wanted = MAX(feed->fetch_wanted, feed->fetch_started + 1);
    cond_signal(&feed->work);
}

int watch_cache_wait(struct watch_cache *cache, uint64_t revision, int64_t deadline, struct error **err) {
    struct watch_feed *feed = cache->feed;
    if (watch_cache_revision(cache) >= revision && watch_cache_ready(cache))
        return 0;
    int64_t now = clock_monotonic(feed->config.clock);
    bool seen = false;
    LOCKED(&feed->lock) {
        seen = wait_for_revision(feed, revision, MIN(deadline, now + NUDGE_DELAY));
        if (!seen && !feed->stopping) {
            want_fetch(feed); // it may be a revision of another prefix: that thread finds out
            seen = wait_for_revision(feed, revision, deadline);
        }
    }
    if (seen && watch_cache_ready(cache))
        return 0;
    if (seen)
        return status_too_many_requests(err, "storage is (re)initializing", 1);
    return status_resource_version_too_large(err, revision, watch_cache_revision(cache));
}

// Waits for a fetch that starts after this call. The lock must be held.
static int wait_for_fetch(struct watch_feed *feed, int64_t deadline, uint64_t *ret_revision, bool *ret_lost, struct error **err) {
    uint64_t ticket = feed->fetch_started + 1;
    want_fetch(feed);
    bool in_time = true;
    while (feed->fetch_done < ticket && in_time && !feed->stopping)
        in_time = clock_wait(feed->config.clock, &feed->changed, &feed->lock, deadline);
    if (feed->fetch_done < ticket)
        return feed->stopping ? status_service_unavailable(err, "the API server is shutting down") : storage_error_deadline(err);
    if (feed->fetch_error) {
        if (err)
            *err = error_clone(feed->fetch_error);
        return -1;
    }
    *ret_revision = feed->fetch_revision;
    *ret_lost = feed->fetch_back_in_time;
    return 0;
}

int watch_cache_barrier(struct watch_cache *cache, int64_t deadline, enum watch_cache_freshness *ret_freshness,
                        struct error **err) {
    struct watch_feed *feed = cache->feed;
    uint64_t revision = 0;
    bool lost = false, seen = false;
    LOCKED(&feed->lock) {
        if (wait_for_fetch(feed, deadline, &revision, &lost, err) < 0)
            return -1;
        if (!lost) {
            int64_t bound = clock_monotonic(feed->config.clock) + feed->config.barrier_bound;
            seen = wait_for_revision(feed, revision, MIN(bound, deadline));
        }
    }
    bool fresh = seen && watch_cache_ready(cache) && !atomic_load(&feed->must_load);
    *ret_freshness = fresh ? WATCH_CACHE_FRESH : WATCH_CACHE_BEHIND;
    return 0;
}

void watch_feed_look_at_bookmarks(struct watch_feed *feed) {
    LOCKED(&feed->lock) {
        if (!feed->tick_soon) {
            feed->tick_soon = true;
            cond_signal(&feed->work);
        }
    }
}

// --- the thread --------------------------------------------------------------------------------------------------------------------

// With the lock held, which is released meanwhile.
static void fetch(struct watch_feed *feed) {
    AUTO_ERROR error = NULL;
    uint64_t ticket = feed->fetch_wanted, revision = 0;
    feed->fetch_started = ticket;
    lock_release(&feed->lock);
    uint64_t seen = atomic_load(&feed->revision); // before the question: what was seen then must be in the answer
    int64_t now = clock_monotonic(feed->config.clock);
    int result = storage_revision(feed->config.storage, now + FETCH_TIMEOUT, &revision, &error);
    lock_acquire(&feed->lock);
    feed->fetch_done = ticket;
    error_free(feed->fetch_error);
    feed->fetch_error = STEAL(error);
    feed->fetch_back_in_time = result == 0 && revision < seen;
    cond_broadcast(&feed->changed);
    if (result < 0)
        return;
    feed->fetch_revision = revision;
    if (feed->fetch_back_in_time && feed->loaded) {
        feed->target = feed->touched = 0;
        atomic_store(&feed->must_load, true);
        watch_feed_break(feed);
    } else if (revision > atomic_load(&feed->revision) && revision > feed->target) {
        feed->target = revision;
        feed->target_since = clock_monotonic(feed->config.clock);
    }
}

// When the caches lag behind the target: what to do, and when (monotonic). TIME_NEVER: nothing.
static int64_t nudge_due(const struct watch_feed *feed) {
    uint64_t seen = atomic_load(&feed->revision);
    if (!atomic_load(&feed->following) || seen >= feed->target)
        return TIME_NEVER;
    if (feed->touched > seen)
        return feed->touched_since + WATCH_DEAD;
    int64_t quiet_since = MAX(atomic_load(&feed->last_activity), feed->target_since);
    int64_t pause = feed->touch_failed ? NUDGE_RETRY : NUDGE_PAUSE;
    return MAX(quiet_since + NUDGE_DELAY, feed->touched_since + pause);
}

static void nudge(struct watch_feed *feed, int64_t now) {
    if (feed->touched > atomic_load(&feed->revision)) {
        feed->touched = 0;
        feed->touched_since = now;
        watch_feed_break(feed);
        return;
    }
    uint64_t revision = 0;
    lock_release(&feed->lock);
    int result = storage_touch(feed->config.storage, feed->progress_key, now + FETCH_TIMEOUT, &revision, NULL);
    lock_acquire(&feed->lock);
    // A failed one is tried again after a while; who waits reads the store meanwhile.
    feed->touch_failed = result < 0;
    feed->touched = result == 0 ? revision : 0;
    if (result == 0)
        feed->target = MIN(feed->target, revision); // a restored store never reaches the old target
    feed->touched_since = clock_monotonic(feed->config.clock);
}

// Bookmarks, old events, and a question to the store when the watch has been silent for long.
static void tick(struct watch_feed *feed, int64_t now) {
    struct ptr_vec caches = {0};
    for (size_t i = 0; i < feed->caches.len; i++)
        ptr_vec_push(&caches, feed->caches.items[i]);
    feed->tick_soon = false;
    lock_release(&feed->lock);
    int64_t due = TIME_NEVER;
    for (size_t i = 0; i < caches.len; i++)
        due = MIN(due, watch_cache_tick(caches.items[i], now));
    ptr_vec_free(&caches);
    lock_acquire(&feed->lock);
    feed->next_tick = MIN(due == TIME_NEVER ? TIME_NEVER : MAX(due, now + TICK), now + feed->config.idle_check);
    if (atomic_load(&feed->following) && now - atomic_load(&feed->last_activity) >= feed->config.idle_check) {
        atomic_store(&feed->last_activity, now);
        want_fetch(feed);
    }
}

void barrier_run(void *argument) {
    struct watch_feed *feed = argument;
    struct clock *clock = feed->config.clock;
    lock_acquire(&feed->lock);
    feed->next_tick = clock_monotonic(clock) + feed->config.idle_check;
    while (!feed->stopping) {
        int64_t now = clock_monotonic(clock);
        if (feed->tick_soon)
            feed->next_tick = MIN(feed->next_tick, now + TICK);
        if (feed->fetch_wanted > feed->fetch_started)
            fetch(feed);
        else if (nudge_due(feed) <= now)
            nudge(feed, now);
        else if (feed->next_tick <= now)
            tick(feed, now);
        else
            clock_wait(clock, &feed->work, &feed->lock, MIN(nudge_due(feed), feed->next_tick));
    }
    cond_broadcast(&feed->changed);
    lock_release(&feed->lock);
}
