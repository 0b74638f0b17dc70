// SPDX-License-Identifier: Apache-2.0
// Files out of ConfigMaps, Secrets and the downward API, as the volumes configMap, secret, downwardAPI and projected share them.
#ifndef CUBE_KUBELET_VOLUME_OBJECT_FILES_H
#define CUBE_KUBELET_VOLUME_OBJECT_FILES_H

#include <sys/types.h>

#include "common/base/error.h"
#include "kubelet/volume/atomic_files.h"
#include "kubelet/volume/volume.h"

// Where files come from. kind is "ConfigMap" or "Secret", name the object's; source has items and optional; mode is the default.
struct object_files_source {
    const char *kind, *name;
    const struct json *source;
    mode_t mode;
};
// All keys, or those of source.items with their paths and modes.
int object_files_add(const struct volume_request *request, const struct object_files_source *from, struct atomic_files *out,
                     struct error **err) MUST_CHECK;
// source.items of the downward API.
int object_files_add_downward(const struct volume_request *request, const struct json *source, mode_t default_mode,
                              struct atomic_files *out, struct error **err) MUST_CHECK;
mode_t object_files_mode(const struct json *source); // defaultMode, else 0644

#endif
