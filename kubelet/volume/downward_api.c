// SPDX-License-Identifier: Apache-2.0
// downwardAPI: fields of the pod as files.
#include "kubelet/volume/downward_api.h"

#include "common/base/alloc.h"
#include "kubelet/volume/empty_dir.h"
#include "kubelet/volume/object_files.h"

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    AUTO_ATOMIC_FILES files = ATOMIC_FILES;
    if (object_files_add_downward(request, request->source, object_files_mode(request->source), &files, err) < 0 ||
        empty_dir_mount_tmpfs(request->folder, 0, err) < 0 ||
        atomic_files_write(&files, request->folder, request->fs_group, err) < 0)
        return -1;
    *ret_path = alloc_string(request->folder);
    return 0;
}

const struct volume_type downward_api_volume = {
    .name = "downwardAPI",
    .directory = "kubernetes.io~downward-api",
    .read_only = true,
    .follows = true,
    .set_up = set_up,
};
