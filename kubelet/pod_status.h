// SPDX-License-Identifier: Apache-2.0
// Makes PodStatus out of what the runtime shows. Pure; transition times of conditions are filled in by status_writer.h, which knows what
// the API has.
#ifndef CUBE_KUBELET_POD_STATUS_H
#define CUBE_KUBELET_POD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"
#include "common/data/json.h"
#include "kubelet/pod_observed.h"

struct pod_status_input {
    const struct json *pod; // with the status that the API has
    const struct pod_observed *observed;
    const struct pod_memory *memory;
    const struct str_list *host_ips;
    const char *runtime_name; // "containerd": container ids are containerd://...
    bool ended;               // nothing runs any more and nothing shall: the phase becomes final
    // The text that a container that has ended left (termination message); NULL: none. Called for each ended container. Returns malloc'd.
    char *(*termination_message)(void *context, const struct runtime_container *container);
    void *context;
};

// A new tree: the whole status. Conditions have no lastTransitionTime.
struct json *pod_status_make(const struct pod_status_input *input);
// The types of conditions that the kubelet owns; others in the API are left alone. NULL-ended.
extern const char *const pod_status_conditions[];

#endif
