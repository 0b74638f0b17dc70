// SPDX-License-Identifier: Apache-2.0
// List, watch, and the store that they fill.
//
// The informer's thread is the only writer of the store; it changes it under the lock and calls the handlers outside of it.
#include "common/client/informer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/thread.h"

#define LIST_PAGE 500
#define BACKOFF_BASE (800 * MILLISECOND)
#define BACKOFF_MAX (30 * SECOND)
#define WATCH_SECONDS_MIN 300
#define WATCH_LONG_ENOUGH (5 * SECOND) // a watch that lived so long was a good one, even without an event

struct index {
    const char *name;
    informer_index_function function;
    struct map by_value; // value -> struct map * of keys (key -> object, borrowed from the store)
};

struct informer {
    // constant after start
    struct informer_config config;
    char *ns, *label_selector, *field_selector;
    struct vec handlers; // struct informer_handler
    struct thread *thread;

    struct stream_stop stop;

    // owned by the informer's thread
    char resource_version[24];
    int64_t backoff;

    // under lock
    struct lock lock;
    struct cond changed;
    struct map objects; // key -> const struct object *
    struct vec indexes; // struct index
    bool synced;
    bool stopping;
};

struct informer *informer_new(const struct informer_config *config) {
    struct informer *informer = alloc_zero(sizeof(*informer));
    informer->config = *config;
    informer->ns = alloc_string_or_null(config->ns);
    informer->label_selector = alloc_string_or_null(config->label_selector);
    informer->field_selector = alloc_string_or_null(config->field_selector);
    informer->handlers = VEC_OF(struct informer_handler);
    informer->indexes = VEC_OF(struct index);
    lock_init(&informer->lock, "informer");
    cond_init(&informer->changed);
    return informer;
}

void informer_add_handler(struct informer *informer, struct informer_handler handler) {
    vec_push(&informer->handlers, &handler);
}

static void index_values_free(void *values) {
    map_free(values);
    free(values);
}

void informer_add_index(struct informer *informer, const char *name, informer_index_function function) {
    for (size_t i = 0; i < informer->indexes.len; i++) {
        if (str_equal(VEC_AT(&informer->indexes, struct index, i)->name, name))
            return;
    }
    struct index index = {.name = name, .function = function, .by_value = MAP_OWNING(index_values_free)};
    vec_push(&informer->indexes, &index);
}

// --- store -------------------------------------------------------------------------------------------------------------

// What an index function's emit callback needs.
struct index_change {
    struct index *index;
    const char *key;
    const struct object *object;
    bool add;
};

static void change_index(void *context, const char *value) {
    const struct index_change *change = context;
    struct map *keys = map_get(&change->index->by_value, value);
    if (change->add) {
        if (!keys) {
            keys = alloc_zero(sizeof(*keys));
            map_put(&change->index->by_value, value, keys);
        }
        map_put(keys, change->key, (void *)change->object);
    } else if (keys) {
        map_remove(keys, change->key);
        if (keys->len == 0) {
            map_remove(&change->index->by_value, value);
            index_values_free(keys);
        }
    }
}

static void change_indexes(struct informer *informer, const char *key, const struct object *object, bool add) {
    lock_assert_held(&informer->lock);
    for (size_t i = 0; i < informer->indexes.len; i++) {
        struct index_change change = {VEC_AT(&informer->indexes, struct index, i), key, object, add};
        change.index->function(object, change_index, &change);
    }
}

static void notify(struct informer *informer, const struct object *old, const struct object *new) {
    for (size_t i = 0; i < informer->handlers.len; i++) {
        const struct informer_handler *handler = VEC_AT(&informer->handlers, struct informer_handler, i);
        handler->on_event(handler->context, old, new);
    }
}

// Puts the object into the store (NULL: takes the key out), then tells the handlers. Another object of the same name (deleted and made
// again while nobody watched) is a deletion and an addition: handlers that count by UID must not lose the old one.
static void store(struct informer *informer, const char *key, const struct object *object) {
    AUTO_OBJECT old = NULL;
    LOCKED(&informer->lock) {
        old = map_remove(&informer->objects, key);
        if (old)
            change_indexes(informer, key, old, false);
        if (object) {
            map_put(&informer->objects, key, (void *)object_ref(object));
            change_indexes(informer, key, object, true);
        }
    }
    if (old && object && old->resource_version == object->resource_version)
        return;
    if (old && object && !str_equal(old->uid, object->uid)) {
        notify(informer, old, NULL);
        notify(informer, NULL, object);
    } else if (old || object) {
        notify(informer, old, object);
    }
}

static void store_object(struct informer *informer, const struct object *object, bool deleted) {
    char *key = object_key(object);
    store(informer, key, deleted ? NULL : object);
    free(key);
}

// Takes out what the new list no longer has.
static void remove_missing(struct informer *informer, const struct map *listed) {
    AUTO_STR_LIST gone = {0};
    LOCKED(&informer->lock) {
        for (struct map_iter it = {.map = &informer->objects}; map_next(&it);) {
            if (!map_has(listed, it.key))
                str_list_add(&gone, it.key);
        }
    }
    for (size_t i = 0; i < gone.len; i++)
        store(informer, gone.items[i], NULL);
}

// --- list and watch ----------------------------------------------------------------------------------------------------

static struct rest_target target_of(const struct informer *informer) {
    return (struct rest_target){.resource = informer->config.resource, .ns = informer->ns};
}

static int store_page(struct informer *informer, const struct json *page, struct map *listed, struct error **err) {
    const struct json *items = json_get(page, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        struct object *object = NULL;
        if (object_new(json_at(items, i), informer->config.resource, &object, err) < 0)
            return -1;
        char *key = object_key(object);
        map_put(listed, key, informer);
        store(informer, key, object);
        free(key);
        object_unref(object);
    }
    return 0;
}

static void set_synced(struct informer *informer) {
    LOCKED(&informer->lock) {
        informer->synced = true;
        cond_broadcast(&informer->changed);
    }
}

static int list(struct informer *informer, struct error **err) {
    struct rest_target target = target_of(informer);
    CLEANUP(map_free) struct map listed = {0};
    char *next = NULL;
    do {
        struct rest_list_options options = {.label_selector = informer->label_selector,
                                            .field_selector = informer->field_selector,
                                            .limit = LIST_PAGE,
                                            .metadata_only = informer->config.metadata_only,
                                            .continue_token = next};
        AUTO_JSON page = NULL;
        int result = rest_list(informer->config.rest, &target, &options, &page, err);
        free(next);
        next = NULL;
        if (result < 0 || store_page(informer, page, &listed, err) < 0)
            return -1;
        next = alloc_string(json_find_text(page, "metadata.continue"));
        snprintf(informer->resource_version, sizeof(informer->resource_version), "%s",
                 json_find_text(page, "metadata.resourceVersion"));
    } while (!str_empty(next) && !informer->stop.stopped);
    bool whole = str_empty(next);
    free(next);
    if (!whole) // what is missing may stand on the pages that were not read
        return error_set(err, "stopped");
    remove_missing(informer, &listed);
    set_synced(informer);
    informer->backoff = 0;
    return 0;
}

static bool on_watch_event(void *context, enum rest_event event, const struct object *object) {
    struct informer *informer = context;
    if (event != REST_BOOKMARK)
        store_object(informer, object, event == REST_DELETED);
    snprintf(informer->resource_version, sizeof(informer->resource_version), "%" PRIu64, object->resource_version);
    informer->backoff = 0;
    return true;
}

static int watch(struct informer *informer, struct error **err) {
    struct rest_target target = target_of(informer);
    struct rest_watch_options options = {
        .label_selector = informer->label_selector,
        .field_selector = informer->field_selector,
        .resource_version = informer->resource_version,
        .timeout_seconds = WATCH_SECONDS_MIN + (int64_t)random_below(informer->config.random, WATCH_SECONDS_MIN),
        .bookmarks = true,
        .metadata_only = informer->config.metadata_only,
        .stop = &informer->stop,
    };
    return rest_watch(informer->config.rest, &target, &options, on_watch_event, informer, err);
}

// Waits longer after each failure, with jitter; ends early when the informer stops.
static void back_off(struct informer *informer) {
    informer->backoff = informer->backoff ? MIN(informer->backoff * 2, BACKOFF_MAX) : BACKOFF_BASE;
    double jitter = 0.5 + random_unit(informer->config.random);
    int64_t until = clock_monotonic(informer->config.clock) + (int64_t)((double)informer->backoff * jitter);
    LOCKED(&informer->lock) {
        while (!informer->stopping && clock_monotonic(informer->config.clock) < until)
            clock_wait(informer->config.clock, &informer->changed, &informer->lock, until);
    }
}

static void log_failure(const struct informer *informer, const char *what, const struct error *error) {
    if (!informer->stop.stopped)
        log_warning(what, "resource", informer->config.resource->plural, "err", error_message(error), NULL);
}

// Can the watch not go on from where it was? Too long ago, refused, or an event that makes no sense; a busy server and a broken connection
// only need another try.
static bool needs_list(const struct error *error) {
    return error->code != 0 && error->code != 429 && error->code != 503 && error->code != 504;
}

// Watches again from where the last watch stopped, until only a new list helps.
static void follow(struct informer *informer) {
    while (!informer->stop.stopped) {
        AUTO_ERROR err = NULL;
        int64_t started = clock_monotonic(informer->config.clock);
        int result = watch(informer, &err);
        int64_t lived = clock_monotonic(informer->config.clock) - started;
        if (lived >= WATCH_LONG_ENOUGH)
            informer->backoff = 0;
        if (result < 0 && error_has_code(err, 410))
            return;
        if (result < 0)
            log_failure(informer, "watch failed, retrying", err);
        // A server that ends watches at once must not be asked in a tight loop.
        if ((result < 0 || lived < SECOND) && !informer->stop.stopped)
            back_off(informer);
        if (result < 0 && needs_list(err))
            return;
    }
}

static void run(void *argument) {
    struct informer *informer = argument;
    while (!informer->stop.stopped) {
        AUTO_ERROR list_error = NULL;
        if (list(informer, &list_error) < 0) {
            log_failure(informer, "list failed, retrying", list_error);
            back_off(informer);
            continue;
        }
        follow(informer);
    }
}

// --- life and reading --------------------------------------------------------------------------------------------------

void informer_start(struct informer *informer) {
    char name[16];
    snprintf(name, sizeof(name), "i/%s", informer->config.resource->plural);
    informer->thread = thread_start(name, run, informer);
}

void informer_request_stop(struct informer *informer) {
    informer->stop.stopped = true;
    LOCKED(&informer->lock) {
        informer->stopping = true;
        cond_broadcast(&informer->changed);
    }
}

void informer_stop(struct informer *informer) {
    if (!informer->thread)
        return;
    informer_request_stop(informer);
    thread_join(STEAL(informer->thread));
}

void informer_free(struct informer *informer) {
    if (!informer)
        return;
    informer_stop(informer);
    for (size_t i = 0; i < informer->indexes.len; i++)
        map_free(&VEC_AT(&informer->indexes, struct index, i)->by_value);
    vec_free(&informer->indexes);
    vec_free(&informer->handlers);
    for (struct map_iter it = {.map = &informer->objects}; map_next(&it);)
        object_unref(it.value);
    map_free(&informer->objects);
    cond_destroy(&informer->changed);
    lock_destroy(&informer->lock);
    free(informer->ns);
    free(informer->label_selector);
    free(informer->field_selector);
    free(informer);
}

bool informer_synced(struct informer *informer) {
    bool synced = false;
    LOCKED(&informer->lock) {
        synced = informer->synced;
    }
    return synced;
}

bool informer_wait_synced(struct informer *informer, int64_t monotonic_deadline) {
    bool synced = false;
    LOCKED(&informer->lock) {
        while (!informer->synced && !informer->stopping) {
            if (!clock_wait(informer->config.clock, &informer->changed, &informer->lock, monotonic_deadline) && !informer->synced)
                return false;
        }
        synced = informer->synced;
    }
    return synced;
}

const struct object *informer_get(struct informer *informer, const char *key) {
    const struct object *object = NULL;
    LOCKED(&informer->lock) {
        object = map_get(&informer->objects, key);
        if (object)
            object_ref(object);
    }
    return object;
}

static void push_all(const struct map *objects, struct ptr_vec *out) {
    for (struct map_iter it = {.map = objects}; map_next(&it);)
        ptr_vec_push(out, (void *)object_ref(it.value));
}

void informer_list(struct informer *informer, struct ptr_vec *out) {
    LOCKED(&informer->lock) {
        push_all(&informer->objects, out);
    }
}

void informer_by_index(struct informer *informer, const char *index, const char *value, struct ptr_vec *out) {
    LOCKED(&informer->lock) {
        for (size_t i = 0; i < informer->indexes.len; i++) {
            const struct index *candidate = VEC_AT(&informer->indexes, struct index, i);
            const struct map *keys = str_equal(candidate->name, index) ? map_get(&candidate->by_value, value) : NULL;
            if (keys)
                push_all(keys, out);
        }
    }
}

void informer_release(struct ptr_vec *objects) {
    for (size_t i = 0; i < objects->len; i++)
        object_unref(objects->items[i]);
    ptr_vec_free(objects);
}

size_t informer_len(struct informer *informer) {
    size_t len = 0;
    LOCKED(&informer->lock) {
        len = informer->objects.len;
    }
    return len;
}

void informer_index_namespace(const struct object *object, void (*emit)(void *, const char *), void *emit_context) {
    emit(emit_context, object->ns);
}

void informer_index_controller_uid(const struct object *object, void (*emit)(void *, const char *), void *emit_context) {
    if (object->controller_uid)
        emit(emit_context, object->controller_uid);
}
