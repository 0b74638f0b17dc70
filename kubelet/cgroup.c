// SPDX-License-Identifier: Apache-2.0
// Control groups of quality-of-service classes and pods, on cgroup v1 and v2.
#include "kubelet/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "kubelet/container_config.h"

static const char *const v1_controllers[] = {"cpu",   "cpuacct", "cpuset",  "memory",   "pids",       "devices", "freezer",
                                             "blkio", "hugetlb", "net_cls", "net_prio", "perf_event", "systemd", "unified"};
static const char *const classes[] = {
    [POD_QOS_GUARANTEED] = "", [POD_QOS_BURSTABLE] = "burstable", [POD_QOS_BEST_EFFORT] = "besteffort"};

struct cgroups {
    // constant after cgroups_new
    bool v2, systemd, per_qos, quota;
    int64_t quota_period, pids_limit;
    char *prefix;                // cgroupRoot without a slash at the end: "" or "/kubelet"
    struct str_list hierarchies; // folders that are writable: "/sys/fs/cgroup/memory"
    struct lock lock;
    // under lock
    struct map burstable; // uid -> milli CPUs requested + 1, as a pointer-sized number
};

struct cgroups *cgroups_new(const struct kubelet_options *options, const char *root) {
    struct cgroups *cgroups = alloc_zero(sizeof(*cgroups));
    lock_init(&cgroups->lock, "cgroups");
    if (!root)
        root = "/sys/fs/cgroup";
    cgroups->systemd = str_equal(options->cgroup_driver, "systemd");
    cgroups->per_qos = options->cgroups_per_qos;
    cgroups->quota = options->cpu_cfs_quota;
    cgroups->quota_period = options->cpu_cfs_quota_period / MICROSECOND;
    cgroups->pids_limit = options->pod_pids_limit;
    AUTO_STR prefix = {0}, path = {0};
    if (!str_empty(options->cgroup_root) && !str_equal(options->cgroup_root, "/"))
        str_printf(&prefix, "%s%s", *options->cgroup_root == '/' ? "" : "/", options->cgroup_root);
    while (str_ends(str_text(&prefix), "/"))
        str_truncate(&prefix, prefix.len - 1);
    cgroups->prefix = str_take(&prefix);
    str_printf(&path, "%s/cgroup.controllers", root);
    cgroups->v2 = file_exists(str_text(&path));
    if (cgroups->v2) {
        if (access(root, W_OK) == 0)
            str_list_add(&cgroups->hierarchies, root);
        return cgroups;
    }
    for (size_t i = 0; i < ARRAY_LEN(v1_controllers); i++) {
        str_clear(&path);
        str_printf(&path, "%s/%s", root, v1_controllers[i]);
        if (file_is_directory(str_text(&path)) && access(str_text(&path), W_OK) == 0)
            str_list_add(&cgroups->hierarchies, str_text(&path));
    }
    return cgroups;
}

void cgroups_free(struct cgroups *cgroups) {
    if (!cgroups)
        return;
    free(cgroups->prefix);
    str_list_free(&cgroups->hierarchies);
    map_free(&cgroups->burstable);
    lock_destroy(&cgroups->lock);
    free(cgroups);
}

bool cgroups_is_v2(const struct cgroups *cgroups) {
    return cgroups->v2;
}

// --- writing -------------------------------------------------------------------------------------------------------------------

// A file that is not there belongs to a controller that is not there.
static void write_value(const char *folder, const char *file, int64_t value) {
    AUTO_STR path = {0}, text = {0};
    str_printf(&path, "%s/%s", folder, file);
    str_append_int(&text, value);
    AUTO_FD fd = open(str_text(&path), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, text.data, text.len) < 0)
        log_v(2, "control group value refused, ignoring", "file", str_text(&path), "value", str_text(&text), NULL);
}

static void write_text(const char *folder, const char *file, const char *text) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", folder, file);
    AUTO_FD fd = open(str_text(&path), O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        log_v(2, "control group value refused, ignoring", "file", str_text(&path), "value", text, NULL);
}

// What a group shall have; 0 where nothing is set.
struct limits {
    int64_t shares, quota, period, memory, pids;
};

static void apply(const struct cgroups *cgroups, const char *folder, const struct limits *limits) {
    if (!cgroups->v2) {
        if (limits->shares > 0)
            write_value(folder, "cpu.shares", limits->shares);
        if (limits->quota > 0) {
            write_value(folder, "cpu.cfs_period_us", limits->period);
            write_value(folder, "cpu.cfs_quota_us", limits->quota);
        }
        if (limits->memory > 0)
            write_value(folder, "memory.limit_in_bytes", limits->memory);
    } else {
        // shares 2..262144 to weight 1..10000, as the runtime converts them.
        if (limits->shares > 0)
            write_value(folder, "cpu.weight", 1 + (limits->shares - 2) * 9999 / 262142);
        if (limits->quota > 0) {
            AUTO_STR text = {0};
            str_printf(&text, "%lld %lld", (long long)limits->quota, (long long)limits->period);
            write_text(folder, "cpu.max", str_text(&text));
        }
        if (limits->memory > 0)
            write_value(folder, "memory.max", limits->memory);
    }
    if (limits->pids > 0)
        write_value(folder, "pids.max", limits->pids);
}

// On v2 a child has only those controllers that its parent hands down.
static void hand_down(const char *folder) {
    static const char *const wanted[] = {"+cpuset", "+cpu", "+io", "+memory", "+hugetlb", "+pids"};
    AUTO_STR path = {0}, available = {0};
    str_printf(&path, "%s/cgroup.controllers", folder);
    if (file_read(str_text(&path), 4096, &available, NULL) < 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (strstr(str_text(&available), wanted[i] + 1))
            write_text(folder, "cgroup.subtree_control", wanted[i]);
    }
}

// A new cpuset group has no CPUs of its own and would take no process.
static void inherit_cpuset(const char *parent, const char *folder) {
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_STR from = {0}, own = {0}, text = {0}, present = {0};
        str_printf(&from, "%s/%s", parent, files[i]);
        str_printf(&own, "%s/%s", folder, files[i]);
        if (file_read(str_text(&from), 4096, &text, NULL) < 0 || file_read(str_text(&own), 4096, &present, NULL) < 0)
            continue;
        if (present.len <= 1 && text.len > 1)
            write_text(folder, files[i], str_text(&text));
    }
}

// Makes `name` (a path below the hierarchy) step by step in each hierarchy and applies the limits to its end.
static void make_group(const struct cgroups *cgroups, const char *name, const struct limits *limits) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, name, '/');
    for (size_t i = 0; i < cgroups->hierarchies.len; i++) {
        AUTO_STR folder = {0};
        str_append(&folder, cgroups->hierarchies.items[i]);
        bool made = true;
        for (size_t k = 0; k < parts.len && made; k++) {
            if (!*parts.items[k])
                continue;
            AUTO_STR parent = {0};
            str_append(&parent, str_text(&folder));
            if (cgroups->v2)
                hand_down(str_text(&parent));
            str_printf(&folder, "/%s", parts.items[k]);
            made = mkdir(str_text(&folder), 0755) == 0 || errno == EEXIST;
            if (made && !cgroups->v2 && str_ends(cgroups->hierarchies.items[i], "/cpuset"))
                inherit_cpuset(str_text(&parent), str_text(&folder));
        }
        if (made)
            apply(cgroups, str_text(&folder), limits);
        else
            log_v(1, "control group not made, ignoring", "group", str_text(&folder), "error", strerror(errno), NULL);
    }
}

// --- names ---------------------------------------------------------------------------------------------------------------------

static void class_name(const struct cgroups *cgroups, enum pod_qos qos, struct str *out) {
    str_printf(out, "%s/kubepods", cgroups->prefix);
    if (*classes[qos])
        str_printf(out, "/%s", classes[qos]);
}

static void systemd_name(enum pod_qos qos, const char *uid, struct str *out) {
    str_append(out, "kubepods");
    if (*classes[qos])
        str_printf(out, "-%s", classes[qos]);
    str_append(out, "-pod");
    for (const char *p = uid; *p; p++)
        str_append_char(out, *p == '-' ? '_' : *p);
    str_append(out, ".slice");
}

void cgroups_pod_parent(const struct cgroups *cgroups, const struct json *pod, struct str *out) {
    if (!cgroups->per_qos)
        return;
    enum pod_qos qos = pod_qos(pod);
    if (cgroups->systemd) {
        systemd_name(qos, meta_uid(pod), out);
        return;
    }
    class_name(cgroups, qos, out);
    str_printf(out, "/pod%s", meta_uid(pod));
}

// --- life ----------------------------------------------------------------------------------------------------------------------

void cgroups_start(struct cgroups *cgroups, const struct resource_amounts *allocatable) {
    if (!cgroups->per_qos || cgroups->systemd)
        return;
    struct limits all = {.shares = (int64_t)container_config_cpu_shares(allocatable->cpu_milli), .memory = allocatable->memory};
    struct limits lowest = {.shares = 2}, none = {0};
    for (enum pod_qos qos = POD_QOS_GUARANTEED; qos <= POD_QOS_BEST_EFFORT; qos++) {
        AUTO_STR name = {0};
        class_name(cgroups, qos, &name);
        make_group(cgroups, str_text(&name), qos == POD_QOS_GUARANTEED ? &all : qos == POD_QOS_BEST_EFFORT ? &lowest : &none);
    }
}

// The class of burstable pods gets the sum of what they ask for, so that it competes fairly with guaranteed pods.
static void update_burstable(struct cgroups *cgroups, const char *uid, int64_t milli) {
    int64_t sum = 0;
    LOCKED(&cgroups->lock) {
        if (milli >= 0)
            map_put(&cgroups->burstable, uid, (void *)(intptr_t)(milli + 1));
        else
            map_remove(&cgroups->burstable, uid);
        for (struct map_iter it = {.map = &cgroups->burstable}; map_next(&it);)
            sum += (intptr_t)it.value - 1;
    }
    AUTO_STR name = {0};
    class_name(cgroups, POD_QOS_BURSTABLE, &name);
    struct limits limits = {.shares = (int64_t)container_config_cpu_shares(sum)};
    make_group(cgroups, str_text(&name), &limits);
}

static bool all_limited(const struct json *pod, const char *resource) {
    static const char *const lists[] = {"spec.containers", "spec.initContainers"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct json *list = json_find(pod, lists[i]);
        for (size_t k = 0; k < json_len(list); k++) {
            if (quantity_json_milli_value(json_find(json_at(list, k), "resources.limits"), resource) == 0)
                return false;
        }
    }
    return true;
}

void cgroups_add_pod(struct cgroups *cgroups, const struct json *pod) {
    if (!cgroups->per_qos || cgroups->systemd)
        return;
    AUTO_RESOURCE_AMOUNTS requests = {0}, most = {0};
    pod_requests(pod, &requests);
    pod_limits(pod, &most);
    struct limits limits = {.shares = (int64_t)container_config_cpu_shares(requests.cpu_milli),
                            .pids = cgroups->pids_limit > 0 ? cgroups->pids_limit : 0,
                            .period = cgroups->quota_period};
    if (cgroups->quota && all_limited(pod, "cpu"))
        limits.quota = container_config_cpu_quota(most.cpu_milli, cgroups->quota_period);
    if (all_limited(pod, "memory"))
        limits.memory = most.memory;
    AUTO_STR name = {0};
    cgroups_pod_parent(cgroups, pod, &name);
    make_group(cgroups, str_text(&name), &limits);
    if (pod_qos(pod) == POD_QOS_BURSTABLE)
        update_burstable(cgroups, meta_uid(pod), requests.cpu_milli);
}

// Groups can't be removed as files can: only empty ones, from the leaves up.
static void remove_group(const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        AUTO_STR path = {0};
        str_printf(&path, "%s/%s", folder, entry->d_name);
        remove_group(str_text(&path));
    }
    closedir(dir);
    if (rmdir(folder) < 0)
        log_v(2, "control group not removed, ignoring", "group", folder, "error", strerror(errno), NULL);
}

void cgroups_remove_pod(struct cgroups *cgroups, const char *uid) {
    if (!cgroups->per_qos || cgroups->systemd)
        return;
    for (size_t i = 0; i < cgroups->hierarchies.len; i++) {
        for (enum pod_qos qos = POD_QOS_GUARANTEED; qos <= POD_QOS_BEST_EFFORT; qos++) {
            AUTO_STR folder = {0};
            str_append(&folder, cgroups->hierarchies.items[i]);
            class_name(cgroups, qos, &folder);
            str_printf(&folder, "/pod%s", uid);
            remove_group(str_text(&folder));
        }
    }
    bool burstable = false;
    LOCKED(&cgroups->lock) {
        burstable = map_has(&cgroups->burstable, uid);
    }
    if (burstable)
        update_burstable(cgroups, uid, -1);
}

void cgroups_pods(struct cgroups *cgroups, struct str_list *out) {
    for (size_t i = 0; i < cgroups->hierarchies.len; i++) {
        for (enum pod_qos qos = POD_QOS_GUARANTEED; qos <= POD_QOS_BEST_EFFORT; qos++) {
            AUTO_STR folder = {0};
            AUTO_STR_LIST names = {0};
            str_append(&folder, cgroups->hierarchies.items[i]);
            class_name(cgroups, qos, &folder);
            if (file_list(str_text(&folder), &names, NULL) < 0)
                continue;
            for (size_t k = 0; k < names.len; k++) {
                const char *uid = str_skip_prefix(names.items[k], "pod");
                if (uid && !str_list_contains(out, uid))
                    str_list_add(out, uid);
            }
        }
    }
}
