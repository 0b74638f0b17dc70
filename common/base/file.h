// SPDX-License-Identifier: Apache-2.0
// Whole files: read with a bound, written atomically.
#ifndef CUBE_COMMON_BASE_FILE_H
#define CUBE_COMMON_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/str.h"

// Appends the file's bytes. An error if it is larger than max bytes. "-" is not special.
int file_read(const char *path, size_t max, struct str *out, struct error **err) MUST_CHECK;
// Writes a temporary file beside it, syncs, renames. The mode is set exactly.
int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct error **err) MUST_CHECK;
bool file_exists(const char *path);
bool file_is_directory(const char *path);
int file_make_directories(const char *path, mode_t mode, struct error **err) MUST_CHECK; // as mkdir -p
// As rm -rf, without following links and without crossing into another file system. A missing path is no error.
int file_remove_tree(const char *path, struct error **err) MUST_CHECK;
int file_list(const char *path, struct str_list *ret_names, struct error **err) MUST_CHECK; // sorted, without . and ..
// Closes a descriptor variable if it is >= 0 and sets it to -1.
void fd_closep(int *fd);
#define AUTO_FD CLEANUP(fd_closep) int

#endif
