// SPDX-License-Identifier: Apache-2.0
// Whole files: read with a bound, written atomically; trees of directories made and removed.
#include "common/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/vec.h"

void fd_closep(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int file_read(const char *path, size_t max, struct str *out, struct error **err) {
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open \"%s\"", path);
    size_t start = out->len;
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && (size_t)status.st_size <= max)
        str_reserve(out, (size_t)status.st_size + 1);
    for (;;) {
        if (out->cap - out->len < 2)
            str_reserve(out, 4096);
        ssize_t got = read(fd, out->data + out->len, out->cap - out->len - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int errnum = errno;
            str_truncate(out, start);
            return error_set_errno(err, errnum, "read \"%s\"", path);
        }
        if (got == 0)
            return 0;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        if (out->len - start > max) {
            str_truncate(out, start);
            return error_set(err, "read \"%s\": larger than %zu bytes", path, max);
        }
    }
}

static char *parent_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return alloc_string(".");
    return alloc_string_n(path, slash == path ? 1 : (size_t)(slash - path));
}

static int write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        len -= (size_t)written;
    }
    return 0;
}

int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct error **err) {
    CLEANUP(free_ptr) char *temporary = alloc_printf("%s.tmp.XXXXXX", path);
    AUTO_FD fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "create a temporary file for \"%s\"", path);
    const char *step = NULL;
    if (write_all(fd, bytes, len) != 0)
        step = "write";
    else if (fchmod(fd, mode) != 0)
        step = "change the mode of";
    else if (fsync(fd) != 0)
        step = "sync";
    else if (rename(temporary, path) != 0)
        step = "rename";
    if (step) {
        int errnum = errno;
        unlink(temporary);
        return error_set_errno(err, errnum, "%s \"%s\"", step, path);
    }
    CLEANUP(free_ptr) char *parent = parent_of(path);
    AUTO_FD directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || (fsync(directory) != 0 && errno != EINVAL))
        return error_set_errno(err, errno, "sync \"%s\"", parent);
    return 0;
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool file_is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int file_make_directories(const char *path, mode_t mode, struct error **err) {
    CLEANUP(free_ptr) char *part = alloc_string(path);
    for (char *p = part; *p != '\0';) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char rest = *p;
        *p = '\0';
        if (mkdir(part, mode) != 0) {
            int errnum = errno;
            if (!file_is_directory(part))
                return error_set_errno(err, errnum, "make directory \"%s\"", part);
        }
        *p = rest;
    }
    return 0;
}

// A directory above the one being emptied. Only one descriptor is open at a time, so depth costs memory only; the way up is
// "..", checked against what was passed on the way down.
struct removal_level {
    dev_t device;
    ino_t inode;
    char *name; // of the entry below it that is being removed
};

struct removal {
    const char *path;
    int fd;
    dev_t device;
    struct vec levels;
};

static int enter(struct removal *removal, const char *name, struct error **err) {
    struct stat above;
    if (fstat(removal->fd, &above) != 0)
        return error_set_errno(err, errno, "remove \"%s\"", removal->path);
    AUTO_FD below = openat(removal->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (below < 0 || fstat(below, &status) != 0)
        return error_set_errno(err, errno, "remove \"%s\": open \"%s\"", removal->path, name);
    if (status.st_dev != removal->device)
        return error_set(err, "remove \"%s\": \"%s\" is on another file system", removal->path, name);
    struct removal_level level = {.device = above.st_dev, .inode = above.st_ino, .name = alloc_string(name)};
    vec_push(&removal->levels, &level);
    close(removal->fd);
    removal->fd = below;
    below = -1;
    return 0;
}

static int leave(struct removal *removal, struct error **err) {
    struct removal_level *level = vec_at(&removal->levels, removal->levels.len - 1);
    AUTO_FD above = openat(removal->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (above < 0 || fstat(above, &status) != 0)
        return error_set_errno(err, errno, "remove \"%s\": open the parent of \"%s\"", removal->path, level->name);
    if (status.st_dev != level->device || status.st_ino != level->inode)
        return error_set(err, "remove \"%s\": \"%s\" was moved meanwhile", removal->path, level->name);
    if (unlinkat(above, level->name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove \"%s\": remove \"%s\"", removal->path, level->name);
    free(level->name);
    removal->levels.len--;
    close(removal->fd);
    removal->fd = above;
    above = -1;
    return 0;
}

// Unlinks entries up to the first directory that isn't empty, whose name goes to *ret_directory; NULL when nothing is left.
static int empty_directory(struct removal *removal, char **ret_directory, struct error **err) {
    int copy = openat(removal->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    if (!stream) {
        int errnum = errno;
        fd_closep(&copy);
        return error_set_errno(err, errnum, "remove \"%s\": read directory", removal->path);
    }
    int result = 0;
    struct dirent *entry = NULL;
    while (result == 0 && !*ret_directory && (entry = readdir(stream))) {
        const char *name = entry->d_name;
        if (str_equal(name, ".") || str_equal(name, "..") || unlinkat(removal->fd, name, 0) == 0 || errno == ENOENT)
            continue;
        int errnum = errno;
        if (unlinkat(removal->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            continue;
        if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY)
            *ret_directory = alloc_string(name);
        else
            result = error_set_errno(err, errno == ENOTDIR ? errnum : errno, "remove \"%s\": remove \"%s\"", removal->path, name);
    }
    closedir(stream);
    return result;
}

static int empty_tree(struct removal *removal, struct error **err) {
    for (;;) {
        CLEANUP(free_ptr) char *directory = NULL;
        if (empty_directory(removal, &directory, err) != 0)
            return -1;
        if (directory) {
            if (enter(removal, directory, err) != 0)
                return -1;
        } else if (removal->levels.len == 0) {
            return 0;
        } else if (leave(removal, err) != 0) {
            return -1;
        }
    }
}

int file_remove_tree(const char *path, struct error **err) {
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    int errnum = errno;
    struct removal removal = {.path = path, .levels = VEC_OF(struct removal_level)};
    removal.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (removal.fd < 0)
        return error_set_errno(err, errno == ENOTDIR ? errnum : errno, "remove \"%s\"", path);
    struct stat status;
    int result = 0;
    if (fstat(removal.fd, &status) != 0) {
        result = error_set_errno(err, errno, "remove \"%s\"", path);
    } else {
        removal.device = status.st_dev;
        result = empty_tree(&removal, err);
    }
    for (size_t i = 0; i < removal.levels.len; i++)
        free(VEC_AT(&removal.levels, struct removal_level, i)->name);
    vec_free(&removal.levels);
    close(removal.fd);
    if (result == 0 && rmdir(path) != 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove \"%s\"", path);
    return result;
}

int file_list(const char *path, struct str_list *ret_names, struct error **err) {
    DIR *stream = opendir(path);
    if (!stream)
        return error_set_errno(err, errno, "read directory \"%s\"", path);
    struct str_list names = {0};
    struct dirent *entry = NULL;
    errno = 0;
    while ((entry = readdir(stream))) {
        if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
            str_list_add(&names, entry->d_name);
        errno = 0;
    }
    int errnum = errno;
    closedir(stream);
    if (errnum != 0) {
        str_list_free(&names);
        return error_set_errno(err, errnum, "read directory \"%s\"", path);
    }
    str_list_sort(&names);
    *ret_names = names;
    return 0;
}
