// SPDX-License-Identifier: Apache-2.0
// When a daemon gives memory back to the system: once it is quiet after work, be it its start or a load.
#ifndef CUBE_COMMON_COMPONENT_TRIM_H
#define CUBE_COMMON_COMPONENT_TRIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

#define TRIM_LOOK_INTERVAL (5 * SECOND)

// Zero-initialise to start.
struct trim {
    int64_t seen;       // CPU time of the process at the last look
    int64_t trimmed;    // CPU time at the last trim
    int64_t trimmed_at; // monotonic
    unsigned trims;
};

// To be asked every TRIM_LOOK_INTERVAL, with the CPU time that the process has used so far, in nanoseconds: is now the moment? At most
// once a minute but for the first times, when parts of the daemon are still starting.
bool trim_is_due(struct trim *trim, int64_t now, int64_t cpu_time);

#endif
