// SPDX-License-Identifier: Apache-2.0
// /healthz, /livez and /readyz as upstream answers them: named checks, ?verbose, ?exclude, single checks.
#ifndef CUBE_COMMON_COMPONENT_HEALTH_H
#define CUBE_COMMON_COMPONENT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/str.h"

// One check. Returns true when healthy; else may append a reason to `reason`, which goes to the log, never to the client.
struct health_check {
    const char *name;
    bool (*check)(void *context, struct str *reason);
    void *context;
};

struct health_answer {
    int status;      // 200, 404 or 500
    struct str body; // text/plain; charset=utf-8
};

// endpoint is "healthz", "livez" or "readyz"; sub_path is "" or the name of a single check; query is the raw query string or NULL.
void health_answer(const char *endpoint, const char *sub_path, const char *query, const struct health_check *checks, size_t count,
                   struct health_answer *ret_answer);
void health_answer_free(struct health_answer *answer);

#endif
