// SPDX-License-Identifier: Apache-2.0
// configMap: a ConfigMap's keys as files.
#ifndef CUBE_KUBELET_VOLUME_CONFIG_MAP_H
#define CUBE_KUBELET_VOLUME_CONFIG_MAP_H

#include "kubelet/volume/volume.h"

extern const struct volume_type config_map_volume;

#endif
