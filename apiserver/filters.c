// SPDX-License-Identifier: Apache-2.0
// The order in which a request passes: one visible list, upstream's DefaultBuildHandlerChain.
#include "apiserver/filters.h"

#include <stdio.h>

#include "apiserver/authentication/authenticator.h"
#include "apiserver/encode.h"
#include "apiserver/handlers.h"
#include "apiserver/negotiation.h"
#include "apiserver/request_metrics.h"
#include "apiserver/server_state.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/time_format.h"

bool api_call_refuse(struct api_call *call, struct error **error) {
    struct negotiation negotiation = {0};
    const char *pretty = call->info_parsed ? request_info_query(&call->info, "pretty") : NULL;
    api_response_set_error(call->response, *error);
    error_free(*error);
    *error = NULL;
    // In the form that the client asked for; a form that does not exist must not hide the error.
    if (negotiation_accept(api_request_header(call->request, "Accept"), false, &negotiation, NULL) < 0)
        return false;
    negotiation.pretty |= negotiation_pretty(pretty, api_request_header(call->request, "User-Agent"));
    if (!negotiation.yaml && !negotiation.pretty)
        return false;
    AUTO_STR text = call->response->bytes;
    call->response->bytes = (struct str){0};
    encode_json_text(call, &negotiation, call->response->status, str_text(&text), text.len);
    return false;
}

// --- audit id ----------------------------------------------------------------------------------------------------------

static bool audit_id_before(struct api_call *call) {
    const char *given = api_request_header(call->request, "Audit-ID");
    char uuid[UUID_TEXT_SIZE];
    if (str_empty(given)) {
        random_uuid(call->server->config.random, uuid);
        given = uuid;
    }
    api_response_add_header(call->response, "Audit-Id", given);
    api_response_add_header(call->response, "Cache-Control", "no-cache, private");
    return true;
}

// --- recovery: whatever happened, there is an answer --------------------------------------------------------------------

static void recovery_after(struct api_call *call) {
    if (call->response->status)
        return;
    AUTO_ERROR error = NULL;
    status_internal(&error, "no answer for %s %s", call->request->method, call->request->target);
    log_error("a handler gave no answer", "method", call->request->method, "path", call->info.path, NULL);
    api_call_refuse(call, &error);
}

// --- metrics -------------------------------------------------------------------------------------------------------------

static void metrics_after(struct api_call *call) {
    int64_t duration = clock_monotonic(call->server->config.clock) - call->started;
    request_metrics_observe(call, duration);
    char status[16];
    log_v(3, "HTTP", "verb", call->info_parsed ? call->info.verb : "", "URI", call->request->target, "latency",
          log_duration(duration), "resp", (snprintf(status, sizeof(status), "%d", call->response->status), status), NULL);
}

// --- request info ----------------------------------------------------------------------------------------------------------

static bool request_info_before(struct api_call *call) {
    AUTO_ERROR error = NULL;
    if (request_info_parse(call->request->method, call->request->target, &call->info, &error) < 0)
        return api_call_refuse(call, &error);
    call->info_parsed = true;
    return true;
}

static void request_info_after(struct api_call *call) {
    if (call->info_parsed)
        request_info_free(&call->info);
    call->info_parsed = false;
}

// --- warnings: those that handlers collected become headers ------------------------------------------------------------------

static void warnings_after(struct api_call *call) {
    for (size_t i = 0; i < call->warnings.len; i++) {
        AUTO_STR header = {0};
        str_append(&header, "299 - \"");
        for (const char *c = call->warnings.items[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                str_append_char(&header, '\\');
            str_append_char(&header, (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c);
        }
        str_append_char(&header, '"');
        api_response_add_header(call->response, "Warning", str_text(&header));
    }
    str_list_free(&call->warnings);
}

// --- deadline --------------------------------------------------------------------------------------------------------------

// --request-timeout, or less where the client wishes so. Whatever blocks below ends by then with 504.
static bool deadline_before(struct api_call *call) {
    const char *timeout = request_info_query(&call->info, "timeout");
    int64_t nanoseconds = 0;
    AUTO_ERROR error = NULL;
    if (request_info_long_running(&call->info))
        return true;
    if (!str_empty(timeout) && !duration_parse(timeout, &nanoseconds)) {
        status_bad_request(&error, "invalid timeout specified in the request URL");
        return api_call_refuse(call, &error);
    }
    int64_t longest = call->server->config.request_timeout;
    call->deadline = call->started + (nanoseconds > 0 ? MIN(nanoseconds, longest) : longest);
    if (clock_monotonic(call->server->config.clock) < call->deadline)
        return true;
    storage_error_deadline(&error); // it waited for a worker for so long
    return api_call_refuse(call, &error);
}

// --- authentication ----------------------------------------------------------------------------------------------------------

static bool unauthorized(struct api_call *call) {
    AUTO_ERROR error = NULL;
    status_unauthorized(&error);
    return api_call_refuse(call, &error);
}

static bool authentication_before(struct api_call *call) {
    if (call->request->user) {
        user_info_copy(&call->user, call->request->user);
        return true;
    }
    if (!call->server->authenticator)
        return unauthorized(call);
    struct credentials credentials = {.authorization = api_request_header(call->request, "Authorization"),
                                      .certificate = call->request->certificate};
    AUTO_ERROR error = NULL;
    enum authentication_result result =
        authenticator_authenticate(call->server->authenticator, &credentials, &call->user, &error);
    if (result == AUTHENTICATION_OK)
        return true;
    if (result == AUTHENTICATION_REFUSED)
        log_error("Unable to authenticate the request", "err", error_message(error), NULL);
    return unauthorized(call);
}

static void authentication_after(struct api_call *call) {
    user_info_free(&call->user);
}

// --- impersonation -------------------------------------------------------------------------------------------------------------

// Under AlwaysAllow everybody may impersonate. Headers as upstream's: Impersonate-User, -Uid, and -Group, which may repeat.
static bool impersonation_before(struct api_call *call) {
    const char *name = api_request_header(call->request, "Impersonate-User");
    const char *uid = api_request_header(call->request, "Impersonate-Uid");
    struct user_info user = {0};
    for (size_t i = 0; i < call->request->header_count; i++)
        if (str_equal_nocase(call->request->headers[i].name, "Impersonate-Group"))
            str_list_add(&user.groups, call->request->headers[i].value);
    if (str_empty(name)) {
        bool incomplete = user.groups.len > 0 || uid;
        user_info_free(&user);
        if (!incomplete)
            return true;
        AUTO_ERROR error = NULL;
        status_internal(&error, "requested groups or uid without impersonating a user");
        return api_call_refuse(call, &error);
    }
    user.name = alloc_string(name);
    user.uid = alloc_string_or_null(uid);
    const char *default_group = str_equal(name, USER_ANONYMOUS) ? USER_GROUP_UNAUTHENTICATED : USER_GROUP_AUTHENTICATED;
    if (!user_info_in_group(&user, default_group))
        str_list_add(&user.groups, default_group);
    log_v(2, "impersonation", "user", call->user.name, "as", name, NULL);
    user_info_free(&call->user);
    call->user = user;
    return true;
}

// --- flow control: a bound on what runs at once ----------------------------------------------------------------------------------

static bool flow_control_before(struct api_call *call) {
    struct apiserver *server = call->server;
    if (request_info_long_running(&call->info))
        return true;
    bool read_only = str_equal(call->info.verb, "get") || str_equal(call->info.verb, "list") || !call->info.is_resource;
    _Atomic size_t *counter = read_only ? &server->in_flight : &server->mutating_in_flight;
    size_t bound = read_only ? server->config.max_in_flight : server->config.max_mutating_in_flight;
    size_t now = ++*counter;
    call->counted = counter;
    if (now <= bound || user_info_in_group(&call->user, USER_GROUP_MASTERS))
        return true;
    api_response_add_header(call->response, "Retry-After", "1");
    api_response_set_text(call->response, 429, "text/plain; charset=utf-8", "Too many requests, please try again later.\n");
    return false;
}

static void flow_control_after(struct api_call *call) {
    if (call->counted)
        --*call->counted;
    call->counted = NULL;
}

// --- authorisation -------------------------------------------------------------------------------------------------------------

// Mode AlwaysAllow: whoever has authenticated may do everything, and nobody else anything.
static bool authorization_before(struct api_call *call) {
    if (user_info_in_group(&call->user, USER_GROUP_UNAUTHENTICATED))
        return unauthorized(call);
    return true;
}

static bool handler_before(struct api_call *call) {
    handlers_dispatch(call);
    return true;
}

static const struct filter filters[] = {
    {"audit-id", audit_id_before, NULL},
    {"recovery", NULL, recovery_after},
    {"request-info", request_info_before, request_info_after},
    {"metrics", NULL, metrics_after},
    {"warnings", NULL, warnings_after},
    {"deadline", deadline_before, NULL},
    {"authentication", authentication_before, authentication_after},
    {"impersonation", impersonation_before, NULL},
    {"flow-control", flow_control_before, flow_control_after},
    {"authorization", authorization_before, NULL},
    {"handler", handler_before, NULL},
};

const struct filter *filters_all(size_t *ret_count) {
    *ret_count = ARRAY_LEN(filters);
    return filters;
}

void filters_run(struct api_call *call) {
    size_t reached = 0;
    bool go_on = true;
    while (go_on && reached < ARRAY_LEN(filters)) {
        const struct filter *filter = &filters[reached++];
        go_on = !filter->before || filter->before(call);
    }
    while (reached > 0) {
        const struct filter *filter = &filters[--reached];
        if (filter->after)
            filter->after(call);
    }
}
