// SPDX-License-Identifier: Apache-2.0
// projected: files of several sources in one folder.
#ifndef CUBE_KUBELET_VOLUME_PROJECTED_H
#define CUBE_KUBELET_VOLUME_PROJECTED_H

#include "kubelet/volume/volume.h"

extern const struct volume_type projected_volume;

#endif
