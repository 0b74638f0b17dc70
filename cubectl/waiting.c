// SPDX-License-Identifier: Apache-2.0
// Waiting by list and watch.
#include "cubectl/waiting.h"

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/net/url.h"
#include "cubectl/watch.h"

struct state {
    const struct waiting *waiting;
    bool done;
};

static bool on_event(void *context, const char *type, struct json *object) {
    struct state *state = context;
    const struct waiting *waiting = state->waiting;
    state->done = waiting->check(waiting->context, str_equal(type, "DELETED") ? NULL : object);
    return !state->done;
}

static int timed_out(const struct waiting *waiting, struct error **err) {
    AUTO_STR name = {0};
    target_append_plural(waiting->target, &name);
    return error_set(err, "timed out waiting for the condition on %s", str_text(&name));
}

// One list and, if need be, one watch.
static int round_trip(struct session *session, struct state *state, struct error **err) {
    const struct waiting *waiting = state->waiting;
    AUTO_STR path = {0};
    AUTO_JSON list = NULL;
    CLEANUP(free_ptr) char *selector = alloc_printf("metadata.name=%s", waiting->target->name);
    target_list_path(waiting->target->resource, waiting->target->ns, &path);
    url_query_add(&path, "fieldSelector", selector);
    if (session_call(session, &(struct session_call){.path = path.data}, &list, err) < 0)
        return -1;
    struct json *object = json_at(json_get(list, "items"), 0);
    if (!object && waiting->must_exist)
        return target_get(session, waiting->target, &object, err) < 0 ? -1 : (json_unref(object), 0);
    state->done = waiting->check(waiting->context, object);
    int64_t left = waiting->deadline - clock_monotonic(session->clock);
    if (state->done || left <= 0)
        return 0;
    url_query_add(&path, "watch", "true");
    url_query_add(&path, "resourceVersion", json_find_text(list, "metadata.resourceVersion"));
    struct watch_call call = {.path = path.data, .timeout = left, .callback = on_event, .context = state};
    return watch_run(session, &call, err);
}

int waiting_run(struct session *session, const struct waiting *waiting, struct error **err) {
    struct state state = {.waiting = waiting};
    for (;;) {
        struct error *error = NULL;
        int result = round_trip(session, &state, &error);
        if (state.done) {
            error_free(error);
            return 0;
        }
        // a watch from a version that is compacted by now: list again
        if (result < 0 && !error_has_code(error, 410))
            return error_move(err, &error);
        error_free(error);
        if (clock_monotonic(session->clock) >= waiting->deadline)
            return timed_out(waiting, err);
    }
}

static bool is_gone(void *context, const struct json *object) {
    const char *uid = context;
    return !object || (!str_empty(uid) && !str_equal(meta_uid(object), uid));
}

int waiting_deleted(struct session *session, const struct target *target, const char *uid, int64_t deadline, struct error **err) {
    struct waiting waiting = {.target = target, .check = is_gone, .context = (void *)uid, .deadline = deadline};
    return waiting_run(session, &waiting, err);
}
