// SPDX-License-Identifier: Apache-2.0
// GET /containerLogs/<namespace>/<pod>/<container>.
#include "kubelet/server_logs.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "common/net/url.h"
#include "kubelet/pod_observed.h"

static bool take_number(const char *text, int64_t least, int64_t *ret_value) {
    return str_to_int64(text, ret_value) && *ret_value >= least;
}

static int apply(const char *name, const char *value, int64_t now, struct log_stream_options *options, bool *ret_previous,
                 struct str *message) {
    bool flag = !*value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    int64_t number = 0;
    if (strcmp(name, "follow") == 0) {
        options->follow = flag;
    } else if (strcmp(name, "previous") == 0) {
        *ret_previous = flag;
    } else if (strcmp(name, "timestamps") == 0) {
        options->timestamps = flag;
    } else if (strcmp(name, "tailLines") == 0 && *value) {
        if (!take_number(value, 0, &options->tail_lines))
            str_append(message, "tailLines: must be greater than or equal to 0");
    } else if (strcmp(name, "limitBytes") == 0 && *value) {
        if (!take_number(value, 1, &options->limit_bytes))
            str_append(message, "limitBytes: must be greater than 0");
    } else if (strcmp(name, "sinceSeconds") == 0 && *value) {
        if (!take_number(value, 1, &number))
            str_append(message, "sinceSeconds: must be greater than 0");
        else
            options->since = number > now / SECOND ? 0 : now - number * SECOND;
    } else if (strcmp(name, "sinceTime") == 0 && *value) {
        if (!time_parse(value, &options->since))
            str_append(message, "sinceTime: must be a time in RFC 3339");
    } else if (strcmp(name, "stream") == 0) {
        options->only_stdout = str_equal_nocase(value, "Stdout");
        options->only_stderr = str_equal_nocase(value, "Stderr");
    }
    return message->len > 0 ? 422 : 0;
}

int server_logs_options(const char *query, int64_t now, struct log_stream_options *ret_options, bool *ret_previous,
                        struct str *message) {
    struct log_stream_options options = {.tail_lines = -1, .limit_bytes = -1};
    *ret_previous = false;
    struct url_query it = {.rest = query};
    while (url_query_next(&it)) {
        int status = apply(it.name, it.value, now, &options, ret_previous, message);
        if (status) {
            url_query_end(&it);
            return status;
        }
    }
    *ret_options = options;
    return 0;
}

static const struct json *spec_of(const struct json *pod, const char *name) {
    static const char *const lists[] = {"spec.containers", "spec.initContainers"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct json *found = json_array_find(json_find(pod, lists[i]), "name", name, NULL);
        if (found)
            return found;
    }
    return NULL;
}

// Why there is no log yet, as upstream's validateContainerLogStatus words it.
static int not_there(const struct json *pod, const char *name, struct str *message) {
    const char *pod_name = json_find_text(pod, "metadata.name");
    const struct json *status = pod_container_status(pod, "containerStatuses", name);
    if (!status)
        status = pod_container_status(pod, "initContainerStatuses", name);
    const char *reason = json_find_text(status, "state.waiting.reason");
    if (strcmp(reason, "ErrImagePull") == 0 || strcmp(reason, "ImagePullBackOff") == 0)
        str_printf(message, "container \"%s\" in pod \"%s\" is waiting to start: %s", name, pod_name,
                   strcmp(reason, "ErrImagePull") == 0 ? "image can't be pulled" : "trying and failing to pull image");
    else if (*reason)
        str_printf(message, "container \"%s\" in pod \"%s\" is waiting to start: %s", name, pod_name, reason);
    else
        str_printf(message, "container \"%s\" in pod \"%s\" is not available", name, pod_name);
    return 400;
}

// What is asked for.
struct question {
    const struct json *pod;
    const char *container;
    struct log_stream_options options;
    bool previous;
};

static int answer(struct log_streams *streams, struct runtime *runtime, struct http_server_request *request,
                  const struct question *question, struct str *message) {
    const struct json *pod = question->pod;
    const char *name = question->container;
    bool previous = question->previous;
    struct pod_observed observed;
    AUTO_ERROR failure = NULL;
    if (pod_observed_read(runtime, json_find_text(pod, "metadata.uid"), &observed, &failure) < 0) {
        str_append(message, error_message(failure));
        return 500;
    }
    const struct runtime_container *container = pod_observed_container(&observed, name, previous ? 1 : 0);
    int status = 0;
    if (container && container->state == RUNTIME_CONTAINER_CREATED)
        container = NULL;
    if (!container && previous) {
        str_printf(message, "previous terminated container \"%s\" in pod \"%s\" not found", name,
                   json_find_text(pod, "metadata.name"));
        status = 400;
    } else if (!container) {
        status = not_there(pod, name, message);
    } else {
        const struct log_stream_source source = {
            .path = container->log_path, .container_id = container->id, .running = container->state == RUNTIME_CONTAINER_RUNNING};
        if (log_stream_reply(streams, request, &source, &question->options, &failure) < 0) {
            str_append(message, error_message(failure));
            status = 500;
        }
    }
    pod_observed_free(&observed);
    return status;
}

int server_logs_answer(const struct server_logs *logs, struct http_server_request *request, struct str *message) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, str_skip_prefix(request->path, "/containerLogs/"), '/');
    if (parts.len != 3 || str_empty(parts.items[0]) || str_empty(parts.items[1]) || str_empty(parts.items[2])) {
        str_append(message, "Missing podNamespace, podID or containerName.\n");
        return 400;
    }
    struct question question = {.container = parts.items[2]};
    int status = server_logs_options(request->query, clock_wall(logs->clock), &question.options, &question.previous, message);
    if (status)
        return status;
    AUTO_OBJECT object = pods_get(logs->pods, parts.items[0], parts.items[1]);
    if (!object) {
        str_printf(message, "pod \"%s\" does not exist\n", parts.items[1]);
        return 404;
    }
    AUTO_JSON pod = object_tree(object);
    if (!spec_of(pod, parts.items[2])) {
        str_printf(message, "container \"%s\" not found in pod \"%s\"\n", parts.items[2], parts.items[1]);
        return 404;
    }
    question.pod = pod;
    return answer(logs->streams, logs->runtime, request, &question, message);
}
