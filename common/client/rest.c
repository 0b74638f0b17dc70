// SPDX-License-Identifier: Apache-2.0
// REST calls: paths, bodies, statuses.
#include "common/client/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/lock.h"

#define DEFAULT_TIMEOUT (60 * SECOND)
#define EVENT_MAX_BYTES ((size_t)64 << 20)
#define JSON_TYPE "application/json"
#define METADATA_LIST_TYPE "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
#define METADATA_TYPE "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

struct rest {
    // constant
    struct transport *transport;
    struct clock *clock;
    char *user_agent;
    double qps;
    int burst;
    _Atomic int64_t timeout;

    // under lock: the token bucket of qps and burst
    struct lock lock;
    struct cond never; // waits end by their deadline only
    double tokens;
    int64_t filled_at;
};

struct rest *rest_new(const struct rest_config *config) {
    struct rest *rest = alloc_zero(sizeof(*rest));
    rest->transport = config->transport;
    rest->clock = config->clock;
    rest->user_agent = alloc_string(config->user_agent ? config->user_agent : "cube");
    rest->qps = config->qps;
    rest->burst = MAX(config->burst, 1);
    rest->timeout = config->timeout > 0 ? config->timeout : DEFAULT_TIMEOUT;
    rest->tokens = rest->burst;
    rest->filled_at = clock_monotonic(rest->clock);
    lock_init(&rest->lock, "rest");
    cond_init(&rest->never);
    return rest;
}

void rest_free(struct rest *rest) {
    if (!rest)
        return;
    cond_destroy(&rest->never);
    lock_destroy(&rest->lock);
    free(rest->user_agent);
    free(rest);
}

void rest_set_timeout(struct rest *rest, int64_t timeout) {
    rest->timeout = timeout;
}

// Takes one token, waiting for it if there is none.
static void throttle(struct rest *rest) {
    if (rest->qps <= 0)
        return;
    LOCKED(&rest->lock) {
        int64_t now = clock_monotonic(rest->clock);
        rest->tokens += (double)(now - rest->filled_at) / SECOND * rest->qps;
        rest->tokens = MIN(rest->tokens, (double)rest->burst);
        rest->filled_at = now;
        rest->tokens -= 1; // may go below zero: those who come later wait longer
        int64_t until = now + (int64_t)(-rest->tokens / rest->qps * SECOND);
        while (clock_monotonic(rest->clock) < until)
            clock_wait(rest->clock, &rest->never, &rest->lock, until);
    }
}

// --- paths -------------------------------------------------------------------------------------------------------------

void rest_path(const struct rest_target *target, struct str *out) {
    const struct resource *resource = target->resource;
    if (str_empty(resource->group))
        str_printf(out, "/api/%s", resource->version);
    else
        str_printf(out, "/apis/%s/%s", resource->group, resource->version);
    if (resource->namespaced && !str_empty(target->ns)) {
        str_append(out, "/namespaces/");
        percent_encode(out, target->ns);
    }
    str_append_char(out, '/');
    str_append(out, resource->plural);
    if (!str_empty(target->name)) {
        str_append_char(out, '/');
        percent_encode(out, target->name);
    }
    if (!str_empty(target->subresource)) {
        str_append_char(out, '/');
        str_append(out, target->subresource);
    }
}

// Appends "?name=value" or "&name=value"; nothing for an empty value.
static void add_parameter(struct str *path, const char *name, const char *value) {
    if (str_empty(value))
        return;
    str_append_char(path, memchr(path->data, '?', path->len) ? '&' : '?');
    str_append(path, name);
    str_append_char(path, '=');
    percent_encode(path, value);
}

static void add_number(struct str *path, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    if (value > 0)
        add_parameter(path, name, text);
}

// --- requests ----------------------------------------------------------------------------------------------------------

static struct http_request request_of(const struct rest *rest, const struct rest_request *call, struct http_header headers[3]) {
    size_t count = 0;
    headers[count++] = (struct http_header){"Accept", call->accept ? call->accept : JSON_TYPE};
    headers[count++] = (struct http_header){"User-Agent", rest->user_agent};
    if (call->content_type)
        headers[count++] = (struct http_header){"Content-Type", call->content_type};
    return (struct http_request){.method = call->method,
                                 .path = call->path,
                                 .headers = headers,
                                 .header_count = count,
                                 .body = call->body,
                                 .body_len = call->body_len,
                                 .timeout = rest->timeout};
}

int rest_raw(struct rest *rest, const struct rest_request *request, struct http_response *ret_response, struct error **err) {
    struct http_header headers[3];
    struct http_request http = request_of(rest, request, headers);
    throttle(rest);
    return transport_roundtrip(rest->transport, &http, ret_response, err);
}

int rest_check(const struct http_response *response, struct error **err) {
    if (response->status >= 200 && response->status < 300)
        return 0;
    AUTO_JSON value = NULL;
    if (json_parse(str_text(&response->body), response->body.len, NULL, &value, NULL) == 0 &&
        str_equal(json_get_string(value, "kind"), "Status")) {
        struct error *failure = NULL;
        status_to_error(value, response->status, &failure);
        if (response->retry_after_seconds > 0)
            failure->retry_after_seconds = response->retry_after_seconds;
        return error_move(err, &failure);
    }
    return status_from_http(response->status, "", str_text(&response->body), err);
}

// Sends, checks, and parses the answer if it is wanted.
static int call_json(struct rest *rest, const struct rest_request *call, struct json **ret_value, struct error **err) {
    AUTO_RESPONSE response = {0};
    if (rest_raw(rest, call, &response, err) < 0)
        return -1;
    if (rest_check(&response, err) < 0)
        return -1;
    if (!ret_value)
        return 0;
    // An answer is bounded by the server's own limits; lists may be far larger than one object.
    struct json_limits limits = {.max_bytes = (size_t)1 << 30, .max_values = (size_t)1 << 28, .allow_duplicates = true};
    if (json_parse(str_text(&response.body), response.body.len, &limits, ret_value, err) < 0)
        return error_prefix(err, "answer to %s %s", call->method, call->path);
    return 0;
}

static int call_with_body(struct rest *rest, struct rest_request *call, const struct json *body, struct json **ret_value,
                          struct error **err) {
    AUTO_STR text = {0};
    json_write(body, &text);
    call->body = text.data;
    call->body_len = text.len;
    return call_json(rest, call, ret_value, err);
}

int rest_get(struct rest *rest, const struct rest_target *target, struct json **ret_value, struct error **err) {
    AUTO_STR path = {0};
    rest_path(target, &path);
    return call_json(rest, &(struct rest_request){.method = "GET", .path = path.data}, ret_value, err);
}

int rest_list(struct rest *rest, const struct rest_target *target, const struct rest_list_options *options,
              struct json **ret_list, struct error **err) {
    AUTO_STR path = {0};
    rest_path(target, &path);
    if (options) {
        add_parameter(&path, "labelSelector", options->label_selector);
        add_parameter(&path, "fieldSelector", options->field_selector);
        add_parameter(&path, "resourceVersion", options->resource_version);
        add_parameter(&path, "resourceVersionMatch", options->resource_version_match);
        add_number(&path, "limit", options->limit);
        add_parameter(&path, "continue", options->continue_token);
    }
    return call_json(rest,
                     &(struct rest_request){.method = "GET",
                                            .path = path.data,
                                            .accept = options && options->metadata_only ? METADATA_LIST_TYPE : NULL},
                     ret_list, err);
}

int rest_create(struct rest *rest, const struct rest_target *target, const struct json *object, struct json **ret_value,
                struct error **err) {
    // The name goes into the path only for a subresource (pods/x/binding).
    struct rest_target place = *target;
    if (str_empty(target->subresource))
        place.name = NULL;
    AUTO_STR path = {0};
    rest_path(&place, &path);
    struct rest_request call = {.method = "POST", .path = path.data, .content_type = JSON_TYPE};
    return call_with_body(rest, &call, object, ret_value, err);
}

int rest_update(struct rest *rest, const struct rest_target *target, const struct json *object, struct json **ret_value,
                struct error **err) {
    AUTO_STR path = {0};
    rest_path(target, &path);
    struct rest_request call = {.method = "PUT", .path = path.data, .content_type = JSON_TYPE};
    return call_with_body(rest, &call, object, ret_value, err);
}

int rest_patch(struct rest *rest, const struct rest_target *target, enum rest_patch type, const struct json *patch,
               struct json **ret_value, struct error **err) {
    static const char *const content_types[] = {
        [REST_PATCH_JSON] = "application/json-patch+json",
        [REST_PATCH_MERGE] = "application/merge-patch+json",
        [REST_PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
        [REST_PATCH_APPLY] = "application/apply-patch+yaml",
    };
    AUTO_STR path = {0};
    rest_path(target, &path);
    struct rest_request call = {.method = "PATCH", .path = path.data, .content_type = content_types[type]};
    return call_with_body(rest, &call, patch, ret_value, err);
}

int rest_delete(struct rest *rest, const struct rest_target *target, const struct rest_delete_options *options,
                struct error **err) {
    AUTO_STR path = {0};
    rest_path(target, &path);
    struct rest_request call = {.method = "DELETE", .path = path.data, .content_type = JSON_TYPE};
    AUTO_JSON body = json_new_object();
    json_set_string(body, "kind", "DeleteOptions");
    json_set_string(body, "apiVersion", "v1");
    if (options && options->grace_period_seconds >= 0)
        json_set_int(body, "gracePeriodSeconds", options->grace_period_seconds);
    if (options) {
        json_set_string(body, "propagationPolicy", options->propagation_policy);
        if (options->precondition_uid)
            json_put_string(body, "preconditions.uid", options->precondition_uid);
        if (options->precondition_resource_version)
            json_put_string(body, "preconditions.resourceVersion", options->precondition_resource_version);
    }
    return call_with_body(rest, &call, body, NULL, err);
}

// --- watch -------------------------------------------------------------------------------------------------------------

// One watch in progress, on the watching thread.
struct watch {
    const struct resource *resource;
    rest_watch_callback callback;
    void *context;
    int status;
    struct str line; // bytes of an event that has not ended yet
    size_t scanned;  // how much of it is known to hold no newline
    struct error *error;
};

static bool event_of_name(const char *name, enum rest_event *ret_event) {
    static const char *const names[] = {
        [REST_ADDED] = "ADDED", [REST_MODIFIED] = "MODIFIED", [REST_DELETED] = "DELETED", [REST_BOOKMARK] = "BOOKMARK"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_equal(name, names[i])) {
            *ret_event = (enum rest_event)i;
            return true;
        }
    }
    return false;
}

// What the server sent makes no sense: not a fault of the connection, so the error gets a code. false ends the watch.
static bool bad_event(struct watch *watch, const char *what) {
    struct error *error = NULL;
    error_set_api(&error, 500, "InternalError", "watch event: %s", what);
    error_free(watch->error);
    watch->error = error;
    return false;
}

// One line of the stream. false ends the watch.
static bool handle_event(struct watch *watch, const char *line, size_t len) {
    AUTO_JSON value = NULL;
    AUTO_ERROR failure = NULL;
    struct json_limits limits = {.max_bytes = EVENT_MAX_BYTES, .max_values = (size_t)1 << 24, .allow_duplicates = true};
    if (json_parse(line, len, &limits, &value, &failure) < 0)
        return bad_event(watch, error_message(failure));
    const char *type = json_get_text(value, "type");
    if (str_equal(type, "ERROR")) {
        status_to_error(json_get(value, "object"), 500, &watch->error);
        return false;
    }
    enum rest_event event;
    if (!event_of_name(type, &event)) {
        CLEANUP(free_ptr) char *what = alloc_printf("unknown type \"%s\"", type);
        return bad_event(watch, what);
    }
    struct object *made = NULL;
    if (object_new(json_get(value, "object"), watch->resource, &made, &failure) < 0)
        return bad_event(watch, error_message(failure));
    AUTO_OBJECT object = made;
    return watch->callback(watch->context, event, object);
}

static bool on_start(void *context, int status, const char *content_type UNUSED) {
    struct watch *watch = context;
    watch->status = status;
    return true;
}

static bool on_data(void *context, const char *bytes, size_t len) {
    struct watch *watch = context;
    if (len == 0)
        return true;
    str_append_n(&watch->line, bytes, len);
    if (watch->status != 200)
        return watch->line.len < ((size_t)1 << 20); // an error's body: read on, within reason
    size_t begin = 0;
    const char *newline;
    while (
        (newline = memchr(watch->line.data + MAX(begin, watch->scanned), '\n', watch->line.len - MAX(begin, watch->scanned)))) {
        size_t end = (size_t)(newline - watch->line.data);
        if (end > begin && !handle_event(watch, watch->line.data + begin, end - begin))
            return false;
        begin = end + 1;
    }
    str_remove_front(&watch->line, begin);
    watch->scanned = watch->line.len;
    return watch->line.len <= EVENT_MAX_BYTES || bad_event(watch, "it is too large");
}

static int watch_result(struct watch *watch, int streamed, struct error **err) {
    if (watch->error)
        return error_move(err, &watch->error);
    if (streamed < 0 || watch->status == 200)
        return streamed;
    struct http_response response = {.status = watch->status, .body = watch->line, .retry_after_seconds = -1};
    return rest_check(&response, err);
}

int rest_watch(struct rest *rest, const struct rest_target *target, const struct rest_watch_options *options,
               rest_watch_callback callback, void *context, struct error **err) {
    AUTO_STR path = {0};
    rest_path(target, &path);
    add_parameter(&path, "watch", "true");
    add_parameter(&path, "labelSelector", options->label_selector);
    add_parameter(&path, "fieldSelector", options->field_selector);
    add_parameter(&path, "resourceVersion", options->resource_version);
    add_number(&path, "timeoutSeconds", options->timeout_seconds);
    if (options->bookmarks)
        add_parameter(&path, "allowWatchBookmarks", "true");

    struct http_header headers[3];
    struct rest_request call = {.method = "GET", .path = path.data, .accept = options->metadata_only ? METADATA_TYPE : NULL};
    struct http_request request = request_of(rest, &call, headers);
    request.timeout = 0;
    struct watch watch = {.resource = target->resource, .callback = callback, .context = context};
    struct stream_handler handler = {.on_start = on_start, .on_data = on_data, .context = &watch};
    struct stream_stop never = {0};
    throttle(rest);
    int streamed = transport_stream(rest->transport, &request, &handler, options->stop ? options->stop : &never, err);
    int result = watch_result(&watch, streamed, err);
    str_free(&watch.line);
    return result;
}
