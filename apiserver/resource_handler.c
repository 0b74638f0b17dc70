// SPDX-License-Identifier: Apache-2.0
// Requests for API objects: finds the resource, negotiates, and calls the registry's verb.
#include "apiserver/resource_handler.h"

#include <string.h>

#include "apiserver/encode.h"
#include "apiserver/negotiation.h"
#include "apiserver/pod_log.h"
#include "apiserver/server_state.h"
#include "apiserver/watch_response.h"
#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/str.h"

#define BODY_LIMIT 3145728

// What a verb's function works with. Lives on the stack.
struct operation {
    struct api_call *call;
    const struct resource *resource;
    struct negotiation negotiation;
    struct registry_request request;
    struct registry_body body;
    struct admission_user user;
};

struct verb {
    const char *name;
    enum resource_verb bit;
    bool (*run)(struct operation *operation, struct error **err); // false: *err is set
    const char *options_kind;                                     // of field validation and dry run; NULL: they are not read
    bool has_body;                                                // and its Content-Type is negotiated
};

// --- answers -----------------------------------------------------------------------------------------------------------------

static void answer_result(struct operation *operation, const struct registry_result *result) {
    struct api_call *call = operation->call;
    if (result->object)
        encode_object(call, &operation->negotiation, operation->resource, result->code, result->object);
    else
        encode_json_text(call, &operation->negotiation, result->code, result->status, strlen(result->status));
}

static const char *query(const struct operation *operation, const char *key) {
    const char *value = request_info_query(&operation->call->info, key);
    return value ? value : "";
}

static bool parse_number(const char *text, int64_t *ret_number, struct error **err) {
    *ret_number = 0;
    if (!*text || str_to_int64(text, ret_number))
        return true;
    status_bad_request(err, "strconv.ParseInt: parsing \"%s\": invalid syntax", text);
    return false;
}

static bool list_options(const struct operation *operation, struct registry_list_options *ret_options, struct error **err) {
    const struct request_info *info = &operation->call->info;
    *ret_options = (struct registry_list_options){
        .label_selector = query(operation, "labelSelector"),
        .field_selector = query(operation, "fieldSelector"),
        .resource_version = query(operation, "resourceVersion"),
        .resource_version_match = query(operation, "resourceVersionMatch"),
        .continue_token = query(operation, "continue"),
        .send_initial_events = request_info_query_bool(info, "sendInitialEvents"),
        .send_initial_events_given = request_info_query(info, "sendInitialEvents") != NULL,
        .allow_bookmarks = request_info_query_bool(info, "allowWatchBookmarks"),
    };
    return parse_number(query(operation, "limit"), &ret_options->limit, err);
}

// --- verbs ---------------------------------------------------------------------------------------------------------------------

static bool run_get(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_RESULT result = {0};
    struct apiserver *server = operation->call->server;
    if (registry_get(server->registry, &operation->request, query(operation, "resourceVersion"), &result, err) < 0)
        return false;
    answer_result(operation, &result);
    return true;
}

static bool run_list(struct operation *operation, struct error **err) {
    struct registry_list_options options;
    AUTO_REGISTRY_LIST list = {0};
    struct apiserver *server = operation->call->server;
    if (!list_options(operation, &options, err) || registry_list(server->registry, &operation->request, &options, &list, err) < 0)
        return false;
    encode_list(operation->call, &operation->negotiation, operation->resource, &list);
    return true;
}

static bool run_watch(struct operation *operation, struct error **err) {
    struct registry_list_options options;
    struct api_call *call = operation->call;
    struct apiserver *server = call->server;
    int64_t timeout = 0;
    if (!list_options(operation, &options, err) || !parse_number(query(operation, "timeoutSeconds"), &timeout, err))
        return false;
    if (server->watches_ended) {
        status_service_unavailable(err, "the server is shutting down");
        return false;
    }
    struct watch_response_options watch = {.negotiation = operation->negotiation, .resource = operation->resource};
    if (operation->negotiation.form == NEGOTIATION_TABLE &&
        table_include_parse(request_info_query(&call->info, "includeObject"), &watch.include, err) < 0)
        return false;
    watch.deadline = watch_response_deadline(server, timeout);
    options.watch_deadline = watch.deadline;
    AUTO_WATCHER watcher = NULL;
    struct error *failure = NULL;
    if (registry_watch(server->registry, &operation->request, &options, &watcher, &failure) < 0) {
        if (!error_has_code(failure, 410)) {
            error_move(err, &failure);
            return false;
        }
        watch_response_set_expired(call, failure);
        error_free(failure);
        return true;
    }
    watch_response_set(call, &watch, STEAL(watcher));
    return true;
}

static bool run_create(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_RESULT result = {0};
    if (registry_create(operation->call->server->registry, &operation->request, &operation->body, &result, err) < 0)
        return false;
    answer_result(operation, &result);
    return true;
}

static bool run_update(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_RESULT result = {0};
    if (registry_update(operation->call->server->registry, &operation->request, &operation->body, &result, err) < 0)
        return false;
    answer_result(operation, &result);
    return true;
}

static bool run_patch(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_RESULT result = {0};
    enum registry_patch_type type = REGISTRY_PATCH_JSON;
    const char *header = api_request_header(operation->call->request, "Content-Type");
    AUTO_STR content_type = {0};
    if (header)
        str_append_n(&content_type, header, strcspn(header, "; "));
    if (registry_patch_type_parse(str_text(&content_type), &type, err) < 0 ||
        registry_patch(operation->call->server->registry, &operation->request, type, &operation->body, &result, err) < 0)
        return false;
    answer_result(operation, &result);
    return true;
}

static bool delete_options(const struct operation *operation, struct registry_delete_options *ret_options, struct error **err) {
    const struct request_info *info = &operation->call->info;
    struct registry_delete_query from_query = {
        .grace_period_seconds = request_info_query(info, "gracePeriodSeconds"),
        .propagation_policy = request_info_query(info, "propagationPolicy"),
        .orphan_dependents = request_info_query(info, "orphanDependents"),
        .dry_run = request_info_query(info, "dryRun"),
    };
    return registry_delete_options_parse(&operation->body, &from_query, ret_options, err) == 0;
}

static bool run_delete(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_RESULT result = {0};
    AUTO_REGISTRY_DELETE_OPTIONS options = REGISTRY_DELETE_OPTIONS_NONE;
    if (!delete_options(operation, &options, err))
        return false;
    operation->request.dry_run = options.dry_run;
    if (registry_delete(operation->call->server->registry, &operation->request, &options, &result, err) < 0)
        return false;
    answer_result(operation, &result);
    return true;
}

static bool run_delete_collection(struct operation *operation, struct error **err) {
    AUTO_REGISTRY_LIST list = {0};
    AUTO_REGISTRY_DELETE_OPTIONS options = REGISTRY_DELETE_OPTIONS_NONE;
    struct registry_list_options selection;
    if (!list_options(operation, &selection, err) || !delete_options(operation, &options, err))
        return false;
    operation->request.dry_run = options.dry_run;
    struct registry *registry = operation->call->server->registry;
    if (registry_delete_collection(registry, &operation->request, &options, &selection, &list, err) < 0)
        return false;
    encode_list(operation->call, &operation->negotiation, operation->resource, &list);
    return true;
}

static const struct verb verbs[] = {
    {"get", RESOURCE_VERB_GET, run_get, NULL, false},
    {"list", RESOURCE_VERB_LIST, run_list, NULL, false},
    {"watch", RESOURCE_VERB_WATCH, run_watch, NULL, false},
    {"create", RESOURCE_VERB_CREATE, run_create, "CreateOptions", true},
    {"update", RESOURCE_VERB_UPDATE, run_update, "UpdateOptions", true},
    {"patch", RESOURCE_VERB_PATCH, run_patch, "PatchOptions", false},
    {"delete", RESOURCE_VERB_DELETE, run_delete, NULL, true},
    {"deletecollection", RESOURCE_VERB_DELETECOLLECTION, run_delete_collection, NULL, true},
};

// --- routing -------------------------------------------------------------------------------------------------------------------

static const struct verb *verb_of(const struct request_info *info) {
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_equal(info->verb, verbs[i].name))
            return &verbs[i];
    return NULL;
}

static int method_not_allowed(struct error **err) {
    return error_set_api(err, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

static bool group_version_known(const struct request_info *info) {
    return str_empty(info->group) == str_equal(info->api_prefix, "api") && resources_version(info->group, info->version);
}

// Whether the URL's shape fits the resource's scope and the verb; upstream has no route otherwise.
static bool shape_fits(const struct request_info *info, const struct resource *resource, struct error **err) {
    bool collection_verb = str_equal(info->verb, "list") || str_equal(info->verb, "watch");
    if (info->parts.len > 3 || (info->namespaced_request && !resource->namespaced)) {
        status_no_such_path(err);
        return false;
    }
    if (!resource->namespaced || info->namespaced_request)
        return true;
    if (*info->name && !collection_verb) {
        status_no_such_path(err);
        return false;
    }
    if (!collection_verb) { // POST /api/v1/pods
        method_not_allowed(err);
        return false;
    }
    return true;
}

// Whether resource and subresource know the verb.
static bool verb_fits(const struct request_info *info, const struct resource *resource, const struct verb *verb,
                      struct error **err) {
    uint32_t known = resource->verbs;
    if (*info->subresource) {
        const struct resource_subresource *subresource = resource_subresource(resource, info->subresource);
        if (!subresource) {
            status_no_such_path(err);
            return false;
        }
        known = subresource->verbs;
    }
    bool named_create = verb && verb->bit == RESOURCE_VERB_CREATE && *info->name && !*info->subresource;
    bool unnamed_write = verb && !*info->name && (verb->bit == RESOURCE_VERB_UPDATE || verb->bit == RESOURCE_VERB_PATCH);
    if (verb && (known & verb->bit) && !named_create && !unnamed_write)
        return true;
    method_not_allowed(err);
    return false;
}

static bool read_body(struct operation *operation, const struct verb *verb, struct error **err) {
    const struct api_request *request = operation->call->request;
    if (request->body_too_large || request->body_len > BODY_LIMIT) {
        status_too_large(err, "limit is %d", BODY_LIMIT);
        return false;
    }
    operation->body = (struct registry_body){.bytes = request->body ? request->body : "", .len = request->body_len};
    if (!verb->has_body || (request->body_len == 0 && verb->bit != RESOURCE_VERB_CREATE && verb->bit != RESOURCE_VERB_UPDATE))
        return true;
    return negotiation_body(api_request_header(request, "Content-Type"), &operation->body.yaml, err) == 0;
}

static bool read_write_options(struct operation *operation, const struct verb *verb, struct error **err) {
    if (!verb->options_kind)
        return true;
    return registry_field_validation_parse(query(operation, "fieldValidation"), verb->options_kind,
                                           &operation->request.field_validation, err) == 0 &&
           registry_dry_run_parse(query(operation, "dryRun"), verb->options_kind, &operation->request.dry_run, err) == 0;
}

static bool negotiate(struct operation *operation, const struct verb *verb, struct error **err) {
    const struct api_request *request = operation->call->request;
    bool tables = operation->resource->verbs & (RESOURCE_VERB_GET | RESOURCE_VERB_LIST);
    if (negotiation_accept(api_request_header(request, "Accept"), tables, &operation->negotiation, err) < 0)
        return false;
    if (verb->bit == RESOURCE_VERB_WATCH && operation->negotiation.yaml) {
        status_not_acceptable(err, "only the following media types are accepted: application/json;stream=watch");
        return false;
    }
    operation->negotiation.pretty |=
        negotiation_pretty(request_info_query(&operation->call->info, "pretty"), api_request_header(request, "User-Agent"));
    return true;
}

static bool run_operation(struct operation *operation, const struct verb *verb, struct error **err) {
    struct api_call *call = operation->call;
    const struct request_info *info = &call->info;
    operation->user = (struct admission_user){
        .name = call->user.name,
        .uid = call->user.uid ? call->user.uid : "",
        .groups = (const char *const *)call->user.groups.items,
        .group_count = call->user.groups.len,
    };
    operation->request = (struct registry_request){
        .resource = operation->resource,
        .subresource = info->subresource,
        .ns = operation->resource->namespaced ? info->ns : "",
        .name = info->name,
        .user = &operation->user,
        .warnings = &call->warnings,
        .deadline = call->deadline,
    };
    return negotiate(operation, verb, err) && read_write_options(operation, verb, err) && read_body(operation, verb, err) &&
           verb->run(operation, err);
}

void resource_handler_run(struct api_call *call) {
    const struct request_info *info = &call->info;
    AUTO_ERROR error = NULL;
    if (!group_version_known(info)) {
        api_response_set_text(call->response, 404, "text/plain; charset=utf-8", "404 page not found\n");
        return;
    }
    const struct resource *resource = resources_find(info->group, info->version, info->resource);
    const struct verb *verb = verb_of(info);
    if (!resource) {
        status_no_such_path(&error);
        api_call_refuse(call, &error);
        return;
    }
    call->resource = resource;
    if (!shape_fits(info, resource, &error) || !verb_fits(info, resource, verb, &error)) {
        api_call_refuse(call, &error);
        return;
    }
    if (str_equal(info->subresource, "log") && resource == resource_pods()) {
        pod_log_run(call);
        return;
    }
    struct operation operation = {.call = call, .resource = resource};
    if (!run_operation(&operation, verb, &error))
        api_call_refuse(call, &error);
    else
        encode_compress(call);
}

bool resource_handler_answers_at_once(struct apiserver *server, const struct request_info *info) {
    if (*info->subresource)
        return false;
    const struct resource *resource = resources_find(info->group, info->version, info->resource);
    const struct verb *verb = verb_of(info);
    if (!resource || !verb)
        return true; // refused at once
    bool watch = verb->bit == RESOURCE_VERB_WATCH;
    if (!watch && verb->bit != RESOURCE_VERB_GET && verb->bit != RESOURCE_VERB_LIST)
        return false;
    int64_t limit = 0;
    const char *limit_text = request_info_query(info, "limit");
    if (limit_text && !str_to_int64(limit_text, &limit))
        return true;
    const char *version = request_info_query(info, "resourceVersion");
    const char *match = request_info_query(info, "resourceVersionMatch");
    const char *continue_token = request_info_query(info, "continue");
    if (watch) // from a revision on, or from whatever the cache holds
        return !request_info_query(info, "sendInitialEvents");
    return !registry_read_blocks(server->registry, resource, version ? version : "", match ? match : "", limit,
                                 continue_token ? continue_token : "");
}
