// SPDX-License-Identifier: Apache-2.0
// Storage in memory: each key keeps its versions back to the compaction, and one log has them all in order of their revisions.
#include "apiserver/storage/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/str.h"
#include "common/base/vec.h"

struct version {
    struct version *previous; // of the same key; NULL if there is none or it was compacted
    char *key;
    char *bytes;
    size_t len;
    uint64_t revision;
    uint64_t create_revision; // equal to revision: the key was not there
    bool deleted;
    int refs; // the key's chain, the log, and watches that deliver it
};

struct slot {
    char *key;
    struct version *newest;
    int64_t expires; // monotonic; 0: never
};

struct memory {
    struct storage storage;
    struct clock *clock;
    struct lock lock;
    struct cond changed;
    // under lock
    struct vec slots;   // struct slot, in order of their keys
    struct ptr_vec log; // struct version, in order of their revisions
    uint64_t revision;
    uint64_t compacted;
    uint64_t compact_next; // compact_step: what the next round compacts to
    uint64_t break_count;  // a watch that started under another count is broken
    uint64_t hang_count;   // a watch that started under another count hangs
    int64_t next_expiry;   // the earliest slot.expires; TIME_NEVER if none
    size_t bytes;
    bool down;
};

static struct memory *memory_of(struct storage *storage) {
    return CONTAINER_OF(storage, struct memory, storage);
}

static void version_unref(struct memory *m, struct version *version) {
    if (!version || --version->refs > 0)
        return;
    m->bytes -= version->len;
    free(version->key);
    free(version->bytes);
    free(version);
}

// The index of the first slot whose key is not less than this one.
static size_t slot_position(const struct memory *m, const char *key) {
    size_t low = 0, high = m->slots.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(VEC_AT(&m->slots, struct slot, middle)->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct slot *slot_find(const struct memory *m, const char *key) {
    size_t position = slot_position(m, key);
    if (position == m->slots.len)
        return NULL;
    struct slot *slot = VEC_AT(&m->slots, struct slot, position);
    return strcmp(slot->key, key) == 0 ? slot : NULL;
}

static struct slot *slot_ensure(struct memory *m, const char *key) {
    struct slot *slot = slot_find(m, key);
    if (slot)
        return slot;
    size_t position = slot_position(m, key);
    vec_push_zero(&m->slots);
    struct slot *base = (struct slot *)(void *)m->slots.data;
    memmove(&base[position + 1], &base[position], (m->slots.len - 1 - position) * sizeof(*base));
    base[position] = (struct slot){.key = alloc_string(key)};
    return &base[position];
}

// What the key was at the revision; NULL: not there.
static struct version *version_at(const struct slot *slot, uint64_t revision) {
    if (!slot)
        return NULL;
    struct version *version = slot->newest;
    while (version && version->revision > revision)
        version = version->previous;
    return version && !version->deleted ? version : NULL;
}

// Records a change at the revision `m->revision`, which the caller has counted up. bytes NULL: a deletion.
static void record(struct memory *m, const char *key, const char *bytes, size_t len, int64_t ttl) {
    struct slot *slot = slot_ensure(m, key);
    struct version *before = slot->newest;
    bool there = before && !before->deleted;
    struct version *version = alloc_zero(sizeof(*version));
    *version = (struct version){.previous = before,
                                .key = alloc_string(key),
                                .bytes = bytes ? alloc_string_n(bytes, len) : NULL,
                                .len = bytes ? len : 0,
                                .revision = m->revision,
                                .create_revision = there ? before->create_revision : m->revision,
                                .deleted = !bytes,
                                .refs = 2};
    slot->newest = version;
    slot->expires = ttl > 0 ? clock_monotonic(m->clock) + ttl : 0;
    if (slot->expires)
        m->next_expiry = MIN(m->next_expiry, slot->expires);
    m->bytes += version->len;
    ptr_vec_push(&m->log, version);
    cond_broadcast(&m->changed);
}

static void expire(struct memory *m) {
    int64_t now = clock_monotonic(m->clock);
    if (m->next_expiry > now)
        return;
    m->next_expiry = TIME_NEVER;
    for (size_t i = 0; i < m->slots.len; i++) {
        struct slot *slot = VEC_AT(&m->slots, struct slot, i);
        if (!slot->expires)
            continue;
        if (slot->expires > now) {
            m->next_expiry = MIN(m->next_expiry, slot->expires);
            continue;
        }
        m->revision++;
        record(m, slot->key, NULL, 0, 0);
    }
}

// What every call does first, with the lock held.
static int enter(struct memory *m, struct error **err) {
    if (m->down)
        return status_service_unavailable(err, "storage is down");
    expire(m);
    return 0;
}

static void fill_item(struct storage_item *item, const struct version *version, bool keys_only) {
    *item = (struct storage_item){
        .key = alloc_string(version->key), .mod_revision = version->revision, .create_revision = version->create_revision};
    item->len = keys_only ? 0 : version->len;
    item->bytes = alloc_string_n(version->bytes, item->len);
}

static int memory_get(struct storage *storage, const char *key, int64_t deadline UNUSED, struct storage_item *ret_item,
                      uint64_t *ret_revision, struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        struct version *version = version_at(slot_find(m, key), m->revision);
        *ret_item = (struct storage_item){0};
        if (version)
            fill_item(ret_item, version, false);
        if (ret_revision)
            *ret_revision = m->revision;
    }
    return 0;
}

static void list_page(struct memory *m, const struct storage_list_options *options, uint64_t revision,
                      struct storage_list *list) {
    const char *first = options->after && strcmp(options->after, options->prefix) > 0 ? options->after : options->prefix;
    for (size_t i = slot_position(m, first); i < m->slots.len; i++) {
        struct slot *slot = VEC_AT(&m->slots, struct slot, i);
        if (!str_starts(slot->key, options->prefix))
            break;
        struct version *version = version_at(slot, revision);
        if (!version || (options->after && strcmp(slot->key, options->after) <= 0))
            continue;
        list->total++;
        if (options->count_only)
            continue;
        if (options->limit && list->len == options->limit) {
            list->more = true;
            continue;
        }
        if (list->len == list->cap) {
            list->cap = list->cap ? 2 * list->cap : 16;
            list->items = alloc_resize(list->items, list->cap, sizeof(*list->items));
        }
        fill_item(&list->items[list->len++], version, options->keys_only);
    }
}

static int memory_list(struct storage *storage, const struct storage_list_options *options, struct storage_list *ret_list,
                       struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        uint64_t revision = options->revision ? options->revision : m->revision;
        if (revision > m->revision)
            return status_resource_version_too_large(err, revision, m->revision);
        if (revision < m->compacted)
            return storage_error_compacted(err);
        *ret_list = (struct storage_list){.revision = revision};
        list_page(m, options, revision, ret_list);
    }
    return 0;
}

static int memory_create(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                         struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        *ret_result = (struct storage_result){.succeeded = !version_at(slot_find(m, write->key), m->revision)};
        if (ret_result->succeeded) {
            m->revision++;
            record(m, write->key, write->bytes, write->len, write->ttl);
        }
        ret_result->revision = m->revision;
    }
    return 0;
}

// update and remove: bytes NULL removes.
static int compare_and_write(struct memory *m, const struct storage_write *write, const char *bytes,
                             struct storage_result *ret_result, struct error **err) {
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        struct version *version = version_at(slot_find(m, write->key), m->revision);
        *ret_result = (struct storage_result){.succeeded = version && version->revision == write->expected};
        if (ret_result->succeeded) {
            m->revision++;
            record(m, write->key, bytes, write->len, write->ttl);
        } else if (version) {
            fill_item(&ret_result->current, version, false);
        }
        ret_result->revision = m->revision;
    }
    return 0;
}

static int memory_update(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                         struct error **err) {
    return compare_and_write(memory_of(storage), write, write->bytes, ret_result, err);
}

static int memory_remove(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                         struct error **err) {
    return compare_and_write(memory_of(storage), write, NULL, ret_result, err);
}

static int memory_revision(struct storage *storage, int64_t deadline UNUSED, uint64_t *ret_revision, struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        *ret_revision = m->revision;
    }
    return 0;
}

static int memory_touch(struct storage *storage, const char *key, int64_t deadline UNUSED, uint64_t *ret_revision,
                        struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        m->revision++;
        record(m, key, "", 0, 0);
        if (ret_revision)
            *ret_revision = m->revision;
    }
    return 0;
}

// --- watch ---------------------------------------------------------------------------------------------------------------

#define BATCH 256

// A version to be delivered and what the key was before; both referenced.
struct change {
    struct version *version;
    struct version *before;
};

// The place in the log of the first version at or behind the revision.
static size_t log_position(const struct memory *m, uint64_t revision) {
    size_t low = 0, high = m->log.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (((struct version *)m->log.items[middle])->revision < revision)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Collects referenced versions of whole revisions from *next on, and moves *next behind them.
static void collect(struct memory *m, const char *prefix, uint64_t *next, struct vec *batch) {
    size_t position = log_position(m, *next);
    while (position < m->log.len && batch->len < BATCH) {
        uint64_t revision = ((struct version *)m->log.items[position])->revision;
        for (; position < m->log.len; position++) {
            struct version *version = m->log.items[position];
            if (version->revision != revision)
                break;
            if (!str_starts(version->key, prefix))
                continue;
            version->refs++;
            if (version->previous)
                version->previous->refs++;
            vec_push(batch, &(struct change){version, version->previous});
        }
        *next = revision + 1;
    }
}

static bool deliver(struct memory *m, const struct storage_watch *watch, const struct vec *batch) {
    struct vec events = VEC_OF(struct storage_event);
    for (size_t i = 0; i < batch->len; i++) {
        const struct version *version = VEC_AT(batch, struct change, i)->version;
        const struct version *before = VEC_AT(batch, struct change, i)->before;
        bool show = watch->previous && before && !before->deleted;
        vec_push(&events, &(struct storage_event){.type = version->deleted ? STORAGE_DELETE : STORAGE_PUT,
                                                  .created = !version->deleted && version->create_revision == version->revision,
                                                  .key = version->key,
                                                  .bytes = version->bytes,
                                                  .len = version->len,
                                                  .previous = show ? before->bytes : NULL,
                                                  .previous_len = show ? before->len : 0,
                                                  .mod_revision = version->revision});
    }
    const struct storage_event *last = VEC_AT(&events, struct storage_event, events.len - 1);
    bool go_on = watch->on_events(watch->context, VEC_AT(&events, struct storage_event, 0), events.len, last->mod_revision);
    LOCKED(&m->lock) {
        for (size_t i = 0; i < batch->len; i++) {
            version_unref(m, VEC_AT(batch, struct change, i)->before);
            version_unref(m, VEC_AT(batch, struct change, i)->version);
        }
    }
    vec_free(&events);
    return go_on;
}

// The counts under which a watch was started.
struct epoch {
    uint64_t breaks;
    uint64_t hangs;
};

enum turn { TURN_DELIVER, TURN_STOP, TURN_BROKEN };

// Waits until there is something for the watch.
static enum turn wait_for_events(struct memory *m, const struct storage_watch *watch, const struct epoch *epoch, uint64_t *next,
                                 struct vec *batch) {
    LOCKED(&m->lock) {
        for (;;) {
            if (watch->stop && atomic_load(&watch->stop->stopped))
                return TURN_STOP;
            if (m->break_count != epoch->breaks || m->down)
                return TURN_BROKEN;
            expire(m);
            if (m->hang_count == epoch->hangs)
                collect(m, watch->prefix, next, batch);
            if (batch->len)
                return TURN_DELIVER;
            clock_wait(m->clock, &m->changed, &m->lock, MIN(clock_monotonic(m->clock) + SECOND, m->next_expiry));
        }
    }
    return TURN_STOP;
}

static int memory_watch(struct storage *storage, const struct storage_watch *watch, struct error **err) {
    struct memory *m = memory_of(storage);
    uint64_t next = watch->start_revision;
    struct epoch epoch = {0};
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        if (next && next <= m->compacted)
            return storage_error_compacted(err);
        if (!next)
            next = m->revision + 1;
        epoch = (struct epoch){m->break_count, m->hang_count};
    }
    if (watch->on_start)
        watch->on_start(watch->context);
    for (;;) {
        struct vec batch = VEC_OF(struct change);
        enum turn turn = wait_for_events(m, watch, &epoch, &next, &batch);
        if (turn == TURN_BROKEN)
            return status_service_unavailable(err, "watch broken");
        bool go_on = turn == TURN_DELIVER && deliver(m, watch, &batch);
        vec_free(&batch);
        if (!go_on)
            return 0;
    }
}

static void memory_interrupt(struct storage *storage) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock)
    cond_broadcast(&m->changed);
}

// --- compaction and the rest -----------------------------------------------------------------------------------------------

// Keeps what the key was at the revision and later.
static void compact_slot(struct memory *m, struct slot *slot, uint64_t revision) {
    struct version **link = &slot->newest;
    while (*link && (*link)->revision > revision)
        link = &(*link)->previous;
    if (*link && !(*link)->deleted)
        link = &(*link)->previous;
    struct version *version = *link;
    *link = NULL;
    while (version) {
        struct version *older = version->previous;
        version->previous = NULL;
        version_unref(m, version);
        version = older;
    }
}

static void compact(struct memory *m, uint64_t revision) {
    if (revision <= m->compacted || revision > m->revision)
        return;
    m->compacted = revision;
    size_t gone = log_position(m, revision + 1);
    for (size_t i = 0; i < m->slots.len; i++)
        compact_slot(m, VEC_AT(&m->slots, struct slot, i), revision);
    for (size_t i = 0; i < gone; i++)
        version_unref(m, m->log.items[i]);
    memmove(m->log.items, m->log.items + gone, (m->log.len - gone) * sizeof(*m->log.items));
    m->log.len -= gone;
    for (size_t i = m->slots.len; i-- > 0;) {
        struct slot *slot = VEC_AT(&m->slots, struct slot, i);
        if (slot->newest)
            continue;
        free(slot->key);
        vec_remove(&m->slots, i);
    }
}

static int memory_compact_step(struct storage *storage, const char *progress_key, struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        uint64_t target = m->compact_next;
        m->revision++;
        record(m, "compact_rev_key", "", 0, 0);
        if (progress_key)
            record(m, progress_key, "", 0, 0);
        m->compact_next = m->revision;
        compact(m, target);
    }
    return 0;
}

static int memory_status(struct storage *storage, int64_t deadline UNUSED, struct storage_status *ret_status,
                         struct error **err) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        if (enter(m, err) < 0)
            return -1;
        *ret_status = (struct storage_status){
            .version = "memory", .revision = m->revision, .db_size = m->bytes, .db_size_in_use = m->bytes};
    }
    return 0;
}

static int memory_check(struct storage *storage, int64_t deadline UNUSED, struct error **err) {
    struct memory *m = memory_of(storage);
    int result = 0;
    LOCKED(&m->lock)
    result = enter(m, err);
    return result;
}

static void memory_free(struct storage *storage) {
    struct memory *m = memory_of(storage);
    for (size_t i = 0; i < m->slots.len; i++) {
        struct slot *slot = VEC_AT(&m->slots, struct slot, i);
        for (struct version *version = slot->newest, *older = NULL; version; version = older) {
            older = version->previous;
            version_unref(m, version);
        }
        free(slot->key);
    }
    for (size_t i = 0; i < m->log.len; i++)
        version_unref(m, m->log.items[i]);
    vec_free(&m->slots);
    ptr_vec_free(&m->log);
    cond_destroy(&m->changed);
    lock_destroy(&m->lock);
    free(m);
}

void memory_storage_set_down(struct storage *storage, bool down) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        m->down = down;
        m->break_count += down;
        cond_broadcast(&m->changed);
    }
}

void memory_storage_compact(struct storage *storage, uint64_t revision) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock)
    compact(m, revision);
}

void memory_storage_break_watches(struct storage *storage) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        m->break_count++;
        cond_broadcast(&m->changed);
    }
}

void memory_storage_hang_watches(struct storage *storage) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock)
    m->hang_count++;
}

void memory_storage_restore(struct storage *storage, uint64_t revision) {
    struct memory *m = memory_of(storage);
    LOCKED(&m->lock) {
        assert(revision >= m->compacted && revision <= m->revision);
        while (m->log.len && ((struct version *)m->log.items[m->log.len - 1])->revision > revision) {
            struct version *version = ptr_vec_pop(&m->log);
            struct slot *slot = slot_find(m, version->key);
            slot->newest = version->previous;
            slot->expires = 0;
            version->previous = NULL;
            version->refs--; // the chain's, then the log's
            version_unref(m, version);
        }
        m->revision = revision;
        m->break_count++;
        cond_broadcast(&m->changed);
    }
}

static const struct storage_ops memory_ops = {
    .name = "memory",
    .get = memory_get,
    .list = memory_list,
    .create = memory_create,
    .update = memory_update,
    .remove = memory_remove,
    .revision = memory_revision,
    .touch = memory_touch,
    .watch = memory_watch,
    .interrupt = memory_interrupt,
    .compact_step = memory_compact_step,
    .status = memory_status,
    .check = memory_check,
    .free = memory_free,
};

struct storage *memory_storage_new(struct clock *clock) {
    struct memory *m = alloc_zero(sizeof(*m));
    m->storage.ops = &memory_ops;
    m->clock = clock;
    m->slots = VEC_OF(struct slot);
    m->revision = 1;
    m->next_expiry = TIME_NEVER;
    lock_init(&m->lock, "memory storage");
    cond_init(&m->changed);
    return &m->storage;
}
