// SPDX-License-Identifier: Apache-2.0
// securityContext of pods and containers as the runtime wants it.
#include "kubelet/security.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"

// The container's own word goes before the pod's.
static const struct json *either(const struct json *own, const struct json *of_pod, const char *key) {
    const struct json *value = json_get(own, key);
    return value ? value : json_get(of_pod, key);
}

static void set_namespaces(const struct json *pod, struct runtime_security *security) {
    security->network = json_find_bool(pod, "spec.hostNetwork", false) ? RUNTIME_NAMESPACE_NODE : RUNTIME_NAMESPACE_POD;
    security->ipc = json_find_bool(pod, "spec.hostIPC", false) ? RUNTIME_NAMESPACE_NODE : RUNTIME_NAMESPACE_POD;
    if (json_find_bool(pod, "spec.hostPID", false))
        security->pid = RUNTIME_NAMESPACE_NODE;
    else
        security->pid =
            json_find_bool(pod, "spec.shareProcessNamespace", false) ? RUNTIME_NAMESPACE_POD : RUNTIME_NAMESPACE_CONTAINER;
}

static void set_identity(const struct json *own, const struct json *of_pod, struct runtime_security *security) {
    const struct json *user = either(own, of_pod, "runAsUser");
    const struct json *group = either(own, of_pod, "runAsGroup");
    if (user) {
        security->has_user = true;
        security->user = json_int(user, 0);
    }
    if (group) {
        security->has_group = true;
        security->group = json_int(group, 0);
    }
    const struct json *groups = json_get(of_pod, "supplementalGroups");
    const struct json *fs_group = json_get(of_pod, "fsGroup");
    size_t count = json_len(groups) + (fs_group ? 1 : 0);
    if (count == 0)
        return;
    security->groups = alloc_array(count, sizeof(*security->groups));
    for (size_t i = 0; i < json_len(groups); i++)
        security->groups[security->group_count++] = json_int(json_at(groups, i), 0);
    if (fs_group)
        security->groups[security->group_count++] = json_int(fs_group, 0);
}

static void set_seccomp(const struct pod_context *context, const struct json *own, const struct json *of_pod,
                        struct runtime_security *security) {
    const struct json *profile = either(own, of_pod, "seccompProfile");
    const char *type = json_get_text(profile, "type");
    security->seccomp = RUNTIME_SECCOMP_UNCONFINED;
    if (strcmp(type, "RuntimeDefault") == 0 || (!profile && context->options->seccomp_default)) {
        security->seccomp = RUNTIME_SECCOMP_DEFAULT;
    } else if (strcmp(type, "Localhost") == 0) {
        security->seccomp = RUNTIME_SECCOMP_LOCALHOST;
        security->seccomp_file =
            alloc_printf("%s/seccomp/%s", context->options->root_dir, json_get_text(profile, "localhostProfile"));
    }
}

static void set_selinux(const struct json *own, const struct json *of_pod, struct runtime_security *security) {
    const struct json *options = either(own, of_pod, "seLinuxOptions");
    if (!options)
        return;
    security->selinux_set = true;
    security->selinux_user = alloc_string(json_get_text(options, "user"));
    security->selinux_role = alloc_string(json_get_text(options, "role"));
    security->selinux_type = alloc_string(json_get_text(options, "type"));
    security->selinux_level = alloc_string(json_get_text(options, "level"));
}

int security_of_sandbox(const struct pod_context *context, struct runtime_security *ret_security, struct error **err) {
    (void)err;
    const struct json *of_pod = json_find(context->pod, "spec.securityContext");
    set_namespaces(context->pod, ret_security);
    set_identity(NULL, of_pod, ret_security);
    set_selinux(NULL, of_pod, ret_security);
    // The sandbox's own process gets the default profile whatever its containers ask for, as upstream does.
    ret_security->seccomp = RUNTIME_SECCOMP_DEFAULT;
    return 0;
}

static void take_strings(const struct json *list, struct str_list *to) {
    for (size_t i = 0; i < json_len(list); i++) {
        const char *text = json_string(json_at(list, i));
        if (text)
            str_list_add(to, text);
    }
}

static int check_non_root(const struct pod_context *context, const struct json *container, const struct runtime_image *image,
                          const struct runtime_security *security, struct error **err) {
    const struct json *own = json_get(container, "securityContext");
    const struct json *rule = either(own, json_find(context->pod, "spec.securityContext"), "runAsNonRoot");
    if (!json_bool(rule, false))
        return 0;
    AUTO_STR where = {0};
    str_printf(&where, "(pod: \"%s_%s(%s)\", container: %s)", meta_name(context->pod), meta_namespace(context->pod),
               meta_uid(context->pod), json_get_text(container, "name"));
    if (security->has_user) {
        if (security->user == 0)
            return error_set(err, "container's runAsUser breaks non-root policy %s", str_text(&where));
        return 0;
    }
    if (image->has_user ? image->user == 0 : !image->username)
        return error_set(err, "container has runAsNonRoot and image will run as root %s", str_text(&where));
    if (!image->has_user)
        return error_set(err, "container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root %s",
                         image->username, str_text(&where));
    return 0;
}

int security_of_container(const struct pod_context *context, const struct json *container, const struct runtime_image *image,
                          struct runtime_security *ret_security, struct error **err) {
    static const char *const masked[] = {"/proc/asound",
                                         "/proc/acpi",
                                         "/proc/kcore",
                                         "/proc/keys",
                                         "/proc/latency_stats",
                                         "/proc/timer_list",
                                         "/proc/timer_stats",
                                         "/proc/sched_debug",
                                         "/proc/scsi",
                                         "/sys/firmware",
                                         "/sys/devices/virtual/powercap"};
    static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    const struct json *own = json_get(container, "securityContext");
    const struct json *of_pod = json_find(context->pod, "spec.securityContext");
    struct runtime_security *security = ret_security;
    set_namespaces(context->pod, security);
    set_identity(own, of_pod, security);
    if (!security->has_user) {
        // The runtime wants to be told whom the image runs as.
        security->has_user = image->has_user;
        security->user = image->user;
        security->username = alloc_string_or_null(image->has_user ? NULL : image->username);
    }
    set_seccomp(context, own, of_pod, security);
    set_selinux(own, of_pod, security);
    security->privileged = json_get_bool(own, "privileged", false);
    security->read_only_root = json_get_bool(own, "readOnlyRootFilesystem", false);
    security->no_new_privileges =
        json_get(own, "allowPrivilegeEscalation") && !json_get_bool(own, "allowPrivilegeEscalation", true);
    take_strings(json_find(own, "capabilities.add"), &security->add_capabilities);
    take_strings(json_find(own, "capabilities.drop"), &security->drop_capabilities);
    if (!security->privileged && strcmp(json_get_text(own, "procMount"), "Unmasked") != 0) {
        for (size_t i = 0; i < ARRAY_LEN(masked); i++)
            str_list_add(&security->masked_paths, masked[i]);
        for (size_t i = 0; i < ARRAY_LEN(read_only); i++)
            str_list_add(&security->read_only_paths, read_only[i]);
    }
    return check_non_root(context, container, image, security, err);
}

bool security_sysctl_allowed(const char *name, const struct str_list *patterns) {
    static const char *const safe[] = {"kernel.shm_rmid_forced",
                                       "net.ipv4.ip_local_port_range",
                                       "net.ipv4.tcp_syncookies",
                                       "net.ipv4.ping_group_range",
                                       "net.ipv4.ip_unprivileged_port_start",
                                       "net.ipv4.ip_local_reserved_ports",
                                       "net.ipv4.tcp_keepalive_time",
                                       "net.ipv4.tcp_fin_timeout",
                                       "net.ipv4.tcp_keepalive_intvl",
                                       "net.ipv4.tcp_keepalive_probes",
                                       "net.ipv4.tcp_rmem",
                                       "net.ipv4.tcp_wmem"};
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (strcmp(name, safe[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < patterns->len; i++) {
        const char *pattern = patterns->items[i];
        size_t len = strlen(pattern);
        if (len > 0 && pattern[len - 1] == '*' ? strncmp(name, pattern, len - 1) == 0 : strcmp(name, pattern) == 0)
            return true;
    }
    return false;
}
