// SPDX-License-Identifier: Apache-2.0
// The connection: kubeconfig and flags to a transport, and requests on it.
#include "cubectl/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/time_format.h"
#include "common/client/kubeconfig.h"
#include "common/client/rest.h"
#include "common/component/version.h"
#include "common/net/http_client.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/mapping.h"

#define GLOBAL(member) offsetof(struct global_options, member)

static const struct option global_options[] = {
    {"kubeconfig", 0, OPTION_STRING, GLOBAL(kubeconfig), NULL, "Path to the kubeconfig file to use for CLI requests.", NULL},
    {"context", 0, OPTION_STRING, GLOBAL(context), NULL, "The name of the kubeconfig context to use", NULL},
    {"cluster", 0, OPTION_STRING, GLOBAL(cluster), NULL, "The name of the kubeconfig cluster to use", NULL},
    {"user", 0, OPTION_STRING, GLOBAL(user), NULL, "The name of the kubeconfig user to use", NULL},
    {"namespace", 'n', OPTION_STRING, GLOBAL(ns), NULL, "If present, the namespace scope for this CLI request", NULL},
    {"server", 's', OPTION_STRING, GLOBAL(server), NULL, "The address and port of the Kubernetes API server", NULL},
    {"tls-server-name", 0, OPTION_STRING, GLOBAL(server_name), NULL, "Server name to use for server certificate validation",
     NULL},
    {"token", 0, OPTION_STRING, GLOBAL(token), NULL, "Bearer token for authentication to the API server", NULL},
    {"username", 0, OPTION_STRING, GLOBAL(username), NULL, "Username for basic authentication to the API server", NULL},
    {"password", 0, OPTION_STRING, GLOBAL(password), NULL, "Password for basic authentication to the API server", NULL},
    {"certificate-authority", 0, OPTION_STRING, GLOBAL(ca_file), NULL, "Path to a cert file for the certificate authority", NULL},
    {"client-certificate", 0, OPTION_STRING, GLOBAL(certificate), NULL, "Path to a client certificate file for TLS", NULL},
    {"client-key", 0, OPTION_STRING, GLOBAL(key), NULL, "Path to a client key file for TLS", NULL},
    {"insecure-skip-tls-verify", 0, OPTION_BOOL, GLOBAL(insecure), NULL, "Do not check the server's certificate for validity",
     NULL},
    {"request-timeout", 0, OPTION_STRING, GLOBAL(request_timeout), "0",
     "How long to wait for a single server request: 1s, 2m, 3h; zero means don't time out", NULL},
    {"as", 0, OPTION_STRING, GLOBAL(as), NULL, "Username to impersonate for the operation", NULL},
    {"as-group", 0, OPTION_ARRAY, GLOBAL(as_groups), NULL, "Group to impersonate for the operation, can be repeated", NULL},
    {"as-uid", 0, OPTION_STRING, GLOBAL(as_uid), NULL, "UID to impersonate for the operation", NULL},
    {"warnings-as-errors", 0, OPTION_BOOL, GLOBAL(warnings_as_errors), NULL,
     "Treat warnings received from the server as errors and exit with a non-zero exit code", NULL},
    {"v", 'v', OPTION_INT, GLOBAL(verbosity), "0", "number for the log level verbosity", NULL},
    {"cache-dir", 0, OPTION_IGNORED, 0, NULL, "", "nothing is cached"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

const struct option *session_global_options(void) {
    return global_options;
}

void session_free(struct session *session) {
    transport_free(session->own_transport);
    free(session->ns);
    free(session->host);
    mapping_free(session);
    for (size_t i = 0; i < session->failures.len; i++)
        error_free(session->failures.items[i]);
    ptr_vec_free(&session->failures);
}

bool session_given(const struct session *session, const char *option) {
    return session->given && str_list_contains(session->given, option);
}

// --- kubeconfig --------------------------------------------------------------------------------------------------------

static char *default_config_file(void) {
    const char *home = getenv("HOME");
    return alloc_printf("%s/.kube/config", home ? home : "");
}

// The files to merge, joined by ':'; owned.
static char *config_paths(const struct session *session) {
    const char *paths = session->global->kubeconfig;
    if (str_empty(paths))
        paths = getenv("KUBECONFIG");
    return str_empty(paths) ? default_config_file() : alloc_string(paths);
}

char *session_config_file(const struct session *session) {
    if (!str_empty(session->global->kubeconfig))
        return alloc_string(session->global->kubeconfig);
    CLEANUP(free_ptr) char *paths = config_paths(session);
    AUTO_STR_LIST list = {0};
    str_list_split(&list, paths, ':');
    for (size_t i = 0; i < list.len; i++)
        if (file_exists(list.items[i]))
            return alloc_string(list.items[i]);
    return list.len > 0 ? alloc_string(list.items[list.len - 1]) : default_config_file();
}

int session_config_tree(const struct session *session, struct json **ret_tree, struct error **err) {
    const char *only = session->global->kubeconfig;
    if (!str_empty(only) && !file_exists(only))
        return error_set(err, "stat %s: no such file or directory", only);
    CLEANUP(free_ptr) char *paths = config_paths(session);
    return kubeconfig_merge(paths, ret_tree, err);
}

static void replace(char **member, const char *value) {
    if (str_empty(value))
        return;
    free(*member);
    *member = alloc_string(value);
}

// --cluster and --user change what the context names.
static void override_context(struct json *tree, const struct global_options *global) {
    const char *name = str_empty(global->context) ? json_get_text(tree, "current-context") : global->context;
    struct json *entry = json_array_find(json_get(tree, "contexts"), "name", name, NULL);
    if (!entry)
        return;
    struct json *context = json_ensure_object(entry, "context");
    if (!str_empty(global->cluster))
        json_set_string(context, "cluster", global->cluster);
    if (!str_empty(global->user))
        json_set_string(context, "user", global->user);
}

static int load_kubeconfig(const struct session *session, struct kubeconfig **ret_config, struct error **err) {
    const struct global_options *global = session->global;
    AUTO_JSON tree = NULL;
    if (session_config_tree(session, &tree, err) < 0)
        return -1;
    override_context(tree, global);
    if (str_empty(global->context) && str_empty(json_get_text(tree, "current-context"))) {
        if (str_empty(global->server) && kubeconfig_in_cluster(ret_config, NULL) == 0)
            return 0;
        // As kubectl without any configuration.
        *ret_config = alloc_zero(sizeof(**ret_config));
        (*ret_config)->server = alloc_string("http://localhost:8080");
        return 0;
    }
    if (!str_empty(global->context) && !json_array_find(json_get(tree, "contexts"), "name", global->context, NULL))
        return error_set_api(err, 0, FAILURE_VERBATIM, "Error in configuration: context was not found for specified context: %s",
                             global->context);
    return kubeconfig_resolve(tree, global->context, ret_config, err);
}

static void apply_flags(struct kubeconfig *config, const struct global_options *global) {
    replace(&config->server, global->server);
    replace(&config->server_name, global->server_name);
    if (!str_empty(global->token)) {
        replace(&config->token, global->token);
        free(STEAL(config->token_file));
    }
    replace(&config->username, global->username);
    replace(&config->password, global->password);
    if (!str_empty(global->ca_file)) {
        free(STEAL(config->ca_pem));
        replace(&config->ca_file, global->ca_file);
    }
    if (!str_empty(global->certificate)) {
        free(STEAL(config->certificate_pem));
        replace(&config->certificate_file, global->certificate);
    }
    if (!str_empty(global->key)) {
        free(STEAL(config->key_pem));
        replace(&config->key_file, global->key);
    }
    if (global->insecure) {
        config->insecure = true;
        free(STEAL(config->ca_pem));
        free(STEAL(config->ca_file));
    }
    if (!strstr(config->server, "://")) {
        bool tls = config->ca_pem || config->ca_file || config->certificate_pem || config->certificate_file || config->insecure;
        char *server = alloc_printf("%s://%s", tls ? "https" : "http", config->server);
        free(config->server);
        config->server = server;
    }
}

static int parse_timeout(struct session *session, struct error **err) {
    const char *text = session->global->request_timeout;
    int64_t seconds = 0;
    if (str_empty(text))
        return 0;
    if (str_to_int64(text, &seconds) && seconds >= 0) {
        session->timeout = seconds * SECOND;
        return 0;
    }
    if (!duration_parse(text, &session->timeout) || session->timeout < 0)
        return error_set(err, "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
                              "corresponding time unit (e.g. 1s | 2m | 3h)");
    return 0;
}

static char *host_of(const char *server) {
    AUTO_URL url = {0};
    if (url_parse(server, &url, NULL) < 0)
        return alloc_string(server);
    if (url.port == 0)
        return alloc_string(url.host);
    AUTO_STR host = {0};
    url_host_port(url.host, url.port, &host);
    return str_take(&host);
}

int session_prepare(struct session *session, struct error **err) {
    if (session->prepared)
        return 0;
    if (parse_timeout(session, err) < 0)
        return -1;
    CLEANUP(kubeconfig_freep) struct kubeconfig *config = NULL;
    if (!session->transport) {
        if (load_kubeconfig(session, &config, err) < 0)
            return -1;
        apply_flags(config, session->global);
        CLEANUP(free_ptr) char *user_agent = version_user_agent("cubectl");
        if (kubeconfig_transport(config, user_agent, &session->own_transport, err) < 0)
            return -1;
        session->transport = session->own_transport;
    }
    session->host = config ? host_of(config->server) : alloc_string("localhost");
    session->ns_given = !str_empty(session->global->ns);
    const char *ns = session->ns_given ? session->global->ns : config && !str_empty(config->ns) ? config->ns : "default";
    session->ns = alloc_string(ns);
    session->prepared = true;
    return 0;
}

int session_namespace(struct session *session, const char **ret_namespace, struct error **err) {
    if (session_prepare(session, err) < 0)
        return -1;
    *ret_namespace = session->ns;
    return 0;
}

// --- requests ----------------------------------------------------------------------------------------------------------

// Warning headers: `299 - "text"`, one a line.
static void show_warnings(struct session *session, const char *warnings) {
    AUTO_STR_LIST lines = {0};
    str_list_split(&lines, warnings ? warnings : "", '\n');
    for (size_t i = 0; i < lines.len; i++) {
        const char *quote = strchr(lines.items[i], '"');
        AUTO_STR text = {0};
        for (const char *c = quote ? quote + 1 : lines.items[i]; *c && !(quote && *c == '"'); c++) {
            if (quote && *c == '\\' && c[1])
                c++;
            str_append_char(&text, *c);
        }
        fprintf(session->errors, "Warning: %s\n", str_text(&text));
        session->warnings++;
    }
}

// No connection: in kubectl's words.
static int transport_failed(const struct session *session, struct error **failure, struct error **err) {
    const char *message = error_message(*failure);
    struct error *cause = STEAL(*failure);
    // only the cause is shown, without `Get "https://...": `
    const char *quote = strstr(message, "\": ");
    if (strstr(message, "connection refused"))
        error_set_api(err, 0, FAILURE_VERBATIM,
                      "The connection to the server %s was refused - did you specify the right host or port?", session->host);
    else
        error_set_api(err, 0, FAILURE_VERBATIM, "Unable to connect to the server: %s", quote ? quote + 3 : message);
    error_free(cause);
    return -1;
}

#define MAX_HEADERS 16

static size_t add_headers(const struct session *session, const struct session_call *call, struct http_header *headers) {
    const struct global_options *global = session->global;
    size_t count = 0;
    headers[count++] = (struct http_header){"Accept", call->accept ? call->accept : "application/json"};
    if (call->body)
        headers[count++] = (struct http_header){"Content-Type", call->content_type ? call->content_type : "application/json"};
    if (!str_empty(global->as))
        headers[count++] = (struct http_header){"Impersonate-User", global->as};
    if (!str_empty(global->as_uid))
        headers[count++] = (struct http_header){"Impersonate-Uid", global->as_uid};
    for (size_t i = 0; i < global->as_groups.len && count < MAX_HEADERS; i++)
        headers[count++] = (struct http_header){"Impersonate-Group", global->as_groups.items[i]};
    return count;
}

static int exchange(struct session *session, const struct session_call *call, struct http_response *ret_response,
                    struct error **err) {
    if (session_prepare(session, err) < 0)
        return -1;
    struct http_header headers[MAX_HEADERS];
    AUTO_STR body = {0};
    if (call->body)
        json_write(call->body, &body);
    struct http_request request = {.method = call->method ? call->method : "GET",
                                   .path = call->path,
                                   .headers = headers,
                                   .header_count = add_headers(session, call, headers),
                                   .body = call->body ? body.data : NULL,
                                   .body_len = body.len,
                                   .timeout = session->timeout};
    struct error *failure = NULL;
    if (transport_roundtrip(session->transport, &request, ret_response, &failure) < 0)
        return transport_failed(session, &failure, err);
    show_warnings(session, ret_response->warning);
    return rest_check(ret_response, err);
}

int session_call_text(struct session *session, const struct session_call *call, struct str *out, struct error **err) {
    AUTO_RESPONSE response = {0};
    if (exchange(session, call, &response, err) < 0)
        return -1;
    str_append_n(out, str_text(&response.body), response.body.len);
    return 0;
}

int session_call(struct session *session, const struct session_call *call, struct json **ret_value, struct error **err) {
    AUTO_RESPONSE response = {0};
    if (exchange(session, call, &response, err) < 0)
        return -1;
    if (!ret_value)
        return 0;
    struct json_limits limits = {.max_bytes = (size_t)1 << 30, .max_values = (size_t)1 << 28, .allow_duplicates = true};
    if (json_parse(str_text(&response.body), response.body.len, &limits, ret_value, err) < 0)
        return error_prefix(err, "answer to %s %s", call->method ? call->method : "GET", call->path);
    return 0;
}

// A stream whose answer may turn out to be an error.
struct stream {
    bool (*on_data)(void *context, const char *bytes, size_t len);
    void *context;
    int status;
    struct str error_body;
};

static bool stream_start(void *context, int status, const char *content_type UNUSED) {
    struct stream *stream = context;
    stream->status = status;
    return true;
}

static bool stream_data(void *context, const char *bytes, size_t len) {
    struct stream *stream = context;
    if (stream->status >= 200 && stream->status < 300)
        return stream->on_data(stream->context, bytes, len);
    str_append_n(&stream->error_body, bytes, len);
    return stream->error_body.len < ((size_t)1 << 20);
}

int session_stream(struct session *session, const struct session_stream_call *call, struct error **err) {
    if (session_prepare(session, err) < 0)
        return -1;
    struct http_header headers[MAX_HEADERS];
    struct session_call plain = {.accept = call->accept};
    struct http_request request = {.method = "GET",
                                   .path = call->path,
                                   .headers = headers,
                                   .header_count = add_headers(session, &plain, headers),
                                   .timeout = call->timeout ? call->timeout : session->timeout};
    struct stream stream = {.on_data = call->on_data, .context = call->context};
    struct stream_handler handler = {.on_start = stream_start, .on_data = stream_data, .context = &stream};
    struct stream_stop never = {0};
    struct error *failure = NULL;
    int result = transport_stream(session->transport, &request, &handler, call->stop ? call->stop : &never, &failure);
    if (result < 0 && error_is(failure, HTTP_CLIENT_TIMEOUT) && request.timeout > 0) {
        error_free(failure);
        result = 0;
    } else if (result < 0 && stream.status == 0) {
        transport_failed(session, &failure, err);
    } else if (result < 0) {
        error_move(err, &failure);
    } else if (stream.status != 0) {
        struct http_response response = {.status = stream.status, .body = stream.error_body, .retry_after_seconds = -1};
        result = rest_check(&response, err);
    }
    str_free(&stream.error_body);
    return result;
}
