// SPDX-License-Identifier: Apache-2.0
// When a pod has to leave a tainted node.
#include "controller-manager/taint_eviction_decide.h"

#include "common/api/pod.h"
#include "common/base/clock.h"
#include "common/base/time_format.h"

// How long the taint is tolerated: -1 not at all, TIME_NEVER for ever, else nanoseconds. Of several matching tolerations the shortest
// counts, as upstream has it.
static int64_t tolerated_for(const struct json *taint, const struct json *tolerations) {
    int64_t shortest = -1;
    for (size_t i = 0; i < json_len(tolerations); i++) {
        const struct json *toleration = json_at(tolerations, i);
        if (!pod_tolerates(toleration, taint))
            continue;
        int64_t time = TIME_NEVER;
        if (json_get(toleration, "tolerationSeconds"))
            time = MAX(json_get_int(toleration, "tolerationSeconds", 0), 0) * SECOND;
        if (shortest < 0 || time < shortest)
            shortest = time;
    }
    return shortest;
}

int64_t taint_eviction_time(const struct json *taints, const struct json *tolerations, int64_t now) {
    int64_t earliest = TIME_NEVER;
    for (size_t i = 0; i < json_len(taints); i++) {
        const struct json *taint = json_at(taints, i);
        if (!str_equal(json_get_string(taint, "effect"), "NoExecute"))
            continue;
        int64_t time = tolerated_for(taint, tolerations);
        if (time < 0)
            return now;
        if (time == TIME_NEVER)
            continue;
        int64_t added = now;
        const char *text = json_get_string(taint, "timeAdded");
        if (text && !time_parse(text, &added))
            added = now;
        earliest = MIN(earliest, added + time);
    }
    return earliest;
}
