// SPDX-License-Identifier: Apache-2.0
// downwardAPI: fields of the pod as files.
#ifndef CUBE_KUBELET_VOLUME_DOWNWARD_API_H
#define CUBE_KUBELET_VOLUME_DOWNWARD_API_H

#include "kubelet/volume/volume.h"

extern const struct volume_type downward_api_volume;

#endif
