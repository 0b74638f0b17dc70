// SPDX-License-Identifier: Apache-2.0
// The follower: one watch of the whole prefix, its events decoded once and handed to the caches, started again after every break.
#include "apiserver/storage/watch_feed.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/watch_feed_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/log.h"

#define BACKOFF_FIRST (50 * MILLISECOND)
#define BACKOFF_MAX (1 * SECOND)
#define REVISION_TIMEOUT (5 * SECOND)
#define PUBLISH_EVERY 64 // events; so that a long batch does not hold back its first ones

// --- caches by key ---------------------------------------------------------------------------------------------------------------

struct watch_cache *watch_feed_cache_of_key(struct watch_feed *feed, const char *key) {
    lock_assert_held(&feed->lock);
    size_t low = 0, high = feed->caches.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(((struct watch_cache *)feed->caches.items[middle])->prefix, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    // The nearest prefix before the key need not be its own: "/registry/a/b/" stands between "/registry/a/" and "/registry/a/c".
    while (low-- > 0) {
        struct watch_cache *cache = feed->caches.items[low];
        if (strncmp(cache->prefix, key, cache->prefix_len) == 0)
            return cache;
    }
    return NULL;
}

static void insert_cache(struct watch_feed *feed, struct watch_cache *cache) {
    ptr_vec_push(&feed->caches, cache);
    size_t i = feed->caches.len - 1;
    for (; i > 0 && strcmp(((struct watch_cache *)feed->caches.items[i - 1])->prefix, cache->prefix) > 0; i--)
        feed->caches.items[i] = feed->caches.items[i - 1];
    feed->caches.items[i] = cache;
}

// --- decoding and applying ---------------------------------------------------------------------------------------------------

bool watch_feed_decode(struct watch_cache *cache, const char *key, const char *bytes, size_t len, uint64_t revision,
                       const struct object **ret_object) {
    AUTO_ERROR error = NULL;
    struct object *stored = NULL;
    if (object_new_from_bytes(bytes, len, cache->resource, &stored, &error) < 0) {
        log_error("stored object cannot be decoded, ignoring", "key", key, "err", error_message(error), NULL);
        return false;
    }
    AUTO_OBJECT owned UNUSED = stored;
    if (object_index_compare(stored, key + cache->prefix_len) != 0) {
        log_error("stored object has another name than its key, ignoring", "key", key, "namespace", stored->ns, "name",
                  stored->name, NULL);
        return false;
    }
    *ret_object = object_with_version(stored, revision);
    return true;
}

static void apply_event(struct watch_cache *cache, const struct storage_event *event) {
    struct watch_cache_change change = {.revision = event->mod_revision};
    bool put = event->type == STORAGE_PUT;
    // What can't be decoded is treated as gone: better than to go on showing the old value.
    if (!put || !watch_feed_decode(cache, event->key, event->bytes, event->len, event->mod_revision, &change.object))
        change.key = alloc_string(event->key + cache->prefix_len);
    watch_cache_apply(cache, &change);
}

void watch_feed_publish(struct watch_feed *feed, uint64_t revision) {
    atomic_store(&feed->revision, revision);
    LOCKED(&feed->lock) {
        if (feed->waiters)
            cond_broadcast(&feed->changed);
    }
}

static void wake_touched(struct watch_feed *feed, struct ptr_vec *touched, uint64_t revision) {
    watch_feed_publish(feed, revision);
    for (size_t i = 0; i < touched->len; i++)
        watch_cache_wake(touched->items[i]);
    touched->len = 0;
}

static void mark_touched(struct ptr_vec *touched, struct watch_cache *cache) {
    for (size_t i = 0; i < touched->len; i++)
        if (touched->items[i] == cache)
            return;
    ptr_vec_push(touched, cache);
}

static bool on_events(void *context, const struct storage_event *events, size_t count, uint64_t revision) {
    struct watch_feed *feed = context;
    atomic_store(&feed->last_activity, clock_monotonic(feed->config.clock));
    struct ptr_vec touched = {0};
    for (size_t i = 0; i < count; i++) {
        struct watch_cache *cache = NULL;
        LOCKED(&feed->lock)
        cache = watch_feed_cache_of_key(feed, events[i].key);
        if (cache) {
            apply_event(cache, &events[i]);
            mark_touched(&touched, cache);
        }
        bool whole = i + 1 < count && events[i + 1].mod_revision > events[i].mod_revision;
        if (whole && i % PUBLISH_EVERY == PUBLISH_EVERY - 1)
            wake_touched(feed, &touched, events[i].mod_revision);
    }
    if (revision > atomic_load(&feed->revision))
        wake_touched(feed, &touched, revision);
    ptr_vec_free(&touched);
    return !atomic_load(&feed->stream.stopped);
}

// --- the follower's life -------------------------------------------------------------------------------------------------------

static bool stopping(struct watch_feed *feed) {
    bool result = false;
    LOCKED(&feed->lock)
    result = feed->stopping;
    return result;
}

// Says once that the store is gone, and waits a little longer each time.
static void back_off(struct watch_feed *feed, const char *what, const struct error *error) {
    if (!feed->failing && !stopping(feed)) {
        feed->failing = true;
        log_warning("etcd cannot be followed, trying again", "operation", what, "err", error_message(error), NULL);
    }
    int64_t wait = feed->backoff / 2 + (int64_t)((double)feed->backoff / 2 * random_unit(feed->config.random));
    feed->backoff = MIN(2 * feed->backoff, BACKOFF_MAX);
    int64_t until = clock_monotonic(feed->config.clock) + wait;
    LOCKED(&feed->lock) {
        while (!feed->stopping && clock_wait(feed->config.clock, &feed->changed, &feed->lock, until)) {
        }
    }
}

static void works_again(struct watch_feed *feed) {
    feed->backoff = BACKOFF_FIRST;
    if (feed->failing)
        log_info("etcd is followed again", NULL);
    feed->failing = false;
}

static void on_start(void *context) {
    struct watch_feed *feed = context;
    works_again(feed);
    atomic_store(&feed->last_activity, clock_monotonic(feed->config.clock));
    atomic_store(&feed->following, true);
}

// Before a watch is started again: has the store lost what we saw? A restored backup counts revisions from an older one on.
static int check_revision(struct watch_feed *feed, struct error **err) {
    uint64_t revision = 0, seen = atomic_load(&feed->revision);
    int64_t deadline = clock_monotonic(feed->config.clock) + REVISION_TIMEOUT;
    if (storage_revision(feed->config.storage, deadline, &revision, err) < 0)
        return -1;
    if (revision < seen) {
        log_error("etcd went back in time, loading everything again", "seen", log_int((int64_t)seen), "now",
                  log_int((int64_t)revision), NULL);
        atomic_store(&feed->must_load, true);
    }
    return 0;
}

static void follow(struct watch_feed *feed) {
    AUTO_ERROR error = NULL;
    atomic_store(&feed->stream.stopped, false);
    if (stopping(feed) || atomic_load(&feed->must_load))
        return;
    struct storage_watch watch = {.prefix = feed->prefix,
                                  .start_revision = atomic_load(&feed->revision) + 1,
                                  .on_start = on_start,
                                  .on_events = on_events,
                                  .context = feed,
                                  .stop = &feed->stream};
    int result = storage_watch(feed->config.storage, &watch, &error);
    atomic_store(&feed->following, false);
    if (stopping(feed))
        return;
    if (result < 0 && error_has_code(error, 410)) {
        log_warning("etcd has compacted what was not seen yet, loading everything again", "revision",
                    log_int((int64_t)watch.start_revision), NULL);
        atomic_store(&feed->must_load, true);
        return;
    }
    if (result == 0 && !atomic_load(&feed->stream.stopped))
        result = error_set(&error, "etcd ended the watch");
    if (result < 0)
        back_off(feed, "watch", error);
    AUTO_ERROR check = NULL;
    while (!stopping(feed) && check_revision(feed, &check) < 0) {
        back_off(feed, "revision", check);
        error_free(STEAL(check));
    }
}

static void follower_run(void *argument) {
    struct watch_feed *feed = argument;
    while (!stopping(feed)) {
        if (atomic_load(&feed->must_load)) {
            AUTO_ERROR error = NULL;
            atomic_store(&feed->must_load, false); // the barrier may find out meanwhile that it has to be done again
            if (watch_feed_load(feed, &error) < 0) {
                atomic_store(&feed->must_load, true);
                back_off(feed, "load", error);
                continue;
            }
        }
        follow(feed);
    }
}

void watch_feed_break(struct watch_feed *feed) {
    atomic_store(&feed->stream.stopped, true);
    storage_interrupt(feed->config.storage);
}

// --- making, adding, stopping --------------------------------------------------------------------------------------------------

static void set_default(int64_t *value, int64_t otherwise) {
    if (!*value)
        *value = otherwise;
}

struct watch_feed *watch_feed_new(const struct watch_feed_config *config) {
    struct watch_feed *feed = alloc_zero(sizeof(*feed));
    feed->config = *config;
    set_default(&feed->config.event_window, 10 * MINUTE);
    set_default(&feed->config.bookmark_interval, MINUTE);
    set_default(&feed->config.barrier_bound, 2 * SECOND);
    set_default(&feed->config.idle_check, 30 * SECOND);
    if (!feed->config.event_bytes)
        feed->config.event_bytes = (size_t)16 << 20;
    if (!feed->config.watcher_queue)
        feed->config.watcher_queue = 1000;
    feed->prefix = alloc_string(config->prefix ? config->prefix : "/registry/");
    feed->config.prefix = feed->prefix;
    feed->progress_key = alloc_printf("%scube.progress", feed->prefix);
    feed->must_load = true;
    feed->backoff = BACKOFF_FIRST;
    lock_init(&feed->lock, "watch feed");
    cond_init(&feed->changed);
    cond_init(&feed->work);
    return feed;
}

static struct watch_cache *find_cache(struct watch_feed *feed, const struct resource *resource) {
    for (size_t i = 0; i < feed->caches.len; i++) {
        struct watch_cache *cache = feed->caches.items[i];
        if (cache->resource == resource)
            return cache;
    }
    return NULL;
}

static struct watch_cache *new_cache(struct watch_feed *feed, const struct resource *resource) {
    // The schema's rows say "/registry/..."; --etcd-prefix may say otherwise.
    const char *path = str_skip_prefix(resource->storage_prefix, "/registry/");
    AUTO_STR prefix = {0};
    str_printf(&prefix, "%s%s/", feed->prefix, path ? path : resource->storage_prefix);
    return watch_cache_new(&(struct watch_cache_config){.feed = feed,
                                                        .feed_revision = &feed->revision,
                                                        .resource = resource,
                                                        .prefix = str_text(&prefix),
                                                        .clock = feed->config.clock,
                                                        .event_window = feed->config.event_window,
                                                        .event_bytes = feed->config.event_bytes,
                                                        .watcher_queue = feed->config.watcher_queue,
                                                        .bookmark_interval = feed->config.bookmark_interval});
}

int watch_feed_add(struct watch_feed *feed, const struct resource *resource, int64_t deadline, struct watch_cache **ret_cache,
                   struct error **err) {
    struct watch_cache *cache = NULL;
    bool started = false;
    LOCKED(&feed->lock) {
        cache = find_cache(feed, resource);
        if (!cache) {
            cache = new_cache(feed, resource);
            insert_cache(feed, cache);
        }
        started = feed->started;
    }
    if (started && watch_feed_load_one(feed, cache, deadline, err) < 0)
        return -1;
    if (ret_cache)
        *ret_cache = cache;
    return 0;
}

struct watch_cache *watch_feed_cache(struct watch_feed *feed, const struct resource *resource) {
    struct watch_cache *cache = NULL;
    LOCKED(&feed->lock)
    cache = find_cache(feed, resource);
    return cache;
}

void watch_feed_start(struct watch_feed *feed) {
    LOCKED(&feed->lock)
    feed->started = true;
    feed->follower = thread_start("etcd-watch", follower_run, feed);
    feed->barrier = thread_start("barrier", barrier_run, feed);
}

bool watch_feed_ready(struct watch_feed *feed) {
    bool ready = false;
    struct ptr_vec caches = {0};
    LOCKED(&feed->lock) {
        ready = feed->loaded;
        for (size_t i = 0; ready && i < feed->caches.len; i++)
            ptr_vec_push(&caches, feed->caches.items[i]);
    }
    for (size_t i = 0; ready && i < caches.len; i++)
        ready = watch_cache_ready(caches.items[i]);
    ptr_vec_free(&caches);
    return ready;
}

bool watch_feed_wait_ready(struct watch_feed *feed, int64_t deadline) {
    LOCKED(&feed->lock) {
        while (!feed->loaded && !feed->stopping && clock_wait(feed->config.clock, &feed->changed, &feed->lock, deadline)) {
        }
    }
    return watch_feed_ready(feed);
}

uint64_t watch_feed_revision(struct watch_feed *feed) {
    return atomic_load(&feed->revision);
}

const char *watch_feed_progress_key(const struct watch_feed *feed) {
    return feed->progress_key;
}

void watch_feed_stop(struct watch_feed *feed) {
    LOCKED(&feed->lock) {
        feed->stopping = true;
        cond_broadcast(&feed->changed);
        cond_broadcast(&feed->work);
    }
    watch_feed_break(feed);
    for (size_t i = 0; i < feed->caches.len; i++)
        watch_cache_stop(feed->caches.items[i]);
    if (feed->follower)
        thread_join(STEAL(feed->follower));
    if (feed->barrier)
        thread_join(STEAL(feed->barrier));
}

void watch_feed_free(struct watch_feed *feed) {
    if (!feed)
        return;
    for (size_t i = 0; i < feed->caches.len; i++)
        watch_cache_free(feed->caches.items[i]);
    ptr_vec_free(&feed->caches);
    error_free(feed->fetch_error);
    cond_destroy(&feed->changed);
    cond_destroy(&feed->work);
    lock_destroy(&feed->lock);
    free(feed->prefix);
    free(feed->progress_key);
    free(feed);
}
