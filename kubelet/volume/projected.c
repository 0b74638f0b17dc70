// SPDX-License-Identifier: Apache-2.0
// projected: files of several sources (Secrets, ConfigMaps, the downward API) in one folder.
#include "kubelet/volume/projected.h"

#include "common/base/alloc.h"
#include "kubelet/volume/empty_dir.h"
#include "kubelet/volume/object_files.h"

static int add_source(const struct volume_request *request, const struct json *source, mode_t mode, struct atomic_files *files,
                      struct error **err) {
    static const char *const kinds[][2] = {{"secret", "Secret"}, {"configMap", "ConfigMap"}};
    const struct json *row;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!(row = json_get(source, kinds[i][0])))
            continue;
        const struct object_files_source from = {
            .kind = kinds[i][1], .name = json_get_text(row, "name"), .source = row, .mode = mode};
        return object_files_add(request, &from, files, err);
    }
    if ((row = json_get(source, "downwardAPI")))
        return object_files_add_downward(request, row, mode, files, err);
    for (struct json_iter it = json_iter(source); json_iter_next(&it);)
        return error_set(err, "projected source %s is not supported", it.key);
    return 0;
}

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    AUTO_ATOMIC_FILES files = ATOMIC_FILES;
    const struct json *sources = json_get(request->source, "sources");
    for (size_t i = 0; i < json_len(sources); i++) {
        if (add_source(request, json_at(sources, i), object_files_mode(request->source), &files, err) < 0)
            return -1;
    }
    if (empty_dir_mount_tmpfs(request->folder, 0, err) < 0 ||
        atomic_files_write(&files, request->folder, request->fs_group, err) < 0)
        return -1;
    *ret_path = alloc_string(request->folder);
    return 0;
}

const struct volume_type projected_volume = {
    .name = "projected",
    .directory = "kubernetes.io~projected",
    .read_only = true,
    .follows = true,
    .set_up = set_up,
};
