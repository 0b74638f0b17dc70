// SPDX-License-Identifier: Apache-2.0
// The runtime over a CRI v1 socket (containerd, CRI-O).
#ifndef CUBE_KUBELET_RUNTIME_CRI_H
#define CUBE_KUBELET_RUNTIME_CRI_H

#include <stdint.h>

#include "common/base/error.h"
#include "kubelet/runtime/runtime.h"

struct cri_config {
    const char *runtime_endpoint; // "unix:///run/containerd/containerd.sock"
    const char *image_endpoint;   // NULL or "": the same
    int64_t timeout;              // nanoseconds for calls that have no time of their own; 0: 2 minutes
};

// Nothing is sent before the first call.
int cri_new(const struct cri_config *config, struct runtime **ret_runtime, struct error **err) MUST_CHECK;

#endif
