// SPDX-License-Identifier: Apache-2.0
// Starting and stopping the enabled controllers.
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/component/version.h"
#include "controller-manager/controller_manager.h"
#include "controller-manager/controllers.h"

struct controller_set {
    struct controller_context context;
    void **controllers; // by row of controllers_all; NULL: not enabled
};

static void make_client(struct controller_set *set, const struct controller_set_config *config) {
    char *user_agent = version_user_agent("kube-controller-manager");
    struct rest_config rest = {.transport = config->transport,
                               .clock = config->clock,
                               .user_agent = user_agent,
                               .qps = config->options->kube_api_qps * (double)controllers_count,
                               .burst = (int)config->options->kube_api_burst * (int)controllers_count};
    set->context.rest = rest_new(&rest);
    free(user_agent);
}

int controller_set_start(const struct controller_set_config *config, struct controller_set **ret_set, struct error **err) {
    if (controllers_check_flag(&config->options->controllers, err) < 0)
        return -1;
    struct controller_set *set = alloc_zero(sizeof(*set));
    set->context = (struct controller_context){
        .options = config->options, .root_ca = config->root_ca, .clock = config->clock, .random = config->random};
    make_client(set, config);
    set->controllers = alloc_array(controllers_count, sizeof(void *));
    for (size_t i = 0; i < controllers_count; i++) {
        if (controllers_enabled(&config->options->controllers, controllers_all[i]))
            set->controllers[i] = controllers_all[i]->make(&set->context);
    }
    controller_context_start_informers(&set->context);
    for (size_t i = 0; i < controllers_count; i++) {
        if (set->controllers[i])
            controllers_all[i]->start(set->controllers[i]);
    }
    *ret_set = set;
    return 0;
}

void controller_set_stop(struct controller_set *set) {
    if (!set)
        return;
    // Informers first: their handlers call into the controllers.
    controller_context_stop_informers(&set->context);
    for (size_t i = controllers_count; i-- > 0;) {
        if (set->controllers[i])
            controllers_all[i]->stop(set->controllers[i]);
    }
    for (size_t i = 0; i < controllers_count; i++) {
        if (set->controllers[i])
            controllers_all[i]->free(set->controllers[i]);
    }
    controller_context_free_informers(&set->context);
    controller_context_free_recorders(&set->context);
    rest_free(set->context.rest);
    free(set->controllers);
    free(set);
}
