// SPDX-License-Identifier: Apache-2.0
// Who may use the kubelet's server.
#include "kubelet/server_auth.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/vec.h"

#define CACHE_MAX 1000

struct decision {
    bool allowed;
    int64_t until; // monotonic
};

struct server_auth {
    // constant
    const struct kubelet_options *options;
    struct rest *rest;
    struct clock *clock;
    char *node_name;
    struct lock lock;
    struct map cache; // under lock; question -> decision, owned
};

struct user {
    char *name;
    struct str_list groups;
};

struct server_auth *server_auth_new(const struct kubelet_options *options, struct rest *rest, struct clock *clock,
                                    const char *node_name) {
    struct server_auth *auth = alloc_zero(sizeof(*auth));
    auth->options = options;
    auth->rest = rest;
    auth->clock = clock;
    auth->node_name = alloc_string(node_name);
    auth->cache = MAP_OWNING(free);
    lock_init(&auth->lock, "server_auth");
    return auth;
}

void server_auth_free(struct server_auth *auth) {
    if (!auth)
        return;
    map_free(&auth->cache);
    free(auth->node_name);
    lock_destroy(&auth->lock);
    free(auth);
}

static void user_clear(struct user *user) {
    free(user->name);
    str_list_free(&user->groups);
}

static bool path_below(const char *path, const char *prefix) {
    const char *rest = str_skip_prefix(path, prefix);
    return rest && (*rest == '\0' || *rest == '/');
}

const char *server_auth_subresource(const char *path) {
    static const char *const known[][2] = {
        {"/stats", "stats"}, {"/metrics", "metrics"}, {"/logs", "log"}, {"/spec", "spec"}, {"/checkpoint", "checkpoint"}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (path_below(path, known[i][0]))
            return known[i][1];
    }
    return "proxy";
}

const char *server_auth_verb(const char *method) {
    static const char *const verbs[][2] = {{"POST", "create"}, {"GET", "get"},     {"HEAD", "get"},
                                           {"PUT", "update"},  {"PATCH", "patch"}, {"DELETE", "delete"}};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(method, verbs[i][0]) == 0)
            return verbs[i][1];
    }
    return "";
}

// --- reviews -------------------------------------------------------------------------------------------------------------------

static int review(struct server_auth *auth, const char *path, const struct json *body, struct json **ret_answer,
                  struct error **err) {
    if (!auth->rest)
        return error_set(err, "there is no API server to ask");
    CLEANUP(free_ptr) char *text = json_text(body);
    AUTO_RESPONSE response = {0};
    const struct rest_request request = {
        .method = "POST", .path = path, .content_type = "application/json", .body = text, .body_len = strlen(text)};
    if (rest_raw(auth->rest, &request, &response, err) < 0 || rest_check(&response, err) < 0)
        return -1;
    return json_parse(str_text(&response.body), response.body.len, NULL, ret_answer, err);
}

static bool review_token(struct server_auth *auth, const char *token, struct user *user) {
    AUTO_JSON body = json_new_object();
    AUTO_JSON answer = NULL;
    AUTO_ERROR failure = NULL;
    json_set_string(body, "kind", "TokenReview");
    json_set_string(body, "apiVersion", "authentication.k8s.io/v1");
    json_put_string(body, "spec.token", token);
    if (review(auth, "/apis/authentication.k8s.io/v1/tokenreviews", body, &answer, &failure) < 0) {
        log_error("Unable to authenticate the request", "err", error_message(failure), NULL);
        return false;
    }
    if (!json_find_bool(answer, "status.authenticated", false))
        return false;
    user->name = alloc_string(json_find_text(answer, "status.user.username"));
    const struct json *groups = json_find(answer, "status.user.groups");
    for (size_t i = 0; i < json_len(groups); i++)
        str_list_add(&user->groups, json_string(json_at(groups, i)) ? json_string(json_at(groups, i)) : "");
    return true;
}

static bool authenticate(struct server_auth *auth, const struct http_server_request *request, struct user *user) {
    if (request->peer) {
        user->name = alloc_string(request->peer->common_name);
        for (size_t i = 0; i < request->peer->organization_count; i++)
            str_list_add(&user->groups, request->peer->organizations[i]);
        str_list_add(&user->groups, "system:authenticated");
        return true;
    }
    const char *header = http_server_header(request, "Authorization");
    const char *token = header ? str_skip_prefix(header, "Bearer ") : NULL;
    if (token)
        return auth->options->authentication_webhook && review_token(auth, token, user);
    if (!auth->options->anonymous_auth || request->peer_error)
        return false;
    user->name = alloc_string("system:anonymous");
    str_list_add(&user->groups, "system:unauthenticated");
    return true;
}

// --- authorisation -------------------------------------------------------------------------------------------------------------

static bool cached(struct server_auth *auth, const char *question, bool *ret_allowed) {
    bool found = false;
    LOCKED(&auth->lock) {
        const struct decision *known = map_get(&auth->cache, question);
        found = known && known->until > clock_monotonic(auth->clock);
        if (found)
            *ret_allowed = known->allowed;
    }
    return found;
}

static void keep(struct server_auth *auth, const char *question, bool allowed) {
    struct decision *decision = alloc_zero(sizeof(*decision));
    decision->allowed = allowed;
    decision->until = clock_monotonic(auth->clock) +
                      (allowed ? auth->options->authorization_allowed_ttl : auth->options->authorization_denied_ttl);
    LOCKED(&auth->lock) {
        if (auth->cache.len >= CACHE_MAX)
            map_clear(&auth->cache);
        map_put(&auth->cache, question, decision);
    }
}

static bool ask(struct server_auth *auth, const struct user *user, const char *verb, const char *subresource) {
    AUTO_JSON body = json_new_object();
    AUTO_JSON answer = NULL;
    AUTO_ERROR failure = NULL;
    json_set_string(body, "kind", "SubjectAccessReview");
    json_set_string(body, "apiVersion", "authorization.k8s.io/v1");
    json_put_string(body, "spec.user", user->name);
    for (size_t i = 0; i < user->groups.len; i++)
        json_append(json_ensure_array(body, "spec.groups"), json_new_string(user->groups.items[i]));
    json_put_string(body, "spec.resourceAttributes.verb", verb);
    json_put_string(body, "spec.resourceAttributes.version", "v1");
    json_put_string(body, "spec.resourceAttributes.resource", "nodes");
    json_put_string(body, "spec.resourceAttributes.subresource", subresource);
    json_put_string(body, "spec.resourceAttributes.name", auth->node_name);
    if (review(auth, "/apis/authorization.k8s.io/v1/subjectaccessreviews", body, &answer, &failure) < 0) {
        log_error("Authorization error", "user", user->name, "err", error_message(failure), NULL);
        return false;
    }
    return json_find_bool(answer, "status.allowed", false);
}

static bool authorize(struct server_auth *auth, const struct user *user, const char *verb, const char *subresource) {
    if (str_equal(auth->options->authorization_mode, "AlwaysAllow"))
        return true;
    CLEANUP(free_ptr) char *groups = str_list_join(&user->groups, "\n");
    CLEANUP(free_ptr) char *question = alloc_printf("%s\n%s\n%s\n\n%s", verb, subresource, user->name, groups);
    bool allowed = false;
    if (cached(auth, question, &allowed))
        return allowed;
    allowed = ask(auth, user, verb, subresource);
    keep(auth, question, allowed);
    return allowed;
}

int server_auth_check(struct server_auth *auth, const struct http_server_request *request, struct str *message) {
    struct user user = {0};
    if (!authenticate(auth, request, &user)) {
        user_clear(&user);
        str_append(message, "Unauthorized");
        return 401;
    }
    const char *verb = server_auth_verb(request->method), *subresource = server_auth_subresource(request->path);
    int status = 0;
    if (!authorize(auth, &user, verb, subresource)) {
        str_printf(message, "Forbidden (user=%s, verb=%s, resource=nodes, subresource(s)=[%s])", user.name, verb, subresource);
        status = 403;
    }
    user_clear(&user);
    return status;
}
