// SPDX-License-Identifier: Apache-2.0
// GET /healthz, /livez, /readyz and their single checks.
#include "apiserver/health_handler.h"

#include <string.h>

#include "apiserver/server_state.h"
#include "common/component/health.h"

#define ETCD_TIMEOUT (2 * SECOND)

// What the checks of one request share: storage is asked once.
struct health_context {
    struct apiserver *server;
    bool asked;
    bool reachable;
    struct str problem;
};

static bool check_ok(void *context UNUSED, struct str *reason UNUSED) {
    return true;
}

static bool check_etcd(void *context, struct str *reason) {
    struct health_context *health = context;
    if (!health->asked) {
        AUTO_ERROR error = NULL;
        int64_t deadline = clock_monotonic(health->server->config.clock) + ETCD_TIMEOUT;
        health->asked = true;
        health->reachable = storage_check(health->server->storage, deadline, &error) == 0;
        str_append(&health->problem, error_message(error));
    }
    if (!health->reachable)
        str_append(reason, str_text(&health->problem));
    return health->reachable;
}

static bool check_caches(void *context, struct str *reason) {
    struct health_context *health = context;
    if (watch_feed_ready(health->server->feed))
        return true;
    str_append(reason, "caches have not been loaded yet");
    return false;
}

static bool check_namespaces(void *context, struct str *reason) {
    struct health_context *health = context;
    if (health->server->namespaces_made)
        return true;
    str_append(reason, "not finished");
    return false;
}

static bool check_shutdown(void *context, struct str *reason) {
    struct health_context *health = context;
    if (!health->server->shutting_down)
        return true;
    str_append(reason, "process is shutting down");
    return false;
}

static const struct {
    const char *name;
    bool (*check)(void *context, struct str *reason);
    bool ready_only;
} checks[] = {
    {"ping", check_ok, false},
    {"log", check_ok, false},
    {"etcd", check_etcd, false},
    {"etcd-readiness", check_etcd, true},
    {"informer-sync", check_caches, true},
    {"poststarthook/start-system-namespaces-controller", check_namespaces, false},
    {"shutdown", check_shutdown, true},
};

void health_handler(struct api_call *call) {
    struct health_context context = {.server = call->server};
    struct health_check rows[ARRAY_LEN(checks)];
    size_t count = 0;
    const char *path = call->info.path + 1;
    size_t name_len = strcspn(path, "/");
    AUTO_STR endpoint = {0};
    str_append_n(&endpoint, path, name_len);
    bool ready = str_equal(str_text(&endpoint), "readyz");
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (ready || !checks[i].ready_only)
            rows[count++] = (struct health_check){checks[i].name, checks[i].check, &context};

    const char *query = strchr(call->request->target, '?');
    struct health_answer answer = {0};
    const char *sub_path = path[name_len] ? path + name_len + 1 : "";
    health_answer(str_text(&endpoint), sub_path, query ? query + 1 : NULL, rows, count, &answer);
    api_response_add_header(call->response, "X-Content-Type-Options", "nosniff");
    api_response_set_text(call->response, answer.status, "text/plain; charset=utf-8", str_text(&answer.body));
    health_answer_free(&answer);
    str_free(&context.problem);
}
