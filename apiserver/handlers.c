// SPDX-License-Identifier: Apache-2.0
// From a request to whoever answers it: the table of non-resource paths, and resources.
#include "apiserver/handlers.h"

#include <string.h>

#include "apiserver/discovery_handler.h"
#include "apiserver/encode.h"
#include "apiserver/health_handler.h"
#include "apiserver/request_metrics.h"
#include "apiserver/resource_handler.h"
#include "apiserver/server_state.h"
#include "common/api/resources.h"
#include "common/component/version.h"
#include "common/data/json.h"

static void version_handler(struct api_call *call) {
    AUTO_JSON info = version_info();
    struct str text = {0};
    json_write_pretty(info, &text, 2);
    api_response_take_bytes(call->response, 200, "application/json", &text);
}

static void metrics_handler(struct api_call *call) {
    struct str text = {0};
    request_metrics_in_flight(call->server->in_flight, call->server->mutating_in_flight);
    request_metrics_write(&text);
    api_response_take_bytes(call->response, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static void index_handler(struct api_call *call) {
    AUTO_STR_LIST paths = {0};
    handlers_paths(&paths);
    AUTO_JSON answer = json_new_object();
    struct json *array = json_ensure_array(answer, "paths");
    for (size_t i = 0; i < paths.len; i++)
        json_append(array, json_new_string(paths.items[i]));
    struct str text = {0};
    json_write_pretty(answer, &text, 2);
    api_response_take_bytes(call->response, 200, "application/json", &text);
}

static const struct route {
    const char *path;
    bool below; // also answers for paths below it
    bool at_once;
    void (*run)(struct api_call *call);
} routes[] = {
    {"/", false, true, index_handler},
    {"/api", true, true, discovery_handler_api},
    {"/apis", true, true, discovery_handler_apis},
    {"/healthz", true, false, health_handler},
    {"/livez", true, false, health_handler},
    {"/metrics", false, false, metrics_handler},
    {"/openapi/v2", false, false, discovery_handler_openapi_v2},
    {"/openapi/v3", true, false, discovery_handler_openapi},
    {"/readyz", true, false, health_handler},
    {"/version", false, true, version_handler},
};

static const struct route *find_route(const char *path) {
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const char *rest = str_skip_prefix(path, routes[i].path);
        if (!rest)
            continue;
        if (!*rest || (routes[i].below && *rest == '/') || (rest[0] == '/' && !rest[1] && routes[i].path[1]))
            return &routes[i];
    }
    return NULL;
}

void handlers_dispatch(struct api_call *call) {
    if (call->info.is_resource) {
        resource_handler_run(call);
        return;
    }
    const struct route *route = find_route(call->info.path);
    if (!route) {
        api_response_set_text(call->response, 404, "text/plain; charset=utf-8", "404 page not found\n");
    } else if (!str_equal(call->request->method, "GET") && !str_equal(call->request->method, "HEAD")) {
        AUTO_ERROR error = NULL;
        error_set_api(&error, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
        api_call_refuse(call, &error);
    } else {
        route->run(call);
    }
}

bool handlers_answer_at_once(struct apiserver *server, const struct request_info *info) {
    if (info->is_resource)
        return resource_handler_answers_at_once(server, info);
    const struct route *route = find_route(info->path);
    return !route || route->at_once;
}

void handlers_paths(struct str_list *paths) {
    size_t group_count = 0;
    const struct resource_group *groups = resources_groups(&group_count);
    for (size_t i = 1; i < ARRAY_LEN(routes); i++)
        str_list_add(paths, routes[i].path);
    for (size_t g = 0; g < group_count; g++) {
        AUTO_STR path = {0};
        str_printf(&path, "%s%s", *groups[g].group ? "/apis/" : "/api", groups[g].group);
        if (*groups[g].group)
            str_list_add(paths, str_text(&path));
        for (size_t v = 0; v < groups[g].version_count; v++) {
            AUTO_STR version = {0};
            str_printf(&version, "%s/%s", str_text(&path), groups[g].versions[v].version);
            str_list_add(paths, str_text(&version));
        }
    }
    str_list_sort(paths);
}
