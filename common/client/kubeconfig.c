// SPDX-License-Identifier: Apache-2.0
// Loading, merging and resolving kubeconfigs.
#include "common/client/kubeconfig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/data/yaml.h"
#include "common/net/http_client.h"

#define KUBECONFIG_MAX_BYTES ((size_t)16 << 20)
#define SERVICE_ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

void kubeconfig_free(struct kubeconfig *config) {
    if (!config)
        return;
    char *const strings[] = {
        config->context,          config->cluster,  config->user,       config->ns,       config->server,
        config->ca_pem,           config->ca_file,  config->token,      config->key_pem,  config->certificate_pem,
        config->certificate_file, config->key_file, config->token_file, config->username, config->password,
        config->server_name,      config->proxy_url};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free(strings[i]);
    free(config);
}

void kubeconfig_freep(struct kubeconfig **config) {
    kubeconfig_free(*config);
}

// --- merging -----------------------------------------------------------------------------------------------------------

// Makes the file references of every entry of a list absolute.
static void resolve_files(struct json *tree, const char *list, const char *member, const char *const *fields,
                          const char *folder) {
    struct json *entries = json_get(tree, list);
    for (size_t i = 0; i < json_len(entries); i++) {
        struct json *entry = json_get(json_at(entries, i), member);
        for (size_t f = 0; fields[f]; f++) {
            const char *file = json_get_text(entry, fields[f]);
            if (str_empty(file) || file[0] == '/')
                continue;
            char *absolute = alloc_printf("%s/%s", folder, file);
            json_set_string(entry, fields[f], absolute);
            free(absolute);
        }
    }
}

// References count from the folder where the file was named, also if it is a symbolic link, as in client-go.
static void make_absolute(struct json *tree, const char *path) {
    CLEANUP(free_ptr) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    CLEANUP(free_ptr) char *folder = here ? alloc_printf("%s/%s", here, path) : alloc_string(path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    resolve_files(tree, "clusters", "cluster", (const char *const[]){"certificate-authority", NULL}, folder);
    resolve_files(tree, "users", "user", (const char *const[]){"client-certificate", "client-key", "tokenFile", NULL}, folder);
}

static int read_tree(const char *path, struct json **ret_tree, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, KUBECONFIG_MAX_BYTES, &text, err) < 0)
        return -1;
    struct json *tree = NULL;
    if (yaml_parse_one(str_text(&text), text.len, path, &tree, err) < 0)
        return error_prefix(err, "error loading config file \"%s\"", path);
    make_absolute(tree, path);
    *ret_tree = tree;
    return 0;
}

// Adds to `into` what it does not have yet.
static void merge_tree(struct json *into, const struct json *from) {
    static const char *const lists[] = {"clusters", "users", "contexts"};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        struct json *target = json_ensure_array(into, lists[l]);
        const struct json *source = json_get(from, lists[l]);
        for (size_t i = 0; i < json_len(source); i++) {
            const struct json *entry = json_at(source, i);
            if (!json_array_find(target, "name", json_get_text(entry, "name"), NULL))
                json_append(target, json_clone(entry));
        }
    }
    if (str_empty(json_get_text(into, "current-context")) && !str_empty(json_get_text(from, "current-context")))
        json_set_string(into, "current-context", json_get_text(from, "current-context"));
}

int kubeconfig_merge(const char *paths, struct json **ret_tree, struct error **err) {
    AUTO_STR_LIST list = {0};
    str_list_split(&list, paths, ':');
    AUTO_JSON merged = json_new_object();
    json_set_string(merged, "apiVersion", "v1");
    json_set_string(merged, "kind", "Config");
    for (size_t i = 0; i < list.len; i++) {
        if (str_empty(list.items[i]) || !file_exists(list.items[i]))
            continue;
        AUTO_JSON tree = NULL;
        if (read_tree(list.items[i], &tree, err) < 0)
            return -1;
        merge_tree(merged, tree);
    }
    *ret_tree = STEAL(merged);
    return 0;
}

// --- resolving ---------------------------------------------------------------------------------------------------------

static int decode(const struct json *object, const char *key, char **ret_text, struct error **err) {
    const char *text = json_get_string(object, key);
    if (str_empty(text))
        return 0;
    AUTO_STR bytes = {0};
    if (!base64_decode(&bytes, text, strlen(text)))
        return error_set(err, "invalid configuration: %s: illegal base64 data", key);
    *ret_text = str_take(&bytes);
    return 0;
}

static char *text_or_null(const struct json *object, const char *key) {
    const char *text = json_get_text(object, key);
    return str_empty(text) ? NULL : alloc_string(text);
}

static int resolve_cluster(struct kubeconfig *config, const struct json *cluster, struct error **err) {
    config->server = text_or_null(cluster, "server");
    config->ca_file = text_or_null(cluster, "certificate-authority");
    config->server_name = text_or_null(cluster, "tls-server-name");
    config->proxy_url = text_or_null(cluster, "proxy-url");
    config->insecure = json_get_bool(cluster, "insecure-skip-tls-verify", false);
    if (!config->server)
        return error_set(err, "invalid configuration: no server found for cluster \"%s\"", config->cluster);
    return decode(cluster, "certificate-authority-data", &config->ca_pem, err);
}

static int resolve_user(struct kubeconfig *config, const struct json *user, struct error **err) {
    static const char *const unsupported[] = {"exec", "auth-provider"};
    for (size_t i = 0; i < ARRAY_LEN(unsupported); i++) {
        if (json_get(user, unsupported[i]))
            return error_set(err, "user \"%s\": credentials by \"%s\" are not supported, use a certificate or a token",
                             config->user, unsupported[i]);
    }
    config->certificate_file = text_or_null(user, "client-certificate");
    config->key_file = text_or_null(user, "client-key");
    config->token = text_or_null(user, "token");
    config->token_file = text_or_null(user, "tokenFile");
    config->username = text_or_null(user, "username");
    config->password = text_or_null(user, "password");
    if (decode(user, "client-certificate-data", &config->certificate_pem, err) < 0)
        return -1;
    return decode(user, "client-key-data", &config->key_pem, err);
}

int kubeconfig_resolve(const struct json *tree, const char *context, struct kubeconfig **ret_config, struct error **err) {
    CLEANUP(kubeconfig_freep) struct kubeconfig *config = alloc_zero(sizeof(*config));
    bool named = !str_empty(context);
    config->context = alloc_string(named ? context : json_get_text(tree, "current-context"));
    const struct json *entry = json_array_find(json_get(tree, "contexts"), "name", config->context, NULL);
    if (str_empty(config->context))
        return error_set(err,
                         "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment "
                         "variable");
    if (!entry)
        return error_set(err, named ? "context \"%s\" does not exist" : "current-context \"%s\" does not exist", config->context);
    const struct json *values = json_get(entry, "context");
    config->cluster = alloc_string(json_get_text(values, "cluster"));
    config->user = alloc_string(json_get_text(values, "user"));
    config->ns = text_or_null(values, "namespace");

    const struct json *cluster = json_array_find(json_get(tree, "clusters"), "name", config->cluster, NULL);
    if (!cluster)
        return error_set(err, "cluster \"%s\" does not exist", config->cluster);
    if (resolve_cluster(config, json_get(cluster, "cluster"), err) < 0)
        return -1;
    if (!str_empty(config->user)) {
        const struct json *user = json_array_find(json_get(tree, "users"), "name", config->user, NULL);
        if (!user)
            return error_set(err, "auth info \"%s\" does not exist", config->user);
        if (resolve_user(config, json_get(user, "user"), err) < 0)
            return -1;
    }
    *ret_config = STEAL(config);
    return 0;
}

int kubeconfig_load(const char *path, const char *context, struct kubeconfig **ret_config, struct error **err) {
    AUTO_JSON tree = NULL;
    if (read_tree(path, &tree, err) < 0)
        return -1;
    if (kubeconfig_resolve(tree, context, ret_config, err) < 0)
        return error_prefix(err, "error loading config file \"%s\"", path);
    return 0;
}

int kubeconfig_in_cluster(struct kubeconfig **ret_config, struct error **err) {
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    if (str_empty(host) || str_empty(port))
        return error_set(err,
                         "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be "
                         "defined");
    AUTO_STR ns = {0};
    struct kubeconfig *config = alloc_zero(sizeof(*config));
    config->server = alloc_printf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    config->ca_file = alloc_string(SERVICE_ACCOUNT_FOLDER "/ca.crt");
    config->token_file = alloc_string(SERVICE_ACCOUNT_FOLDER "/token");
    if (file_read(SERVICE_ACCOUNT_FOLDER "/namespace", 4096, &ns, NULL) == 0)
        config->ns = str_take(&ns);
    *ret_config = config;
    return 0;
}

int kubeconfig_transport(const struct kubeconfig *config, const char *user_agent, struct transport **ret_transport,
                         struct error **err) {
    const char *const endpoints[] = {config->server, NULL};
    struct http_client_config client = {
        .endpoints = endpoints,
        .ca_pem = config->ca_pem,
        .ca_file = config->ca_file,
        .certificate_pem = config->certificate_pem,
        .certificate_file = config->certificate_file,
        .key_pem = config->key_pem,
        .key_file = config->key_file,
        .bearer_token = config->token,
        .bearer_token_file = config->token_file,
        .username = config->username,
        .password = config->password,
        .server_name = config->server_name,
        .proxy_url = config->proxy_url,
        .user_agent = user_agent,
        .insecure = config->insecure,
    };
    return http_client_new(&client, ret_transport, err);
}
