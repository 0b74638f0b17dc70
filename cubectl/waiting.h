// SPDX-License-Identifier: Apache-2.0
// Waiting until one object is as wanted: its list, then its watch; no polling.
#ifndef CUBE_CUBECTL_WAITING_H
#define CUBE_CUBECTL_WAITING_H

#include "cubectl/target.h"

// Is it as wanted? object is NULL when it does not exist.
typedef bool waiting_check(void *context, const struct json *object);

// Returns 0 when check says yes. Errors: `timed out waiting for the condition on pods/x` after the monotonic deadline; with
// must_exist the server's NotFound for an object that is not there at the start.
struct waiting {
    const struct target *target;
    bool must_exist;
    waiting_check *check;
    void *context;
    int64_t deadline;
};
int waiting_run(struct session *session, const struct waiting *waiting, struct error **err) MUST_CHECK;
// Until the object with this uid is gone (uid NULL or "": any of the name).
int waiting_deleted(struct session *session, const struct target *target, const char *uid, int64_t deadline,
                    struct error **err) MUST_CHECK;

#endif
