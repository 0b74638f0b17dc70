// SPDX-License-Identifier: Apache-2.0
// ConfigMaps and Secrets of pods from the API, and the downward API, as volumes and environments ask for them.
#ifndef CUBE_KUBELET_OBJECTS_H
#define CUBE_KUBELET_OBJECTS_H

#include "common/client/rest.h"
#include "kubelet/pod_context.h"
#include "kubelet/volume/volume.h"

// Lives on the stack of one sync.
struct objects_context {
    struct rest *rest; // NULL: nothing is there
    const struct pod_context *pod;
};

// Fills the vtable; context must outlive it.
void objects_volume_host(struct objects_context *context, struct volume_host *ret_host);

#endif
