// SPDX-License-Identifier: Apache-2.0
// The kubelet's HTTP servers. Requests go to a small pool, because authorisation and the runtime may block.
#include "kubelet/server.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"
#include "common/client/informer.h"
#include "common/component/health.h"
#include "common/net/http_server.h"
#include "common/net/url.h"
#include "kubelet/log_stream.h"
#include "kubelet/server_auth.h"
#include "kubelet/server_logs.h"
#include "kubelet/server_stats.h"
#include "kubelet/serving_certificate.h"

#define POOL_MAX 16
#define POOL_IDLE_SECONDS 5

struct server {
    struct server_config config;
    struct server_auth *auth;
    struct log_streams *logs;
    struct server_stats_metrics metrics;
    struct thread_pool *pool;
    struct tls_store *tls;
    struct http_server *http; // 10250 and the read-only port
    struct http_server *healthz;
    uint16_t port, healthz_port;
};

// --- replies -------------------------------------------------------------------------------------------------------------------

static void reply(struct http_server_request *request, int status, const char *type, struct str *take_body) {
    const struct http_server_head head = {.status = status, .content_type = type};
    http_server_reply_str(request, &head, take_body);
}

static void reply_text(struct http_server_request *request, int status, const char *text) {
    AUTO_STR body = {0};
    str_append(&body, text);
    reply(request, status, "text/plain; charset=utf-8", &body);
}

static bool runtime_check(void *context, struct str *reason) {
    struct server *server = context;
    if (pods_healthy(server->config.pods))
        return true;
    str_append(reason, "pods are not looked at in time");
    return false;
}

static bool always_well(void *context, struct str *reason) {
    (void)context;
    (void)reason;
    return true;
}

static void answer_health(struct server *server, struct http_server_request *request) {
    const struct health_check checks[] = {
        {"ping", always_well, NULL}, {"log", always_well, NULL}, {"syncloop", runtime_check, server}};
    const char *sub_path = str_skip_prefix(request->path, "/healthz");
    if (*sub_path == '/')
        sub_path++;
    struct health_answer answer = {0};
    health_answer("healthz", sub_path, request->query, checks, ARRAY_LEN(checks), &answer);
    reply(request, answer.status, "text/plain; charset=utf-8", &answer.body);
    health_answer_free(&answer);
}

// --- pods ----------------------------------------------------------------------------------------------------------------------

static void answer_pods(struct server *server, struct http_server_request *request) {
    struct ptr_vec pods = {0};
    pods_list(server->config.pods, &pods);
    AUTO_STR body = {0};
    str_append(&body, "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[");
    for (size_t i = 0; i < pods.len; i++) {
        const struct object *pod = pods.items[i];
        if (i > 0)
            str_append_char(&body, ',');
        str_append_n(&body, pod->json, pod->len);
    }
    str_append(&body, "]}");
    informer_release(&pods);
    reply(request, 200, "application/json", &body);
}

static void answer_metrics(struct server *server, struct http_server_request *request) {
    AUTO_STR body = {0};
    server_stats_update_metrics(&server->metrics, server->config.runtime);
    metrics_write(&body);
    reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void answer_configz(struct server *server, struct http_server_request *request) {
    AUTO_STR body = {0};
    kubelet_options_configz(server->config.options, &body);
    reply(request, 200, "application/json", &body);
}

static void answer_error(struct http_server_request *request, const struct error *failure) {
    log_error("request failed", "path", request->path, "err", error_message(failure), NULL);
    reply_text(request, 500, error_message(failure));
}

static void answer_running(struct server *server, struct http_server_request *request) {
    AUTO_STR body = {0};
    AUTO_ERROR failure = NULL;
    if (server_stats_running_pods(server->config.runtime, &body, &failure) < 0)
        answer_error(request, failure);
    else
        reply(request, 200, "application/json", &body);
}

static void answer_summary(struct server *server, struct http_server_request *request) {
    AUTO_STR body = {0};
    AUTO_ERROR failure = NULL;
    if (server_stats_summary(server->config.facts, server->config.runtime, server->config.clock, &body, &failure) < 0)
        answer_error(request, failure);
    else
        reply(request, 200, "application/json", &body);
}

static void answer_resource_metrics(struct server *server, struct http_server_request *request) {
    AUTO_STR body = {0};
    AUTO_ERROR failure = NULL;
    if (server_stats_resource_metrics(server->config.runtime, &body, &failure) < 0)
        answer_error(request, failure);
    else
        reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void answer_logs(struct server *server, struct http_server_request *request) {
    AUTO_STR message = {0};
    const struct server_logs logs = {
        .streams = server->logs, .pods = server->config.pods, .runtime = server->config.runtime, .clock = server->config.clock};
    int status = server_logs_answer(&logs, request, &message);
    if (status != 0)
        reply_text(request, status, str_text(&message));
}

static void answer_absent(struct server *server, struct http_server_request *request) {
    (void)server;
    AUTO_STR message = {0};
    str_printf(&message, "%s is not served by this kubelet", request->path);
    reply_text(request, 501, str_text(&message));
}

// --- routing -------------------------------------------------------------------------------------------------------------------

static const struct {
    const char *prefix;
    bool exact, debugging, read_only; // read_only: on the plain port, too
    void (*answer)(struct server *server, struct http_server_request *request);
} routes[] = {
    {"/healthz", false, false, true, answer_health},
    {"/pods", true, false, true, answer_pods},
    {"/pods/", true, false, true, answer_pods},
    {"/metrics", true, false, true, answer_metrics},
    {"/metrics/resource", true, false, true, answer_resource_metrics},
    {"/metrics/probes", true, false, false, answer_absent},
    {"/metrics/cadvisor", true, false, false, answer_absent},
    {"/stats/summary", true, false, true, answer_summary},
    {"/configz", true, false, false, answer_configz},
    {"/runningpods/", true, true, false, answer_running},
    {"/runningpods", true, true, false, answer_running},
    {"/containerLogs/", false, true, false, answer_logs},
    {"/exec/", false, true, false, answer_absent},
    {"/attach/", false, true, false, answer_absent},
    {"/portForward/", false, true, false, answer_absent},
    {"/run/", false, true, false, answer_absent},
    {"/checkpoint/", false, true, false, answer_absent},
    {"/logs/", false, true, false, answer_absent},
};

static void route(struct server *server, struct http_server_request *request) {
    bool plain = str_equal(request->listener, "read-only");
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const char *rest = str_skip_prefix(request->path, routes[i].prefix);
        if (!rest || (routes[i].exact && *rest) || (plain && !routes[i].read_only) ||
            (!routes[i].exact && *rest && !str_ends(routes[i].prefix, "/") && *rest != '/'))
            continue;
        if (routes[i].debugging && !server->config.options->enable_debugging_handlers)
            reply_text(request, 405, "Debug endpoints are disabled.");
        else
            routes[i].answer(server, request);
        return;
    }
    reply_text(request, 404, "404 page not found\n");
}

struct job {
    struct server *server;
    struct http_server_request *request;
};

static void run_job(void *argument) {
    struct job *job = argument;
    struct server *server = job->server;
    struct http_server_request *request = job->request;
    free(job);
    AUTO_STR message = {0};
    int refused = str_equal(request->listener, "read-only") ? 0 : server_auth_check(server->auth, request, &message);
    if (refused)
        reply_text(request, refused, str_text(&message));
    else
        route(server, request);
}

static void handle(void *context, struct http_server_request *request) {
    struct job *job = alloc_zero(sizeof(*job));
    job->server = context;
    job->request = request;
    if (!thread_pool_submit(job->server->pool, run_job, job)) {
        free(job);
        reply_text(request, 503, "the kubelet is stopping");
    }
}

static void handle_healthz(void *context, struct http_server_request *request) {
    if (str_starts(request->path, "/healthz"))
        answer_health(context, request);
    else
        reply_text(request, 404, "404 page not found\n");
}

// --- life ----------------------------------------------------------------------------------------------------------------------

static int load_tls(struct server *server, struct error **err) {
    const struct kubelet_options *options = server->config.options;
    AUTO_STR certificate = {0}, key = {0};
    if (*options->tls_cert_file) {
        str_append(&certificate, options->tls_cert_file);
        str_append(&key, options->tls_private_key_file);
    } else if (serving_certificate_ensure_kubelet(options->cert_dir, server->config.facts, server->config.clock, &certificate,
                                                  &key, err) < 0) {
        return -1;
    }
    const struct tls_config config = {.certificate_file = str_text(&certificate),
                                      .key_file = str_text(&key),
                                      .ca_file = *options->client_ca_file ? options->client_ca_file : NULL};
    return tls_store_new(&config, server->config.clock, &server->tls, err);
}

static int start_main(struct server *server, struct error **err) {
    const struct kubelet_options *options = server->config.options;
    struct http_server_listener listeners[2];
    size_t count = 0;
    if (options->enable_server) {
        if (load_tls(server, err) < 0)
            return -1;
        listeners[count++] = (struct http_server_listener){.name = "secure",
                                                           .address = options->address,
                                                           .port = (uint16_t)options->port,
                                                           .tls = server->tls,
                                                           .tls_1_3_only = str_equal(options->tls_min_version, "VersionTLS13"),
                                                           .threads = 1};
    }
    if (options->read_only_port > 0)
        listeners[count++] = (struct http_server_listener){
            .name = "read-only", .address = options->address, .port = (uint16_t)options->read_only_port, .threads = 1};
    if (count == 0)
        return 0;
    const struct http_server_config config = {.listeners = listeners,
                                              .listener_count = count,
                                              .handler = handle,
                                              .context = server,
                                              .connection_buffer = 16384,
                                              .max_connections = 1000};
    if (http_server_start(&config, &server->http, err) < 0)
        return -1;
    server->port = options->enable_server ? http_server_port(server->http, 0) : 0;
    return 0;
}

static int start_healthz(struct server *server, struct error **err) {
    const struct kubelet_options *options = server->config.options;
    if (options->healthz_port <= 0)
        return 0;
    const struct http_server_listener listener = {
        .name = "healthz", .address = options->healthz_bind_address, .port = (uint16_t)options->healthz_port, .threads = 1};
    const struct http_server_config config = {.listeners = &listener,
                                              .listener_count = 1,
                                              .handler = handle_healthz,
                                              .context = server,
                                              .connection_buffer = 4096,
                                              .max_connections = 100};
    if (http_server_start(&config, &server->healthz, err) < 0)
        return -1;
    server->healthz_port = http_server_port(server->healthz, 0);
    return 0;
}

int server_start(const struct server_config *config, struct server **ret_server, struct error **err) {
    struct server *server = alloc_zero(sizeof(*server));
    server->config = *config;
    server->auth = server_auth_new(config->options, config->rest, config->clock, config->facts->name);
    server->logs = log_streams_new();
    server_stats_make_metrics(&server->metrics);
    server->pool = thread_pool_new("server", POOL_MAX, POOL_IDLE_SECONDS);
    if (start_main(server, err) < 0 || start_healthz(server, err) < 0) {
        server_stop(server);
        return -1;
    }
    *ret_server = server;
    return 0;
}

void server_stop(struct server *server) {
    if (!server)
        return;
    if (server->http)
        http_server_drain(server->http);
    log_streams_stop(server->logs);
    http_server_stop(server->http);
    http_server_stop(server->healthz);
    thread_pool_stop(server->pool);
    log_streams_free(server->logs);
    server_auth_free(server->auth);
    tls_store_free(server->tls);
    free(server);
}

uint16_t server_port(const struct server *server) {
    return server->port;
}

uint16_t server_healthz_port(const struct server *server) {
    return server->healthz_port;
}

void server_container_ended(struct server *server, const char *container_id) {
    log_streams_ended(server->logs, container_id);
}
