// SPDX-License-Identifier: Apache-2.0
// When a pod has to leave a tainted node.
#include "controller-manager/taint_eviction_decide.h"

#include "common/api/pod.h"
#include "common/base/clock.h"
#include "common/base/time_format.h"

// How long the taint is tolerated: -1 not at all, TIME_NEVER for ever, else nanoseconds. The first toleration that matches counts, as
// upstream has it.
static int64_t tolerated_for(const struct json *taint, const struct json *tolerations) {
    for (size_t i = 0; i < json_len(tolerations); i++) {
        const struct json *toleration = json_at(tolerations, i);
        if (!pod_tolerates(toleration, taint))
            continue;
        if (!json_get(toleration, "tolerationSeconds"))
            return TIME_NEVER;
        int64_t seconds = MAX(json_get_int(toleration, "tolerationSeconds", 0), 0);
        return seconds < TIME_NEVER / SECOND ? seconds * SECOND : TIME_NEVER;
    }
    return -1;
}

int64_t taint_eviction_time(const struct json *taints, const struct json *tolerations, int64_t seen) {
    int64_t earliest = TIME_NEVER;
    for (size_t i = 0; i < json_len(taints); i++) {
        const struct json *taint = json_at(taints, i);
        if (!str_equal(json_get_string(taint, "effect"), "NoExecute"))
            continue;
        int64_t time = tolerated_for(taint, tolerations);
        if (time < 0)
            return seen;
        if (time == TIME_NEVER)
            continue;
        int64_t added = seen;
        const char *text = json_get_string(taint, "timeAdded");
        if (text && !time_parse(text, &added))
            added = seen;
        earliest = MIN(earliest, time < TIME_NEVER - added ? added + time : TIME_NEVER);
    }
    return earliest;
}
