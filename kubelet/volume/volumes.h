// SPDX-License-Identifier: Apache-2.0
// The list of volume types, and what the kubelet does with a pod's volumes as a whole.
#ifndef CUBE_KUBELET_VOLUME_VOLUMES_H
#define CUBE_KUBELET_VOLUME_VOLUMES_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/map.h"
#include "kubelet/volume/volume.h"

// All types, NULL-ended.
extern const struct volume_type *const volumes_all[];

// The type whose member the volume has; NULL if it is none of ours.
const struct volume_type *volumes_type_of(const struct json *volume, const struct json **ret_source);
// Sets up every volume of the pod below pod_folder. ret_paths: volume name -> host path (owned strings; map_free).
// Errors: `MountVolume.SetUp failed for volume "x" : ...` as upstream words it.
int volumes_set_up(const struct volume_host *host, const struct json *pod, const char *pod_folder, struct map *ret_paths,
                   struct error **err) MUST_CHECK;
// Whether some volume's content follows API objects.
bool volumes_follow(const struct json *pod);
// Unmounts everything below pod_folder and removes it. Works from the folder alone: used for pods nobody knows any more, too.
int volumes_tear_down(const char *pod_folder, struct error **err) MUST_CHECK;
// volumes_bind_sub_path: the folder or file `sub_path` inside a volume, made (as a folder) if it is missing and never outside of it whatever links there are;
// bound to a place below pod_folder so that it can't be exchanged later. *ret_path is malloc'd.
struct volumes_sub_path {
    const char *pod_folder, *volume_name, *volume_path, *container, *sub_path;
    size_t mount_index; // of the container's mount
};
int volumes_bind_sub_path(const struct volumes_sub_path *request, char **ret_path, struct error **err) MUST_CHECK;

#endif
