// SPDX-License-Identifier: Apache-2.0
// A runtime in memory: containers run until they are told to exit. For tests and the simulation.
#ifndef CUBE_KUBELET_RUNTIME_FAKE_H
#define CUBE_KUBELET_RUNTIME_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "kubelet/runtime/runtime.h"

struct runtime *fake_runtime_new(struct clock *clock);
// The image is there; its name is its id.
void fake_runtime_add_image(struct runtime *runtime, const char *image);
// The newest container of this name in the pod (uid) ends; false: none runs. An event follows.
bool fake_runtime_exit(struct runtime *runtime, const char *pod_uid, const char *container, int exit_code);
// The next call of this name ("run_sandbox", "start_container", "pull_image", ...) fails with this message. NULL: none does.
void fake_runtime_fail_next(struct runtime *runtime, const char *call, const char *message);
// How often a call was made so far.
size_t fake_runtime_calls(struct runtime *runtime, const char *call);
// What exec_sync gives from now on.
void fake_runtime_set_exec(struct runtime *runtime, int exit_code, const char *out);

#endif
