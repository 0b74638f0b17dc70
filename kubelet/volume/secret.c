// SPDX-License-Identifier: Apache-2.0
// secret: a Secret's keys as files, in memory only.
#include "kubelet/volume/secret.h"

#include "common/base/alloc.h"
#include "kubelet/volume/empty_dir.h"
#include "kubelet/volume/object_files.h"

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    AUTO_ATOMIC_FILES files = ATOMIC_FILES;
    const struct object_files_source from = {.kind = "Secret",
                                             .name = json_get_text(request->source, "secretName"),
                                             .source = request->source,
                                             .mode = object_files_mode(request->source)};
    if (object_files_add(request, &from, &files, err) < 0 || empty_dir_mount_tmpfs(request->folder, 0, err) < 0 ||
        atomic_files_write(&files, request->folder, request->fs_group, err) < 0)
        return -1;
    *ret_path = alloc_string(request->folder);
    return 0;
}

const struct volume_type secret_volume = {
    .name = "secret",
    .directory = "kubernetes.io~secret",
    .read_only = true,
    .follows = true,
    .set_up = set_up,
};
