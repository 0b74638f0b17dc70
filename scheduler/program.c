// SPDX-License-Identifier: Apache-2.0
// The program: connection, health server, leader election, the scheduler.
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/client/kubeconfig.h"
#include "common/client/leader.h"
#include "common/component/component.h"
#include "common/component/debug_server.h"
#include "common/component/version.h"
#include "scheduler/scheduler.h"

struct program {
    struct scheduler_options options; // first: the option table counts its offsets from here

    // constant after start
    struct kubeconfig *kubeconfig;
    struct transport *transport;
    struct rest *lease_rest; // its requests end before the renew deadline
    struct debug_server *server;
    struct leader *leader;
    struct health_check leader_check[1], ready_checks[3], ping_check[1];
    char *identity;

    // under lock: the scheduler starts on the election's thread and stops on the main thread
    struct lock lock;
    bool stopping;
    struct scheduler *scheduler;
};

static int configure(void *context, const struct option *table, const struct str_list *given, struct error **err) {
    struct program *program = context;
    struct scheduler_options *options = &program->options;
    if (scheduler_options_complete(options, table, given, err) < 0)
        return -1;
    if (!str_empty(options->kubeconfig)) {
        if (kubeconfig_load(options->kubeconfig, NULL, &program->kubeconfig, err) < 0)
            return -1;
    } else if (kubeconfig_in_cluster(&program->kubeconfig, NULL) < 0) {
        return error_set(err,
                         "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment "
                         "variable");
    }
    if (!str_empty(options->master)) {
        free(program->kubeconfig->server);
        program->kubeconfig->server = alloc_string(options->master);
    }
    return 0;
}

static int start_client(void *context, struct error **err) {
    struct program *program = context;
    CLEANUP(free_ptr) char *user_agent = version_user_agent("kube-scheduler");
    if (kubeconfig_transport(program->kubeconfig, user_agent, &program->transport, err) < 0)
        return -1;
    struct rest_config rest = {.transport = program->transport,
                               .clock = clock_system(),
                               .user_agent = user_agent,
                               .timeout = MAX(program->options.renew_deadline / 2, SECOND)};
    program->lease_rest = rest_new(&rest);
    return 0;
}

static void stop_client(void *context) {
    struct program *program = context;
    rest_free(program->lease_rest);
    transport_free(program->transport);
    kubeconfig_free(program->kubeconfig);
    free(program->identity);
}

static bool check_leader(void *context, struct str *reason) {
    struct program *program = context;
    if (!program->leader || leader_healthy(program->leader))
        return true;
    str_append(reason, "failed election to renew leadership on lease");
    return false;
}

static bool check_ping(void *context UNUSED, struct str *reason UNUSED) {
    return true;
}

static bool check_shutdown(void *context, struct str *reason) {
    struct program *program = context;
    bool stopping = false;
    LOCKED(&program->lock) {
        stopping = program->stopping;
    }
    if (stopping)
        str_append(reason, "process is shutting down");
    return !stopping;
}

// A standby is ready, too: it has nothing to sync.
static bool check_synced(void *context, struct str *reason) {
    struct program *program = context;
    bool synced = true;
    LOCKED(&program->lock) {
        synced = !program->scheduler || scheduler_synced(program->scheduler);
    }
    if (!synced)
        str_append(reason, "handlers are not fully synchronized");
    return synced;
}

static int start_server(void *context, struct error **err) {
    struct program *program = context;
    program->leader_check[0] = (struct health_check){"leaderElection", check_leader, program};
    program->ping_check[0] = (struct health_check){"ping", check_ping, program};
    program->ready_checks[0] = program->leader_check[0];
    program->ready_checks[1] = (struct health_check){"shutdown", check_shutdown, program};
    program->ready_checks[2] = (struct health_check){"sched-handler-sync", check_synced, program};
    struct debug_server_config config = {
        .bind_address = program->options.bind_address,
        .port = (int)program->options.secure_port,
        .certificate_file = program->options.tls_cert_file,
        .key_file = program->options.tls_key_file,
        .client_ca_file = program->options.client_ca_file,
        .healthz = program->leader_check,
        .healthz_count = ARRAY_LEN(program->leader_check),
        .livez = program->ping_check,
        .livez_count = ARRAY_LEN(program->ping_check),
        .readyz = program->ready_checks,
        .readyz_count = ARRAY_LEN(program->ready_checks),
    };
    return debug_server_start(&config, &program->server, err);
}

static void stop_server(void *context) {
    debug_server_stop(((struct program *)context)->server);
}

static void start_leading(void *context) {
    struct program *program = context;
    struct scheduler_config config = {
        .options = &program->options, .transport = program->transport, .clock = clock_system(), .random = random_system()};
    LOCKED(&program->lock) {
        if (!program->stopping)
            program->scheduler = scheduler_start(&config);
    }
    process_trim_resident();
}

static void on_lost(void *context UNUSED) {
    log_error("leaderelection lost", NULL);
    component_exit(1);
}

static int start_scheduling(void *context, struct error **err UNUSED) {
    struct program *program = context;
    if (!program->options.leader_elect) {
        start_leading(program);
        return 0;
    }
    char uuid[UUID_TEXT_SIZE];
    random_uuid(random_system(), uuid);
    program->identity = alloc_printf("%s_%s", process_hostname(), uuid);
    struct leader_config config = {.rest = program->lease_rest,
                                   .clock = clock_system(),
                                   .random = random_system(),
                                   .ns = program->options.lease_namespace,
                                   .name = program->options.lease_name,
                                   .identity = program->identity,
                                   .lease_duration = program->options.lease_duration,
                                   .renew_deadline = program->options.renew_deadline,
                                   .retry_period = program->options.retry_period,
                                   .on_started = start_leading,
                                   .on_lost = on_lost,
                                   .context = program};
    program->leader = leader_new(&config);
    leader_start(program->leader);
    return 0;
}

// The lease is given up after the last decision was written.
static void stop_scheduling(void *context) {
    struct program *program = context;
    struct scheduler *scheduler = NULL;
    LOCKED(&program->lock) {
        program->stopping = true;
        scheduler = STEAL(program->scheduler);
    }
    scheduler_stop(scheduler);
    if (program->leader)
        leader_stop(program->leader, true);
}

// In this order, because each needs the one before; stopped in reverse.
static const struct component_part parts[] = {
    {"client", start_client, stop_client},
    {"health server", start_server, stop_server},
    {"scheduling", start_scheduling, stop_scheduling},
    {NULL, NULL, NULL},
};

int scheduler_main(int argc, char **argv) {
    struct program program = {0};
    lock_init(&program.lock, "program");
    const struct component component = {
        .name = "kube-scheduler",
        .options = scheduler_option_table,
        .program = &program,
        .configure = configure,
        .parts = parts,
        .logging_offset = offsetof(struct program, options.logging),
    };
    int code = component_main(&component, argc, argv);
    leader_free(program.leader);
    return code;
}
