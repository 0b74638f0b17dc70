// SPDX-License-Identifier: Apache-2.0
// The Node object and its Lease: registers the node, reports its status every ten seconds if it changed and every five minutes if not,
// renews the Lease.
#ifndef CUBE_KUBELET_NODE_H
#define CUBE_KUBELET_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/client/events.h"
#include "common/client/rest.h"
#include "common/data/json.h"
#include "kubelet/node_facts.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

struct node;

struct node_config {
    const struct kubelet_options *options;
    const struct node_facts *facts;
    struct runtime *runtime;
    struct rest *rest;
    struct clock *clock;
    struct event_recorder *recorder; // may be NULL
    uint16_t port;                   // of the kubelet's server, for daemonEndpoints
};

struct node *node_new(const struct node_config *config);
void node_start(struct node *node);
void node_stop(struct node *node);
void node_free(struct node *node);

// The Node as it is created: labels, annotations, taints, status. Pure.
struct json *node_make(const struct node_config *config, const struct runtime_status *runtime, const struct vec *images);
// status alone (conditions without times). runtime NULL: it does not answer.
struct json *node_make_status(const struct node_config *config, const struct runtime_status *runtime, const struct vec *images);
// The patch of status from `old` (the whole node as the API has it); heartbeat times of conditions are set to now. NULL: nothing differs
// but heartbeats and `force` is false. Pure.
struct json *node_status_patch(const struct json *old, const struct json *status, bool force, int64_t now);

#endif
