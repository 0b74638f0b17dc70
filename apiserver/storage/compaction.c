// SPDX-License-Identifier: Apache-2.0
// The compaction thread: a step every interval.
#include "apiserver/storage/compaction.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/thread.h"

struct compaction {
    struct storage *storage;
    struct clock *clock;
    int64_t interval;
    char *progress_key;
    struct thread *thread;
    struct lock lock;
    struct cond stop;
    bool stopping; // under lock
};

// false: it is time to stop.
static bool wait_interval(struct compaction *compaction) {
    int64_t until = clock_monotonic(compaction->clock) + compaction->interval;
    bool go_on = true;
    LOCKED(&compaction->lock) {
        while (!compaction->stopping && clock_wait(compaction->clock, &compaction->stop, &compaction->lock, until)) {
        }
        go_on = !compaction->stopping;
    }
    return go_on;
}

static void compaction_run(void *argument) {
    struct compaction *compaction = argument;
    bool failing = false;
    while (wait_interval(compaction)) {
        AUTO_ERROR error = NULL;
        bool failed = storage_compact_step(compaction->storage, compaction->progress_key, &error) < 0;
        if (failed && !failing)
            log_warning("etcd cannot be compacted, trying again", "err", error_message(error), NULL);
        failing = failed;
    }
}

struct compaction *compaction_start(struct storage *storage, struct clock *clock, int64_t interval, const char *progress_key) {
    struct compaction *compaction = alloc_zero(sizeof(*compaction));
    compaction->storage = storage;
    compaction->clock = clock;
    compaction->interval = interval;
    compaction->progress_key = alloc_string_or_null(progress_key);
    lock_init(&compaction->lock, "compaction");
    cond_init(&compaction->stop);
    compaction->thread = thread_start("compaction", compaction_run, compaction);
    return compaction;
}

void compaction_stop(struct compaction *compaction) {
    if (!compaction)
        return;
    LOCKED(&compaction->lock) {
        compaction->stopping = true;
        cond_broadcast(&compaction->stop);
    }
    thread_join(compaction->thread);
    cond_destroy(&compaction->stop);
    lock_destroy(&compaction->lock);
    free(compaction->progress_key);
    free(compaction);
}
