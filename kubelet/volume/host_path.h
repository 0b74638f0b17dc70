// SPDX-License-Identifier: Apache-2.0
// hostPath: something of the node's own file system, with the checks that its type asks for.
#ifndef CUBE_KUBELET_VOLUME_HOST_PATH_H
#define CUBE_KUBELET_VOLUME_HOST_PATH_H

#include "kubelet/volume/volume.h"

extern const struct volume_type host_path_volume;

#endif
