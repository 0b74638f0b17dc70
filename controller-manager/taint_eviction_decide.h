// SPDX-License-Identifier: Apache-2.0
// The pure half of taint eviction: when a pod has to go.
#ifndef CUBE_CONTROLLER_MANAGER_TAINT_EVICTION_DECIDE_H
#define CUBE_CONTROLLER_MANAGER_TAINT_EVICTION_DECIDE_H

#include <stdint.h>

#include "common/data/json.h"

// The wall time at which a pod with these tolerations has to leave a node with these taints (spec.taints, spec.tolerations; NULL: none).
// TIME_NEVER: it may stay. A taint that is not tolerated: `seen`. Else the earliest end of a toleration with tolerationSeconds, counted from
// the taint's timeAdded, or from `seen`, when the taint was first noticed for this pod, where it has none.
int64_t taint_eviction_time(const struct json *taints, const struct json *tolerations, int64_t seen);

#endif
