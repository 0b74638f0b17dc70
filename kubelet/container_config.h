// SPDX-License-Identifier: Apache-2.0
// A container as the runtime wants it: command, environment, mounts, resources, labels; and the files that it needs on the host.
#ifndef CUBE_KUBELET_CONTAINER_CONFIG_H
#define CUBE_KUBELET_CONTAINER_CONFIG_H

#include <stdint.h>

#include "common/base/error.h"
#include "kubelet/pod_context.h"
#include "kubelet/runtime/runtime.h"

struct container_config_request {
    const struct pod_context *context;
    const struct json *container;
    const struct runtime_image *image; // what it runs
    uint32_t attempt;                  // its restart count
    int64_t least_oom_score;           // what may not be gone below (no CAP_SYS_RESOURCE); -1000: no bound
};

// Makes the log folder, termination message file and hosts file too. Errors are CreateContainerConfigError's messages.
int container_config_make(const struct container_config_request *request, struct runtime_container_config **ret_config,
                          struct error **err) MUST_CHECK;
// Upstream's oom_score_adj by quality of service.
int64_t container_config_oom_score(const struct json *pod, const struct json *container, int64_t memory_capacity);
// CPU and memory of a container. Pure.
void container_config_resources(const struct pod_context *context, const struct json *container,
                                struct runtime_resources *ret_resources);
uint64_t container_config_cpu_shares(int64_t milli);                  // at least 2
int64_t container_config_cpu_quota(int64_t milli, int64_t period_us); // at least 1000; 0 for 0
// Where the container's termination message is on the host; malloc'd.
char *container_config_message_path(const char *pod_folder, const char *name, int64_t restart_count);
// The pod's hosts file as upstream writes it. Appends.
int container_config_hosts(const struct pod_context *context, struct str *out, struct error **err) MUST_CHECK;

#endif
