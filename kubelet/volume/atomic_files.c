// SPDX-License-Identifier: Apache-2.0
// A folder of small files that changes as a whole, by exchanging one link.
#include "kubelet/volume/atomic_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"

#define VERSION_PREFIX "..version_"
#define FILE_MAX ((size_t)4 * 1024 * 1024)

void atomic_files_add(struct atomic_files *files, const char *path, const void *bytes, size_t len, mode_t mode) {
    struct atomic_file *file = NULL;
    for (size_t i = 0; i < files->files.len && !file; i++) {
        struct atomic_file *row = VEC_AT(&files->files, struct atomic_file, i);
        if (strcmp(row->path, path) == 0)
            file = row;
    }
    if (!file) {
        file = vec_push_zero(&files->files);
        file->path = alloc_string(path);
    }
    str_clear(&file->bytes);
    str_append_n(&file->bytes, bytes, len);
    file->mode = mode;
}

void atomic_files_free(struct atomic_files *files) {
    for (size_t i = 0; i < files->files.len; i++) {
        struct atomic_file *row = VEC_AT(&files->files, struct atomic_file, i);
        free(row->path);
        str_free(&row->bytes);
    }
    vec_free(&files->files);
}

static int check_path(const char *path, struct error **err) {
    if (!*path || *path == '/')
        return error_set(err, "invalid path: must be a relative path: %s", path);
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, path, '/');
    for (size_t i = 0; i < parts.len; i++) {
        if (strcmp(parts.items[i], "..") == 0)
            return error_set(err, "invalid path: must not contain '..': %s", path);
    }
    if (str_starts(path, ".."))
        return error_set(err, "invalid path: must not start with '..': %s", path);
    return 0;
}

// The mode that a file shall have in the end.
static mode_t final_mode(const struct atomic_file *file, int64_t fs_group) {
    return (file->mode & 0777) | (fs_group >= 0 ? 0440 : 0);
}

static bool same_file(const char *root, const struct atomic_file *file, int64_t fs_group) {
    AUTO_STR path = {0}, bytes = {0};
    str_printf(&path, "%s/%s", root, file->path);
    struct stat st;
    if (stat(str_text(&path), &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0777) != final_mode(file, fs_group))
        return false;
    if ((size_t)st.st_size != file->bytes.len || file_read(str_text(&path), FILE_MAX, &bytes, NULL) < 0)
        return false;
    return bytes.len == file->bytes.len && (bytes.len == 0 || memcmp(bytes.data, file->bytes.data, bytes.len) == 0);
}

static size_t count_files(const char *folder) {
    AUTO_STR_LIST names = {0};
    size_t count = 0;
    if (file_list(folder, &names, NULL) < 0)
        return 0;
    for (size_t i = 0; i < names.len; i++) {
        AUTO_STR path = {0};
        str_printf(&path, "%s/%s", folder, names.items[i]);
        count += file_is_directory(str_text(&path)) ? count_files(str_text(&path)) : 1;
    }
    return count;
}

static bool unchanged(const struct atomic_files *files, const char *folder, int64_t fs_group) {
    AUTO_STR root = {0};
    str_printf(&root, "%s/..data", folder);
    if (!file_is_directory(str_text(&root)) || count_files(str_text(&root)) != files->files.len)
        return false;
    for (size_t i = 0; i < files->files.len; i++) {
        if (!same_file(str_text(&root), VEC_AT(&files->files, struct atomic_file, i), fs_group))
            return false;
    }
    return true;
}

static int write_file(const char *version, const struct atomic_file *file, int64_t fs_group, struct error **err) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", version, file->path);
    char *slash = strrchr(path.data, '/');
    *slash = '\0';
    int made = file_make_directories(path.data, 0755, err);
    *slash = '/';
    if (made < 0)
        return -1;
    AUTO_FD fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, "create \"%s\"", path.data);
    for (size_t done = 0; done < file->bytes.len;) {
        ssize_t n = write(fd, file->bytes.data + done, file->bytes.len - done);
        if (n < 0)
            return error_set_errno(err, errno, "write \"%s\"", path.data);
        done += (size_t)n;
    }
    if (fs_group >= 0 && fchown(fd, (uid_t)-1, (gid_t)fs_group) < 0)
        return error_set_errno(err, errno, "chown \"%s\"", path.data);
    if (fchmod(fd, final_mode(file, fs_group)) < 0)
        return error_set_errno(err, errno, "chmod \"%s\"", path.data);
    return 0;
}

// The first part of a path is what stands in the folder as a link into ..data.
static char *first_part(const char *path) {
    return alloc_string_n(path, strcspn(path, "/"));
}

static int set_links(const struct atomic_files *files, const char *folder, struct error **err) {
    AUTO_STR_LIST wanted = {0}, present = {0};
    for (size_t i = 0; i < files->files.len; i++) {
        char *name = first_part(VEC_AT(&files->files, struct atomic_file, i)->path);
        if (str_list_contains(&wanted, name))
            free(name);
        else
            str_list_take(&wanted, name);
    }
    for (size_t i = 0; i < wanted.len; i++) {
        AUTO_STR link = {0}, target = {0};
        str_printf(&link, "%s/%s", folder, wanted.items[i]);
        str_printf(&target, "..data/%s", wanted.items[i]);
        if (symlink(str_text(&target), str_text(&link)) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "link \"%s\"", str_text(&link));
    }
    if (file_list(folder, &present, err) < 0)
        return -1;
    for (size_t i = 0; i < present.len; i++) {
        AUTO_STR path = {0};
        str_printf(&path, "%s/%s", folder, present.items[i]);
        if (!str_starts(present.items[i], "..") && !str_list_contains(&wanted, present.items[i]))
            unlink(str_text(&path));
    }
    return 0;
}

static int write_version(const struct atomic_files *files, const char *version, int64_t fs_group, struct error **err) {
    mode_t mode = fs_group >= 0 ? 02755 | 0110 : 0755;
    if (fs_group >= 0 && chown(version, (uid_t)-1, (gid_t)fs_group) < 0)
        return error_set_errno(err, errno, "chown \"%s\"", version);
    if (chmod(version, mode) < 0)
        return error_set_errno(err, errno, "chmod \"%s\"", version);
    for (size_t i = 0; i < files->files.len; i++) {
        if (write_file(version, VEC_AT(&files->files, struct atomic_file, i), fs_group, err) < 0)
            return -1;
    }
    return 0;
}

// ..data moves to the new version in one step.
static int exchange(const char *folder, const char *version, struct error **err) {
    AUTO_STR data = {0}, next = {0};
    str_printf(&data, "%s/..data", folder);
    str_printf(&next, "%s/..data_tmp", folder);
    unlink(str_text(&next));
    if (symlink(strrchr(version, '/') + 1, str_text(&next)) < 0 || rename(str_text(&next), str_text(&data)) < 0)
        return error_set_errno(err, errno, "exchange \"%s\"", str_text(&data));
    return 0;
}

// All versions but the present one go: the one before it, and halves that a crash left.
static int remove_old_versions(const char *folder, const char *present, struct error **err) {
    AUTO_STR_LIST names = {0};
    if (file_list(folder, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.len; i++) {
        AUTO_STR path = {0};
        str_printf(&path, "%s/%s", folder, names.items[i]);
        if (str_starts(names.items[i], VERSION_PREFIX) && strcmp(str_text(&path), present) != 0 &&
            file_remove_tree(str_text(&path), err) < 0)
            return -1;
    }
    return 0;
}

int atomic_files_write(const struct atomic_files *files, const char *folder, int64_t fs_group, struct error **err) {
    for (size_t i = 0; i < files->files.len; i++) {
        if (check_path(VEC_AT(&files->files, struct atomic_file, i)->path, err) < 0)
            return -1;
    }
    if (unchanged(files, folder, fs_group))
        return set_links(files, folder, err);
    AUTO_STR version = {0};
    str_printf(&version, "%s/" VERSION_PREFIX "XXXXXX", folder);
    if (!mkdtemp(version.data))
        return error_set_errno(err, errno, "create \"%s\"", version.data);
    if (write_version(files, version.data, fs_group, err) < 0 || exchange(folder, version.data, err) < 0) {
        // Half a version is of no use; the failure above is what counts.
        if (file_remove_tree(version.data, NULL) < 0)
            return -1;
        return -1;
    }
    return set_links(files, folder, err) < 0 || remove_old_versions(folder, version.data, err) < 0 ? -1 : 0;
}
