// SPDX-License-Identifier: Apache-2.0
// A kind of volume as a const struct; the list of them is volumes.c. A volume becomes a folder (or file) on the host that is bind-mounted
// into containers.
#ifndef CUBE_KUBELET_VOLUME_VOLUME_H
#define CUBE_KUBELET_VOLUME_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

// What volumes need of the kubelet.
struct volume_host {
    // A ConfigMap ("ConfigMap") or Secret ("Secret") of the pod's namespace; the tree is the caller's. NotFound as upstream words it.
    int (*get_object)(void *context, const char *kind, const char *ns, const char *name, struct json **ret_object,
                      struct error **err);
    // The text of a downward API field ("metadata.labels['a']") or of a container's resource for a file; appends.
    int (*field_text)(void *context, const struct json *pod, const char *path, struct str *out, struct error **err);
    // reference: a resourceFieldRef with containerName.
    int (*resource_text)(void *context, const struct json *pod, const struct json *reference, struct str *out,
                         struct error **err);
    void *context;
};

struct volume_request {
    const struct volume_host *host;
    const struct json *pod;    // the whole pod
    const struct json *volume; // spec.volumes[i]
    const struct json *source; // its member named like the type
    const char *folder;        // where the volume's own folder is or shall be: <pod folder>/volumes/<kubernetes.io~type>/<name>
    int64_t fs_group;          // -1: none
};

struct volume_type {
    const char *name;      // the member of spec.volumes[i]: "emptyDir"
    const char *directory; // "kubernetes.io~empty-dir"; NULL: has no folder of its own
    bool read_only;        // containers never write to it
    bool follows;          // its content follows API objects: set up again at each sync
    // Makes the volume ready, again and again without harm; *ret_path (malloc'd) is what containers mount.
    int (*set_up)(const struct volume_request *request, char **ret_path, struct error **err);
};

#endif
