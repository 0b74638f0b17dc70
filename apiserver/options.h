// SPDX-License-Identifier: Apache-2.0
// The command line of kube-apiserver: upstream's flags, each of which works, is accepted with a warning, or is refused with a reason.
#ifndef CUBE_APISERVER_OPTIONS_H
#define CUBE_APISERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/component/component.h"

// Durations in nanoseconds, min_request_timeout in seconds as upstream's flag.
struct apiserver_options {
    // Serving
    char *advertise_address;
    char *bind_address;
    int64_t secure_port;
    char *tls_cert_file;
    char *tls_private_key_file;
    char *tls_min_version;
    char *cert_dir;
    int64_t max_requests_inflight;
    int64_t max_mutating_requests_inflight;
    int64_t request_timeout;
    int64_t min_request_timeout;
    int64_t shutdown_delay;
    // Who may come in
    bool anonymous_auth;
    char *client_ca_file;
    char *token_auth_file;
    struct str_list authorization_mode;
    struct str_list service_account_issuer;
    struct str_list service_account_key_file;
    char *service_account_signing_key_file;
    struct str_list enable_admission_plugins;
    struct str_list disable_admission_plugins;
    int64_t default_not_ready_toleration_seconds;
    int64_t default_unreachable_toleration_seconds;
    // etcd
    struct str_list etcd_servers;
    char *etcd_ca_file;
    char *etcd_cert_file;
    char *etcd_key_file;
    char *etcd_prefix;
    char *storage_backend;
    int64_t etcd_compaction_interval;
    int64_t event_ttl;
    // kubelets
    char *kubelet_client_certificate;
    char *kubelet_client_key;
    char *kubelet_certificate_authority;
    struct str_list kubelet_preferred_address_types;
    int64_t kubelet_timeout;

    struct component_logging logging;
};

// Ends with a row whose name is NULL.
extern const struct option apiserver_option_table[];

// All problems together, worded as upstream: `[--etcd-servers must be specified, service-account-issuer is a required flag]`.
int apiserver_options_validate(const struct apiserver_options *options, struct error **err) MUST_CHECK;

#endif
