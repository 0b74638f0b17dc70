// SPDX-License-Identifier: Apache-2.0
// The list of volume types, and what the kubelet does with a pod's volumes as a whole.
#include "kubelet/volume/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "kubelet/volume/config_map.h"
#include "kubelet/volume/downward_api.h"
#include "kubelet/volume/empty_dir.h"
#include "kubelet/volume/host_path.h"
#include "kubelet/volume/projected.h"
#include "kubelet/volume/secret.h"

const struct volume_type *const volumes_all[] = {
    &config_map_volume, &downward_api_volume, &empty_dir_volume, &host_path_volume, &projected_volume, &secret_volume, NULL,
};

const struct volume_type *volumes_type_of(const struct json *volume, const struct json **ret_source) {
    for (size_t i = 0; volumes_all[i]; i++) {
        const struct json *source = json_get(volume, volumes_all[i]->name);
        if (!source)
            continue;
        if (ret_source)
            *ret_source = source;
        return volumes_all[i];
    }
    return NULL;
}

static int set_up_one(const struct volume_host *host, const struct json *pod, const struct json *volume, const char *pod_folder,
                      char **ret_path, struct error **err) {
    const char *name = json_get_text(volume, "name");
    const struct json *source = NULL;
    const struct volume_type *type = volumes_type_of(volume, &source);
    if (!type)
        return error_set(err, "no volume plugin matched");
    AUTO_STR folder = {0};
    if (type->directory)
        str_printf(&folder, "%s/volumes/%s/%s", pod_folder, type->directory, name);
    const struct volume_request request = {.host = host,
                                           .pod = pod,
                                           .volume = volume,
                                           .source = source,
                                           .folder = str_text(&folder),
                                           .fs_group = json_find_int(pod, "spec.securityContext.fsGroup", -1)};
    return type->set_up(&request, ret_path, err);
}

int volumes_set_up(const struct volume_host *host, const struct json *pod, const char *pod_folder, struct map *ret_paths,
                   struct error **err) {
    const struct json *volumes = json_find(pod, "spec.volumes");
    for (size_t i = 0; i < json_len(volumes); i++) {
        const char *name = json_get_text(json_at(volumes, i), "name");
        char *path = NULL;
        if (set_up_one(host, pod, json_at(volumes, i), pod_folder, &path, err) < 0)
            return error_prefix(err, "MountVolume.SetUp failed for volume \"%s\" ", name);
        map_put(ret_paths, name, path);
    }
    return 0;
}

bool volumes_follow(const struct json *pod) {
    const struct json *volumes = json_find(pod, "spec.volumes");
    for (size_t i = 0; i < json_len(volumes); i++) {
        const struct volume_type *type = volumes_type_of(json_at(volumes, i), NULL);
        if (type && type->follows)
            return true;
    }
    return false;
}

// --- tearing down --------------------------------------------------------------------------------------------------------------

// mountinfo writes space, tab, newline and backslash as three octal digits.
static void unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static int mounts_below(const char *folder, struct str_list *out, struct error **err) {
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file)
        return error_set_errno(err, errno, "open \"/proc/self/mountinfo\"");
    size_t len = strlen(folder);
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        char *state = NULL;
        char *field = strtok_r(line, " ", &state);
        for (int i = 0; field && i < 4; i++)
            field = strtok_r(NULL, " ", &state);
        if (!field)
            continue;
        unescape(field);
        if (strncmp(field, folder, len) == 0 && (field[len] == '/' || field[len] == '\0'))
            str_list_add(out, field);
    }
    free(line);
    fclose(file);
    return 0;
}

int volumes_tear_down(const char *pod_folder, struct error **err) {
    CLEANUP(free_ptr) char *real = realpath(pod_folder, NULL);
    if (!real) {
        if (errno == ENOENT)
            return 0;
        return error_set_errno(err, errno, "resolve \"%s\"", pod_folder);
    }
    AUTO_STR_LIST mounts = {0};
    if (mounts_below(real, &mounts, err) < 0)
        return -1;
    // Later mounts may lie on earlier ones.
    for (size_t i = mounts.len; i-- > 0;) {
        if (umount2(mounts.items[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
            return error_set_errno(err, errno, "unmount \"%s\"", mounts.items[i]);
    }
    return file_remove_tree(real, err);
}

// --- subPath -------------------------------------------------------------------------------------------------------------------

static int open_beneath(int root, const char *path, uint64_t flags) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

// Makes the folders of path inside root that are missing. Each step is resolved by the kernel so that no link leads outside.
static int make_beneath(int root, const char *path, struct error **err) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, path, '/');
    AUTO_STR done = {0};
    for (size_t i = 0; i < parts.len; i++) {
        if (!*parts.items[i])
            continue;
        AUTO_FD parent = open_beneath(root, done.len > 0 ? str_text(&done) : ".", O_PATH | O_DIRECTORY);
        if (parent < 0)
            return error_set_errno(err, errno, "open \"%s\"", str_text(&done));
        if (mkdirat(parent, parts.items[i], 0750) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "create \"%s\"", parts.items[i]);
        if (done.len > 0)
            str_append_char(&done, '/');
        str_append(&done, parts.items[i]);
    }
    return 0;
}

static int make_target(const char *target, bool folder, struct error **err) {
    if (folder)
        return file_make_directories(target, 0750, err);
    CLEANUP(free_ptr) char *parent = alloc_string(target);
    *strrchr(parent, '/') = '\0';
    if (file_make_directories(parent, 0750, err) < 0)
        return -1;
    AUTO_FD fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    return fd < 0 ? error_set_errno(err, errno, "create \"%s\"", target) : 0;
}

int volumes_bind_sub_path(const struct volumes_sub_path *request, char **ret_path, struct error **err) {
    const char *volume_path = request->volume_path, *sub_path = request->sub_path;
    AUTO_FD root = open(volume_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_set_errno(err, errno, "open \"%s\"", volume_path);
    AUTO_FD fd = open_beneath(root, sub_path, O_PATH);
    if (fd < 0 && errno == ENOENT) {
        if (make_beneath(root, sub_path, err) < 0)
            return -1;
        fd = open_beneath(root, sub_path, O_PATH);
    }
    if (fd < 0)
        return error_set_errno(err, errno, "open \"%s\" inside \"%s\"", sub_path, volume_path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set_errno(err, errno, "stat \"%s\"", sub_path);
    AUTO_STR target = {0}, source = {0};
    str_printf(&target, "%s/volume-subpaths/%s/%s/%zu", request->pod_folder, request->volume_name, request->container,
               request->mount_index);
    // A container that is made again gets what the path means now.
    umount2(str_text(&target), MNT_DETACH | UMOUNT_NOFOLLOW);
    if (make_target(str_text(&target), S_ISDIR(st.st_mode), err) < 0)
        return -1;
    str_printf(&source, "/proc/self/fd/%d", fd);
    if (mount(str_text(&source), str_text(&target), NULL, MS_BIND, NULL) < 0)
        return error_set_errno(err, errno, "bind \"%s\" to \"%s\"", sub_path, str_text(&target));
    *ret_path = str_take(&target);
    return 0;
}
