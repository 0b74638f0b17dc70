// SPDX-License-Identifier: Apache-2.0
// hostPath: something of the node's own file system, with the checks that its type asks for.
#include "kubelet/volume/host_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"

// What must be there, and what is made if nothing is.
static const struct {
    const char *type;
    mode_t format; // S_IFMT bits; 0: anything
    bool make;
    const char *words;
} types[] = {
    {"", 0, false, ""},
    {"DirectoryOrCreate", S_IFDIR, true, "directory"},
    {"Directory", S_IFDIR, false, "directory"},
    {"FileOrCreate", S_IFREG, true, "file"},
    {"File", S_IFREG, false, "file"},
    {"Socket", S_IFSOCK, false, "socket"},
    {"CharDevice", S_IFCHR, false, "character device"},
    {"BlockDevice", S_IFBLK, false, "block device"},
};

static int make(const char *path, mode_t format, struct error **err) {
    if (format == S_IFDIR)
        return file_make_directories(path, 0755, err);
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set_errno(err, errno, "create \"%s\"", path);
    return 0;
}

static int set_up(const struct volume_request *request, char **ret_path, struct error **err) {
    const char *path = json_get_text(request->source, "path");
    const char *type = json_get_text(request->source, "type");
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(type, types[i].type) != 0)
            continue;
        struct stat st;
        bool there = stat(path, &st) == 0;
        if (!there && types[i].make && make(path, types[i].format, err) < 0)
            return -1;
        if (types[i].format && (there ? (st.st_mode & S_IFMT) != types[i].format : !types[i].make))
            return error_set(err, "hostPath type check failed: %s is not a %s", path, types[i].words);
        *ret_path = alloc_string(path);
        return 0;
    }
    return error_set(err, "%s is an invalid volume type", type);
}

const struct volume_type host_path_volume = {
    .name = "hostPath",
    .set_up = set_up,
};
