// SPDX-License-Identifier: Apache-2.0
// The kubelet as a whole: parts in their order, from a runtime, a transport, a clock and settings that are handed in.
#ifndef CUBE_KUBELET_KUBELET_H
#define CUBE_KUBELET_KUBELET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/net/transport.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

struct kubelet;

// All borrowed; they must outlive the kubelet.
struct kubelet_config {
    const struct kubelet_options *options;
    struct runtime *runtime;
    struct transport *transport; // to the apiserver; NULL: standalone, no pods from the API
    struct clock *clock;
    struct random *random;
};

struct kubelet *kubelet_new(const struct kubelet_config *config);
// Starts everything: checks the host, registers the node, follows pods, serves. -1: nothing runs.
int kubelet_start(struct kubelet *kubelet, struct error **err) MUST_CHECK;
void kubelet_stop(struct kubelet *kubelet); // containers go on running
// Kills, pulls or hooks are under way, for which kubelet_stop would wait (up to a grace period). A program that wants to end leaves all as
// it is then: the next start goes on from what the runtime shows.
bool kubelet_busy(struct kubelet *kubelet);
void kubelet_free(struct kubelet *kubelet);
// The port that the server got (useful when options ask for port 0 in tests); 0: none.
uint16_t kubelet_port(const struct kubelet *kubelet);
uint16_t kubelet_healthz_port(const struct kubelet *kubelet);
// How many pods there are that still have something to clean up or to run.
size_t kubelet_pod_count(struct kubelet *kubelet);

#endif
