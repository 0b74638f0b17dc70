// SPDX-License-Identifier: Apache-2.0
// Figures of running pods from the runtime: /runningpods, /stats/summary, /metrics/resource.
#ifndef CUBE_KUBELET_SERVER_STATS_H
#define CUBE_KUBELET_SERVER_STATS_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/base/str.h"
#include "kubelet/node_facts.h"
#include "kubelet/runtime/runtime.h"

// All append.
int server_stats_running_pods(struct runtime *runtime, struct str *out, struct error **err) MUST_CHECK;
int server_stats_summary(const struct node_facts *facts, struct runtime *runtime, struct clock *clock, struct str *out,
                         struct error **err) MUST_CHECK;
int server_stats_resource_metrics(struct runtime *runtime, struct str *out, struct error **err) MUST_CHECK;
// kubelet_running_pods and kubelet_running_containers; made once for each server.
struct server_stats_metrics {
    struct metric_family *running_pods, *running_containers;
};
void server_stats_make_metrics(struct server_stats_metrics *ret_metrics);
void server_stats_update_metrics(const struct server_stats_metrics *metrics, struct runtime *runtime);

#endif
