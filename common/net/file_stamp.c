// SPDX-License-Identifier: Apache-2.0
// Notices that a file was replaced or written, at the cost of one stat.
#include "common/net/file_stamp.h"

#include <string.h>
#include <sys/stat.h>

bool file_stamp_update(struct file_stamp *stamp, const char *path) {
    struct stat status;
    struct file_stamp now = {0};
    if (path == NULL)
        return false;
    if (stat(path, &status) == 0)
        now = (struct file_stamp){
            .device = status.st_dev,
            .inode = status.st_ino,
            .size = (uint64_t)status.st_size,
            .modified = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
        };
    bool changed = memcmp(&now, stamp, sizeof(now)) != 0;
    *stamp = now;
    return changed;
}
