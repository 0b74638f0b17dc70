// SPDX-License-Identifier: Apache-2.0
// How the amounts of a pod's containers are summed, for pod.c and pod_view.c.
#ifndef CUBE_COMMON_API_POD_REQUESTS_H
#define CUBE_COMMON_API_POD_REQUESTS_H

#include <stdint.h>

#include "common/api/resource_amounts.h"
#include "common/data/json.h"

struct pod_requests_rule {
    const char *list; // "requests" or "limits"
    // What a container that names none counts as.
    int64_t cpu_if_absent;
    int64_t memory_if_absent;
};

void pod_requests_sum(const struct json *pod, const struct pod_requests_rule *rule, struct resource_amounts *ret_amounts);

#endif
