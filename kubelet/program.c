// SPDX-License-Identifier: Apache-2.0
// The kubelet program: options, runtime, transport and the kubelet as rows of a component.
#include "kubelet/program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/thread.h"
#include "common/client/kubeconfig.h"
#include "common/component/component.h"
#include "common/component/version.h"
#include "kubelet/kubelet.h"
#include "kubelet/runtime/cri.h"

struct program {
    struct kubelet_options options;
    struct runtime *runtime;
    struct transport *transport;
    struct kubelet *kubelet;
    bool left; // the end does not wait for what is under way: nothing is freed
};

static int configure(void *argument, const struct option *table, const struct str_list *given, struct error **err) {
    struct program *program = argument;
    return kubelet_options_configure(&program->options, table, given, err);
}

static int start_runtime(void *argument, struct error **err) {
    struct program *program = argument;
    const struct cri_config config = {.runtime_endpoint = program->options.runtime_endpoint,
                                      .image_endpoint = program->options.image_endpoint,
                                      .timeout = program->options.runtime_request_timeout};
    return cri_new(&config, &program->runtime, err);
}

static void stop_runtime(void *argument) {
    struct program *program = argument;
    if (!program->left)
        runtime_free(STEAL(program->runtime));
}

static int start_transport(void *argument, struct error **err) {
    struct program *program = argument;
    if (!*program->options.kubeconfig) {
        log_warning("Standalone mode, no API client", NULL);
        return 0;
    }
    CLEANUP(kubeconfig_freep) struct kubeconfig *kubeconfig = NULL;
    CLEANUP(free_ptr) char *agent = version_user_agent("kubelet");
    if (kubeconfig_load(program->options.kubeconfig, NULL, &kubeconfig, err) < 0)
        return error_prefix(err, "failed to run Kubelet: unable to load kubeconfig");
    return kubeconfig_transport(kubeconfig, agent, &program->transport, err);
}

static void stop_transport(void *argument) {
    struct program *program = argument;
    if (!program->left)
        transport_free(STEAL(program->transport));
}

static int start_kubelet(void *argument, struct error **err) {
    struct program *program = argument;
    const struct kubelet_config config = {.options = &program->options,
                                          .runtime = program->runtime,
                                          .transport = program->transport,
                                          .clock = clock_system(),
                                          .random = random_system()};
    program->kubelet = kubelet_new(&config);
    if (kubelet_start(program->kubelet, err) == 0)
        return 0;
    kubelet_free(STEAL(program->kubelet));
    return -1;
}

static void stop_kubelet(void *argument) {
    struct program *program = argument;
    program->left = kubelet_busy(program->kubelet);
    if (program->left)
        return;
    kubelet_stop(program->kubelet);
    kubelet_free(STEAL(program->kubelet));
}

static const struct component_part parts[] = {
    {"runtime", start_runtime, stop_runtime},
    {"transport", start_transport, stop_transport}, // after the runtime: a missing socket is the commoner mistake
    {"kubelet", start_kubelet, stop_kubelet},
    {.name = NULL},
};

int program_run(int argc, char **argv, bool *ret_left) {
    struct program program = {.runtime = NULL};
    const struct component component = {.name = "kubelet",
                                        .options = kubelet_option_table,
                                        .program = &program,
                                        .configure = configure,
                                        .parts = parts,
                                        .logging_offset =
                                            offsetof(struct program, options) + offsetof(struct kubelet_options, logging)};
    int code = component_main(&component, argc, argv);
    *ret_left = program.left;
    return code;
}
