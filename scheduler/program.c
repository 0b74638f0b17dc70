// SPDX-License-Identifier: Apache-2.0
// The program: connection, health server, leader election, the scheduler.
#include "common/base/lock.h"
#include "common/component/component.h"
#include "common/component/debug_server.h"
#include "common/component/leading.h"
#include "scheduler/scheduler.h"

struct program {
    struct scheduler_options options; // first: the option table counts its offsets from here
    struct leading leading;

    // constant after start
    struct debug_server *server;
    struct health_check leader_check[1], ready_checks[3], ping_check[1];

    // under lock: the health server asks for it
    struct lock lock;
    struct scheduler *scheduler;
};

static int configure(void *context, const struct option *table, const struct str_list *given, struct error **err) {
    struct program *program = context;
    if (scheduler_options_complete(&program->options, table, given, err) < 0)
        return -1;
    return leading_configure(&program->leading, &program->options.leading, err);
}

// --- the leader's work -------------------------------------------------------------------------------------------------

static int start_scheduler(void *context, struct error **err UNUSED) {
    struct program *program = context;
    struct scheduler_config config = {.options = &program->options,
                                      .transport = program->leading.transport,
                                      .clock = clock_system(),
                                      .random = random_system()};
    LOCKED(&program->lock) {
        program->scheduler = scheduler_start(&config);
    }
    return 0;
}

static void stop_scheduler(void *context) {
    struct program *program = context;
    struct scheduler *scheduler = NULL;
    LOCKED(&program->lock) {
        scheduler = STEAL(program->scheduler);
    }
    scheduler_stop(scheduler);
}

// --- health ------------------------------------------------------------------------------------------------------------

static bool check_ping(void *context UNUSED, struct str *reason UNUSED) {
    return true;
}

static bool check_shutdown(void *context, struct str *reason) {
    struct program *program = context;
    if (!leading_is_stopping(&program->leading))
        return true;
    str_append(reason, "process is shutting down");
    return false;
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

// --- parts -------------------------------------------------------------------------------------------------------------

static int start_client(void *context, struct error **err) {
    struct program *program = context;
    const struct leading_work work = {start_scheduler, stop_scheduler, program};
    return leading_connect(&program->leading, "kube-scheduler", &work, err);
}

static void stop_client(void *context) {
    leading_disconnect(&((struct program *)context)->leading);
}

static int start_server(void *context, struct error **err) {
    struct program *program = context;
    program->leader_check[0] = (struct health_check){"leaderElection", leading_check, &program->leading};
    program->ping_check[0] = (struct health_check){"ping", check_ping, program};
    program->ready_checks[0] = program->leader_check[0];
    program->ready_checks[1] = (struct health_check){"shutdown", check_shutdown, program};
    program->ready_checks[2] = (struct health_check){"sched-handler-sync", check_synced, program};
    struct debug_server_config config = leading_server_config(&program->options.leading);
    config.port = (int)program->options.secure_port;
    config.healthz = program->leader_check;
    config.healthz_count = ARRAY_LEN(program->leader_check);
    config.livez = program->ping_check;
    config.livez_count = ARRAY_LEN(program->ping_check);
    config.readyz = program->ready_checks;
    config.readyz_count = ARRAY_LEN(program->ready_checks);
    return debug_server_start(&config, &program->server, err);
}

static void stop_server(void *context) {
    debug_server_stop(((struct program *)context)->server);
}

static int start_leading(void *context, struct error **err) {
    return leading_start(&((struct program *)context)->leading, err);
}

static void stop_leading(void *context) {
    leading_stop(&((struct program *)context)->leading);
}

// In this order, because each needs the one before; stopped in reverse.
static const struct component_part parts[] = {
    {"client", start_client, stop_client},
    {"health server", start_server, stop_server},
    {"scheduling", start_leading, stop_leading},
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
        .group = {leading_option_rows, offsetof(struct program, options.leading)},
    };
    return component_main(&component, argc, argv);
}
