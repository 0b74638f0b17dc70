// SPDX-License-Identifier: Apache-2.0
// emptyDir: a folder, or a tmpfs, that lives as long as its pod.
#ifndef CUBE_KUBELET_VOLUME_EMPTY_DIR_H
#define CUBE_KUBELET_VOLUME_EMPTY_DIR_H

#include <stdint.h>

#include "kubelet/volume/volume.h"

extern const struct volume_type empty_dir_volume;

// Makes the folder and mounts a tmpfs on it unless that was done before. size 0: the kernel's default.
int empty_dir_mount_tmpfs(const char *folder, int64_t size, struct error **err) MUST_CHECK;

#endif
