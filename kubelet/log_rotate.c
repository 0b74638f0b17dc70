// SPDX-License-Identifier: Apache-2.0
// Rotates container logs that have grown too large.
#include "kubelet/log_rotate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "kubelet/pod_observed.h"
#include "kubelet/pods.h"

// Removes the oldest rotated files of `path` until at most `keep` are left. Their names sort by time.
static void remove_old(const char *path, int64_t keep) {
    CLEANUP(free_ptr) char *folder = alloc_string(path);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    AUTO_STR prefix = {0};
    AUTO_STR_LIST names = {0};
    str_printf(&prefix, "%s.", slash + 1);
    if (file_list(folder, &names, NULL) < 0)
        return;
    int64_t count = 0;
    for (size_t i = names.len; i-- > 0;) {
        if (!str_starts(names.items[i], str_text(&prefix)) || ++count <= keep)
            continue;
        AUTO_STR old = {0};
        str_printf(&old, "%s/%s", folder, names.items[i]);
        unlink(str_text(&old));
    }
}

static void rotate(const struct kubelet_options *options, struct runtime *runtime, struct clock *clock,
                   const struct runtime_container *container, const char *path) {
    remove_old(path, options->log_max_files - 2);
    time_t seconds = (time_t)(clock_wall(clock) / SECOND);
    struct tm parts;
    char stamp[32];
    gmtime_r(&seconds, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &parts);
    AUTO_STR target = {0};
    AUTO_ERROR failure = NULL;
    str_printf(&target, "%s.%s", path, stamp);
    if (rename(path, str_text(&target)) < 0) {
        log_warning("container log was not rotated, ignoring", "path", path, "err", strerror(errno), NULL);
        return;
    }
    if (runtime->ops->reopen_log(runtime, container->id, &failure) == 0)
        return;
    // The runtime goes on writing to the old file: give it its name back, so that nothing is lost.
    log_warning("runtime did not reopen a log, ignoring", "container", container->name, "err", error_message(failure), NULL);
    if (rename(str_text(&target), path) < 0)
        log_warning("container log keeps its rotated name, ignoring", "path", str_text(&target), NULL);
}

void log_rotate_all(const struct kubelet_options *options, struct runtime *runtime, struct clock *clock) {
    struct vec containers;
    int64_t max = kubelet_options_log_max_bytes(options);
    if (runtime->ops->list_containers(runtime, NULL, &containers, NULL) < 0)
        return;
    for (size_t i = 0; i < containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&containers, struct runtime_container, i);
        const char *uid = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID);
        const char *name = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_NAME);
        const char *ns = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_NAMESPACE);
        if (row->state != RUNTIME_CONTAINER_RUNNING || !uid || !name || !ns)
            continue;
        AUTO_STR path = {0};
        pods_log_folder(options, ns, name, uid, &path);
        str_printf(&path, "/%s/%lld.log", row->name, (long long)pod_observed_restart_count(row));
        struct stat st;
        if (stat(str_text(&path), &st) == 0 && st.st_size >= max)
            rotate(options, runtime, clock, row, str_text(&path));
    }
    runtime_containers_free(&containers);
}
