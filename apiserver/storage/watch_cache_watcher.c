// SPDX-License-Identifier: Apache-2.0
// Watchers of a cache: who wants which event, their bounded queues, bookmarks, waking and ending.
//
// Each watcher sits in one bucket, named by the narrowest thing that its scope fixes: the value of the index field, one object, one namespace,
// or nothing. An event looks into the few buckets that it can concern, so a watcher of one node's pods costs other nodes' events nothing.
#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/watch_cache_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

#define DEADLINE_BOOKMARK (2 * SECOND) // so long before a watch's deadline, as upstream

struct slot {
    const struct object *object;
    enum watch_cache_event_type type;
};

struct watch_cache_watcher {
    // constant
    struct watch_cache *cache;
    char *ns;   // "": all
    char *name; // NULL: all
    struct selector *labels;
    struct field_selector *fields;
    uint64_t start; // events up to here are not for this watcher
    bool bookmarks;
    int64_t deadline;
    void (*wake)(void *argument); // set before the first next
    void *wake_argument;

    // under the cache's lock
    char *bucket; // NULL: in none (ended)
    struct list_node wake_node;

    struct lock lock;
    struct cond readable;
    // under lock
    struct slot *backlog; // what was there at the start; delivered before the queue
    size_t backlog_len;
    size_t backlog_next;
    struct slot *queue; // a ring
    size_t queue_head;
    size_t queue_len;
    size_t queue_cap;
    uint64_t delivered; // the revision of the newest event handed in
    uint64_t state_revision;
    bool state_bookmark; // due behind the backlog
    bool waiting;        // the reader was told EMPTY
    bool ended;
    struct error *error;
    int64_t bookmark_due;
};

// --- matching and buckets ----------------------------------------------------------------------------------------------------

static bool watcher_matches(const struct watch_cache_watcher *w, const struct object *object) {
    return object && (!w->ns[0] || strcmp(w->ns, object->ns) == 0) && (!w->name || strcmp(w->name, object->name) == 0) &&
           (!w->labels || selector_matches_object(w->labels, object)) &&
           (!w->fields || field_selector_matches(w->fields, object));
}

static char *bucket_of(const struct watch_cache_watcher *w) {
    const char *value = w->cache->index_field && w->fields ? field_selector_exact(w->fields, w->cache->index_field) : NULL;
    if (value)
        return alloc_printf("f:%s", value);
    if (w->name && (w->ns[0] || !w->cache->resource->namespaced))
        return alloc_printf("k:%s/%s", w->ns, w->name);
    return w->ns[0] ? alloc_printf("n:%s", w->ns) : alloc_string("");
}

static void bucket_add(struct watch_cache *cache, struct watch_cache_watcher *w) {
    w->bucket = bucket_of(w);
    struct ptr_vec *bucket = map_get(&cache->buckets, w->bucket);
    if (!bucket) {
        bucket = alloc_zero(sizeof(*bucket));
        map_put(&cache->buckets, w->bucket, bucket);
    }
    ptr_vec_push(bucket, w);
    cache->watcher_count++;
    if (w->bookmarks) {
        cache->bookmark_count++;
        cache->bookmark_due = MIN(cache->bookmark_due, w->bookmark_due);
    }
}

static void bucket_remove(struct watch_cache *cache, struct watch_cache_watcher *w) {
    if (!w->bucket)
        return;
    struct ptr_vec *bucket = map_get(&cache->buckets, w->bucket);
    for (size_t i = 0; i < bucket->len; i++) {
        if (bucket->items[i] == w) {
            bucket->items[i] = bucket->items[bucket->len - 1];
            bucket->len--;
            break;
        }
    }
    if (bucket->len == 0) {
        map_remove(&cache->buckets, w->bucket);
        ptr_vec_free(bucket);
        free(bucket);
    }
    free(STEAL(w->bucket));
    cache->watcher_count--;
    cache->bookmark_count -= w->bookmarks;
}

// --- handing events in: under the cache's lock -------------------------------------------------------------------------------

// With the watcher's lock held, too: the reader has something to look at.
static void make_readable(struct watch_cache_watcher *w) {
    if (!w->waiting)
        return;
    w->waiting = false;
    cond_broadcast(&w->readable);
    if (w->wake && !list_linked(&w->wake_node))
        list_push_back(&w->cache->to_be_woken, &w->wake_node);
}

static void drop_queue(struct watch_cache_watcher *w) {
    for (; w->queue_len; w->queue_len--, w->queue_head++)
        object_unref(w->queue[w->queue_head & (w->queue_cap - 1)].object);
    for (; w->backlog_next < w->backlog_len; w->backlog_next++)
        object_unref(w->backlog[w->backlog_next].object);
    free(STEAL(w->queue));
    free(STEAL(w->backlog));
    w->queue_cap = w->queue_head = 0;
    w->backlog_len = w->backlog_next = 0;
}

static void queue_push(struct watch_cache_watcher *w, enum watch_cache_event_type type, const struct object *object) {
    if (w->queue_len == w->queue_cap) {
        size_t cap = w->queue_cap ? 2 * w->queue_cap : 4;
        struct slot *queue = alloc_array(cap, sizeof(*queue));
        for (size_t i = 0; i < w->queue_len; i++)
            queue[i] = w->queue[(w->queue_head + i) & (w->queue_cap - 1)];
        free(w->queue);
        w->queue = queue;
        w->queue_head = 0;
        w->queue_cap = cap;
    }
    w->queue[(w->queue_head + w->queue_len++) & (w->queue_cap - 1)] = (struct slot){object_ref(object), type};
}

// What an event is for a watcher: ADDED and DELETED where an object begins or ceases to match. false: nothing.
static bool classify(const struct watch_cache_watcher *w, struct logged_event *event, struct slot *ret_slot) {
    bool matches = watcher_matches(w, event->object);
    bool matched = watcher_matches(w, event->previous);
    if (!matches && !matched)
        return false;
    if (matches)
        *ret_slot = (struct slot){event->object, matched ? WATCH_CACHE_MODIFIED : WATCH_CACHE_ADDED};
    else
        *ret_slot = (struct slot){event_log_gone(&w->cache->events, event), WATCH_CACHE_DELETED};
    return true;
}

// false: the watcher is too far behind and was cut off.
static bool hand_in(struct watch_cache_watcher *w, struct logged_event *event) {
    struct slot slot;
    if (event->revision <= w->start || !classify(w, event, &slot))
        return true;
    bool fits = true;
    LOCKED(&w->lock) {
        fits = w->queue_len < w->cache->watcher_queue;
        if (fits) {
            queue_push(w, slot.type, slot.object);
            w->delivered = event->revision;
        } else {
            drop_queue(w);
            w->ended = true;
        }
        make_readable(w);
    }
    return fits;
}

static void deliver_to_bucket(struct watch_cache *cache, const char *prefix, const char *ns, const char *name,
                              struct logged_event *event) {
    str_clear(&cache->bucket_name);
    str_append(&cache->bucket_name, prefix);
    str_append(&cache->bucket_name, ns);
    if (name) {
        str_append_char(&cache->bucket_name, '/');
        str_append(&cache->bucket_name, name);
    }
    struct ptr_vec *bucket = map_get(&cache->buckets, str_text(&cache->bucket_name));
    if (!bucket)
        return;
    // Backwards, because one that is cut off leaves the bucket, and with the last one the bucket goes.
    for (size_t i = bucket->len; i-- > 0;) {
        struct watch_cache_watcher *w = bucket->items[i];
        if (!hand_in(w, event))
            bucket_remove(cache, w);
    }
}

void watch_cache_deliver(struct watch_cache *cache, struct logged_event *event) {
    if (cache->watcher_count == 0)
        return;
    const struct object *object = event->object ? event->object : event->previous;
    deliver_to_bucket(cache, "", "", NULL, event);
    if (object->ns[0])
        deliver_to_bucket(cache, "n:", object->ns, NULL, event);
    deliver_to_bucket(cache, "k:", object->ns, object->name, event);
    if (!cache->index_field)
        return;
    const char *value = event->object ? object_field(event->object, cache->index_field) : NULL;
    const char *before = event->previous ? object_field(event->previous, cache->index_field) : NULL;
    if (value)
        deliver_to_bucket(cache, "f:", value, NULL, event);
    if (before && (!value || strcmp(value, before) != 0))
        deliver_to_bucket(cache, "f:", before, NULL, event);
}

void watch_cache_wake_locked(struct watch_cache *cache) {
    for (struct list_node *node; (node = list_pop_front(&cache->to_be_woken));) {
        struct watch_cache_watcher *w = CONTAINER_OF(node, struct watch_cache_watcher, wake_node);
        w->wake(w->wake_argument);
    }
}

static void end_watcher(struct watch_cache *cache, struct watch_cache_watcher *w, enum watcher_end how) {
    LOCKED(&w->lock) {
        if (how == WATCHER_END_EXPIRED && !w->ended)
            status_expired(&w->error, "too old resource version: %llu (%llu)", (unsigned long long)MAX(w->delivered, w->start),
                           (unsigned long long)cache->events.start);
        drop_queue(w);
        w->ended = true;
        make_readable(w);
    }
}

void watch_cache_end_watchers(struct watch_cache *cache, enum watcher_end how) {
    struct ptr_vec all = {0};
    for (struct map_iter it = {.map = &cache->buckets}; map_next(&it);) {
        struct ptr_vec *bucket = it.value;
        for (size_t i = 0; i < bucket->len; i++)
            ptr_vec_push(&all, bucket->items[i]);
    }
    for (size_t i = 0; i < all.len; i++) {
        end_watcher(cache, all.items[i], how);
        bucket_remove(cache, all.items[i]);
    }
    ptr_vec_free(&all);
    watch_cache_wake_locked(cache);
}

void watch_cache_wake_bookmarks(struct watch_cache *cache, int64_t now) {
    cache->bookmark_due = TIME_NEVER;
    for (struct map_iter it = {.map = &cache->buckets}; map_next(&it);) {
        struct ptr_vec *bucket = it.value;
        for (size_t i = 0; i < bucket->len; i++) {
            struct watch_cache_watcher *w = bucket->items[i];
            if (!w->bookmarks)
                continue;
            LOCKED(&w->lock) {
                if (w->bookmark_due <= now)
                    make_readable(w);
                // One that was woken is due again when it has read its bookmark; until then look every interval.
                int64_t due = w->bookmark_due > now ? w->bookmark_due : now + cache->bookmark_interval;
                cache->bookmark_due = MIN(cache->bookmark_due, due);
            }
        }
    }
    watch_cache_wake_locked(cache);
}

// --- making and freeing --------------------------------------------------------------------------------------------------------

static void backlog_push(struct watch_cache_watcher *w, size_t *cap, enum watch_cache_event_type type,
                         const struct object *object) {
    if (w->backlog_len == *cap) {
        *cap = *cap ? 2 * *cap : 8;
        w->backlog = alloc_resize(w->backlog, *cap, sizeof(*w->backlog));
    }
    w->backlog[w->backlog_len++] = (struct slot){object_ref(object), type};
}

static void fill_from_state(struct watch_cache_watcher *w, bool bookmark) {
    struct watch_cache *cache = w->cache;
    size_t cap = 0;
    AUTO_STR first = {0};
    if (w->ns[0])
        str_printf(&first, "%s/", w->ns);
    if (w->name && (w->ns[0] || !cache->resource->namespaced))
        str_append(&first, w->name);
    struct object_index_iter it = object_index_seek(&cache->objects, str_text(&first));
    for (const struct object *object; (object = object_index_next(&it));) {
        if (first.len && (w->ns[0] ? strcmp(object->ns, w->ns) != 0 : strcmp(object->name, w->name) != 0))
            break;
        if (watcher_matches(w, object))
            backlog_push(w, &cap, WATCH_CACHE_ADDED, object);
    }
    w->start = watch_cache_revision_locked(cache);
    w->state_bookmark = bookmark;
    w->state_revision = w->start;
}

static int fill_from_events(struct watch_cache_watcher *w, uint64_t revision, struct error **err) {
    struct event_log *events = &w->cache->events;
    if (revision < events->start)
        return status_expired(err, "too old resource version: %llu (%llu)", (unsigned long long)revision,
                              (unsigned long long)events->start);
    size_t cap = 0;
    for (size_t i = event_log_seek(events, revision); i < events->len; i++) {
        struct logged_event *event = event_log_at(events, i);
        struct slot slot;
        if (classify(w, event, &slot))
            backlog_push(w, &cap, slot.type, slot.object);
    }
    w->start = MAX(revision, w->cache->applied);
    w->delivered = w->cache->applied;
    return 0;
}

static int start_watcher(struct watch_cache *cache, struct watch_cache_watcher *w,
                         const struct watch_cache_watch_options *options, struct error **err) {
    LOCKED(&cache->lock) {
        if (cache->state != WATCH_CACHE_READY)
            return status_too_many_requests(err, "storage is (re)initializing", 1);
        switch (options->start) {
        case WATCH_CACHE_START_REVISION:
            if (fill_from_events(w, options->revision, err) < 0)
                return -1;
            break;
        case WATCH_CACHE_START_STATE:
        case WATCH_CACHE_START_STATE_AND_BOOKMARK:
            fill_from_state(w, options->start == WATCH_CACHE_START_STATE_AND_BOOKMARK);
            break;
        case WATCH_CACHE_START_NOW:
            w->start = watch_cache_revision_locked(cache);
            break;
        }
        bucket_add(cache, w);
    }
    return 0;
}

// When the next bookmark is due after one at `now`.
static int64_t next_bookmark(const struct watch_cache_watcher *w, int64_t now) {
    if (!w->bookmarks)
        return TIME_NEVER;
    int64_t due = now + w->cache->bookmark_interval;
    int64_t last = w->deadline ? w->deadline - DEADLINE_BOOKMARK : TIME_NEVER;
    return now < last ? MIN(due, last) : due;
}

int watch_cache_watch(struct watch_cache *cache, struct watch_cache_watch_options *options,
                      struct watch_cache_watcher **ret_watcher, struct error **err) {
    struct watch_cache_watcher *w = alloc_zero(sizeof(*w));
    w->cache = cache;
    w->labels = STEAL(options->take_labels);
    w->fields = STEAL(options->take_fields);
    const char *ns = options->ns && options->ns[0] ? options->ns : NULL;
    const char *name = options->name && options->name[0] ? options->name : NULL;
    if (!ns && w->fields && cache->resource->namespaced)
        ns = field_selector_exact(w->fields, "metadata.namespace");
    if (!name && w->fields)
        name = field_selector_exact(w->fields, "metadata.name");
    w->ns = alloc_string(ns ? ns : "");
    w->name = alloc_string_or_null(name);
    w->bookmarks = options->bookmarks;
    w->deadline = options->deadline;
    w->bookmark_due = next_bookmark(w, clock_monotonic(cache->clock));
    lock_init(&w->lock, "watcher");
    cond_init(&w->readable);
    if (start_watcher(cache, w, options, err) < 0) {
        watch_cache_watcher_free(w);
        return -1;
    }
    if (w->bookmarks)
        watch_feed_look_at_bookmarks(cache->feed);
    *ret_watcher = w;
    return 0;
}

void watch_cache_watcher_free(struct watch_cache_watcher *watcher) {
    if (!watcher)
        return;
    LOCKED(&watcher->cache->lock) {
        bucket_remove(watcher->cache, watcher);
        if (list_linked(&watcher->wake_node))
            list_remove(&watcher->wake_node);
    }
    drop_queue(watcher);
    selector_free(watcher->labels);
    field_selector_free(watcher->fields);
    error_free(watcher->error);
    cond_destroy(&watcher->readable);
    lock_destroy(&watcher->lock);
    free(watcher->ns);
    free(watcher->name);
    free(watcher);
}

void watch_cache_watcher_freep(struct watch_cache_watcher **watcher) {
    watch_cache_watcher_free(*watcher);
}

void watch_cache_watcher_set_wake(struct watch_cache_watcher *watcher, void (*wake)(void *argument), void *argument) {
    LOCKED(&watcher->cache->lock) {
        LOCKED(&watcher->lock) {
            watcher->wake = wake;
            watcher->wake_argument = argument;
        }
    }
}

struct watch_cache *watch_cache_watcher_cache(const struct watch_cache_watcher *watcher) {
    return watcher->cache;
}

// --- reading ---------------------------------------------------------------------------------------------------------------------

static enum watch_cache_next take(struct slot slot, struct watch_cache_event *ret_event) {
    *ret_event = (struct watch_cache_event){.type = slot.type, .object = slot.object, .revision = slot.object->resource_version};
    return WATCH_CACHE_NEXT_EVENT;
}

static enum watch_cache_next take_bookmark(struct watch_cache_watcher *w, uint64_t revision, bool initial, int64_t now,
                                           struct watch_cache_event *ret_event) {
    *ret_event = (struct watch_cache_event){.type = WATCH_CACHE_BOOKMARK, .revision = revision, .initial_events_end = initial};
    w->bookmark_due = next_bookmark(w, now);
    return WATCH_CACHE_NEXT_EVENT;
}

// Under the watcher's lock. `seen` was read before: everything up to it had been handed in by then.
static enum watch_cache_next next_locked(struct watch_cache_watcher *w, uint64_t seen, struct watch_cache_event *ret_event,
                                         struct error **err) {
    if (w->error) {
        error_move(err, &w->error);
        return WATCH_CACHE_NEXT_ERROR;
    }
    if (w->backlog_next < w->backlog_len) {
        struct slot slot = w->backlog[w->backlog_next++];
        if (w->backlog_next == w->backlog_len) {
            free(STEAL(w->backlog));
            w->backlog_len = w->backlog_next = 0;
        }
        return take(slot, ret_event);
    }
    if (w->ended)
        return WATCH_CACHE_NEXT_END;
    if (w->state_bookmark) {
        w->state_bookmark = false;
        return take_bookmark(w, w->state_revision, true, clock_monotonic(w->cache->clock), ret_event);
    }
    if (w->queue_len) {
        struct slot slot = w->queue[w->queue_head++ & (w->queue_cap - 1)];
        w->queue_len--;
        return take(slot, ret_event);
    }
    if (w->bookmarks) {
        int64_t now = clock_monotonic(w->cache->clock);
        if (w->bookmark_due <= now)
            return take_bookmark(w, MAX(MAX(seen, w->delivered), w->start), false, now, ret_event);
    }
    w->waiting = true;
    return WATCH_CACHE_NEXT_EMPTY;
}

enum watch_cache_next watch_cache_next(struct watch_cache_watcher *watcher, struct watch_cache_event *ret_event,
                                       struct error **err) {
    uint64_t seen = atomic_load(watcher->cache->feed_revision);
    enum watch_cache_next next = WATCH_CACHE_NEXT_EMPTY;
    LOCKED(&watcher->lock)
    next = next_locked(watcher, seen, ret_event, err);
    return next;
}

enum watch_cache_next watch_cache_next_wait(struct watch_cache_watcher *watcher, int64_t deadline,
                                            struct watch_cache_event *ret_event, struct error **err) {
    struct watch_cache *cache = watcher->cache;
    for (;;) {
        uint64_t seen = atomic_load(cache->feed_revision);
        LOCKED(&watcher->lock) {
            enum watch_cache_next next = next_locked(watcher, seen, ret_event, err);
            if (next != WATCH_CACHE_NEXT_EMPTY)
                return next;
            if (clock_monotonic(cache->clock) >= deadline)
                return next;
            clock_wait(cache->clock, &watcher->readable, &watcher->lock, MIN(deadline, watcher->bookmark_due));
        }
    }
}
