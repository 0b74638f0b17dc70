// SPDX-License-Identifier: Apache-2.0
// The workers of a control loop.
#include "common/controller/controller.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/thread.h"

struct control_loop {
    // constant after start
    struct control_loop_config config;
    struct workqueue *queue;
    struct informer **wait_for;
    size_t wait_count;
    struct thread **threads;
    _Atomic int thread_count;

    _Atomic bool stopping;
};

struct control_loop *control_loop_new(const struct control_loop_config *config) {
    struct control_loop *loop = alloc_zero(sizeof(*loop));
    loop->config = *config;
    loop->queue = workqueue_new(config->name, config->clock, config->backoff_base, config->backoff_max);
    return loop;
}

struct workqueue *control_loop_queue(struct control_loop *loop) {
    return loop->queue;
}

static void handle(struct control_loop *loop, const char *key) {
    struct sync_result result = {.outcome = SYNC_DONE};
    AUTO_ERROR err = NULL;
    if (loop->config.sync(loop->config.context, key, &result, &err) < 0) {
        log_error("sync failed, retrying", "controller", loop->config.name, "key", key, "err", error_message(err), NULL);
        workqueue_add_rate_limited(loop->queue, key);
        return;
    }
    if (result.outcome == SYNC_REQUEUE) {
        workqueue_add_rate_limited(loop->queue, key);
        return;
    }
    workqueue_forget(loop->queue, key);
    if (result.outcome == SYNC_AFTER)
        workqueue_add_after(loop->queue, key, result.after);
}

// false: the loop or an informer was stopped before.
static bool wait_for_informers(struct control_loop *loop) {
    for (size_t i = 0; i < loop->wait_count; i++) {
        for (;;) {
            int64_t until = clock_monotonic(loop->config.clock) + SECOND;
            if (informer_wait_synced(loop->wait_for[i], until))
                break;
            if (loop->stopping || clock_monotonic(loop->config.clock) < until)
                return false;
        }
    }
    return true;
}

static void work(void *argument) {
    struct control_loop *loop = argument;
    if (!wait_for_informers(loop))
        return;
    for (char *key; (key = workqueue_get(loop->queue)); free(key)) {
        handle(loop, key);
        workqueue_done(loop->queue, key);
    }
}

void control_loop_start(struct control_loop *loop, struct informer *const *wait_for) {
    while (wait_for && wait_for[loop->wait_count])
        loop->wait_count++;
    loop->wait_for = alloc_array(loop->wait_count + 1, sizeof(struct informer *));
    for (size_t i = 0; i < loop->wait_count; i++)
        loop->wait_for[i] = wait_for[i];
    int count = MAX(loop->config.workers, 1);
    loop->threads = alloc_array((size_t)count, sizeof(struct thread *));
    for (int i = 0; i < count; i++)
        loop->threads[i] = thread_start(loop->config.name, work, loop);
    loop->thread_count = count;
    log_v(2, "controller started", "controller", loop->config.name, "workers", log_int(loop->thread_count), NULL);
}

void control_loop_stop(struct control_loop *loop) {
    loop->stopping = true;
    workqueue_shut_down(loop->queue);
    for (int i = 0; i < loop->thread_count; i++)
        thread_join(loop->threads[i]);
    loop->thread_count = 0;
}

void control_loop_free(struct control_loop *loop) {
    if (!loop)
        return;
    if (loop->thread_count > 0)
        control_loop_stop(loop);
    workqueue_free(loop->queue);
    free(loop->wait_for);
    free(loop->threads);
    free(loop);
}

bool control_loop_healthy(const struct control_loop *loop) {
    return loop->thread_count > 0 && !loop->stopping;
}
