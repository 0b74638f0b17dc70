// SPDX-License-Identifier: Apache-2.0
// Notices that a file was replaced or written, at the cost of one stat.
#ifndef CUBE_COMMON_NET_FILE_STAMP_H
#define CUBE_COMMON_NET_FILE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

// Zero-initialise: the stamp of a missing file.
struct file_stamp {
    uint64_t device, inode, size;
    int64_t modified; // nanoseconds
};

// Looks at the file and remembers; true if it is not as the stamp had it. NULL path: never changed.
bool file_stamp_update(struct file_stamp *stamp, const char *path);

#endif
