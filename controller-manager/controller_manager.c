// SPDX-License-Identifier: Apache-2.0
// The program: connection, health server, leader election, controllers.
#include "controller-manager/controller_manager.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/client/kubeconfig.h"
#include "common/client/leader.h"
#include "common/component/component.h"
#include "common/component/debug_server.h"
#include "common/component/version.h"
#include "controller-manager/controllers.h"

#define ROOT_CA_MAX ((size_t)1 << 20)

struct controller_manager {
    struct controller_manager_options options; // first: the option table counts its offsets from here

    // constant after start
    struct kubeconfig *kubeconfig;
    struct transport *transport;
    struct rest *lease_rest; // its requests end before the renew deadline
    struct debug_server *server;
    struct leader *leader;
    struct health_check checks[1];
    char *identity;
    struct str root_ca;

    // under lock: controllers start on the election's thread and stop on the main thread
    struct lock lock;
    bool stopping;
    struct controller_set *controllers;
};

// --- configuration -----------------------------------------------------------------------------------------------------

static int read_root_ca(struct controller_manager *manager, struct error **err) {
    const struct kubeconfig *kubeconfig = manager->kubeconfig;
    const char *file = str_empty(manager->options.root_ca_file) ? kubeconfig->ca_file : manager->options.root_ca_file;
    if (!str_empty(manager->options.root_ca_file) || (!kubeconfig->ca_pem && file)) {
        if (file_read(file, ROOT_CA_MAX, &manager->root_ca, err) < 0)
            return error_prefix(err, "error reading root-ca-file");
    } else if (kubeconfig->ca_pem) {
        str_append(&manager->root_ca, kubeconfig->ca_pem);
    }
    return 0;
}

static int configure(void *program, const struct option *table UNUSED, const struct str_list *given UNUSED, struct error **err) {
    struct controller_manager *manager = program;
    const struct controller_manager_options *options = &manager->options;
    if (controllers_check_flag(&options->controllers, err) < 0)
        return -1;
    if (options->leader_elect && options->renew_deadline >= options->lease_duration)
        return error_set(err, "leaderElection.leaseDuration: Invalid value: LeaseDuration must be greater than RenewDeadline");
    if (options->leader_elect && options->retry_period >= options->renew_deadline)
        return error_set(err, "leaderElection.renewDeadline: Invalid value: RenewDeadline must be greater than RetryPeriod");
    if (str_empty(options->kubeconfig)) {
        if (kubeconfig_in_cluster(&manager->kubeconfig, err) < 0)
            return error_prefix(err, "invalid configuration: no --kubeconfig was given");
    } else if (kubeconfig_load(options->kubeconfig, NULL, &manager->kubeconfig, err) < 0) {
        return -1;
    }
    if (!str_empty(options->master)) {
        free(manager->kubeconfig->server);
        manager->kubeconfig->server = alloc_string(options->master);
    }
    return read_root_ca(manager, err);
}

// --- parts -------------------------------------------------------------------------------------------------------------

static int start_client(void *program, struct error **err) {
    struct controller_manager *manager = program;
    char *user_agent = version_user_agent("kube-controller-manager");
    int result = kubeconfig_transport(manager->kubeconfig, user_agent, &manager->transport, err);
    struct rest_config rest = {.transport = manager->transport,
                               .clock = clock_system(),
                               .user_agent = user_agent,
                               .timeout = MAX(manager->options.renew_deadline / 2, SECOND)};
    if (result == 0)
        manager->lease_rest = rest_new(&rest);
    free(user_agent);
    return result;
}

static void stop_client(void *program) {
    struct controller_manager *manager = program;
    rest_free(manager->lease_rest);
    transport_free(manager->transport);
    kubeconfig_free(manager->kubeconfig);
    str_free(&manager->root_ca);
    free(manager->identity);
}

static bool check_leader(void *context, struct str *reason) {
    struct controller_manager *manager = context;
    if (!manager->leader || leader_healthy(manager->leader))
        return true;
    str_append(reason, "failed election to renew leadership on lease");
    return false;
}

static int start_server(void *program, struct error **err) {
    struct controller_manager *manager = program;
    manager->checks[0] = (struct health_check){"leaderElection", check_leader, manager};
    struct debug_server_config config = {
        .bind_address = manager->options.bind_address,
        .port = (int)manager->options.secure_port,
        .certificate_file = manager->options.tls_cert_file,
        .key_file = manager->options.tls_key_file,
        .client_ca_file = manager->options.client_ca_file,
        .healthz = manager->checks,
        .healthz_count = ARRAY_LEN(manager->checks),
    };
    return debug_server_start(&config, &manager->server, err);
}

static void stop_server(void *program) {
    debug_server_stop(((struct controller_manager *)program)->server);
}

static int start_set(struct controller_manager *manager, struct error **err) {
    struct controller_set_config config = {.options = &manager->options,
                                           .transport = manager->transport,
                                           .clock = clock_system(),
                                           .random = random_system(),
                                           .root_ca = manager->root_ca.len > 0 ? manager->root_ca.data : NULL};
    int result = 0;
    LOCKED(&manager->lock) {
        if (!manager->stopping)
            result = controller_set_start(&config, &manager->controllers, err);
    }
    return result;
}

static void on_started_leading(void *context) {
    AUTO_ERROR err = NULL;
    if (start_set(context, &err) < 0) {
        log_error("controllers not started", "err", error_message(err), NULL);
        component_exit(1);
    }
    process_trim_resident();
}

static void on_lost(void *context UNUSED) {
    log_error("leaderelection lost", NULL);
    component_exit(1);
}

static int start_controllers(void *program, struct error **err) {
    struct controller_manager *manager = program;
    if (!manager->options.leader_elect)
        return start_set(manager, err);
    char uuid[UUID_TEXT_SIZE];
    random_uuid(random_system(), uuid);
    manager->identity = alloc_printf("%s_%s", process_hostname(), uuid);
    struct leader_config config = {.rest = manager->lease_rest,
                                   .clock = clock_system(),
                                   .random = random_system(),
                                   .ns = manager->options.lease_namespace,
                                   .name = manager->options.lease_name,
                                   .identity = manager->identity,
                                   .lease_duration = manager->options.lease_duration,
                                   .renew_deadline = manager->options.renew_deadline,
                                   .retry_period = manager->options.retry_period,
                                   .on_started = on_started_leading,
                                   .on_lost = on_lost,
                                   .context = manager};
    manager->leader = leader_new(&config);
    leader_start(manager->leader);
    return 0;
}

// The lease is given up only after every worker has ended, so that two leaders never act at once.
static void stop_controllers(void *program) {
    struct controller_manager *manager = program;
    LOCKED(&manager->lock) {
        manager->stopping = true;
    }
    controller_set_stop(manager->controllers);
    if (manager->leader)
        leader_stop(manager->leader, true);
}

// In this order, because each needs the one before; stopped in reverse.
static const struct component_part parts[] = {
    {"client", start_client, stop_client},
    {"health server", start_server, stop_server},
    {"controllers", start_controllers, stop_controllers},
    {NULL, NULL, NULL},
};

int controller_manager_main(int argc, char **argv) {
    struct controller_manager manager = {0};
    lock_init(&manager.lock, "controller-manager");
    const struct component component = {
        .name = "kube-controller-manager",
        .options = controller_manager_option_table,
        .program = &manager,
        .configure = configure,
        .parts = parts,
        .logging_offset = offsetof(struct controller_manager, options.logging),
    };
    int code = component_main(&component, argc, argv);
    leader_free(manager.leader); // the health server asks for it until the end
    return code;
}
