// SPDX-License-Identifier: Apache-2.0
// emptyDir: a folder, or a tmpfs, that lives as long as its pod.
#include "kubelet/volume/empty_dir.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/file.h"

static bool is_mount_point(const char *folder) {
    AUTO_STR parent = {0};
    str_printf(&parent, "%s/..", folder);
    struct stat own, above;
    return stat(folder, &own) == 0 && stat(str_text(&parent), &above) == 0 && own.st_dev != above.st_dev;
}

int empty_dir_mount_tmpfs(const char *folder, int64_t size, struct error **err) {
    if (file_make_directories(folder, 0750, err) < 0)
        return -1;
    if (is_mount_point(folder))
        return 0;
    AUTO_STR options = {0};
    str_append(&options, "mode=0777");
    if (size > 0)
        str_printf(&options, ",size=%lld", (long long)size);
    if (mount("tmpfs", folder, "tmpfs", 0, str_text(&options)) < 0)
        return error_set_errno(err, errno, "mount tmpfs on \"%s\"", folder);
    return 0;
}

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    const char *medium = json_get_text(request->source, "medium");
    if (strcmp(medium, "Memory") == 0) {
        struct quantity limit;
        if (quantity_from_json(json_get(request->source, "sizeLimit"), &limit, err) < 0 ||
            empty_dir_mount_tmpfs(request->folder, quantity_value(&limit), err) < 0)
            return -1;
    } else if (*medium) {
        return error_set(err, "medium \"%s\" of emptyDir is not supported", medium);
    } else if (file_make_directories(request->folder, 0777, err) < 0) {
        return -1;
    }
    // The umask may have taken bits away; a group that is set later keeps them.
    mode_t mode = request->fs_group >= 0 ? 02777 : 0777;
    if (request->fs_group >= 0 && chown(request->folder, (uid_t)-1, (gid_t)request->fs_group) < 0)
        return error_set_errno(err, errno, "chown \"%s\"", request->folder);
    if (chmod(request->folder, mode) < 0)
        return error_set_errno(err, errno, "chmod \"%s\"", request->folder);
    *ret_path = alloc_string(request->folder);
    return 0;
}

const struct volume_type empty_dir_volume = {
    .name = "emptyDir",
    .directory = "kubernetes.io~empty-dir",
    .set_up = set_up,
};
