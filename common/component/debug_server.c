// SPDX-License-Identifier: Apache-2.0
// Health, metrics and configuration over HTTP(S).
#include "common/component/debug_server.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/metrics.h"
#include "common/base/process.h"
#include "common/component/version.h"
#include "common/crypto/key.h"
#include "common/crypto/x509.h"
#include "common/net/http_server.h"

#define SELF_SIGNED_YEARS 1
#define YEAR (365 * 24 * HOUR)

// The copied part of the configuration and what runs by it. Constant after the start.
struct debug_server {
    struct debug_server_config config;
    char *configz;
    struct tls_store *tls;
    struct http_server *http;
};

static void reply_text(struct http_server_request *request, int status, const char *text) {
    static const struct http_header headers[] = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-cache, private"}};
    struct http_server_head head = {
        .status = status, .content_type = "text/plain; charset=utf-8", .headers = headers, .header_count = ARRAY_LEN(headers)};
    http_server_reply(request, &head, text, strlen(text));
}

static void reply_json(struct http_server_request *request, int status, const char *text) {
    struct http_server_head head = {.status = status, .content_type = "application/json"};
    http_server_reply(request, &head, text, strlen(text));
}

static void reply_forbidden(struct http_server_request *request, const char *path) {
    AUTO_STR text = {0};
    str_printf(&text,
               "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"forbidden: User "
               "\\\"system:anonymous\\\" cannot get path \\\"%s\\\"\",\"reason\":\"Forbidden\",\"details\":{},\"code\":403}",
               path);
    reply_json(request, 403, text.data);
}

static void reply_health(struct http_server_request *request, const char *endpoint, const struct health_check *checks,
                         size_t count) {
    const char *rest = request->path + 1 + strlen(endpoint);
    struct health_answer answer;
    health_answer(endpoint, *rest == '/' ? rest + 1 : rest, request->query, checks, count, &answer);
    reply_text(request, answer.status, str_text(&answer.body));
    health_answer_free(&answer);
}

// Is path /name or /name/...?
static bool path_is(const char *path, const char *name) {
    const char *rest = str_skip_prefix(path + (*path == '/' ? 1 : 0), name);
    return rest && (*rest == '\0' || *rest == '/');
}

static bool reply_if_health(struct debug_server *server, struct http_server_request *request) {
    const struct debug_server_config *config = &server->config;
    const struct {
        const char *name;
        const struct health_check *checks;
        size_t count;
    } endpoints[] = {{"healthz", config->healthz, config->healthz_count},
                     {"livez", config->livez, config->livez_count},
                     {"readyz", config->readyz, config->readyz_count}};
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        if (!path_is(request->path, endpoints[i].name))
            continue;
        if (endpoints[i].count > 0)
            reply_health(request, endpoints[i].name, endpoints[i].checks, endpoints[i].count);
        else // health paths need no permission, also where there is nothing
            reply_text(request, 404, "404 page not found\n");
        return true;
    }
    return false;
}

// On a plain server (kube-proxy's metrics on loopback) everybody may read; else whoever has a certificate of the client CA.
static bool may_read(const struct debug_server *server, const struct http_server_request *request) {
    return server->config.plain || request->peer;
}

static void handle(void *context, struct http_server_request *request) {
    struct debug_server *server = context;
    if (!str_equal(request->method, "GET") && !str_equal(request->method, "HEAD")) {
        reply_text(request, 405, "Method Not Allowed\n");
        return;
    }
    if (reply_if_health(server, request))
        return;
    if (!may_read(server, request)) {
        reply_forbidden(request, request->path);
    } else if (str_equal(request->path, "/metrics")) {
        struct str text = {0};
        metrics_write(&text);
        struct http_server_head head = {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8"};
        http_server_reply_str(request, &head, &text);
    } else if (str_equal(request->path, "/configz") && server->configz) {
        reply_json(request, 200, server->configz);
    } else if (str_equal(request->path, "/version")) {
        struct json *info = version_info();
        char *text = json_text(info);
        reply_json(request, 200, text);
        free(text);
        json_unref(info);
    } else {
        reply_text(request, 404, "404 page not found\n");
    }
}

// A key and a certificate that live in memory only, as upstream makes them without --cert-dir.
static int self_signed(struct str *certificate_pem, struct str *key_pem, struct error **err) {
    AUTO_KEY key = NULL;
    AUTO_X509 certificate = NULL;
    int64_t now = clock_wall(clock_system());
    const struct x509_template template = {
        .common_name = process_hostname(),
        .dns_names = (const char *const[]){process_hostname(), "localhost", NULL},
        .ip_addresses = (const char *const[]){"127.0.0.1", NULL},
        .not_before = now - HOUR,
        .not_after = now + SELF_SIGNED_YEARS * YEAR,
        .server_auth = true,
    };
    if (key_generate(KEY_EC_P256, 0, &key, err) < 0 || x509_issue(&template, key, NULL, key, &certificate, err) < 0)
        return -1;
    if (x509_pem(certificate, certificate_pem, err) < 0 || key_private_pem(key, key_pem, err) < 0)
        return -1;
    return 0;
}

static int make_tls(const struct debug_server_config *config, struct tls_store **ret_store, struct error **err) {
    AUTO_STR certificate = {0};
    AUTO_STR key = {0};
    struct tls_config tls = {.ca_file = str_empty(config->client_ca_file) ? NULL : config->client_ca_file};
    if (!str_empty(config->certificate_file)) {
        tls.certificate_file = config->certificate_file;
        tls.key_file = config->key_file;
    } else {
        if (self_signed(&certificate, &key, err) < 0)
            return error_prefix(err, "self-signed serving certificate");
        tls.certificate_pem = certificate.data;
        tls.key_pem = key.data;
    }
    return tls_store_new(&tls, clock_system(), ret_store, err);
}

int debug_server_start(const struct debug_server_config *config, struct debug_server **ret_server, struct error **err) {
    *ret_server = NULL;
    if (config->port == 0)
        return 0;
    struct debug_server *server = alloc_zero(sizeof(*server));
    server->config = *config;
    server->configz = alloc_string_or_null(config->configz);
    struct http_server_listener listener = {
        .name = "debug", .address = config->bind_address, .port = (uint16_t)config->port, .threads = 1};
    struct http_server_config http = {.listeners = &listener,
                                      .listener_count = 1,
                                      .handler = handle,
                                      .context = server,
                                      .max_body = 4096,
                                      .connection_buffer = 8192};
    if (!config->plain) {
        if (make_tls(config, &server->tls, err) < 0)
            goto failed;
        listener.tls = server->tls;
    }
    if (http_server_start(&http, &server->http, err) < 0)
        goto failed;
    *ret_server = server;
    return 0;
failed:
    debug_server_stop(server);
    return -1;
}

void debug_server_stop(struct debug_server *server) {
    if (!server)
        return;
    http_server_stop(server->http);
    tls_store_free(server->tls);
    free(server->configz);
    free(server);
}
