// SPDX-License-Identifier: Apache-2.0
// secret: a Secret's keys as files, in memory only.
#ifndef CUBE_KUBELET_VOLUME_SECRET_H
#define CUBE_KUBELET_VOLUME_SECRET_H

#include "kubelet/volume/volume.h"

extern const struct volume_type secret_volume;

#endif
