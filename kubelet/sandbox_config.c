// SPDX-License-Identifier: Apache-2.0
// A pod's sandbox as the runtime wants it.
#include "kubelet/sandbox_config.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "kubelet/security.h"

#define RESOLV_CONF_MAX 65536

void sandbox_config_identity(const struct json *pod, struct runtime_pairs *labels) {
    runtime_pairs_set(labels, RUNTIME_LABEL_POD_NAME, meta_name(pod));
    runtime_pairs_set(labels, RUNTIME_LABEL_POD_NAMESPACE, meta_namespace(pod));
    runtime_pairs_set(labels, RUNTIME_LABEL_POD_UID, meta_uid(pod));
}

void sandbox_config_hostname(const struct json *pod, struct str *out) {
    const char *name = json_find_text(pod, "spec.hostname");
    if (!*name)
        name = meta_name(pod);
    size_t len = MIN(strlen(name), (size_t)63);
    while (len > 0 && (name[len - 1] == '-' || name[len - 1] == '.'))
        len--;
    str_append_n(out, name, len);
}

void sandbox_config_full_hostname(const struct pod_context *context, struct str *out) {
    const char *subdomain = json_find_text(context->pod, "spec.subdomain");
    if (!*subdomain)
        return;
    sandbox_config_hostname(context->pod, out);
    str_printf(out, ".%s.%s.svc.%s", subdomain, meta_namespace(context->pod), context->options->cluster_domain);
}

// --- DNS -----------------------------------------------------------------------------------------------------------------------

static void add_unique(struct str_list *list, const char *text) {
    if (*text && !str_list_contains(list, text))
        str_list_add(list, text);
}

static void take_words(struct str_list *to, char *words) {
    char *state = NULL;
    for (char *word = strtok_r(words, " \t", &state); word; word = strtok_r(NULL, " \t", &state))
        str_list_add(to, word);
}

// The node's resolver file. A later "search" line replaces an earlier one, as resolv.conf(5) says.
static int read_resolver(const char *path, struct runtime_sandbox_config *config, struct error **err) {
    if (str_empty(path))
        return 0;
    AUTO_STR text = {0};
    if (file_read(path, RESOLV_CONF_MAX, &text, err) < 0)
        return -1;
    char *state = NULL;
    for (char *line = strtok_r(text.data, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        line += strspn(line, " \t");
        if (strncmp(line, "nameserver", 10) == 0 && strchr(" \t", line[10])) {
            take_words(&config->dns_servers, line + 10);
        } else if (strncmp(line, "search", 6) == 0 && strchr(" \t", line[6])) {
            str_list_free(&config->dns_searches);
            take_words(&config->dns_searches, line + 6);
        } else if (strncmp(line, "options", 7) == 0 && strchr(" \t", line[7])) {
            str_list_free(&config->dns_options);
            take_words(&config->dns_options, line + 7);
        }
    }
    return 0;
}

static bool wants_cluster_dns(const struct pod_context *context) {
    const char *policy = json_find_text(context->pod, "spec.dnsPolicy");
    if (strcmp(policy, "ClusterFirstWithHostNet") == 0)
        return true;
    return (strcmp(policy, "ClusterFirst") == 0 || !*policy) && !json_find_bool(context->pod, "spec.hostNetwork", false);
}

bool sandbox_config_lacks_dns(const struct pod_context *context) {
    return wants_cluster_dns(context) && context->options->cluster_dns.len == 0;
}

static void use_cluster_dns(const struct pod_context *context, struct runtime_sandbox_config *config) {
    str_list_free(&config->dns_servers);
    for (size_t i = 0; i < context->options->cluster_dns.len; i++)
        str_list_add(&config->dns_servers, context->options->cluster_dns.items[i]);
    struct str_list host = config->dns_searches;
    config->dns_searches = (struct str_list){0};
    const char *domain = context->options->cluster_domain;
    if (!str_empty(domain)) {
        str_list_take(&config->dns_searches, alloc_printf("%s.svc.%s", meta_namespace(context->pod), domain));
        str_list_take(&config->dns_searches, alloc_printf("svc.%s", domain));
        str_list_add(&config->dns_searches, domain);
    }
    for (size_t i = 0; i < host.len; i++)
        add_unique(&config->dns_searches, host.items[i]);
    str_list_free(&host);
    str_list_free(&config->dns_options);
    str_list_add(&config->dns_options, "ndots:5");
}

// spec.dnsConfig on top: servers and searches are added, options replaced by name.
static void add_dns_config(const struct json *extra, struct runtime_sandbox_config *config) {
    const struct json *servers = json_get(extra, "nameservers"), *searches = json_get(extra, "searches");
    for (size_t i = 0; i < json_len(servers); i++)
        add_unique(&config->dns_servers, json_string(json_at(servers, i)));
    for (size_t i = 0; i < json_len(searches); i++)
        add_unique(&config->dns_searches, json_string(json_at(searches, i)));
    const struct json *options = json_get(extra, "options");
    for (size_t i = 0; i < json_len(options); i++) {
        const char *name = json_get_text(json_at(options, i), "name");
        const char *value = json_get_string(json_at(options, i), "value");
        for (size_t k = config->dns_options.len; k-- > 0;) {
            const char *known = config->dns_options.items[k];
            size_t len = strcspn(known, ":");
            if (len == strlen(name) && strncmp(known, name, len) == 0)
                str_list_remove(&config->dns_options, known);
        }
        str_list_take(&config->dns_options, value ? alloc_printf("%s:%s", name, value) : alloc_string(name));
    }
}

static int set_dns(const struct pod_context *context, struct runtime_sandbox_config *config, struct error **err) {
    if (strcmp(json_find_text(context->pod, "spec.dnsPolicy"), "None") != 0) {
        if (read_resolver(context->options->resolv_conf, config, err) < 0)
            return -1;
        if (wants_cluster_dns(context) && context->options->cluster_dns.len > 0)
            use_cluster_dns(context, config);
    }
    add_dns_config(json_find(context->pod, "spec.dnsConfig"), config);
    return 0;
}

// --- ports, sysctls ------------------------------------------------------------------------------------------------------------

static void add_ports(const struct json *containers, struct runtime_sandbox_config *config) {
    for (size_t i = 0; i < json_len(containers); i++) {
        const struct json *ports = json_get(json_at(containers, i), "ports");
        for (size_t k = 0; k < json_len(ports); k++) {
            const struct json *row = json_at(ports, k);
            const char *protocol = json_get_text(row, "protocol");
            struct runtime_port port = {.protocol = strcmp(protocol, "UDP") == 0    ? 1
                                                    : strcmp(protocol, "SCTP") == 0 ? 2
                                                                                    : 0,
                                        .container_port = (int32_t)json_get_int(row, "containerPort", 0),
                                        .host_port = (int32_t)json_get_int(row, "hostPort", 0)};
            if (port.host_port == 0)
                continue;
            port.host_ip = alloc_string(json_get_text(row, "hostIP"));
            vec_push(&config->ports, &port);
        }
    }
}

static bool any_privileged(const struct json *containers) {
    for (size_t i = 0; i < json_len(containers); i++) {
        if (json_find_bool(json_at(containers, i), "securityContext.privileged", false))
            return true;
    }
    return false;
}

static int set_sysctls(const struct pod_context *context, struct runtime_sandbox_config *config, struct error **err) {
    const struct json *list = json_find(context->pod, "spec.securityContext.sysctls");
    for (size_t i = 0; i < json_len(list); i++) {
        const char *name = json_get_text(json_at(list, i), "name");
        if (!security_sysctl_allowed(name, &context->options->allowed_unsafe_sysctls))
            return error_set(err, "forbidden sysctl: \"%s\" not allowlisted", name);
        runtime_pairs_set(&config->sysctls, name, json_get_text(json_at(list, i), "value"));
    }
    return 0;
}

int sandbox_config_make(const struct pod_context *context, uint32_t attempt, struct runtime_sandbox_config **ret_config,
                        struct error **err) {
    const struct json *pod = context->pod;
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *config = runtime_sandbox_config_new();
    config->name = alloc_string(meta_name(pod));
    config->ns = alloc_string(meta_namespace(pod));
    config->uid = alloc_string(meta_uid(pod));
    config->attempt = attempt;
    config->log_directory = alloc_string(context->log_folder);
    config->cgroup_parent = alloc_string(context->cgroup_parent);
    if (!json_find_bool(pod, "spec.hostNetwork", false)) {
        AUTO_STR hostname = {0};
        if (json_find_bool(pod, "spec.setHostnameAsFQDN", false))
            sandbox_config_full_hostname(context, &hostname);
        if (hostname.len == 0)
            sandbox_config_hostname(pod, &hostname);
        config->hostname = str_take(&hostname);
    }
    if (set_dns(context, config, err) < 0 || set_sysctls(context, config, err) < 0)
        return -1;
    add_ports(json_find(pod, "spec.initContainers"), config);
    add_ports(json_find(pod, "spec.containers"), config);
    const struct json *labels = json_find(pod, "metadata.labels");
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);)
        runtime_pairs_set(&config->labels, it.key, json_string(it.value) ? json_string(it.value) : "");
    sandbox_config_identity(pod, &config->labels);
    const struct json *annotations = json_find(pod, "metadata.annotations");
    for (struct json_iter it = json_iter(annotations); json_iter_next(&it);)
        runtime_pairs_set(&config->annotations, it.key, json_string(it.value) ? json_string(it.value) : "");
    runtime_pairs_set(&config->annotations, "kubernetes.io/config.source", "api");
    if (security_of_sandbox(context, &config->security, err) < 0)
        return -1;
    config->security.privileged =
        any_privileged(json_find(pod, "spec.containers")) || any_privileged(json_find(pod, "spec.initContainers"));
    *ret_config = STEAL(config);
    return 0;
}
