// SPDX-License-Identifier: Apache-2.0
// The kubelet's settings: one struct that flags and KubeletConfiguration files fill by the same table.
#ifndef CUBE_KUBELET_OPTIONS_H
#define CUBE_KUBELET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/component/component.h"

// Durations in nanoseconds. Strings may be "" for "not set". See options.c for names and defaults.
struct kubelet_options {
    struct component_logging logging;
    // Where things are.
    char *config, *config_dir, *kubeconfig, *bootstrap_kubeconfig;
    char *root_dir, *cert_dir, *pod_logs_dir, *container_logs_dir;
    // The node.
    char *hostname_override, *node_ip, *provider_id, *cloud_provider, *pod_cidr;
    bool register_node;
    struct str_list node_labels;          // key=value
    struct str_list register_with_taints; // key=value:effect
    int64_t max_pods, pods_per_core;
    struct str_list kube_reserved, system_reserved; // cpu=100m
    int64_t node_status_update_frequency, node_status_report_frequency, node_lease_duration_seconds;
    // The server.
    bool enable_server, enable_debugging_handlers;
    char *address, *healthz_bind_address;
    int64_t port, read_only_port, healthz_port;
    char *tls_cert_file, *tls_private_key_file, *tls_min_version;
    struct str_list tls_cipher_suites;
    char *client_ca_file, *authorization_mode;
    bool anonymous_auth, authentication_webhook;
    int64_t authorization_allowed_ttl, authorization_denied_ttl;
    // The runtime.
    char *runtime_endpoint, *image_endpoint;
    int64_t runtime_request_timeout;
    bool serialize_image_pulls;
    int64_t max_parallel_pulls;
    char *pod_infra_image;
    // Pods.
    struct str_list cluster_dns;
    char *cluster_domain, *resolv_conf;
    char *cgroup_driver, *cgroup_root;
    bool cgroups_per_qos, cpu_cfs_quota, fail_swap_on, fail_cgroup_v1, seccomp_default, protect_kernel_defaults;
    int64_t cpu_cfs_quota_period, pod_pids_limit;
    struct str_list enforce_node_allocatable, allowed_unsafe_sysctls;
    int64_t sync_frequency;
    char *log_max_size;
    int64_t log_max_files;
    int64_t max_pod_grace_period;
    int64_t oom_score_adj;
    // The API.
    double api_qps;
    int64_t api_burst;
    struct str_list feature_gates;
};

extern const struct option kubelet_option_table[];

// After the command line was parsed: reads --config and --config-dir, applies the defaults that differ without a file, checks everything.
// All mistakes come in one error, worded as upstream's validation.
int kubelet_options_configure(struct kubelet_options *options, const struct option *table, const struct str_list *given,
                              struct error **err) MUST_CHECK;
// The node's name: the override or the host name, trimmed, lower case. malloc'd.
char *kubelet_options_node_name(const struct kubelet_options *options);
// The whole configuration as /configz shows it ({"kubeletconfig": {...}}); appends.
void kubelet_options_configz(const struct kubelet_options *options, struct str *out);
// Bytes of containerLogMaxSize.
int64_t kubelet_options_log_max_bytes(const struct kubelet_options *options);

#endif
