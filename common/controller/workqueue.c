// SPDX-License-Identifier: Apache-2.0
// The work queue: an ordered list of keys, a dirty and a processing mark per key, a heap of delayed keys, failures per key.
//
// Everything is under one lock. A key's entry lives while it is queued, processed, delayed or has failures.
#include "common/controller/workqueue.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/heap.h"
#include "common/base/list.h"
#include "common/base/map.h"
#include "common/base/metrics.h"

#define BACKOFF_BASE_DEFAULT (5 * MILLISECOND)
#define BACKOFF_MAX_DEFAULT (1000 * SECOND)

// All members under the queue's lock.
struct entry {
    char *key;
    struct list_node queued;  // in queue->ready while it waits for a worker
    struct heap_node delayed; // in queue->delayed while it waits for its time
    int64_t ready_at;         // monotonic; meaningful while delayed
    int64_t added_at;         // monotonic; when it became ready
    int64_t started_at;
    bool dirty;      // wants (another) sync
    bool processing; // a worker has it
    int failures;
};

struct workqueue {
    // constant
    struct clock *clock;
    int64_t backoff_base;
    int64_t backoff_max;
    struct metric *depth, *adds, *latency, *work_duration, *retries;

    // under lock
    struct lock lock;
    struct cond changed;
    struct map entries;
    struct list ready;
    size_t ready_len;
    struct heap delayed;
    bool shutting_down;
};

static bool delayed_before(const struct heap_node *a, const struct heap_node *b) {
    return CONTAINER_OF(a, struct entry, delayed)->ready_at < CONTAINER_OF(b, struct entry, delayed)->ready_at;
}

static struct metric *queue_metric(enum metric_type type, const char *name, const char *help, const char *queue_name) {
    static const double buckets[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};
    static const char *const labels[] = {"name", NULL};
    bool histogram = type == METRIC_HISTOGRAM;
    struct metric_family *family =
        metric_family_new(type, name, help, labels, histogram ? buckets : NULL, histogram ? ARRAY_LEN(buckets) : 0);
    return metric_get(family, (const char *const[]){queue_name, NULL});
}

struct workqueue *workqueue_new(const char *name, struct clock *clock, int64_t backoff_base, int64_t backoff_max) {
    struct workqueue *queue = alloc_zero(sizeof(*queue));
    queue->clock = clock;
    queue->backoff_base = backoff_base > 0 ? backoff_base : BACKOFF_BASE_DEFAULT;
    queue->backoff_max = backoff_max > 0 ? backoff_max : BACKOFF_MAX_DEFAULT;
    lock_init(&queue->lock, "workqueue");
    cond_init(&queue->changed);
    list_init(&queue->ready);
    queue->delayed.before = delayed_before;
    queue->depth = queue_metric(METRIC_GAUGE, "workqueue_depth", "Current depth of workqueue", name);
    queue->adds = queue_metric(METRIC_COUNTER, "workqueue_adds_total", "Total number of adds handled by workqueue", name);
    queue->latency = queue_metric(METRIC_HISTOGRAM, "workqueue_queue_duration_seconds",
                                  "How long in seconds an item stays in workqueue before being requested", name);
    queue->work_duration = queue_metric(METRIC_HISTOGRAM, "workqueue_work_duration_seconds",
                                        "How long in seconds processing an item from workqueue takes", name);
    queue->retries =
        queue_metric(METRIC_COUNTER, "workqueue_retries_total", "Total number of retries handled by workqueue", name);
    return queue;
}

static void entry_free(struct entry *entry) {
    free(entry->key);
    free(entry);
}

void workqueue_free(struct workqueue *queue) {
    if (!queue)
        return;
    heap_free(&queue->delayed); // it looks at its elements
    for (struct map_iter it = {.map = &queue->entries}; map_next(&it);)
        entry_free(it.value);
    map_free(&queue->entries);
    cond_destroy(&queue->changed);
    lock_destroy(&queue->lock);
    free(queue);
}

static struct entry *find_or_make(struct workqueue *queue, const char *key) {
    lock_assert_held(&queue->lock);
    struct entry *entry = map_get(&queue->entries, key);
    if (entry)
        return entry;
    entry = alloc_zero(sizeof(*entry));
    entry->key = alloc_string(key);
    entry->delayed.index = HEAP_NONE;
    map_put(&queue->entries, key, entry);
    return entry;
}

// Frees the entry if nothing is known of its key any more.
static void drop_if_idle(struct workqueue *queue, struct entry *entry) {
    if (entry->dirty || entry->processing || entry->failures > 0 || entry->delayed.index != HEAP_NONE)
        return;
    map_remove(&queue->entries, entry->key);
    entry_free(entry);
}

static void append(struct workqueue *queue, struct entry *entry) {
    entry->added_at = clock_monotonic(queue->clock);
    list_push_back(&queue->ready, &entry->queued);
    metric_set(queue->depth, (double)++queue->ready_len);
    cond_signal(&queue->changed);
}

static void make_ready(struct workqueue *queue, struct entry *entry) {
    lock_assert_held(&queue->lock);
    if (entry->dirty)
        return;
    entry->dirty = true;
    metric_add(queue->adds, 1);
    if (!entry->processing)
        append(queue, entry);
}

void workqueue_add(struct workqueue *queue, const char *key) {
    LOCKED(&queue->lock) {
        if (!queue->shutting_down)
            make_ready(queue, find_or_make(queue, key));
    }
}

static void add_after(struct workqueue *queue, struct entry *entry, int64_t delay) {
    lock_assert_held(&queue->lock);
    if (delay <= 0) {
        make_ready(queue, entry);
        return;
    }
    int64_t ready_at = clock_monotonic(queue->clock) + delay;
    if (entry->delayed.index == HEAP_NONE) {
        entry->ready_at = ready_at;
        heap_push(&queue->delayed, &entry->delayed);
    } else if (ready_at < entry->ready_at) {
        entry->ready_at = ready_at;
        heap_fix(&queue->delayed, &entry->delayed);
    }
    if (heap_peek(&queue->delayed) == &entry->delayed)
        cond_broadcast(&queue->changed); // whoever waits for a later time must look again
}

void workqueue_add_after(struct workqueue *queue, const char *key, int64_t delay) {
    LOCKED(&queue->lock) {
        if (!queue->shutting_down)
            add_after(queue, find_or_make(queue, key), delay);
    }
}

static int64_t backoff(const struct workqueue *queue, int failures) {
    int64_t delay = queue->backoff_base;
    for (int i = 0; i < failures && delay < queue->backoff_max; i++)
        delay *= 2;
    return MIN(delay, queue->backoff_max);
}

void workqueue_add_rate_limited(struct workqueue *queue, const char *key) {
    LOCKED(&queue->lock) {
        if (queue->shutting_down)
            return;
        struct entry *entry = find_or_make(queue, key);
        metric_add(queue->retries, 1);
        add_after(queue, entry, backoff(queue, entry->failures++));
    }
}

void workqueue_forget(struct workqueue *queue, const char *key) {
    LOCKED(&queue->lock) {
        struct entry *entry = map_get(&queue->entries, key);
        if (entry) {
            entry->failures = 0;
            drop_if_idle(queue, entry);
        }
    }
}

int workqueue_failures(struct workqueue *queue, const char *key) {
    int failures = 0;
    LOCKED(&queue->lock) {
        const struct entry *entry = map_get(&queue->entries, key);
        failures = entry ? entry->failures : 0;
    }
    return failures;
}

// Moves delayed keys whose time has come to the ready list; returns when the next one's comes.
static int64_t ripen(struct workqueue *queue) {
    int64_t now = clock_monotonic(queue->clock);
    for (struct heap_node *node; (node = heap_peek(&queue->delayed));) {
        struct entry *entry = CONTAINER_OF(node, struct entry, delayed);
        if (entry->ready_at > now)
            return entry->ready_at;
        heap_pop(&queue->delayed);
        make_ready(queue, entry);
    }
    return TIME_NEVER;
}

char *workqueue_get(struct workqueue *queue) {
    char *key = NULL;
    LOCKED(&queue->lock) {
        int64_t next;
        while (next = ripen(queue), list_empty(&queue->ready) && !queue->shutting_down)
            clock_wait(queue->clock, &queue->changed, &queue->lock, next);
        if (queue->shutting_down)
            return NULL;
        struct entry *entry = CONTAINER_OF(list_pop_front(&queue->ready), struct entry, queued);
        metric_set(queue->depth, (double)--queue->ready_len);
        entry->dirty = false;
        entry->processing = true;
        entry->started_at = clock_monotonic(queue->clock);
        metric_observe(queue->latency, (double)(entry->started_at - entry->added_at) / SECOND);
        key = alloc_string(entry->key);
    }
    return key;
}

void workqueue_done(struct workqueue *queue, const char *key) {
    LOCKED(&queue->lock) {
        struct entry *entry = map_get(&queue->entries, key);
        assert(entry && entry->processing);
        metric_observe(queue->work_duration, (double)(clock_monotonic(queue->clock) - entry->started_at) / SECOND);
        entry->processing = false;
        if (entry->dirty && !queue->shutting_down) {
            append(queue, entry);
        } else {
            drop_if_idle(queue, entry);
        }
    }
}

size_t workqueue_len(struct workqueue *queue) {
    size_t len = 0;
    LOCKED(&queue->lock) {
        len = queue->ready_len;
    }
    return len;
}

void workqueue_shut_down(struct workqueue *queue) {
    LOCKED(&queue->lock) {
        queue->shutting_down = true;
        cond_broadcast(&queue->changed);
    }
}
