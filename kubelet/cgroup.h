// SPDX-License-Identifier: Apache-2.0
// Control groups of quality-of-service classes and pods, on cgroup v1 and v2: kubepods[/burstable|/besteffort]/pod<uid>.
//
// Only hierarchies that exist and can be written are used; what the kernel refuses is logged once and left out, so that a kubelet inside
// a container still works. With the systemd driver the names are slices and systemd makes them when the runtime asks for them.
#ifndef CUBE_KUBELET_CGROUP_H
#define CUBE_KUBELET_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/api/resource_amounts.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"
#include "kubelet/options.h"

struct cgroups;

// root NULL: "/sys/fs/cgroup".
struct cgroups *cgroups_new(const struct kubelet_options *options, const char *root);
void cgroups_free(struct cgroups *cgroups);
bool cgroups_is_v2(const struct cgroups *cgroups);
// Makes kubepods and its classes and limits kubepods to what is allocatable.
void cgroups_start(struct cgroups *cgroups, const struct resource_amounts *allocatable);
// The parent that a pod's sandbox is given. Appends; nothing if cgroups-per-qos is off.
void cgroups_pod_parent(const struct cgroups *cgroups, const struct json *pod, struct str *out);
// Makes the pod's group and sets its limits.
void cgroups_add_pod(struct cgroups *cgroups, const struct json *pod);
// Removes the pod's group wherever it is. Its processes must be gone.
void cgroups_remove_pod(struct cgroups *cgroups, const char *uid);
// The uids of pods that have a group. Appends.
void cgroups_pods(struct cgroups *cgroups, struct str_list *out);

#endif
