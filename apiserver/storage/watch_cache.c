// SPDX-License-Identifier: Apache-2.0
// The watch cache of one resource: taking changes in, snapshots, waiting for a revision.
#include "apiserver/storage/watch_cache.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/watch_cache_internal.h"
#include "common/base/alloc.h"
#include "common/data/json_write.h"

#define PENDING_MAX 10000 // changes put aside during a load

uint64_t watch_cache_revision_locked(const struct watch_cache *cache) {
    return MAX(cache->applied, atomic_load(cache->feed_revision));
}

bool watch_cache_ready(struct watch_cache *cache) {
    bool ready = false;
    LOCKED(&cache->lock)
    ready = cache->state == WATCH_CACHE_READY;
    return ready;
}

uint64_t watch_cache_revision(struct watch_cache *cache) {
    uint64_t revision = 0;
    LOCKED(&cache->lock)
    revision = watch_cache_revision_locked(cache);
    return revision;
}

size_t watch_cache_count(struct watch_cache *cache) {
    size_t count = 0;
    LOCKED(&cache->lock)
    count = cache->objects.len;
    return count;
}

size_t watch_cache_watcher_count(struct watch_cache *cache) {
    size_t count = 0;
    LOCKED(&cache->lock)
    count = cache->watcher_count;
    return count;
}

// --- reading ---------------------------------------------------------------------------------------------------------------

const struct object *watch_cache_get(struct watch_cache *cache, const char *ns, const char *name, uint64_t *ret_revision) {
    AUTO_STR key = {0};
    if (ns && ns[0]) {
        str_append(&key, ns);
        str_append_char(&key, '/');
    }
    str_append(&key, name);
    const struct object *object = NULL;
    LOCKED(&cache->lock) {
        object = object_index_get(&cache->objects, str_text(&key));
        if (object)
            object = object_ref(object);
        if (ret_revision)
            *ret_revision = watch_cache_revision_locked(cache);
    }
    return object;
}

static bool query_matches(const struct watch_cache_query *query, const struct object *object) {
    return (!query->name || strcmp(query->name, object->name) == 0) &&
           (!query->labels || selector_matches_object(query->labels, object)) &&
           (!query->fields || field_selector_matches(query->fields, object));
}

// How many objects of the namespace (NULL: all) come from this one on.
static size_t count_from(struct watch_cache *cache, const char *ns, const struct object *object) {
    AUTO_STR key = {0};
    if (object->ns[0])
        str_printf(&key, "%s/", object->ns);
    str_append(&key, object->name);
    size_t position = object_index_position(&cache->objects, str_text(&key));
    if (!ns)
        return cache->objects.len - position;
    str_clear(&key);
    str_printf(&key, "%s%c", ns, '/' + 1);
    return object_index_position(&cache->objects, str_text(&key)) - position;
}

static void fill_list(struct watch_cache *cache, const struct watch_cache_query *query, struct watch_cache_list *list) {
    const char *ns = query->ns && query->ns[0] ? query->ns : NULL;
    bool one = query->name && (ns || !cache->resource->namespaced);
    AUTO_STR first = {0};
    if (ns)
        str_printf(&first, "%s/", ns);
    if (one)
        str_append(&first, query->name);
    bool skip = query->after && strcmp(query->after, str_text(&first)) >= 0;
    struct object_index_iter it = object_index_seek(&cache->objects, skip ? query->after : str_text(&first));
    for (const struct object *object; (object = object_index_next(&it));) {
        if (skip && object_index_compare(object, query->after) == 0)
            continue;
        if ((ns && strcmp(object->ns, ns) != 0) || (one && strcmp(object->name, query->name) != 0))
            break;
        if (query->limit && list->objects.len == query->limit) {
            // As upstream: whether anything behind still matches is for the next page to find out.
            list->more = true;
            list->remaining = count_from(cache, ns, object);
            break;
        }
        if (query_matches(query, object))
            ptr_vec_push(&list->objects, (void *)object_ref(object));
    }
}

void watch_cache_list(struct watch_cache *cache, const struct watch_cache_query *query, struct watch_cache_list *ret_list) {
    *ret_list = (struct watch_cache_list){0};
    LOCKED(&cache->lock) {
        ret_list->revision = watch_cache_revision_locked(cache);
        fill_list(cache, query, ret_list);
    }
}

void watch_cache_list_free(struct watch_cache_list *list) {
    for (size_t i = 0; i < list->objects.len; i++)
        object_unref(list->objects.items[i]);
    ptr_vec_free(&list->objects);
    *list = (struct watch_cache_list){0};
}

// --- events as they go out ---------------------------------------------------------------------------------------------------

void watch_cache_event_free(struct watch_cache_event *event) {
    object_unref(event->object);
    *event = (struct watch_cache_event){0};
}

const char *watch_cache_event_name(enum watch_cache_event_type type) {
    static const char *const names[] = {[WATCH_CACHE_ADDED] = "ADDED",
                                        [WATCH_CACHE_MODIFIED] = "MODIFIED",
                                        [WATCH_CACHE_DELETED] = "DELETED",
                                        [WATCH_CACHE_BOOKMARK] = "BOOKMARK"};
    return names[type];
}

void watch_cache_event_write(const struct watch_cache *cache, const struct watch_cache_event *event, struct str *out) {
    str_append(out, "{\"type\":\"");
    str_append(out, watch_cache_event_name(event->type));
    str_append(out, "\",\"object\":");
    if (event->object) {
        str_append_n(out, event->object->json, event->object->len);
    } else {
        str_append(out, "{\"kind\":");
        json_write_string(out, cache->resource->kind);
        str_append(out, ",\"apiVersion\":");
        json_write_string(out, cache->resource->api_version);
        str_printf(out, ",\"metadata\":{\"resourceVersion\":\"%llu\"", (unsigned long long)event->revision);
        if (event->initial_events_end)
            str_append(out, ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}");
        str_append(out, ",\"creationTimestamp\":null}}");
    }
    str_append(out, "}\n");
}

// --- taking changes in: called by the feed ---------------------------------------------------------------------------------

void watch_cache_change_free(struct watch_cache_change *change) {
    free(change->key);
    object_unref(change->object);
    *change = (struct watch_cache_change){0};
}

// What a change does to the objects and the log. What was there already (a load saw it) is dropped.
static void take_in(struct watch_cache *cache, struct watch_cache_change *change) {
    if (change->revision <= cache->applied) {
        watch_cache_change_free(change);
        return;
    }
    cache->applied = change->revision;
    struct logged_event event = {.revision = change->revision, .time = clock_monotonic(cache->clock)};
    if (change->object) {
        event.object = STEAL(change->object);
        event.previous = object_index_put(&cache->objects, object_ref(event.object));
    } else {
        event.previous = object_index_remove(&cache->objects, change->key);
    }
    watch_cache_change_free(change);
    if (!event.object && !event.previous)
        return;
    struct logged_event *logged = event_log_append(&cache->events, &event);
    watch_cache_deliver(cache, logged);
    event_log_trim(&cache->events, event.time - cache->event_window, cache->event_bytes);
}

static void drop_pending(struct watch_cache *cache) {
    for (size_t i = 0; i < cache->pending.len; i++)
        watch_cache_change_free(VEC_AT(&cache->pending, struct watch_cache_change, i));
    vec_free(&cache->pending);
    cache->pending = VEC_OF(struct watch_cache_change);
}

void watch_cache_apply(struct watch_cache *cache, struct watch_cache_change *take_change) {
    LOCKED(&cache->lock) {
        switch (cache->state) {
        case WATCH_CACHE_LOADING:
            if (cache->pending.len >= PENDING_MAX) {
                drop_pending(cache);
                cache->epoch++; // the load that goes on now has missed something and must start again
            }
            vec_push(&cache->pending, take_change);
            break;
        case WATCH_CACHE_READY:
            take_in(cache, take_change);
            break;
        case WATCH_CACHE_STOPPED:
            watch_cache_change_free(take_change);
            break;
        }
    }
}

void watch_cache_wake(struct watch_cache *cache) {
    LOCKED(&cache->lock)
    watch_cache_wake_locked(cache);
}

void watch_cache_begin_load(struct watch_cache *cache) {
    LOCKED(&cache->lock) {
        if (cache->state == WATCH_CACHE_READY)
            cache->state = WATCH_CACHE_LOADING;
        cache->epoch++;
        watch_cache_end_watchers(cache, WATCHER_END_EXPIRED);
        drop_pending(cache);
    }
}

uint64_t watch_cache_epoch(struct watch_cache *cache) {
    uint64_t epoch = 0;
    LOCKED(&cache->lock)
    epoch = cache->epoch;
    return epoch;
}

bool watch_cache_install(struct watch_cache *cache, struct object_index *objects, uint64_t revision, uint64_t epoch) {
    LOCKED(&cache->lock) {
        if (cache->state != WATCH_CACHE_LOADING || cache->epoch != epoch)
            return false;
        struct object_index old = cache->objects;
        cache->objects = *objects;
        *objects = old;
        cache->applied = revision;
        cache->epoch++;
        cache->state = WATCH_CACHE_READY;
        event_log_reset(&cache->events, revision);
        for (size_t i = 0; i < cache->pending.len; i++)
            take_in(cache, VEC_AT(&cache->pending, struct watch_cache_change, i));
        drop_pending(cache);
    }
    return true;
}

void watch_cache_stop(struct watch_cache *cache) {
    LOCKED(&cache->lock) {
        cache->state = WATCH_CACHE_STOPPED;
        drop_pending(cache);
        watch_cache_end_watchers(cache, WATCHER_END_QUIET);
    }
}

int64_t watch_cache_tick(struct watch_cache *cache, int64_t now) {
    int64_t due = TIME_NEVER;
    LOCKED(&cache->lock) {
        event_log_trim(&cache->events, now - cache->event_window, cache->event_bytes);
        if (cache->bookmark_count && cache->bookmark_due <= now)
            watch_cache_wake_bookmarks(cache, now);
        if (cache->bookmark_count)
            due = cache->bookmark_due;
    }
    return due;
}

void watch_cache_free(struct watch_cache *cache) {
    drop_pending(cache);
    vec_free(&cache->pending);
    object_index_free(&cache->objects);
    event_log_free(&cache->events);
    map_free(&cache->buckets);
    str_free(&cache->bucket_name);
    lock_destroy(&cache->lock);
    free(cache->prefix);
    free(cache);
}

struct watch_cache *watch_cache_new(const struct watch_cache_config *config) {
    struct watch_cache *cache = alloc_zero(sizeof(*cache));
    cache->feed = config->feed;
    cache->feed_revision = config->feed_revision;
    cache->resource = config->resource;
    cache->prefix = alloc_string(config->prefix);
    cache->prefix_len = strlen(config->prefix);
    cache->index_field = resource_selectable(config->resource, "spec.nodeName") ? "spec.nodeName" : NULL;
    cache->event_window = config->event_window;
    cache->event_bytes = config->event_bytes;
    cache->watcher_queue = config->watcher_queue;
    cache->bookmark_interval = config->bookmark_interval;
    cache->clock = config->clock;
    cache->pending = VEC_OF(struct watch_cache_change);
    cache->bookmark_due = TIME_NEVER;
    lock_init(&cache->lock, "watch cache");
    list_init(&cache->to_be_woken);
    return cache;
}
