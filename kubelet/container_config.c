// SPDX-License-Identifier: Apache-2.0
// A container as the runtime wants it, and the files that it needs on the host.
#include "kubelet/container_config.h"

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
#include "kubelet/environment.h"
#include "kubelet/pod_decide.h"
#include "kubelet/sandbox_config.h"
#include "kubelet/security.h"
#include "kubelet/volume/volumes.h"

#define HOSTS_MAX ((size_t)1024 * 1024)

// --- resources -----------------------------------------------------------------------------------------------------------------

uint64_t container_config_cpu_shares(int64_t milli) {
    int64_t shares = milli * 1024 / 1000;
    return (uint64_t)MIN(MAX(shares, 2), 262144);
}

int64_t container_config_cpu_quota(int64_t milli, int64_t period_us) {
    return milli == 0 ? 0 : MAX(milli * period_us / 1000, 1000);
}

int64_t container_config_oom_score(const struct json *pod, const struct json *container, int64_t memory_capacity) {
    int64_t priority = json_find_int(pod, "spec.priority", 0);
    if (priority >= 2000000000)
        return -997;
    enum pod_qos qos = pod_qos(pod);
    if (qos == POD_QOS_GUARANTEED)
        return -997;
    if (qos == POD_QOS_BEST_EFFORT || memory_capacity <= 0)
        return 1000;
    int64_t request = quantity_json_value(json_find(container, "resources.requests"), "memory");
    int64_t score = 1000 - (int64_t)((__int128)1000 * request / memory_capacity);
    if (score < 1000 - 997)
        return 1000 - 997;
    return score == 1000 ? 999 : score;
}

void container_config_resources(const struct pod_context *context, const struct json *container,
                                struct runtime_resources *ret_resources) {
    const struct json *requests = json_find(container, "resources.requests");
    const struct json *limits = json_find(container, "resources.limits");
    int64_t cpu_limit = quantity_json_milli_value(limits, "cpu");
    int64_t cpu_request = quantity_json_milli_value(requests, "cpu");
    if (cpu_request == 0 && !json_has(requests, "cpu"))
        cpu_request = cpu_limit;
    ret_resources->cpu_shares = (int64_t)container_config_cpu_shares(cpu_request);
    ret_resources->memory_limit = quantity_json_value(limits, "memory");
    if (context->options->cpu_cfs_quota && cpu_limit > 0) {
        int64_t period = context->options->cpu_cfs_quota_period / MICROSECOND;
        ret_resources->cpu_period = period;
        ret_resources->cpu_quota = container_config_cpu_quota(cpu_limit, period);
    }
    ret_resources->oom_score_adj = container_config_oom_score(context->pod, container, context->memory_capacity);
}

// --- files ---------------------------------------------------------------------------------------------------------------------

char *container_config_message_path(const char *pod_folder, const char *name, int64_t restart_count) {
    return alloc_printf("%s/containers/%s/%lld", pod_folder, name, (long long)restart_count);
}

static void add_mount(struct runtime_container_config *config, const char *host, const char *inside, bool read_only) {
    struct runtime_mount mount = {
        .container_path = alloc_string(inside), .host_path = alloc_string(host), .read_only = read_only};
    vec_push(&config->mounts, &mount);
}

static int add_message_file(const struct container_config_request *request, struct runtime_container_config *config,
                            struct error **err) {
    const char *inside = json_get_text(request->container, "terminationMessagePath");
    if (!*inside)
        return 0;
    CLEANUP(free_ptr)
    char *path =
        container_config_message_path(request->context->pod_folder, json_get_text(request->container, "name"), request->attempt);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int made = file_make_directories(path, 0750, err);
    *slash = '/';
    if (made < 0)
        return -1;
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    // Whoever the container runs as must be able to write, whatever our umask is.
    if (fd < 0 || fchmod(fd, 0666) < 0)
        return error_set_errno(err, errno, "create \"%s\"", path);
    add_mount(config, path, inside, false);
    return 0;
}

static void add_aliases(const struct json *pod, struct str *out) {
    const struct json *aliases = json_find(pod, "spec.hostAliases");
    if (json_len(aliases) == 0)
        return;
    str_append(out, "\n# Entries added by HostAliases.\n");
    for (size_t i = 0; i < json_len(aliases); i++) {
        const struct json *names = json_get(json_at(aliases, i), "hostnames");
        str_append(out, json_get_text(json_at(aliases, i), "ip"));
        for (size_t k = 0; k < json_len(names); k++)
            str_printf(out, "\t%s", json_string(json_at(names, k)) ? json_string(json_at(names, k)) : "");
        str_append_char(out, '\n');
    }
}

int container_config_hosts(const struct pod_context *context, struct str *out, struct error **err) {
    if (json_find_bool(context->pod, "spec.hostNetwork", false)) {
        str_append(out, "# Kubernetes-managed hosts file (host network).\n");
        if (file_read("/etc/hosts", HOSTS_MAX, out, err) < 0)
            return -1;
    } else {
        AUTO_STR hostname = {0}, full = {0};
        sandbox_config_hostname(context->pod, &hostname);
        sandbox_config_full_hostname(context, &full);
        str_append(out, "# Kubernetes-managed hosts file.\n"
                        "127.0.0.1\tlocalhost\n"
                        "::1\tlocalhost ip6-localhost ip6-loopback\n"
                        "fe00::0\tip6-localnet\n"
                        "fe00::0\tip6-mcastprefix\n"
                        "fe00::1\tip6-allnodes\n"
                        "fe00::2\tip6-allrouters\n");
        for (size_t i = 0; i < context->pod_ips->len; i++) {
            if (full.len > 0)
                str_printf(out, "%s\t%s\t%s\n", context->pod_ips->items[i], str_text(&full), str_text(&hostname));
            else
                str_printf(out, "%s\t%s\n", context->pod_ips->items[i], str_text(&hostname));
        }
    }
    add_aliases(context->pod, out);
    return 0;
}

static int add_hosts_file(const struct container_config_request *request, struct runtime_container_config *config,
                          struct error **err) {
    const struct pod_context *context = request->context;
    const struct json *mounts = json_get(request->container, "volumeMounts");
    for (size_t i = 0; i < json_len(mounts); i++) {
        if (strcmp(json_get_text(json_at(mounts, i), "mountPath"), "/etc/hosts") == 0)
            return 0;
    }
    if (context->pod_ips->len == 0)
        return 0;
    AUTO_STR text = {0}, path = {0};
    str_printf(&path, "%s/etc-hosts", context->pod_folder);
    if (!file_exists(str_text(&path))) {
        // Written once: containers that run keep the file that is bound into them.
        if (container_config_hosts(context, &text, err) < 0 ||
            file_write_atomic(str_text(&path), text.data, text.len, 0644, err) < 0)
            return -1;
    }
    add_mount(config, str_text(&path), "/etc/hosts", false);
    return 0;
}

// --- volumes -------------------------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    enum runtime_propagation value;
} propagations[] = {
    {"HostToContainer", RUNTIME_PROPAGATION_HOST_TO_CONTAINER},
    {"Bidirectional", RUNTIME_PROPAGATION_BIDIRECTIONAL},
};

static int sub_path_of(const struct json *mount, const struct runtime_pairs *environment, struct str *out, struct error **err) {
    const char *expression = json_get_text(mount, "subPathExpr");
    if (!*expression) {
        str_append(out, json_get_text(mount, "subPath"));
    } else {
        AUTO_STR_LIST missing = {0};
        environment_expand(expression, environment, out, &missing);
        if (missing.len > 0) {
            CLEANUP(free_ptr) char *names = str_list_join(&missing, ", ");
            return error_set(err, "missing value for %s", names);
        }
    }
    if (*str_text(out) == '/')
        return error_set(err, "error SubPath `%s` must not be an absolute path", str_text(out));
    for (const char *p = str_text(out); (p = strstr(p, "..")); p += 2) {
        bool begins = p == str_text(out) || p[-1] == '/';
        if (begins && (p[2] == '\0' || p[2] == '/'))
            return error_set(err, "unable to provision SubPath `%s`: must not contain '..'", str_text(out));
    }
    return 0;
}

static int add_volume_mounts(const struct container_config_request *request, struct runtime_container_config *config,
                             struct error **err) {
    const struct pod_context *context = request->context;
    const struct json *mounts = json_get(request->container, "volumeMounts");
    for (size_t i = 0; i < json_len(mounts); i++) {
        const struct json *mount = json_at(mounts, i);
        const char *name = json_get_text(mount, "name");
        const char *volume = map_get(context->volume_paths, name);
        if (!volume)
            return error_set(err, "cannot find volume \"%s\" to mount into container \"%s\"", name,
                             json_get_text(request->container, "name"));
        AUTO_STR sub_path = {0};
        if (sub_path_of(mount, &config->environment, &sub_path, err) < 0)
            return -1;
        CLEANUP(free_ptr) char *bound = NULL;
        const struct volumes_sub_path request_path = {.pod_folder = context->pod_folder,
                                                      .volume_name = name,
                                                      .volume_path = volume,
                                                      .container = json_get_text(request->container, "name"),
                                                      .sub_path = str_text(&sub_path),
                                                      .mount_index = i};
        if (sub_path.len > 0 && volumes_bind_sub_path(&request_path, &bound, err) < 0)
            return error_prefix(err, "failed to prepare subPath for volumeMount \"%s\" of container \"%s\"", name,
                                json_get_text(request->container, "name"));
        const struct json *spec = json_array_find(json_find(context->pod, "spec.volumes"), "name", name, NULL);
        const struct volume_type *type = volumes_type_of(spec, NULL);
        add_mount(config, bound ? bound : volume, json_get_text(mount, "mountPath"),
                  json_get_bool(mount, "readOnly", false) || (type && type->read_only));
        struct runtime_mount *added = VEC_AT(&config->mounts, struct runtime_mount, config->mounts.len - 1);
        for (size_t k = 0; k < ARRAY_LEN(propagations); k++) {
            if (strcmp(json_get_text(mount, "mountPropagation"), propagations[k].name) == 0)
                added->propagation = propagations[k].value;
        }
    }
    return 0;
}

// --- the whole -----------------------------------------------------------------------------------------------------------------

static void expand_list(const struct json *list, const struct runtime_pairs *environment, struct str_list *out) {
    for (size_t i = 0; i < json_len(list); i++) {
        AUTO_STR text = {0};
        const char *item = json_string(json_at(list, i));
        environment_expand(item ? item : "", environment, &text, NULL);
        str_list_add(out, str_text(&text));
    }
}

static void set_labels(const struct container_config_request *request, struct runtime_container_config *config) {
    const struct json *pod = request->context->pod;
    sandbox_config_identity(pod, &config->labels);
    runtime_pairs_set(&config->labels, RUNTIME_LABEL_CONTAINER_NAME, config->name);
    char hash[17];
    AUTO_STR number = {0};
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_HASH, pod_decide_hash(request->container, hash));
    str_append_uint(&number, request->attempt);
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_RESTART_COUNT, str_text(&number));
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_MESSAGE_PATH,
                      json_get_text(request->container, "terminationMessagePath"));
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_MESSAGE_POLICY,
                      json_get_text(request->container, "terminationMessagePolicy"));
    str_clear(&number);
    str_append_int(&number, json_find_int(pod, "spec.terminationGracePeriodSeconds", 30));
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_GRACE_PERIOD, str_text(&number));
}

static int add_mounts(const struct container_config_request *request, struct runtime_container_config *config,
                      struct error **err) {
    if (add_volume_mounts(request, config, err) < 0 || add_hosts_file(request, config, err) < 0)
        return -1;
    return add_message_file(request, config, err);
}

int container_config_make(const struct container_config_request *request, struct runtime_container_config **ret_config,
                          struct error **err) {
    const struct pod_context *context = request->context;
    const struct json *container = request->container;
    CLEANUP(runtime_container_config_freep) struct runtime_container_config *config = runtime_container_config_new();
    config->name = alloc_string(json_get_text(container, "name"));
    config->attempt = request->attempt;
    config->image = alloc_string(request->image->id);
    if (environment_make(context, container, &config->environment, err) < 0)
        return -1;
    expand_list(json_get(container, "command"), &config->environment, &config->command);
    expand_list(json_get(container, "args"), &config->environment, &config->args);
    config->working_dir = alloc_string(json_get_text(container, "workingDir"));
    set_labels(request, config);
    config->tty = json_get_bool(container, "tty", false);
    config->stdin_open = json_get_bool(container, "stdin", false);
    config->stdin_once = json_get_bool(container, "stdinOnce", false);
    container_config_resources(context, container, &config->resources);
    config->resources.oom_score_adj = MAX(config->resources.oom_score_adj, request->least_oom_score);
    if (security_of_container(context, container, request->image, &config->security, err) < 0 ||
        add_mounts(request, config, err) < 0)
        return -1;
    AUTO_STR folder = {0};
    str_printf(&folder, "%s/%s", context->log_folder, config->name);
    if (file_make_directories(str_text(&folder), 0755, err) < 0)
        return -1;
    config->log_path = alloc_printf("%s/%u.log", config->name, request->attempt);
    *ret_config = STEAL(config);
    return 0;
}
