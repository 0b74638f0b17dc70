// SPDX-License-Identifier: Apache-2.0
// Connection, election, work: in this order, and back.
#include "common/component/leading.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/component/component.h"
#include "common/component/version.h"

#define AT(member) offsetof(struct leading_options, member)
#define NO_DELEGATION "requests are checked by client certificate only"

const struct option leading_option_rows[] = {
    {"kubeconfig", 0, OPTION_STRING, AT(kubeconfig), "",
     "Path to kubeconfig file with authorization and master location information.", NULL},
    {"master", 0, OPTION_STRING, AT(master), "", "The address of the Kubernetes API server (overrides any value in kubeconfig).",
     NULL},
    {"kube-api-content-type", 0, OPTION_IGNORED, 0, NULL, "", "requests are always JSON"},
    {"authentication-kubeconfig", 0, OPTION_IGNORED, 0, NULL, "", NO_DELEGATION},
    {"authorization-kubeconfig", 0, OPTION_IGNORED, 0, NULL, "", NO_DELEGATION},
    {"authorization-always-allow-paths", 0, OPTION_IGNORED, 0, NULL, "", "health paths are always open"},
    {"requestheader-client-ca-file", 0, OPTION_IGNORED, 0, NULL, "", NO_DELEGATION},
    {"bind-address", 0, OPTION_STRING, AT(bind_address), "0.0.0.0",
     "The IP address on which to listen for the --secure-port port.", NULL},
    {"tls-cert-file", 0, OPTION_STRING, AT(tls_cert_file), "", "File containing the x509 certificate for HTTPS.", NULL},
    {"tls-private-key-file", 0, OPTION_STRING, AT(tls_key_file), "",
     "File containing the x509 private key matching --tls-cert-file.", NULL},
    {"client-ca-file", 0, OPTION_STRING, AT(client_ca_file), "",
     "Who has a client certificate of this CA may read metrics and configuration.", NULL},
    {"cert-dir", 0, OPTION_IGNORED, 0, NULL, "", "a self-signed certificate is kept in memory"},
    {"profiling", 0, OPTION_IGNORED_BOOL, 0, NULL, "", "there is no Go runtime to profile"},
    {"contention-profiling", 0, OPTION_IGNORED_BOOL, 0, NULL, "", "there is no Go runtime to profile"},
    {"leader-elect", 0, OPTION_BOOL, AT(leader_elect), "true",
     "Start a leader election client and gain leadership before executing the main loop.", NULL},
    {"leader-elect-lease-duration", 0, OPTION_DURATION, AT(lease_duration), "15s",
     "How long non-leader candidates wait before they take the lease.", NULL},
    {"leader-elect-renew-deadline", 0, OPTION_DURATION, AT(renew_deadline), "10s",
     "How long the leader tries to renew before it gives up.", NULL},
    {"leader-elect-retry-period", 0, OPTION_DURATION, AT(retry_period), "2s", "The time between attempts to acquire or renew.",
     NULL},
    {"leader-elect-resource-namespace", 0, OPTION_STRING, AT(lease_namespace), "kube-system", "The namespace of the Lease.",
     NULL},
    {"leader-elect-resource-lock", 0, OPTION_IGNORED, 0, NULL, "", "the lock is always a Lease"},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

struct debug_server_config leading_server_config(const struct leading_options *options) {
    return (struct debug_server_config){.bind_address = options->bind_address,
                                        .certificate_file = options->tls_cert_file,
                                        .key_file = options->tls_key_file,
                                        .client_ca_file = options->client_ca_file};
}

static int check_options(const struct leading_options *options, struct error **err) {
    if (options->leader_elect && options->renew_deadline >= options->lease_duration)
        return error_set(err, "leaderElection.leaseDuration: Invalid value: LeaseDuration must be greater than RenewDeadline");
    if (options->leader_elect && options->retry_period >= options->renew_deadline)
        return error_set(err, "leaderElection.renewDeadline: Invalid value: RenewDeadline must be greater than RetryPeriod");
    return 0;
}

int leading_configure(struct leading *leading, const struct leading_options *options, struct error **err) {
    leading->options = options;
    if (check_options(options, err) < 0)
        return -1;
    if (!str_empty(options->kubeconfig)) {
        if (kubeconfig_load(options->kubeconfig, NULL, &leading->kubeconfig, err) < 0)
            return -1;
    } else if (kubeconfig_in_cluster(&leading->kubeconfig, NULL) < 0) {
        return error_set(err,
                         "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment "
                         "variable");
    }
    if (!str_empty(options->master)) {
        free(leading->kubeconfig->server);
        leading->kubeconfig->server = alloc_string(options->master);
    }
    return 0;
}

static int start_work(struct leading *leading, struct error **err) {
    int result = 0;
    LOCKED(&leading->lock) {
        if (leading->stopping)
            break;
        result = leading->work.start(leading->work.context, err);
        leading->working = result == 0;
    }
    return result;
}

static void on_started(void *context) {
    AUTO_ERROR err = NULL;
    if (start_work(context, &err) < 0) {
        log_error("the leader's work was not started", "err", error_message(err), NULL);
        component_exit(1);
    }
}

static void on_lost(void *context UNUSED) {
    log_error("leaderelection lost", NULL);
    component_exit(1);
}

static void make_leader(struct leading *leading) {
    const struct leading_options *options = leading->options;
    char uuid[UUID_TEXT_SIZE];
    random_uuid(random_system(), uuid);
    leading->identity = alloc_printf("%s_%s", process_hostname(), uuid);
    struct leader_config config = {.rest = leading->lease_rest,
                                   .clock = clock_system(),
                                   .random = random_system(),
                                   .ns = options->lease_namespace,
                                   .name = options->lease_name,
                                   .identity = leading->identity,
                                   .lease_duration = options->lease_duration,
                                   .renew_deadline = options->renew_deadline,
                                   .retry_period = options->retry_period,
                                   .on_started = on_started,
                                   .on_lost = on_lost,
                                   .context = leading};
    leading->leader = leader_new(&config);
}

int leading_connect(struct leading *leading, const char *program, const struct leading_work *work, struct error **err) {
    CLEANUP(free_ptr) char *user_agent = version_user_agent(program);
    if (kubeconfig_transport(leading->kubeconfig, user_agent, &leading->transport, err) < 0)
        return -1;
    struct rest_config rest = {.transport = leading->transport, .clock = clock_system(), .user_agent = user_agent};
    leading->work = *work;
    leading->lease_rest = rest_new(&rest);
    lock_init(&leading->lock, "leading");
    if (leading->options->leader_elect)
        make_leader(leading);
    return 0;
}

int leading_start(struct leading *leading, struct error **err) {
    if (!leading->leader)
        return start_work(leading, err);
    leader_start(leading->leader);
    return 0;
}

void leading_stop(struct leading *leading) {
    bool working = false;
    LOCKED(&leading->lock) {
        leading->stopping = true;
        working = leading->working;
        leading->working = false;
    }
    if (working)
        leading->work.stop(leading->work.context);
    if (leading->leader)
        leader_stop(leading->leader, true);
}

void leading_disconnect(struct leading *leading) {
    leader_free(leading->leader);
    rest_free(leading->lease_rest);
    transport_free(leading->transport);
    kubeconfig_free(leading->kubeconfig);
    free(leading->identity);
    lock_destroy(&leading->lock);
}

bool leading_is_stopping(struct leading *leading) {
    bool stopping = false;
    LOCKED(&leading->lock) {
        stopping = leading->stopping;
    }
    return stopping;
}

bool leading_check(void *context, struct str *reason) {
    struct leading *leading = context;
    if (!leading->leader || leader_healthy(leading->leader))
        return true;
    str_append(reason, "failed election to renew leadership on lease");
    return false;
}
