// SPDX-License-Identifier: Apache-2.0
// The command line of kube-apiserver: upstream's flags, each of which works, is accepted with a warning, or is refused with a reason.
#include "apiserver/options.h"

#include <stddef.h>

#include "common/base/alloc.h"
#include "common/net/ip.h"

#define AT(member) offsetof(struct apiserver_options, member)
#define STRING(name, member, fallback, help)                                                                                     \
    { name, 0, OPTION_STRING, AT(member), fallback, help, NULL }
#define INTEGER(name, member, fallback, help)                                                                                    \
    { name, 0, OPTION_INT, AT(member), fallback, help, NULL }
#define DURATION(name, member, fallback, help)                                                                                   \
    { name, 0, OPTION_DURATION, AT(member), fallback, help, NULL }
#define LIST(name, member, fallback, help)                                                                                       \
    { name, 0, OPTION_LIST, AT(member), fallback, help, NULL }
#define ARRAY(name, member, help)                                                                                                \
    { name, 0, OPTION_ARRAY, AT(member), NULL, help, NULL }
#define IGNORED(name, why)                                                                                                       \
    { name, 0, OPTION_IGNORED, 0, NULL, "", why }
#define IGNORED_BOOL(name, why)                                                                                                  \
    { name, 0, OPTION_IGNORED_BOOL, 0, NULL, "", why }
#define REFUSED(name, why)                                                                                                       \
    { name, 0, OPTION_REFUSED, 0, NULL, "", why }

static const char no_services[] = "there are no Services in this version";
static const char no_front_proxy[] = "requests through a front proxy are not accepted in this version";
static const char no_audit[] = "nothing is audited without --audit-policy-file, which this version does not have";
static const char no_authorizer[] = "AlwaysAllow is the only authorization mode of this version";
static const char no_oidc[] = "OIDC tokens are not accepted in this version";
static const char no_webhook_tokens[] = "token webhooks are not asked in this version";
static const char no_http2[] = "connections speak HTTP/1.1";
static const char fixed_tuning[] = "the server tunes this itself";
static const char no_peers[] = "requests are not handed on to other API servers";

const struct option apiserver_option_table[] = {
    // Serving
    STRING("advertise-address", advertise_address, NULL, "The IP address on which to advertise the apiserver to the cluster."),
    STRING("bind-address", bind_address, "0.0.0.0", "The IP address on which to listen for the --secure-port port."),
    INTEGER("secure-port", secure_port, "6443", "The port on which to serve HTTPS."),
    STRING("tls-cert-file", tls_cert_file, NULL, "File with the certificate for HTTPS; read again when it changes."),
    STRING("tls-private-key-file", tls_private_key_file, NULL, "File with the key that matches --tls-cert-file."),
    STRING("tls-min-version", tls_min_version, "", "Minimum TLS version supported: VersionTLS12."),
    STRING("cert-dir", cert_dir, "/var/run/kubernetes",
           "Where a self-signed certificate is kept if --tls-cert-file is not given."),
    INTEGER("max-requests-inflight", max_requests_inflight, "400", "How many non-mutating requests may run at once."),
    INTEGER("max-mutating-requests-inflight", max_mutating_requests_inflight, "200",
            "How many mutating requests may run at once."),
    DURATION("request-timeout", request_timeout, "1m0s", "How long a request may take before it is timed out."),
    INTEGER("min-request-timeout", min_request_timeout, "1800", "Seconds that a watch is kept open at least."),
    DURATION("shutdown-delay-duration", shutdown_delay, "0s", "How long to serve on after /readyz has begun to fail."),
    IGNORED("tls-cipher-suites", "GnuTLS's own list is used"),
    REFUSED("tls-sni-cert-key", "this version serves one certificate"),
    IGNORED("http2-max-streams-per-connection", no_http2),
    IGNORED("goaway-chance", no_http2),
    IGNORED("external-hostname", "no document names the host"),
    IGNORED("cors-allowed-origins", "browsers of other origins are not let in"),
    IGNORED("strict-transport-security-directives", "the header is not sent"),
    IGNORED_BOOL("permit-address-sharing", "SO_REUSEADDR is always set"),
    IGNORED_BOOL("permit-port-sharing", "the port is not shared"),
    IGNORED_BOOL("shutdown-send-retry-after", "connections that are still open get 503"),
    IGNORED("shutdown-watch-termination-grace-period", "watches end at once"),
    IGNORED("livez-grace-period", "the server is alive as soon as it serves"),
    IGNORED("max-connection-bytes-per-sec", "connections are not throttled"),
    // Who may come in
    {"anonymous-auth", 0, OPTION_BOOL, AT(anonymous_auth), "true",
     "Enables anonymous requests to the secure port; never under AlwaysAllow.", NULL},
    STRING("client-ca-file", client_ca_file, NULL, "Who holds a certificate of these CAs is the user of its common name."),
    STRING("token-auth-file", token_auth_file, NULL, "CSV file with static bearer tokens: token,user,uid,\"group1,group2\"."),
    LIST("authorization-mode", authorization_mode, "AlwaysAllow", "Ordered list of authorization modes: AlwaysAllow."),
    ARRAY("service-account-issuer", service_account_issuer, "Identifier of the service account token issuer."),
    ARRAY("service-account-key-file", service_account_key_file, "File with keys that verify service account tokens."),
    STRING("service-account-signing-key-file", service_account_signing_key_file, NULL,
           "File with the key that signs service account tokens."),
    LIST("enable-admission-plugins", enable_admission_plugins, NULL, "Admission plugins to run besides those on by default."),
    LIST("disable-admission-plugins", disable_admission_plugins, NULL, "Admission plugins not to run although on by default."),
    INTEGER("default-not-ready-toleration-seconds", default_not_ready_toleration_seconds, "300",
            "tolerationSeconds for notReady:NoExecute that pods get that have none."),
    INTEGER("default-unreachable-toleration-seconds", default_unreachable_toleration_seconds, "300",
            "tolerationSeconds for unreachable:NoExecute that pods get that have none."),
    REFUSED("authorization-config", no_authorizer),
    REFUSED("authorization-policy-file", no_authorizer),
    REFUSED("authorization-webhook-config-file", no_authorizer),
    IGNORED("authorization-webhook-cache-authorized-ttl", no_authorizer),
    IGNORED("authorization-webhook-cache-unauthorized-ttl", no_authorizer),
    IGNORED("authorization-webhook-version", no_authorizer),
    REFUSED("authentication-config", "structured authentication is not there in this version"),
    REFUSED("authentication-token-webhook-config-file", no_webhook_tokens),
    IGNORED("authentication-token-webhook-cache-ttl", no_webhook_tokens),
    IGNORED("authentication-token-webhook-version", no_webhook_tokens),
    REFUSED("oidc-ca-file", no_oidc),
    REFUSED("oidc-client-id", no_oidc),
    REFUSED("oidc-groups-claim", no_oidc),
    REFUSED("oidc-groups-prefix", no_oidc),
    REFUSED("oidc-issuer-url", no_oidc),
    REFUSED("oidc-required-claim", no_oidc),
    REFUSED("oidc-signing-algs", no_oidc),
    REFUSED("oidc-username-claim", no_oidc),
    REFUSED("oidc-username-prefix", no_oidc),
    IGNORED_BOOL("enable-bootstrap-token-auth", "bootstrap tokens are not accepted in this version"),
    IGNORED("api-audiences", "service account tokens are not issued in this version"),
    IGNORED("service-account-jwks-uri", "service account tokens are not issued in this version"),
    IGNORED_BOOL("service-account-lookup", "service account tokens are not accepted in this version"),
    IGNORED_BOOL("service-account-extend-token-expiration", "service account tokens are not issued in this version"),
    IGNORED("service-account-max-token-expiration", "service account tokens are not issued in this version"),
    IGNORED("requestheader-client-ca-file", no_front_proxy),
    IGNORED("requestheader-allowed-names", no_front_proxy),
    IGNORED("requestheader-username-headers", no_front_proxy),
    IGNORED("requestheader-uid-headers", no_front_proxy),
    IGNORED("requestheader-group-headers", no_front_proxy),
    IGNORED("requestheader-extra-headers-prefix", no_front_proxy),
    IGNORED("proxy-client-cert-file", "there are no aggregated API servers in this version"),
    IGNORED("proxy-client-key-file", "there are no aggregated API servers in this version"),
    IGNORED_BOOL("enable-aggregator-routing", "there are no aggregated API servers in this version"),
    IGNORED_BOOL("aggregator-reject-forwarding-redirect", "there are no aggregated API servers in this version"),
    IGNORED("peer-advertise-ip", no_peers),
    IGNORED("peer-advertise-port", no_peers),
    IGNORED("peer-ca-file", no_peers),
    REFUSED("admission-control-config-file", "the admission plugins of this version have no configuration"),
    REFUSED("egress-selector-config-file", "connections are made directly"),
    IGNORED_BOOL("allow-privileged", "privileged containers are always allowed in this version"),
    // Audit
    REFUSED("audit-policy-file", "this version does not audit"),
    REFUSED("audit-webhook-config-file", "this version does not audit"),
    IGNORED("audit-log-path", no_audit),
    IGNORED("audit-log-maxage", no_audit),
    IGNORED("audit-log-maxbackup", no_audit),
    IGNORED("audit-log-maxsize", no_audit),
    IGNORED("audit-log-mode", no_audit),
    IGNORED("audit-log-format", no_audit),
    IGNORED_BOOL("audit-log-compress", no_audit),
    IGNORED("audit-log-version", no_audit),
    IGNORED_BOOL("audit-log-truncate-enabled", no_audit),
    IGNORED("audit-log-truncate-max-batch-size", no_audit),
    IGNORED("audit-log-truncate-max-event-size", no_audit),
    IGNORED("audit-log-batch-buffer-size", no_audit),
    IGNORED("audit-log-batch-max-size", no_audit),
    IGNORED("audit-log-batch-max-wait", no_audit),
    IGNORED("audit-log-batch-throttle-burst", no_audit),
    IGNORED_BOOL("audit-log-batch-throttle-enable", no_audit),
    IGNORED("audit-log-batch-throttle-qps", no_audit),
    IGNORED("audit-webhook-initial-backoff", no_audit),
    IGNORED("audit-webhook-mode", no_audit),
    IGNORED("audit-webhook-version", no_audit),
    IGNORED("audit-webhook-batch-buffer-size", no_audit),
    IGNORED("audit-webhook-batch-max-size", no_audit),
    IGNORED("audit-webhook-batch-max-wait", no_audit),
    IGNORED("audit-webhook-batch-throttle-burst", no_audit),
    IGNORED_BOOL("audit-webhook-batch-throttle-enable", no_audit),
    IGNORED("audit-webhook-batch-throttle-qps", no_audit),
    IGNORED_BOOL("audit-webhook-truncate-enabled", no_audit),
    IGNORED("audit-webhook-truncate-max-batch-size", no_audit),
    IGNORED("audit-webhook-truncate-max-event-size", no_audit),
    // etcd
    LIST("etcd-servers", etcd_servers, NULL, "List of etcd servers to connect with (scheme://ip:port), comma separated."),
    STRING("etcd-cafile", etcd_ca_file, NULL, "CA file that etcd's certificates are verified with."),
    STRING("etcd-certfile", etcd_cert_file, NULL, "Certificate file that is shown to etcd."),
    STRING("etcd-keyfile", etcd_key_file, NULL, "Key file that matches --etcd-certfile."),
    STRING("etcd-prefix", etcd_prefix, "/registry", "The prefix to prepend to all resource paths in etcd."),
    STRING("storage-backend", storage_backend, "", "The storage backend for persistence: etcd3."),
    DURATION("etcd-compaction-interval", etcd_compaction_interval, "5m0s", "The interval of compaction requests; 0 for none."),
    DURATION("event-ttl", event_ttl, "1h0m0s", "How long events are kept."),
    REFUSED("etcd-servers-overrides", "all resources are in one etcd"),
    REFUSED("encryption-provider-config", "this version does not encrypt what it stores"),
    IGNORED_BOOL("encryption-provider-config-automatic-reload", "this version does not encrypt what it stores"),
    IGNORED("storage-media-type", "objects are stored as application/json"),
    IGNORED("storage-initialization-timeout", "start-up waits 20 seconds for etcd"),
    IGNORED("etcd-healthcheck-timeout", "health checks wait 2 seconds for etcd"),
    IGNORED("etcd-readycheck-timeout", "health checks wait 2 seconds for etcd"),
    IGNORED("etcd-count-metric-poll-period", "the metric is not there"),
    IGNORED("etcd-db-metric-poll-interval", "the metric is not there"),
    IGNORED_BOOL("watch-cache", "every resource has a watch cache"),
    IGNORED("watch-cache-sizes", fixed_tuning),
    IGNORED("default-watch-cache-size", fixed_tuning),
    IGNORED("lease-reuse-duration-seconds", fixed_tuning),
    IGNORED("delete-collection-workers", fixed_tuning),
    IGNORED_BOOL("enable-garbage-collector", "finalizers are always kept as upstream keeps them"),
    // kubelets
    STRING("kubelet-client-certificate", kubelet_client_certificate, NULL, "Certificate file that is shown to kubelets."),
    STRING("kubelet-client-key", kubelet_client_key, NULL, "Key file that matches --kubelet-client-certificate."),
    STRING("kubelet-certificate-authority", kubelet_certificate_authority, NULL,
           "CA file that kubelets' certificates are verified with; without it they are not."),
    LIST("kubelet-preferred-address-types", kubelet_preferred_address_types,
         "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP", "Node address types in the order in which they are used."),
    DURATION("kubelet-timeout", kubelet_timeout, "5s", "How long to wait for a kubelet's connection."),
    // The rest of the cluster
    IGNORED("service-cluster-ip-range", no_services),
    IGNORED("service-node-port-range", no_services),
    IGNORED("kubernetes-service-node-port", no_services),
    IGNORED("endpoint-reconciler-type", no_services),
    IGNORED("apiserver-count", no_services),
    IGNORED("runtime-config", "all versions that exist are served"),
    IGNORED("feature-gates", "this version has no feature gates"),
    IGNORED("emulated-version", "this version emulates no other"),
    IGNORED_BOOL("enable-priority-and-fairness", "requests are bounded by the two inflight limits"),
    IGNORED_BOOL("profiling", "there is no profiler in the server"),
    IGNORED_BOOL("contention-profiling", "there is no profiler in the server"),
    IGNORED("debug-socket-path", "there is no profiler in the server"),
    IGNORED("tracing-config-file", "there is no tracing in this version"),
    IGNORED("show-hidden-metrics-for-version", "no metrics are hidden"),
    IGNORED("disabled-metrics", "all metrics are shown"),
    IGNORED("allow-metric-labels", "all labels are shown"),
    IGNORED("allow-metric-labels-manifest", "all labels are shown"),
    IGNORED_BOOL("log-json-split-stream", "logs always go to stderr"),
    IGNORED("log-json-info-buffer-size", "logs always go to stderr"),
    IGNORED_BOOL("log-text-split-stream", "logs always go to stderr"),
    IGNORED("log-text-info-buffer-size", "logs always go to stderr"),
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

// --- validation ----------------------------------------------------------------------------------------------------------------

static void complain(struct str_list *problems, const char *format, ...) PRINTF_LIKE(2, 3);
static void complain(struct str_list *problems, const char *format, ...) {
    AUTO_STR text = {0};
    va_list args;
    va_start(args, format);
    str_vprintf(&text, format, args);
    va_end(args);
    str_list_add(problems, str_text(&text));
}

static void validate_storage(const struct apiserver_options *options, struct str_list *problems) {
    if (!options->etcd_servers.len)
        complain(problems, "--etcd-servers must be specified");
    for (size_t i = 0; i < options->etcd_servers.len; i++)
        if (!str_starts(options->etcd_servers.items[i], "http://") && !str_starts(options->etcd_servers.items[i], "https://"))
            complain(problems, "--etcd-servers \"%s\" must be an http:// or https:// URL", options->etcd_servers.items[i]);
    if (!str_empty(options->storage_backend) && !str_equal(options->storage_backend, "etcd3"))
        complain(problems, "--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'");
    if (!str_equal(options->etcd_prefix, "/registry"))
        complain(problems, "--etcd-prefix \"%s\" is not available: keys lie below /registry", options->etcd_prefix);
    if (str_empty(options->etcd_cert_file) != str_empty(options->etcd_key_file))
        complain(problems, "--etcd-certfile and --etcd-keyfile must be given together");
}

static void validate_serving(const struct apiserver_options *options, struct str_list *problems) {
    struct ip address;
    if (options->secure_port < 1 || options->secure_port > 65535)
        complain(problems, "--secure-port %lld must be between 1 and 65535, inclusive. It cannot be turned off with 0",
                 (long long)options->secure_port);
    if (!ip_parse(options->bind_address, &address))
        complain(problems, "--bind-address \"%s\" is not an IP address", options->bind_address);
    if (!str_empty(options->advertise_address) && !ip_parse(options->advertise_address, &address))
        complain(problems, "--advertise-address \"%s\" is not an IP address", options->advertise_address);
    if (!str_empty(options->tls_min_version) && !str_equal(options->tls_min_version, "VersionTLS12"))
        complain(problems, "--tls-min-version \"%s\" is not available: the minimum is VersionTLS12", options->tls_min_version);
    if (str_empty(options->tls_cert_file) && !str_empty(options->tls_private_key_file))
        complain(problems, "--tls-private-key-file needs --tls-cert-file");
    if (options->max_requests_inflight < 0)
        complain(problems, "--max-requests-inflight can not be negative value");
    if (options->max_mutating_requests_inflight < 0)
        complain(problems, "--max-mutating-requests-inflight can not be negative value");
    if (options->request_timeout < 0)
        complain(problems, "--request-timeout can not be negative value");
    if (options->min_request_timeout < 0)
        complain(problems, "--min-request-timeout can not be negative value");
    if (options->shutdown_delay < 0)
        complain(problems, "--shutdown-delay-duration can not be negative value");
}

static void validate_access(const struct apiserver_options *options, struct str_list *problems) {
    static const char *const upstream_modes[] = {"ABAC", "Node", "RBAC", "Webhook", "AlwaysDeny"};
    bool has_issuer = options->service_account_issuer.len && *options->service_account_issuer.items[0];
    if (!options->service_account_issuer.len)
        complain(problems, "service-account-issuer is a required flag");
    for (size_t i = 0; i < options->service_account_issuer.len; i++)
        if (!*options->service_account_issuer.items[i])
            complain(problems, "service-account-issuer should not be an empty string");
    if (!has_issuer && str_empty(options->service_account_signing_key_file))
        complain(problems, "--service-account-signing-key-file and --service-account-issuer are required flags");
    else if (!has_issuer || str_empty(options->service_account_signing_key_file))
        complain(
            problems,
            "--service-account-signing-key-file, --service-account-issuer, and --api-audiences should be specified together");
    if (!options->authorization_mode.len)
        complain(problems, "at least one authorization-mode must be passed");
    for (size_t i = 0; i < options->authorization_mode.len; i++) {
        const char *mode = options->authorization_mode.items[i];
        bool known = false;
        for (size_t m = 0; m < ARRAY_LEN(upstream_modes); m++)
            known = known || str_equal(mode, upstream_modes[m]);
        if (known)
            complain(problems, "authorization-mode \"%s\" is not available: %s", mode, no_authorizer);
        else if (!str_equal(mode, "AlwaysAllow"))
            complain(problems, "authorization-mode \"%s\" is not a valid mode", mode);
    }
    if (str_empty(options->kubelet_client_certificate) != str_empty(options->kubelet_client_key))
        complain(problems, "--kubelet-client-certificate and --kubelet-client-key must be given together");
}

int apiserver_options_validate(const struct apiserver_options *options, struct error **err) {
    AUTO_STR_LIST problems = {0};
    validate_storage(options, &problems);
    validate_serving(options, &problems);
    validate_access(options, &problems);
    if (!problems.len)
        return 0;
    if (problems.len == 1)
        return error_set(err, "%s", problems.items[0]);
    CLEANUP(free_ptr) char *text = str_list_join(&problems, ", ");
    return error_set(err, "[%s]", text);
}
