// SPDX-License-Identifier: Apache-2.0
// The control loop that all controllers share: workers take keys from a queue and call sync; its result decides what comes next.
#ifndef CUBE_COMMON_CONTROLLER_CONTROLLER_H
#define CUBE_COMMON_CONTROLLER_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/client/informer.h"
#include "common/controller/workqueue.h"

// What a sync wants next. SYNC_DONE forgets the key's back-off; SYNC_AFTER comes back after `after` nanoseconds.
enum sync_outcome { SYNC_DONE, SYNC_REQUEUE, SYNC_AFTER };
struct sync_result {
    enum sync_outcome outcome;
    int64_t after;
};

struct control_loop;

struct control_loop_config {
    const char *name; // upstream's controller name, e.g. "replicaset-controller"
    struct clock *clock;
    int workers;
    // Reads the world through informers, decides, acts. -1 with an error: logged and retried with back-off.
    int (*sync)(void *context, const char *key, struct sync_result *ret_result, struct error **err);
    void *context;
    int64_t backoff_base, backoff_max; // 0: workqueue's defaults
};

struct control_loop *control_loop_new(const struct control_loop_config *config);
struct workqueue *control_loop_queue(struct control_loop *loop);
// Workers start once all informers (NULL-ended; may be NULL) have synced.
void control_loop_start(struct control_loop *loop, struct informer *const *wait_for);
void control_loop_stop(struct control_loop *loop); // returns after every worker has ended
void control_loop_free(struct control_loop *loop);
bool control_loop_healthy(const struct control_loop *loop);

#endif
