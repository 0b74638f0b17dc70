// SPDX-License-Identifier: Apache-2.0
// The kubelet's flags and configuration fields as tables, and the checks over them.
#include "kubelet/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/time_format.h"
#include "common/component/config_file.h"
#include "common/data/json.h"
#include "common/net/ip.h"
#include "common/net/tls.h"

#define MEMBER(member) .offset = offsetof(struct kubelet_options, member)
#define FLAG(flag, kind, member, text, words)                                                                                    \
    { .name = flag, .type = OPTION_##kind, MEMBER(member), .default_text = text, .help = words }
#define NO_EFFECT(flag, reason)                                                                                                  \
    { .name = flag, .type = OPTION_IGNORED, .help = "", .why = reason }
#define NO_EFFECT_BOOL(flag, reason)                                                                                             \
    { .name = flag, .type = OPTION_IGNORED_BOOL, .help = "", .why = reason }
#define REFUSED(flag, reason)                                                                                                    \
    { .name = flag, .type = OPTION_REFUSED, .help = "", .why = reason }

static const char no_eviction[] = "the kubelet does not evict pods under resource pressure";
static const char no_image_gc[] = "unused images are not collected";
static const char no_devices[] = "CPU, memory and device managers are not there; containers share all CPUs";
static const char no_housekeeping[] = "there is no cAdvisor; figures are read from the runtime when asked for";
static const char no_static_pods[] = "static pods are not read; run all pods through the API";
static const char no_rotation[] =
    "certificates are not requested; give the kubelet a kubeconfig with a certificate that is renewed from outside";
static const char no_protobuf[] = "the API is spoken in JSON";
static const char no_iptables[] = "kube-proxy owns the packet filter rules";
static const char no_flex[] = "volume plug-in executables are not run";
static const char no_limit[] = "events and pulls are limited per object, not per second";
static const char no_polling[] = "changes are seen when they happen";
static const char no_shutdown[] = "shut-downs of the machine are not followed";
static const char no_profile[] = "this handler does not exist";

const struct option kubelet_option_table[] = {
    FLAG("config", STRING, config, "", "The kubelet's configuration file (KubeletConfiguration)."),
    FLAG("config-dir", STRING, config_dir, "", "Folder with *.conf drop-ins, applied in order of their names over --config."),
    FLAG("kubeconfig", STRING, kubeconfig, "", "How to reach the API server; without it the kubelet runs alone."),
    {.name = "bootstrap-kubeconfig",
     .type = OPTION_STRING,
     MEMBER(bootstrap_kubeconfig),
     .default_text = "",
     .help = "",
     .why = NULL},
    FLAG("root-dir", STRING, root_dir, "/var/lib/kubelet", "Folder for the files of pods and volumes."),
    FLAG("cert-dir", STRING, cert_dir, "/var/lib/kubelet/pki", "Folder for the self-signed serving certificate."),
    FLAG("pod-logs-dir", STRING, pod_logs_dir, "/var/log/pods", ""),
    FLAG("container-logs-dir", STRING, container_logs_dir, "/var/log/containers", ""),
    FLAG("hostname-override", STRING, hostname_override, "", "The node's name instead of the host name."),
    FLAG("node-ip", STRING, node_ip, "", "The node's address, or an IPv4 and an IPv6 address with a comma between."),
    FLAG("provider-id", STRING, provider_id, "", "The machine's id for its cloud provider (spec.providerID)."),
    FLAG("cloud-provider", STRING, cloud_provider, "", "\"external\": the node waits for a cloud controller; else empty."),
    FLAG("pod-cidr", STRING, pod_cidr, "", ""),
    FLAG("register-node", BOOL, register_node, "true", "Make the Node object in the API."),
    FLAG("node-labels", MAP, node_labels, NULL, "Labels for the Node object, key=value."),
    FLAG("register-with-taints", ARRAY, register_with_taints, NULL, "Taints for the Node object, key=value:effect."),
    FLAG("max-pods", INT, max_pods, "110", "How many pods may run here."),
    FLAG("pods-per-core", INT, pods_per_core, "0", "How many pods may run for each CPU; 0: no such limit."),
    FLAG("kube-reserved", MAP, kube_reserved, NULL, "Taken off allocatable for Kubernetes' own daemons: cpu=100m,memory=100Mi."),
    FLAG("system-reserved", MAP, system_reserved, NULL, "Taken off allocatable for the system: cpu=100m,memory=100Mi."),
    FLAG("node-status-update-frequency", DURATION, node_status_update_frequency, "10s",
         "How often the node's status is computed."),
    FLAG("node-status-report-frequency", DURATION, node_status_report_frequency, "5m", ""),
    FLAG("node-lease-duration-seconds", INT, node_lease_duration_seconds, "40", ""),
    FLAG("enable-server", BOOL, enable_server, "true", "Serve logs and figures on --port."),
    FLAG("enable-debugging-handlers", BOOL, enable_debugging_handlers, "true", "Serve container logs."),
    FLAG("address", STRING, address, "0.0.0.0", "Address of the server."),
    FLAG("port", INT, port, "10250", "Port of the server."),
    FLAG("read-only-port", INT, read_only_port, "0", "Port of a plain server without logs; 0: none."),
    FLAG("healthz-bind-address", STRING, healthz_bind_address, "127.0.0.1", "Address for /healthz."),
    FLAG("healthz-port", INT, healthz_port, "10248", "Port for /healthz; 0: none."),
    FLAG("tls-cert-file", STRING, tls_cert_file, "", "Serving certificate; without it one is made in --cert-dir."),
    FLAG("tls-private-key-file", STRING, tls_private_key_file, "", "Key of the serving certificate."),
    FLAG("tls-min-version", STRING, tls_min_version, "", "VersionTLS12 or VersionTLS13."),
    FLAG("tls-cipher-suites", LIST, tls_cipher_suites, NULL, "Cipher suites of the server."),
    FLAG("client-ca-file", STRING, client_ca_file, "", "CA of the clients that may use the server."),
    FLAG("authorization-mode", STRING, authorization_mode, "Webhook", "AlwaysAllow or Webhook (SubjectAccessReview)."),
    FLAG("anonymous-auth", BOOL, anonymous_auth, "false", "Let requests without credentials in as system:anonymous."),
    FLAG("authentication-token-webhook", BOOL, authentication_webhook, "true", "Check bearer tokens by TokenReview."),
    FLAG("authorization-webhook-cache-authorized-ttl", DURATION, authorization_allowed_ttl, "5m", "How long a yes is kept."),
    FLAG("authorization-webhook-cache-unauthorized-ttl", DURATION, authorization_denied_ttl, "30s", "How long a no is kept."),
    FLAG("container-runtime-endpoint", STRING, runtime_endpoint, "unix:///run/containerd/containerd.sock",
         "The runtime's socket."),
    FLAG("image-service-endpoint", STRING, image_endpoint, "", "The image service's socket, if it is another one."),
    FLAG("runtime-request-timeout", DURATION, runtime_request_timeout, "2m", "Bound on calls to the runtime."),
    FLAG("serialize-image-pulls", BOOL, serialize_image_pulls, "true", "Pull one image at a time."),
    FLAG("max-parallel-image-pulls", INT, max_parallel_pulls, "0", ""),
    {.name = "pod-infra-container-image",
     .type = OPTION_STRING,
     MEMBER(pod_infra_image),
     .default_text = "",
     .help = "The runtime's sandbox image; only kept from removal, the runtime's own configuration names it."},
    FLAG("cluster-dns", LIST, cluster_dns, NULL, "Name servers of pods with dnsPolicy ClusterFirst."),
    FLAG("cluster-domain", STRING, cluster_domain, "", "The cluster's DNS domain."),
    FLAG("resolv-conf", STRING, resolv_conf, "/etc/resolv.conf", "Resolver file that pods' DNS starts from; empty: none."),
    FLAG("cgroup-driver", STRING, cgroup_driver, "cgroupfs", "cgroupfs or systemd, as the runtime has it."),
    FLAG("cgroup-root", STRING, cgroup_root, "", "Control group below which pods live."),
    FLAG("cgroups-per-qos", BOOL, cgroups_per_qos, "true", "Make control groups for quality-of-service classes and pods."),
    FLAG("cpu-cfs-quota", BOOL, cpu_cfs_quota, "true", "Enforce CPU limits."),
    FLAG("cpu-cfs-quota-period", DURATION, cpu_cfs_quota_period, "100ms", "Period of CPU limits."),
    FLAG("fail-swap-on", BOOL, fail_swap_on, "true", "Refuse to start while swap is on."),
    FLAG("fail-cgroupv1", BOOL, fail_cgroup_v1, "false", ""),
    FLAG("seccomp-default", BOOL, seccomp_default, "false", "RuntimeDefault instead of Unconfined where a pod says nothing."),
    FLAG("protect-kernel-defaults", BOOL, protect_kernel_defaults, "false",
         "Refuse to start instead of setting kernel parameters."),
    FLAG("pod-max-pids", INT, pod_pids_limit, "-1", "Most processes in a pod; -1: no limit."),
    FLAG("enforce-node-allocatable", LIST, enforce_node_allocatable, "pods", "What allocatable is enforced on: pods or none."),
    FLAG("allowed-unsafe-sysctls", LIST, allowed_unsafe_sysctls, NULL,
         "Patterns of sysctls that pods may set besides the safe ones."),
    FLAG("sync-frequency", DURATION, sync_frequency, "1m", "How often a pod is looked at without a reason."),
    FLAG("container-log-max-size", STRING, log_max_size, "10Mi", "Size at which a container's log is rotated."),
    FLAG("container-log-max-files", INT, log_max_files, "5", "Log files kept for a container."),
    FLAG("eviction-max-pod-grace-period", INT, max_pod_grace_period, "0", ""),
    FLAG("oom-score-adj", INT, oom_score_adj, "-999", "The kubelet's own oom_score_adj."),
    FLAG("kube-api-qps", DOUBLE, api_qps, "50", "Requests a second to the API server."),
    FLAG("kube-api-burst", INT, api_burst, "100", "Requests in a burst to the API server."),
    FLAG("feature-gates", MAP, feature_gates, NULL, "Accepted; a gate that asks for something that is not there is logged."),

    NO_EFFECT("eviction-hard", no_eviction),
    NO_EFFECT("eviction-soft", no_eviction),
    NO_EFFECT("eviction-soft-grace-period", no_eviction),
    NO_EFFECT("eviction-minimum-reclaim", no_eviction),
    NO_EFFECT("eviction-pressure-transition-period", no_eviction),
    NO_EFFECT_BOOL("kernel-memcg-notification", no_eviction),
    NO_EFFECT("image-gc-high-threshold", no_image_gc),
    NO_EFFECT("image-gc-low-threshold", no_image_gc),
    NO_EFFECT("minimum-image-ttl-duration", no_image_gc),
    NO_EFFECT("cpu-manager-policy", no_devices),
    NO_EFFECT("cpu-manager-policy-options", no_devices),
    NO_EFFECT("cpu-manager-reconcile-period", no_devices),
    NO_EFFECT("memory-manager-policy", no_devices),
    NO_EFFECT("topology-manager-policy", no_devices),
    NO_EFFECT("topology-manager-policy-options", no_devices),
    NO_EFFECT("topology-manager-scope", no_devices),
    NO_EFFECT("reserved-cpus", no_devices),
    NO_EFFECT("reserved-memory", no_devices),
    NO_EFFECT("housekeeping-interval", no_housekeeping),
    NO_EFFECT("global-housekeeping-interval", no_housekeeping),
    NO_EFFECT("application-metrics-count-limit", no_housekeeping),
    NO_EFFECT("boot-id-file", no_housekeeping),
    NO_EFFECT("machine-id-file", no_housekeeping),
    NO_EFFECT("containerd", no_housekeeping),
    NO_EFFECT("containerd-namespace", no_housekeeping),
    NO_EFFECT("container-hints", no_housekeeping),
    NO_EFFECT("event-storage-age-limit", no_housekeeping),
    NO_EFFECT("event-storage-event-limit", no_housekeeping),
    NO_EFFECT("storage-driver-buffer-duration", no_housekeeping),
    NO_EFFECT_BOOL("enable-load-reader", no_housekeeping),
    NO_EFFECT_BOOL("log-cadvisor-usage", no_housekeeping),
    NO_EFFECT("pod-manifest-path", no_static_pods),
    NO_EFFECT("manifest-url", no_static_pods),
    NO_EFFECT("manifest-url-header", no_static_pods),
    NO_EFFECT("file-check-frequency", no_static_pods),
    NO_EFFECT("http-check-frequency", no_static_pods),
    NO_EFFECT_BOOL("rotate-certificates", no_rotation),
    NO_EFFECT_BOOL("rotate-server-certificates", no_rotation),
    NO_EFFECT("kube-api-content-type", no_protobuf),
    NO_EFFECT_BOOL("make-iptables-util-chains", no_iptables),
    NO_EFFECT("iptables-drop-bit", no_iptables),
    NO_EFFECT("iptables-masquerade-bit", no_iptables),
    NO_EFFECT("hairpin-mode", "the CNI plug-in sets up bridges"),
    NO_EFFECT("volume-plugin-dir", no_flex),
    NO_EFFECT_BOOL("enable-controller-attach-detach", "no volume that needs attaching is supported"),
    NO_EFFECT("volume-stats-agg-period", no_housekeeping),
    NO_EFFECT("keep-terminated-pod-volumes", "volumes of pods that have ended are always removed"),
    NO_EFFECT("registry-qps", no_limit),
    NO_EFFECT("registry-burst", no_limit),
    NO_EFFECT("event-qps", no_limit),
    NO_EFFECT("event-burst", no_limit),
    NO_EFFECT("streaming-connection-idle-timeout", "exec, attach and port-forward are not served yet"),
    NO_EFFECT("max-open-files", "the service manager sets the limit (LimitNOFILE)"),
    NO_EFFECT("runtime-cgroups", no_housekeeping),
    NO_EFFECT("kubelet-cgroups", "the service manager places the kubelet"),
    NO_EFFECT("system-cgroups", "system processes are not moved"),
    NO_EFFECT("kube-reserved-cgroup", "only allocatable is computed; the service manager enforces reservations"),
    NO_EFFECT("system-reserved-cgroup", "only allocatable is computed; the service manager enforces reservations"),
    NO_EFFECT("minimum-container-ttl-duration", "one ended container is kept for each container of a pod"),
    NO_EFFECT("maximum-dead-containers", "one ended container is kept for each container of a pod"),
    NO_EFFECT("maximum-dead-containers-per-container", "one ended container is kept for each container of a pod"),
    NO_EFFECT("node-status-max-images", "at most 50 images are reported"),
    NO_EFFECT("experimental-allocatable-ignore-eviction", no_eviction),
    NO_EFFECT_BOOL("local-storage-capacity-isolation", "ephemeral storage is not limited"),
    NO_EFFECT_BOOL("contention-profiling", no_profile),
    NO_EFFECT_BOOL("profiling", no_profile),
    NO_EFFECT_BOOL("enable-debug-flags-handler", no_profile),
    NO_EFFECT_BOOL("enable-system-log-handler", no_profile),
    NO_EFFECT("cloud-config", "cloud providers live in their own controller manager"),
    NO_EFFECT("experimental-mounter-path", "mounts are made by the kernel directly"),
    NO_EFFECT("qos-reserved", "memory of higher classes is not reserved"),
    NO_EFFECT("lock-file", "the service manager keeps a second kubelet away"),
    NO_EFFECT_BOOL("exit-on-lock-contention", "the service manager keeps a second kubelet away"),
    NO_EFFECT_BOOL("really-crash-for-testing", "a crash ends the process in any case"),
    NO_EFFECT("image-credential-provider-config", "credentials come from imagePullSecrets"),
    NO_EFFECT("image-credential-provider-bin-dir", "credentials come from imagePullSecrets"),
    REFUSED("seccomp-profile-root", "seccomp profiles are read below --root-dir/seccomp"),
    {.name = NULL},
};

#define FIELD(field, flag)                                                                                                       \
    { .path = field, .option = flag }
#define FIELD_NO_EFFECT(field, reason)                                                                                           \
    { .path = field, .why = reason }

static const struct config_field kubelet_fields[] = {
    FIELD("address", "address"),
    FIELD("port", "port"),
    FIELD("readOnlyPort", "read-only-port"),
    FIELD("enableServer", "enable-server"),
    FIELD("enableDebuggingHandlers", "enable-debugging-handlers"),
    FIELD("healthzBindAddress", "healthz-bind-address"),
    FIELD("healthzPort", "healthz-port"),
    FIELD("authentication.anonymous.enabled", "anonymous-auth"),
    FIELD("authentication.webhook.enabled", "authentication-token-webhook"),
    FIELD_NO_EFFECT("authentication.webhook.cacheTTL", "each token is reviewed when it comes"),
    FIELD("authentication.x509.clientCAFile", "client-ca-file"),
    FIELD("authorization.mode", "authorization-mode"),
    FIELD("authorization.webhook.cacheAuthorizedTTL", "authorization-webhook-cache-authorized-ttl"),
    FIELD("authorization.webhook.cacheUnauthorizedTTL", "authorization-webhook-cache-unauthorized-ttl"),
    FIELD("tlsCertFile", "tls-cert-file"),
    FIELD("tlsPrivateKeyFile", "tls-private-key-file"),
    FIELD("tlsCipherSuites", "tls-cipher-suites"),
    FIELD("tlsMinVersion", "tls-min-version"),
    FIELD("clusterDNS", "cluster-dns"),
    FIELD("clusterDomain", "cluster-domain"),
    FIELD("resolvConf", "resolv-conf"),
    FIELD("containerRuntimeEndpoint", "container-runtime-endpoint"),
    FIELD("imageServiceEndpoint", "image-service-endpoint"),
    FIELD("runtimeRequestTimeout", "runtime-request-timeout"),
    FIELD("serializeImagePulls", "serialize-image-pulls"),
    FIELD("maxParallelImagePulls", "max-parallel-image-pulls"),
    FIELD("cgroupDriver", "cgroup-driver"),
    FIELD("cgroupRoot", "cgroup-root"),
    FIELD("cgroupsPerQOS", "cgroups-per-qos"),
    FIELD("cpuCFSQuota", "cpu-cfs-quota"),
    FIELD("cpuCFSQuotaPeriod", "cpu-cfs-quota-period"),
    FIELD("enforceNodeAllocatable", "enforce-node-allocatable"),
    FIELD("kubeReserved", "kube-reserved"),
    FIELD("systemReserved", "system-reserved"),
    FIELD("maxPods", "max-pods"),
    FIELD("podsPerCore", "pods-per-core"),
    FIELD("podPidsLimit", "pod-max-pids"),
    FIELD("podCIDR", "pod-cidr"),
    FIELD("failSwapOn", "fail-swap-on"),
    FIELD("failCgroupV1", "fail-cgroupv1"),
    FIELD("registerNode", "register-node"),
    FIELD("registerWithTaints", "register-with-taints"),
    FIELD("nodeStatusUpdateFrequency", "node-status-update-frequency"),
    FIELD("nodeStatusReportFrequency", "node-status-report-frequency"),
    FIELD("nodeLeaseDurationSeconds", "node-lease-duration-seconds"),
    FIELD("kubeAPIQPS", "kube-api-qps"),
    FIELD("kubeAPIBurst", "kube-api-burst"),
    FIELD("syncFrequency", "sync-frequency"),
    FIELD("containerLogMaxSize", "container-log-max-size"),
    FIELD("containerLogMaxFiles", "container-log-max-files"),
    FIELD("podLogsDir", "pod-logs-dir"),
    FIELD("protectKernelDefaults", "protect-kernel-defaults"),
    FIELD("oomScoreAdj", "oom-score-adj"),
    FIELD("allowedUnsafeSysctls", "allowed-unsafe-sysctls"),
    FIELD("seccompDefault", "seccomp-default"),
    FIELD("providerID", "provider-id"),
    FIELD("evictionMaxPodGracePeriod", "eviction-max-pod-grace-period"),
    FIELD("logging.format", "logging-format"),
    FIELD("logging.verbosity", "v"),
    FIELD("featureGates", "feature-gates"),
    FIELD_NO_EFFECT("logging.flushFrequency", "log lines are written at once"),
    FIELD_NO_EFFECT("logging.vmodule", "use --vmodule"),
    FIELD_NO_EFFECT("logging.options", "log lines are written at once"),
    FIELD_NO_EFFECT("memorySwap.swapBehavior", "containers get no swap of their own (NoSwap)"),
    FIELD_NO_EFFECT("rotateCertificates", no_rotation),
    FIELD_NO_EFFECT("serverTLSBootstrap", no_rotation),
    FIELD_NO_EFFECT("staticPodPath", no_static_pods),
    FIELD_NO_EFFECT("staticPodURL", no_static_pods),
    FIELD_NO_EFFECT("staticPodURLHeader", no_static_pods),
    FIELD_NO_EFFECT("fileCheckFrequency", no_static_pods),
    FIELD_NO_EFFECT("httpCheckFrequency", no_static_pods),
    FIELD_NO_EFFECT("kubeletCgroups", "the service manager places the kubelet"),
    FIELD_NO_EFFECT("systemCgroups", "system processes are not moved"),
    FIELD_NO_EFFECT("kubeReservedCgroup", "only allocatable is computed"),
    FIELD_NO_EFFECT("systemReservedCgroup", "only allocatable is computed"),
    FIELD_NO_EFFECT("reservedSystemCPUs", no_devices),
    FIELD_NO_EFFECT("reservedMemory", no_devices),
    FIELD_NO_EFFECT("registryPullQPS", no_limit),
    FIELD_NO_EFFECT("registryBurst", no_limit),
    FIELD_NO_EFFECT("eventRecordQPS", no_limit),
    FIELD_NO_EFFECT("eventBurst", no_limit),
    FIELD_NO_EFFECT("contentType", no_protobuf),
    FIELD_NO_EFFECT("imageGCHighThresholdPercent", no_image_gc),
    FIELD_NO_EFFECT("imageGCLowThresholdPercent", no_image_gc),
    FIELD_NO_EFFECT("imageMinimumGCAge", no_image_gc),
    FIELD_NO_EFFECT("imageMaximumGCAge", no_image_gc),
    FIELD_NO_EFFECT("evictionHard", no_eviction),
    FIELD_NO_EFFECT("evictionSoft", no_eviction),
    FIELD_NO_EFFECT("evictionSoftGracePeriod", no_eviction),
    FIELD_NO_EFFECT("evictionMinimumReclaim", no_eviction),
    FIELD_NO_EFFECT("evictionPressureTransitionPeriod", no_eviction),
    FIELD_NO_EFFECT("mergeDefaultEvictionSettings", no_eviction),
    FIELD_NO_EFFECT("kernelMemcgNotification", no_eviction),
    FIELD_NO_EFFECT("containerLogMaxWorkers", "logs are rotated one after the other"),
    FIELD_NO_EFFECT("containerLogMonitorInterval", no_polling),
    FIELD_NO_EFFECT("cpuManagerPolicy", no_devices),
    FIELD_NO_EFFECT("cpuManagerPolicyOptions", no_devices),
    FIELD_NO_EFFECT("cpuManagerReconcilePeriod", no_devices),
    FIELD_NO_EFFECT("memoryManagerPolicy", no_devices),
    FIELD_NO_EFFECT("topologyManagerPolicy", no_devices),
    FIELD_NO_EFFECT("topologyManagerPolicyOptions", no_devices),
    FIELD_NO_EFFECT("topologyManagerScope", no_devices),
    FIELD_NO_EFFECT("qosReserved", "memory of higher classes is not reserved"),
    FIELD_NO_EFFECT("hairpinMode", "the CNI plug-in sets up bridges"),
    FIELD_NO_EFFECT("makeIPTablesUtilChains", no_iptables),
    FIELD_NO_EFFECT("iptablesMasqueradeBit", no_iptables),
    FIELD_NO_EFFECT("iptablesDropBit", no_iptables),
    FIELD_NO_EFFECT("maxOpenFiles", "the service manager sets the limit (LimitNOFILE)"),
    FIELD_NO_EFFECT("enableProfilingHandler", no_profile),
    FIELD_NO_EFFECT("enableSystemLogHandler", no_profile),
    FIELD_NO_EFFECT("enableSystemLogQuery", no_profile),
    FIELD_NO_EFFECT("enableDebugFlagsHandler", no_profile),
    FIELD_NO_EFFECT("enableContentionProfiling", no_profile),
    FIELD_NO_EFFECT("showHiddenMetricsForVersion", "no metric is hidden"),
    FIELD_NO_EFFECT("enableControllerAttachDetach", "no volume that needs attaching is supported"),
    FIELD_NO_EFFECT("volumePluginDir", no_flex),
    FIELD_NO_EFFECT("volumeStatsAggPeriod", no_housekeeping),
    FIELD_NO_EFFECT("configMapAndSecretChangeDetectionStrategy", "ConfigMaps and Secrets are read again while pods use them"),
    FIELD_NO_EFFECT("streamingConnectionIdleTimeout", "exec, attach and port-forward are not served yet"),
    FIELD_NO_EFFECT("localStorageCapacityIsolation", "ephemeral storage is not limited"),
    FIELD_NO_EFFECT("shutdownGracePeriod", no_shutdown),
    FIELD_NO_EFFECT("shutdownGracePeriodCriticalPods", no_shutdown),
    FIELD_NO_EFFECT("shutdownGracePeriodByPodPriority", no_shutdown),
    FIELD_NO_EFFECT("nodeStatusMaxImages", "at most 50 images are reported"),
    FIELD_NO_EFFECT("crashLoopBackOff", "the restart delay is 10 s doubling to 5 min"),
    FIELD_NO_EFFECT("singleProcessOOMKill", "the kernel's own setting is used"),
    FIELD_NO_EFFECT("tracing", "spans are not exported"),
    {.path = NULL},
};

// --- defaults and files --------------------------------------------------------------------------------------------------------

static int load_files(struct kubelet_options *options, const struct option *table, const struct str_list *given,
                      struct error **err) {
    const struct config_file_spec spec = {
        .api_version = "kubelet.config.k8s.io/v1beta1", .kind = "KubeletConfiguration", .fields = kubelet_fields};
    if (!str_empty(options->config)) {
        AUTO_STR path = {0};
        str_append(&path, options->config);
        if (config_file_load(str_text(&path), &spec, table, options, given, err) < 0)
            return error_prefix(err, "failed to load kubelet config file, path: %s", str_text(&path));
    }
    if (str_empty(options->config_dir))
        return 0;
    AUTO_STR folder = {0};
    str_append(&folder, options->config_dir);
    AUTO_STR_LIST names = {0};
    if (file_list(str_text(&folder), &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.len; i++) {
        if (!str_ends(names.items[i], ".conf"))
            continue;
        AUTO_STR path = {0};
        str_printf(&path, "%s/%s", str_text(&folder), names.items[i]);
        if (config_file_load(str_text(&path), &spec, table, options, given, err) < 0)
            return error_prefix(err, "failed to load kubelet config file, path: %s", str_text(&path));
    }
    return 0;
}

// Without a configuration file the kubelet has upstream's old, open defaults.
static void flags_only_defaults(struct kubelet_options *options, const struct str_list *given) {
    if (!str_list_contains(given, "anonymous-auth"))
        options->anonymous_auth = true;
    if (!str_list_contains(given, "authentication-token-webhook"))
        options->authentication_webhook = false;
    if (!str_list_contains(given, "read-only-port"))
        options->read_only_port = 10255;
    if (!str_list_contains(given, "authorization-mode")) {
        free(options->authorization_mode);
        options->authorization_mode = alloc_string("AlwaysAllow");
    }
}

// A node whose pod logs are elsewhere has its links beside them: nothing of it lands in the host's /var/log.
static void links_beside_logs(struct kubelet_options *options, const struct str_list *given) {
    const char *slash = strrchr(options->pod_logs_dir, '/');
    if (!slash || strcmp(options->pod_logs_dir, "/var/log/pods") == 0 || str_list_contains(given, "container-logs-dir"))
        return;
    free(options->container_logs_dir);
    options->container_logs_dir = alloc_printf("%.*s/containers", (int)(slash - options->pod_logs_dir), options->pod_logs_dir);
}

// The flag has key=value:effect with commas between, the file objects: both become one key=value:effect an item.
static int normal_taints(struct kubelet_options *options, struct error **err) {
    struct str_list taints = {0};
    for (size_t i = 0; i < options->register_with_taints.len; i++) {
        const char *item = options->register_with_taints.items[i];
        AUTO_JSON object = NULL;
        if (*item != '{') {
            str_list_split(&taints, item, ',');
            continue;
        }
        if (json_parse(item, strlen(item), NULL, &object, err) < 0) {
            str_list_free(&taints);
            return error_prefix(err, "registerWithTaints");
        }
        str_list_take(&taints, alloc_printf("%s=%s:%s", json_get_text(object, "key"), json_get_text(object, "value"),
                                            json_get_text(object, "effect")));
    }
    str_list_free(&options->register_with_taints);
    options->register_with_taints = taints;
    return 0;
}

// --- checks --------------------------------------------------------------------------------------------------------------------

static void mistake(struct str *out, const char *format, ...) PRINTF_LIKE(2, 3);
static void mistake(struct str *out, const char *format, ...) {
    if (out->len > 0)
        str_append(out, ", ");
    str_append(out, "invalid configuration: ");
    va_list args;
    va_start(args, format);
    str_vprintf(out, format, args);
    va_end(args);
}

static void check_ports(const struct kubelet_options *o, struct str *out) {
    if (o->healthz_port < 0 || o->healthz_port > 65535)
        mistake(out, "healthzPort (--healthz-port) %lld must be between 1 and 65535, inclusive", (long long)o->healthz_port);
    if (o->port < 0 || o->port > 65535)
        mistake(out, "port (--port) %lld must be between 1 and 65535, inclusive", (long long)o->port);
    if (o->read_only_port < 0 || o->read_only_port > 65535)
        mistake(out, "readOnlyPort (--read-only-port) %lld must be between 0 and 65535, inclusive", (long long)o->read_only_port);
    struct ip ip;
    if (!ip_parse(o->address, &ip))
        mistake(out, "address (--address) \"%s\" must be an IP address", o->address);
    if (!ip_parse(o->healthz_bind_address, &ip))
        mistake(out, "healthzBindAddress (--healthz-bind-address) \"%s\" must be an IP address", o->healthz_bind_address);
}

static void check_node_ips(const struct kubelet_options *o, struct str *out) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, o->node_ip, ',');
    for (size_t i = 0; i < parts.len; i++) {
        struct ip ip;
        if (!ip_parse(parts.items[i], &ip))
            mistake(out, "--node-ip \"%s\" must be an IP address", parts.items[i]);
    }
    if (parts.len > 2)
        mistake(out, "--node-ip takes at most one IPv4 and one IPv6 address");
}

static void check_amounts(const struct str_list *pairs, const char *field, struct str *out) {
    for (size_t i = 0; i < pairs->len; i++) {
        const char *equals = strchr(pairs->items[i], '=');
        struct quantity amount;
        AUTO_ERROR failure = NULL;
        if (!equals || quantity_parse(equals + 1, &amount, &failure) < 0)
            mistake(out, "%s: \"%s\" is no resource=quantity", field, pairs->items[i]);
        else if (quantity_sign(&amount) < 0)
            mistake(out, "%s: resource quantity for \"%.*s\" cannot be negative", field, (int)(equals - pairs->items[i]),
                    pairs->items[i]);
    }
}

static void check_pods(const struct kubelet_options *o, struct str *out) {
    if (o->max_pods < 0)
        mistake(out, "maxPods (--max-pods) %lld must not be a negative number", (long long)o->max_pods);
    if (o->pods_per_core < 0)
        mistake(out, "podsPerCore (--pods-per-core) %lld must not be a negative number", (long long)o->pods_per_core);
    if (o->log_max_files < 2)
        mistake(out, "containerLogMaxFiles (--container-log-max-files) must be greater than 1, got %lld",
                (long long)o->log_max_files);
    if (kubelet_options_log_max_bytes(o) <= 0)
        mistake(out, "containerLogMaxSize (--container-log-max-size) \"%s\" must be a positive quantity", o->log_max_size);
    if (o->oom_score_adj < -1000 || o->oom_score_adj > 1000)
        mistake(out, "oomScoreAdj (--oom-score-adj) %lld must be between -1000 and 1000, inclusive", (long long)o->oom_score_adj);
    if (o->cpu_cfs_quota_period < MILLISECOND || o->cpu_cfs_quota_period > SECOND)
        mistake(out, "cpuCFSQuotaPeriod (--cpu-cfs-quota-period) must be between 1ms and 1sec, inclusive");
    if (!str_equal(o->cgroup_driver, "cgroupfs") && !str_equal(o->cgroup_driver, "systemd"))
        mistake(out, "cgroupDriver (--cgroup-driver) \"%s\" must be \"cgroupfs\" or \"systemd\"", o->cgroup_driver);
    for (size_t i = 0; i < o->enforce_node_allocatable.len; i++) {
        const char *name = o->enforce_node_allocatable.items[i];
        if (!str_empty(name) && !str_equal(name, "pods") && !str_equal(name, "none"))
            mistake(out, "enforceNodeAllocatable (--enforce-node-allocatable) \"%s\": only \"pods\" and \"none\" work here",
                    name);
    }
    for (size_t i = 0; i < o->cluster_dns.len; i++) {
        struct ip ip;
        if (!ip_parse(o->cluster_dns.items[i], &ip))
            mistake(out, "clusterDNS (--cluster-dns) \"%s\" must be an IP address", o->cluster_dns.items[i]);
    }
}

static void check_taints(const struct kubelet_options *o, struct str *out) {
    for (size_t i = 0; i < o->register_with_taints.len; i++) {
        const char *colon = strrchr(o->register_with_taints.items[i], ':');
        const char *effect = colon ? colon + 1 : "";
        if (!str_equal(effect, "NoSchedule") && !str_equal(effect, "PreferNoSchedule") && !str_equal(effect, "NoExecute"))
            mistake(out, "registerWithTaints (--register-with-taints): invalid taint spec: %s", o->register_with_taints.items[i]);
    }
}

static void check_tls(const struct kubelet_options *o, struct str *out) {
    static const char *const versions[] = {"", "VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"};
    bool known = !o->tls_min_version;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        known = known || str_equal(o->tls_min_version, versions[i]);
    if (!known)
        mistake(out, "tlsMinVersion (--tls-min-version): unknown tls version \"%s\"", o->tls_min_version);
    if (str_empty(o->tls_cert_file) != str_empty(o->tls_private_key_file))
        mistake(out, "tlsCertFile and tlsPrivateKeyFile must be given together");
}

static void check(const struct kubelet_options *o, struct str *out) {
    check_ports(o, out);
    check_node_ips(o, out);
    check_amounts(&o->kube_reserved, "kubeReserved (--kube-reserved)", out);
    check_amounts(&o->system_reserved, "systemReserved (--system-reserved)", out);
    check_pods(o, out);
    check_taints(o, out);
    if (o->node_lease_duration_seconds <= 0)
        mistake(out, "nodeLeaseDurationSeconds must be greater than 0, got %lld", (long long)o->node_lease_duration_seconds);
    if (o->node_status_update_frequency <= 0 || o->node_status_report_frequency <= 0)
        mistake(out, "nodeStatusUpdateFrequency and nodeStatusReportFrequency must be greater than 0");
    if (!str_equal(o->authorization_mode, "AlwaysAllow") && !str_equal(o->authorization_mode, "Webhook"))
        mistake(out, "authorization.mode (--authorization-mode) \"%s\" must be AlwaysAllow or Webhook", o->authorization_mode);
    if (!str_empty(o->cloud_provider) && !str_equal(o->cloud_provider, "external"))
        mistake(out, "--cloud-provider \"%s\" must be \"external\" or empty", o->cloud_provider);
    if (str_empty(o->runtime_endpoint))
        mistake(out, "the containerRuntimeEndpoint was not specified or empty, use --container-runtime-endpoint to set");
    check_tls(o, out);
}

// What is accepted but stays without effect in this combination: said once, at start.
static void warn(const struct kubelet_options *o) {
    if (!str_empty(o->bootstrap_kubeconfig) && !file_exists(o->kubeconfig))
        log_warning("--bootstrap-kubeconfig does not work yet: certificates are not requested, --kubeconfig must be there",
                    "kubeconfig", o->kubeconfig, NULL);
    if (o->feature_gates.len > 0)
        log_warning("feature gates change nothing here: what exists is on", "count", log_int((int64_t)o->feature_gates.len),
                    NULL);
    if (o->tls_cipher_suites.len > 0)
        log_warning("--tls-cipher-suites has no effect", "why", "GnuTLS's own list is used, without what is unsafe", NULL);
    if (str_equal(o->tls_min_version, "VersionTLS10") || str_equal(o->tls_min_version, "VersionTLS11"))
        log_warning("--tls-min-version is raised to VersionTLS12", "why", "older versions are not spoken", "given",
                    o->tls_min_version, NULL);
    if (o->max_pod_grace_period > 0)
        log_warning("evictionMaxPodGracePeriod has no effect", "why", no_eviction, NULL);
}

int kubelet_options_configure(struct kubelet_options *options, const struct option *table, const struct str_list *given,
                              struct error **err) {
    if (load_files(options, table, given, err) < 0)
        return -1;
    if (normal_taints(options, err) < 0)
        return -1;
    links_beside_logs(options, given);
    if (str_empty(options->config))
        flags_only_defaults(options, given);
    AUTO_STR mistakes = {0};
    check(options, &mistakes);
    if (mistakes.len > 0)
        return error_set(err, "failed to validate kubelet configuration, error: [%s], path: %s", str_text(&mistakes),
                         options->config ? options->config : "");
    warn(options);
    return 0;
}

// --- derived -------------------------------------------------------------------------------------------------------------------

char *kubelet_options_node_name(const struct kubelet_options *options) {
    const char *text = str_empty(options->hostname_override) ? process_hostname() : options->hostname_override;
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    char *name = alloc_string_n(text, len);
    str_lower(name);
    return name;
}

int64_t kubelet_options_log_max_bytes(const struct kubelet_options *options) {
    struct quantity size;
    AUTO_ERROR failure = NULL;
    if (quantity_parse(options->log_max_size, &size, &failure) < 0)
        return 0;
    return quantity_value(&size);
}

static struct json *option_value(const struct option *row, const struct kubelet_options *options) {
    const char *member = (const char *)options + row->offset;
    char text[TIME_TEXT_SIZE];
    switch (row->type) {
    case OPTION_BOOL:
        return json_new_bool(*(const bool *)member);
    case OPTION_INT:
        return json_new_int(*(const int64_t *)member);
    case OPTION_DOUBLE:
        return json_new_double(*(const double *)(const void *)member);
    case OPTION_STRING:
        return json_new_string(*(char *const *)member ? *(char *const *)member : "");
    case OPTION_DURATION:
        return json_new_string(duration_format(*(const int64_t *)member, text));
    case OPTION_LIST:
    case OPTION_ARRAY: {
        struct json *list = json_new_array();
        const struct str_list *items = (const struct str_list *)member;
        for (size_t i = 0; i < items->len; i++)
            json_append(list, json_new_string(items->items[i]));
        return list;
    }
    case OPTION_MAP: {
        struct json *map = json_new_object();
        const struct str_list *items = (const struct str_list *)member;
        for (size_t i = 0; i < items->len; i++) {
            const char *equals = strchr(items->items[i], '=');
            char *key =
                equals ? alloc_string_n(items->items[i], (size_t)(equals - items->items[i])) : alloc_string(items->items[i]);
            json_set_string(map, key, equals ? equals + 1 : "");
            free(key);
        }
        return map;
    }
    default:
        return NULL;
    }
}

void kubelet_options_configz(const struct kubelet_options *options, struct str *out) {
    AUTO_JSON root = json_new_object();
    struct json *config = json_ensure_object(root, "kubeletconfig");
    for (const struct config_field *field = kubelet_fields; field->path; field++) {
        for (const struct option *row = kubelet_option_table; field->option && row->name; row++) {
            if (strcmp(row->name, field->option) == 0) {
                json_put(config, field->path, option_value(row, options));
                break;
            }
        }
    }
    char *text = json_text(root);
    str_append(out, text);
    free(text);
}
