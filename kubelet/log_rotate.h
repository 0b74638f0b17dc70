// SPDX-License-Identifier: Apache-2.0
// Rotates container logs that have grown too large.
#ifndef CUBE_KUBELET_LOG_ROTATE_H
#define CUBE_KUBELET_LOG_ROTATE_H

#include <stdint.h>

#include "common/base/clock.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

// One look at all running containers' logs. What is rotated is called <n>.log.<date>-<time>; the oldest are removed.
void log_rotate_all(const struct kubelet_options *options, struct runtime *runtime, struct clock *clock);

#endif
