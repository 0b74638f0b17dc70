// SPDX-License-Identifier: Apache-2.0
// The downward API: the text of a pod's fields and of its containers' resources.
#ifndef CUBE_KUBELET_DOWNWARD_H
#define CUBE_KUBELET_DOWNWARD_H

#include "common/base/error.h"
#include "common/base/str.h"
#include "kubelet/pod_context.h"

// fieldRef: metadata.*, spec.nodeName, spec.serviceAccountName, status.hostIP(s), status.podIP(s). Appends.
int downward_field(const struct pod_context *context, const char *path, struct str *out, struct error **err) MUST_CHECK;
// resourceFieldRef of a container by name: limits.cpu, requests.memory, ...; an absent limit is the node's allocatable. divisor may be NULL
// or "0" (1). Rounded up. Appends.
int downward_resource(const struct pod_context *context, const char *container, const char *resource, const char *divisor,
                      struct str *out, struct error **err) MUST_CHECK;

#endif
