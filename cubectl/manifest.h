// SPDX-License-Identifier: Apache-2.0
// Manifests: files, folders and standard input to objects, lists taken apart.
#ifndef CUBE_CUBECTL_MANIFEST_H
#define CUBE_CUBECTL_MANIFEST_H

#include "common/base/vec.h"
#include "cubectl/session.h"

struct manifest {
    struct json *object; // owned
    char *source;        // "web.yaml", "STDIN"
};

struct manifest_list {
    struct manifest *items;
    size_t len;
};

// Reads all files (-f, in order; "-" is standard input; a folder's *.json, *.yaml and *.yml in order of name). Every object has
// apiVersion and kind. A file that cannot be read or parsed is an error.
int manifest_read(struct session *session, const struct str_list *filenames, bool recursive, struct manifest_list *ret_list,
                  struct error **err) MUST_CHECK;
void manifest_list_free(struct manifest_list *list);
#define AUTO_MANIFESTS CLEANUP(manifest_list_free) struct manifest_list

#endif
