// SPDX-License-Identifier: Apache-2.0
// kube-scheduler as a library: the loop for tests over any transport, and the program.
#ifndef CUBE_SCHEDULER_SCHEDULER_H
#define CUBE_SCHEDULER_SCHEDULER_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/net/transport.h"
#include "scheduler/options.h"

// Informers, queue, the deciding thread and the binding workers. Everything handed in must outlive it.
struct scheduler;

struct scheduler_config {
    const struct scheduler_options *options;
    struct transport *transport;
    struct clock *clock;
    struct random *random;
};

struct scheduler *scheduler_start(const struct scheduler_config *config);
void scheduler_stop(struct scheduler *scheduler);   // bindings in flight are finished; frees. NULL is fine
bool scheduler_synced(struct scheduler *scheduler); // nodes and pods have been listed

// The whole program. Returns the exit code.
int scheduler_main(int argc, char **argv);

#endif
