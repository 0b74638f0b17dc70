// SPDX-License-Identifier: Apache-2.0
// Watch events of any path, as trees.
#ifndef CUBE_CUBECTL_WATCH_H
#define CUBE_CUBECTL_WATCH_H

#include "cubectl/session.h"

// type is "ADDED", "MODIFIED" or "DELETED"; bookmarks are left out. Return false to end.
typedef bool watch_callback(void *context, const char *type, struct json *object);

struct watch_call {
    const char *path; // with watch=true in its query
    const char *accept;
    int64_t timeout; // nanoseconds; 0: --request-timeout
    watch_callback *callback;
    void *context;
};
// Until the server ends it, the callback returns false or the time is over: 0. An ERROR event is an error.
int watch_run(struct session *session, const struct watch_call *call, struct error **err) MUST_CHECK;

#endif
