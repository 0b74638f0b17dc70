// SPDX-License-Identifier: Apache-2.0
// Cuts a watch's stream into lines and each line into type and object.
#include "cubectl/watch.h"

#include <string.h>

#include "common/api/status.h"

struct watch {
    const struct watch_call *call;
    struct str line;
    size_t scanned;
    struct error *error;
};

static bool handle_line(struct watch *watch, const char *line, size_t len) {
    AUTO_JSON event = NULL;
    struct json_limits limits = {.max_bytes = (size_t)64 << 20, .max_values = (size_t)1 << 24, .allow_duplicates = true};
    if (json_parse(line, len, &limits, &event, &watch->error) < 0) {
        error_prefix(&watch->error, "watch event");
        return false;
    }
    const char *type = json_get_text(event, "type");
    if (str_equal(type, "ERROR")) {
        status_to_error(json_get(event, "object"), 500, &watch->error);
        return false;
    }
    if (str_equal(type, "BOOKMARK"))
        return true;
    return watch->call->callback(watch->call->context, type, json_get(event, "object"));
}

static bool on_data(void *context, const char *bytes, size_t len) {
    struct watch *watch = context;
    str_append_n(&watch->line, bytes, len);
    size_t begin = 0;
    for (;;) {
        size_t from = begin > watch->scanned ? begin : watch->scanned;
        const char *newline = memchr(watch->line.data + from, '\n', watch->line.len - from);
        if (!newline)
            break;
        size_t end = (size_t)(newline - watch->line.data);
        if (end > begin && !handle_line(watch, watch->line.data + begin, end - begin))
            return false;
        begin = end + 1;
        watch->scanned = begin;
    }
    str_remove_front(&watch->line, begin);
    watch->scanned = watch->line.len;
    return true;
}

int watch_run(struct session *session, const struct watch_call *call, struct error **err) {
    struct watch watch = {.call = call};
    struct session_stream_call stream = {
        .path = call->path, .accept = call->accept, .timeout = call->timeout, .on_data = on_data, .context = &watch};
    int result = session_stream(session, &stream, err);
    if (watch.error)
        result = result < 0 ? -1 : error_move(err, &watch.error);
    error_free(watch.error);
    str_free(&watch.line);
    return result;
}
