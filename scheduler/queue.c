// SPDX-License-Identifier: Apache-2.0
// The scheduling queue: two heaps and a list under one lock.
#include "scheduler/queue.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/heap.h"
#include "common/base/list.h"
#include "common/base/map.h"
#include "common/base/metrics.h"

enum place { PLACE_NONE, PLACE_ACTIVE, PLACE_BACKOFF, PLACE_PARKED, PLACE_IN_FLIGHT };

// All members under the queue's lock.
struct waiting {
    const struct object *pod;
    enum place place;
    struct heap_node heap; // in active or backoff
    struct list_node parked;
    int64_t priority;
    int64_t since;    // monotonic: when it was queued or given back; who comes back stands behind those who came meanwhile
    int64_t ready_at; // monotonic: end of the back-off
    int64_t parked_at;
    int attempts;
    uint64_t moves_seen; // queue->moves when it was popped
};

struct queue {
    // constant
    struct queue_config config;
    struct metric *depth[PLACE_IN_FLIGHT];

    // under lock
    struct lock lock;
    struct cond changed;
    struct map pods; // uid -> struct waiting
    struct heap active, backoff;
    struct list parked; // oldest first
    uint64_t moves;
    size_t lengths[PLACE_IN_FLIGHT + 1];
    bool shut_down;
};

static bool active_before(const struct heap_node *a, const struct heap_node *b) {
    const struct waiting *left = CONTAINER_OF(a, struct waiting, heap);
    const struct waiting *right = CONTAINER_OF(b, struct waiting, heap);
    return left->priority != right->priority ? left->priority > right->priority : left->since < right->since;
}

static bool backoff_before(const struct heap_node *a, const struct heap_node *b) {
    return CONTAINER_OF(a, struct waiting, heap)->ready_at < CONTAINER_OF(b, struct waiting, heap)->ready_at;
}

struct queue *queue_new(const struct queue_config *config) {
    static const char *const labels[] = {"queue", NULL};
    static const char *const names[] = {
        [PLACE_NONE] = "gated", [PLACE_ACTIVE] = "active", [PLACE_BACKOFF] = "backoff", [PLACE_PARKED] = "unschedulable"};
    struct queue *queue = alloc_zero(sizeof(*queue));
    queue->config = *config;
    lock_init(&queue->lock, "scheduling queue");
    cond_init(&queue->changed);
    list_init(&queue->parked);
    queue->active.before = active_before;
    queue->backoff.before = backoff_before;
    struct metric_family *family = metric_family_new(METRIC_GAUGE, "scheduler_pending_pods",
                                                     "Number of pending pods, by the queue that they wait in.", labels, NULL, 0);
    for (size_t i = PLACE_ACTIVE; i < ARRAY_LEN(names); i++)
        queue->depth[i] = metric_get(family, (const char *const[]){names[i], NULL});
    return queue;
}

static void waiting_free(struct waiting *waiting) {
    object_unref(waiting->pod);
    free(waiting);
}

void queue_free(struct queue *queue) {
    if (!queue)
        return;
    heap_free(&queue->active); // they look at their elements
    heap_free(&queue->backoff);
    for (struct map_iter it = {.map = &queue->pods}; map_next(&it);)
        waiting_free(it.value);
    map_free(&queue->pods);
    cond_destroy(&queue->changed);
    lock_destroy(&queue->lock);
    free(queue);
}

static void count(struct queue *queue, enum place place, int change) {
    queue->lengths[place] += (size_t)change;
    if (place > PLACE_NONE && place < PLACE_IN_FLIGHT)
        metric_set(queue->depth[place], (double)queue->lengths[place]);
}

// The one function that changes where a pod waits.
static void move(struct queue *queue, struct waiting *waiting, enum place place) {
    lock_assert_held(&queue->lock);
    if (waiting->place == PLACE_ACTIVE)
        heap_remove(&queue->active, &waiting->heap);
    else if (waiting->place == PLACE_BACKOFF)
        heap_remove(&queue->backoff, &waiting->heap);
    else if (waiting->place == PLACE_PARKED)
        list_remove(&waiting->parked);
    count(queue, waiting->place, -1);
    waiting->place = place;
    count(queue, place, 1);
    if (place == PLACE_ACTIVE) {
        heap_push(&queue->active, &waiting->heap);
    } else if (place == PLACE_BACKOFF) {
        heap_push(&queue->backoff, &waiting->heap);
    } else if (place == PLACE_PARKED) {
        waiting->parked_at = clock_monotonic(queue->config.clock);
        list_push_back(&queue->parked, &waiting->parked);
    }
    cond_signal(&queue->changed);
}

static int64_t backoff_of(const struct queue *queue, int attempts) {
    int64_t time = queue->config.backoff_initial;
    for (int i = 1; i < attempts && time < queue->config.backoff_max; i++)
        time *= 2;
    return MIN(time, queue->config.backoff_max);
}

// To the back-off heap, or at once to the active one when its time has passed already.
static void back_off(struct queue *queue, struct waiting *waiting) {
    move(queue, waiting, waiting->ready_at > clock_monotonic(queue->config.clock) ? PLACE_BACKOFF : PLACE_ACTIVE);
}

// May the new version be placed where the old one could not?
static bool changed_for_scheduling(const struct object *old, const struct object *new) {
    AUTO_JSON before = object_tree(old);
    AUTO_JSON after = object_tree(new);
    const struct json *old_labels = json_find(before, "metadata.labels");
    const struct json *new_labels = json_find(after, "metadata.labels");
    bool same_labels = (!old_labels && !new_labels) || (old_labels && new_labels && json_equal(old_labels, new_labels));
    return !same_labels || !json_equal(json_get(before, "spec"), json_get(after, "spec"));
}

void queue_add(struct queue *queue, const struct object *pod) {
    AUTO_JSON tree = object_tree(pod);
    LOCKED(&queue->lock) {
        struct waiting *waiting = map_get(&queue->pods, pod->uid);
        if (waiting) {
            bool changed = waiting->place == PLACE_PARKED && changed_for_scheduling(waiting->pod, pod);
            object_unref(waiting->pod);
            waiting->pod = object_ref(pod);
            if (changed)
                back_off(queue, waiting);
            break;
        }
        waiting = alloc_zero(sizeof(*waiting));
        waiting->pod = object_ref(pod);
        waiting->heap.index = HEAP_NONE;
        waiting->priority = json_find_int(tree, "spec.priority", 0);
        waiting->since = clock_monotonic(queue->config.clock);
        map_put(&queue->pods, pod->uid, waiting);
        count(queue, PLACE_NONE, 1);
        move(queue, waiting, PLACE_ACTIVE);
    }
}

void queue_remove(struct queue *queue, const char *uid) {
    LOCKED(&queue->lock) {
        struct waiting *waiting = map_remove(&queue->pods, uid);
        if (!waiting)
            break;
        move(queue, waiting, PLACE_NONE);
        count(queue, PLACE_NONE, -1);
        waiting_free(waiting);
    }
}

// Brings forward whose time has come; returns when the next one's comes.
static int64_t ripen(struct queue *queue) {
    int64_t now = clock_monotonic(queue->config.clock);
    int64_t next = TIME_NEVER;
    for (struct list_node *node; (node = list_first(&queue->parked));) {
        struct waiting *waiting = CONTAINER_OF(node, struct waiting, parked);
        int64_t end = waiting->parked_at + queue->config.unschedulable_max;
        if (end > now) {
            next = end;
            break;
        }
        back_off(queue, waiting);
    }
    for (struct heap_node *node; (node = heap_peek(&queue->backoff));) {
        struct waiting *waiting = CONTAINER_OF(node, struct waiting, heap);
        if (waiting->ready_at > now)
            return MIN(next, waiting->ready_at);
        move(queue, waiting, PLACE_ACTIVE);
    }
    return next;
}

const struct object *queue_pop(struct queue *queue) {
    const struct object *pod = NULL;
    LOCKED(&queue->lock) {
        int64_t next;
        while (next = ripen(queue), !heap_peek(&queue->active) && !queue->shut_down)
            clock_wait(queue->config.clock, &queue->changed, &queue->lock, next);
        if (queue->shut_down)
            return NULL;
        struct waiting *waiting = CONTAINER_OF(heap_peek(&queue->active), struct waiting, heap);
        move(queue, waiting, PLACE_IN_FLIGHT);
        waiting->attempts++;
        waiting->moves_seen = queue->moves;
        pod = object_ref(waiting->pod);
    }
    return pod;
}

static void give_back(struct queue *queue, const struct object *pod, bool may_park) {
    LOCKED(&queue->lock) {
        struct waiting *waiting = map_get(&queue->pods, pod->uid);
        if (!waiting || waiting->place != PLACE_IN_FLIGHT)
            break; // deleted or bound meanwhile
        waiting->since = clock_monotonic(queue->config.clock);
        waiting->ready_at = waiting->since + backoff_of(queue, waiting->attempts);
        bool changed = waiting->moves_seen != queue->moves || waiting->pod != pod;
        if (may_park && !changed)
            move(queue, waiting, PLACE_PARKED);
        else
            back_off(queue, waiting);
    }
}

void queue_park(struct queue *queue, const struct object *pod) {
    give_back(queue, pod, true);
}

void queue_retry(struct queue *queue, const struct object *pod) {
    give_back(queue, pod, false);
}

void queue_move_all(struct queue *queue) {
    LOCKED(&queue->lock) {
        queue->moves++;
        for (struct list_node *node; (node = list_first(&queue->parked));)
            back_off(queue, CONTAINER_OF(node, struct waiting, parked));
    }
}

void queue_shut_down(struct queue *queue) {
    LOCKED(&queue->lock) {
        queue->shut_down = true;
        cond_broadcast(&queue->changed);
    }
}

size_t queue_len(struct queue *queue) {
    size_t len = 0;
    LOCKED(&queue->lock) {
        len = queue->pods.len;
    }
    return len;
}
