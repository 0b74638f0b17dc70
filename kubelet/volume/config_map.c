// SPDX-License-Identifier: Apache-2.0
// configMap: a ConfigMap's keys as files.
#include "kubelet/volume/config_map.h"

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "kubelet/volume/object_files.h"

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    AUTO_ATOMIC_FILES files = ATOMIC_FILES;
    const struct object_files_source from = {.kind = "ConfigMap",
                                             .name = json_get_text(request->source, "name"),
                                             .source = request->source,
                                             .mode = object_files_mode(request->source)};
    if (object_files_add(request, &from, &files, err) < 0 || file_make_directories(request->folder, 0777, err) < 0 ||
        atomic_files_write(&files, request->folder, request->fs_group, err) < 0)
        return -1;
    *ret_path = alloc_string(request->folder);
    return 0;
}

const struct volume_type config_map_volume = {
    .name = "configMap",
    .directory = "kubernetes.io~configmap",
    .read_only = true,
    .follows = true,
    .set_up = set_up,
};
