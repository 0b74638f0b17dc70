// SPDX-License-Identifier: Apache-2.0
// A folder of small files that changes as a whole: ..data is a link to the present version, the files are links into ..data.
#ifndef CUBE_KUBELET_VOLUME_ATOMIC_FILES_H
#define CUBE_KUBELET_VOLUME_ATOMIC_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/base/vec.h"

struct atomic_file {
    char *path; // relative, no ".." parts
    struct str bytes;
    mode_t mode;
};

// Zero-initialise with ATOMIC_FILES. A path that is added twice keeps the later content.
struct atomic_files {
    struct vec files; // struct atomic_file
};
#define ATOMIC_FILES ((struct atomic_files){.files = VEC_OF(struct atomic_file)})
#define AUTO_ATOMIC_FILES CLEANUP(atomic_files_free) struct atomic_files

void atomic_files_add(struct atomic_files *files, const char *path, const void *bytes, size_t len, mode_t mode);
void atomic_files_free(struct atomic_files *files);
// Makes the folder hold exactly these files; nothing happens if it does already. fs_group: -1 or the group that owns and may read them.
int atomic_files_write(const struct atomic_files *files, const char *folder, int64_t fs_group, struct error **err) MUST_CHECK;

#endif
