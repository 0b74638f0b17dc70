// SPDX-License-Identifier: Apache-2.0
// Loading caches from the store: everything at one revision, in pages.
#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/watch_feed_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

#define PAGE 500
#define PAGE_TIMEOUT (20 * SECOND)

// What is loaded and not yet shown: an index for each cache.
struct staging {
    struct ptr_vec caches;
    struct object_index *indexes;
    uint64_t *epochs;
};

static void staging_free(struct staging *staging) {
    for (size_t i = 0; i < staging->caches.len; i++)
        object_index_free(&staging->indexes[i]);
    free(staging->indexes);
    free(staging->epochs);
    ptr_vec_free(&staging->caches);
}

static void staging_add(struct staging *staging, struct watch_cache *cache) {
    ptr_vec_push(&staging->caches, cache);
    size_t count = staging->caches.len;
    staging->indexes = alloc_resize(staging->indexes, count, sizeof(*staging->indexes));
    staging->epochs = alloc_resize(staging->epochs, count, sizeof(*staging->epochs));
    staging->indexes[count - 1] = (struct object_index){0};
    staging->epochs[count - 1] = watch_cache_epoch(cache);
}

static void stage_item(struct watch_feed *feed, struct staging *staging, const struct storage_item *item) {
    struct watch_cache *cache = NULL;
    LOCKED(&feed->lock)
    cache = watch_feed_cache_of_key(feed, item->key);
    for (size_t i = 0; cache && i < staging->caches.len; i++) {
        if (staging->caches.items[i] != cache)
            continue;
        const struct object *object = NULL;
        if (watch_feed_decode(cache, item->key, item->bytes, item->len, item->mod_revision, &object))
            object_unref(object_index_put(&staging->indexes[i], object));
        return;
    }
}

// Stages everything under the prefix. All pages are of the revision of the first.
static int stage_prefix(struct watch_feed *feed, struct staging *staging, const char *prefix, uint64_t *ret_revision,
                        struct error **err) {
    AUTO_STR after = {0};
    for (uint64_t revision = 0;;) {
        AUTO_STORAGE_LIST page = {0};
        struct storage_list_options options = {.prefix = prefix,
                                               .after = after.len ? str_text(&after) : NULL,
                                               .limit = PAGE,
                                               .revision = revision,
                                               .deadline = clock_monotonic(feed->config.clock) + PAGE_TIMEOUT};
        if (storage_list(feed->config.storage, &options, &page, err) < 0)
            return -1;
        if (!revision)
            revision = page.revision;
        for (size_t i = 0; i < page.len; i++)
            stage_item(feed, staging, &page.items[i]);
        if (!page.more || page.len == 0) {
            *ret_revision = revision;
            return 0;
        }
        str_clear(&after);
        str_append(&after, page.items[page.len - 1].key);
    }
}

int watch_feed_load(struct watch_feed *feed, struct error **err) {
    CLEANUP(staging_free) struct staging staging = {0};
    struct ptr_vec caches = {0};
    LOCKED(&feed->lock) {
        for (size_t i = 0; i < feed->caches.len; i++)
            ptr_vec_push(&caches, feed->caches.items[i]);
    }
    for (size_t i = 0; i < caches.len; i++)
        staging_add(&staging, caches.items[i]);
    ptr_vec_free(&caches);
    uint64_t revision = 0;
    if (stage_prefix(feed, &staging, feed->prefix, &revision, err) < 0)
        return -1;
    // Nobody may be told the new revision by a cache, or by a bookmark, that shows the old state: first end the watchers, then go on.
    LOCKED(&feed->lock)
    feed->loaded = false;
    for (size_t i = 0; i < staging.caches.len; i++)
        watch_cache_begin_load(staging.caches.items[i]);
    watch_feed_publish(feed, revision);
    for (size_t i = 0; i < staging.caches.len; i++) {
        struct watch_cache *cache = staging.caches.items[i];
        if (!watch_cache_install(cache, &staging.indexes[i], revision, watch_cache_epoch(cache)))
            return error_set(err, "load \"%s\": the cache is stopped", cache->prefix);
    }
    LOCKED(&feed->lock) {
        feed->loaded = true;
        cond_broadcast(&feed->changed);
    }
    return 0;
}

int watch_feed_load_one(struct watch_feed *feed, struct watch_cache *cache, int64_t deadline, struct error **err) {
    for (;;) {
        bool loaded = false;
        LOCKED(&feed->lock) {
            while (!feed->loaded && !feed->stopping && clock_wait(feed->config.clock, &feed->changed, &feed->lock, deadline)) {
            }
            loaded = feed->loaded && !feed->stopping;
        }
        if (!loaded)
            return status_too_many_requests(err, "storage is (re)initializing", 1);
        if (watch_cache_ready(cache))
            return 0;
        CLEANUP(staging_free) struct staging staging = {0};
        staging_add(&staging, cache);
        uint64_t revision = 0;
        if (stage_prefix(feed, &staging, cache->prefix, &revision, err) < 0)
            return -1;
        if (watch_cache_install(cache, &staging.indexes[0], revision, staging.epochs[0]))
            return 0;
        if (clock_monotonic(feed->config.clock) >= deadline)
            return storage_error_deadline(err);
    }
}
