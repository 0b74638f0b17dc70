// SPDX-License-Identifier: Apache-2.0
// When a daemon gives memory back to the system.
#include "common/component/trim.h"

// Less CPU time than this since the last look is quiet; the rounds of an idle daemon are far below it.
#define QUIET (TRIM_LOOK_INTERVAL / 100)
// Less work than this leaves nothing behind that is worth a trim, which itself costs some milliseconds.
#define WORTH (10 * MILLISECOND)
#define EARLY_TRIMS 3
#define LATER_INTERVAL MINUTE

bool trim_is_due(struct trim *trim, int64_t now, int64_t cpu_time) {
    bool quiet = cpu_time - trim->seen < QUIET;
    trim->seen = cpu_time;
    if (!quiet || cpu_time - trim->trimmed < WORTH)
        return false;
    if (trim->trims >= EARLY_TRIMS && now - trim->trimmed_at < LATER_INTERVAL)
        return false;
    trim->trimmed = cpu_time;
    trim->trimmed_at = now;
    trim->trims++;
    return true;
}
