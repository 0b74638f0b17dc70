// SPDX-License-Identifier: Apache-2.0
// The program: connection, health server, leader election, controllers.
#include "controller-manager/controller_manager.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/component/component.h"
#include "common/component/debug_server.h"
#include "common/component/leading.h"
#include "controller-manager/controllers.h"

#define ROOT_CA_MAX ((size_t)1 << 20)

struct controller_manager {
    struct controller_manager_options options; // first: the option table counts its offsets from here
    struct leading leading;

    // constant after start
    struct debug_server *server;
    struct health_check *checks; // the election, and one for each controller
    struct str root_ca;

    struct controller_set *controllers; // owned by who starts and stops the work
};

static int read_root_ca(struct controller_manager *manager, struct error **err) {
    const struct kubeconfig *kubeconfig = manager->leading.kubeconfig;
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
    if (controllers_check_flag(&manager->options.controllers, err) < 0 ||
        leading_configure(&manager->leading, &manager->options.leading, err) < 0)
        return -1;
    return read_root_ca(manager, err);
}

// --- the leader's work -------------------------------------------------------------------------------------------------

static int start_controllers(void *context, struct error **err) {
    struct controller_manager *manager = context;
    struct controller_set_config config = {.options = &manager->options,
                                           .transport = manager->leading.transport,
                                           .clock = clock_system(),
                                           .random = random_system(),
                                           .root_ca = manager->root_ca.len > 0 ? manager->root_ca.data : NULL};
    return controller_set_start(&config, &manager->controllers, err);
}

static void stop_controllers(void *context) {
    controller_set_stop(((struct controller_manager *)context)->controllers);
}

// --- parts -------------------------------------------------------------------------------------------------------------

static int start_client(void *program, struct error **err) {
    struct controller_manager *manager = program;
    const struct leading_work work = {start_controllers, stop_controllers, manager};
    return leading_connect(&manager->leading, "kube-controller-manager", &work, err);
}

static void stop_client(void *program) {
    struct controller_manager *manager = program;
    leading_disconnect(&manager->leading);
    str_free(&manager->root_ca);
}

// Upstream lists its controllers, too, with a check that never fails.
static bool check_controller(void *context UNUSED, struct str *reason UNUSED) {
    return true;
}

// Returns how many there are.
static size_t make_checks(struct controller_manager *manager) {
    size_t count = 0;
    manager->checks = alloc_array(controllers_count + 1, sizeof(*manager->checks));
    manager->checks[count++] = (struct health_check){"leaderElection", leading_check, &manager->leading};
    for (size_t i = 0; i < controllers_count; i++) {
        if (controllers_enabled(&manager->options.controllers, controllers_all[i]))
            manager->checks[count++] = (struct health_check){controllers_all[i]->name, check_controller, NULL};
    }
    return count;
}

static int start_server(void *program, struct error **err) {
    struct controller_manager *manager = program;
    size_t check_count = make_checks(manager);
    struct debug_server_config config = leading_server_config(&manager->options.leading);
    config.port = (int)manager->options.secure_port;
    config.healthz = manager->checks;
    config.healthz_count = check_count;
    return debug_server_start(&config, &manager->server, err);
}

static void stop_server(void *program) {
    debug_server_stop(((struct controller_manager *)program)->server);
}

static int start_leading(void *program, struct error **err) {
    return leading_start(&((struct controller_manager *)program)->leading, err);
}

static void stop_leading(void *program) {
    leading_stop(&((struct controller_manager *)program)->leading);
}

// In this order, because each needs the one before; stopped in reverse.
static const struct component_part parts[] = {
    {"client", start_client, stop_client},
    {"health server", start_server, stop_server},
    {"controllers", start_leading, stop_leading},
    {NULL, NULL, NULL},
};

int controller_manager_main(int argc, char **argv) {
    struct controller_manager manager = {0};
    const struct component component = {
        .name = "kube-controller-manager",
        .options = controller_manager_option_table,
        .program = &manager,
        .configure = configure,
        .parts = parts,
        .logging_offset = offsetof(struct controller_manager, options.logging),
        .group = {leading_option_rows, offsetof(struct controller_manager, options.leading)},
    };
    int code = component_main(&component, argc, argv);
    free(manager.checks);
    return code;
}
