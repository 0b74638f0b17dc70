// SPDX-License-Identifier: Apache-2.0
// Pods that wait for a node: ready by priority, backing off after a failure, or parked until something changes in the cluster.
#ifndef CUBE_SCHEDULER_QUEUE_H
#define CUBE_SCHEDULER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/base/clock.h"

struct queue;

struct queue_config {
    struct clock *clock;
    int64_t backoff_initial, backoff_max; // nanoseconds; upstream 1 s, 10 s
    int64_t unschedulable_max;            // a parked pod is tried again after this at the latest; upstream 5 min
};

struct queue *queue_new(const struct queue_config *config);
void queue_free(struct queue *queue);
// A new pod, or a newer version of one that waits (which may run now: it leaves its parking place if its spec or labels changed).
void queue_add(struct queue *queue, const struct object *pod);
void queue_remove(struct queue *queue, const char *uid); // bound or deleted
// The next pod, a new reference; waits. NULL: shut down. The pod is in flight until queue_remove, queue_park or queue_retry.
const struct object *queue_pop(struct queue *queue);
// No node fits: parks it until queue_move_all, or backs it off if the cluster changed since it was popped.
void queue_park(struct queue *queue, const struct object *pod);
// Something failed that may go better the next time (binding): back-off.
void queue_retry(struct queue *queue, const struct object *pod);
// The cluster changed: parked pods get another try after their back-off.
void queue_move_all(struct queue *queue);
void queue_shut_down(struct queue *queue);
size_t queue_len(struct queue *queue); // all that wait or are in flight

#endif
