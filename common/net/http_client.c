// SPDX-License-Identifier: Apache-2.0
// The transport over libcurl: its configuration, its pool of kept-alive handles, and the choice of endpoints.
#include "common/net/http_client.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/net/http_client_internal.h"

#define DEFAULT_CONNECT_TIMEOUT (10 * SECOND)
#define DEFAULT_MAX_IDLE 4
#define MAX_IDLE_SECONDS 90L // below the idle timeout of servers, so that it is mostly the client that closes
#define MAX_TOKEN ((size_t)1024 * 1024)

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void) {
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

// --- TLS material ----------------------------------------------------------------------------------------------------------

static int memory_file(const struct str *text) {
    if (text->len == 0)
        return -1;
    AUTO_FD fd = memfd_create("tls", MFD_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0600) < 0)
        return -1;
    for (size_t done = 0; done < text->len;) {
        ssize_t written = write(fd, text->data + done, text->len - done);
        if (written < 0)
            return -1;
        done += (size_t)written;
    }
    int result = fd;
    fd = -1;
    return result;
}

static void tls_unref(struct http_client_tls *tls) {
    if (tls == NULL || --tls->references > 0)
        return;
    fd_closep(&tls->certificate);
    fd_closep(&tls->key);
    fd_closep(&tls->ca);
    free(tls);
}

// The files of the newest material. With the client's lock held; the caller owns a reference.
static struct http_client_tls *tls_current(struct http_client *client) {
    lock_assert_held(&client->lock);
    const struct tls_material *material = tls_store_get(client->tls);
    if (client->current_tls == NULL || client->current_tls->generation != material->generation) {
        tls_unref(client->current_tls);
        client->current_tls = alloc_zero(sizeof(*client->current_tls));
        *client->current_tls = (struct http_client_tls){
            .references = 1,
            .generation = material->generation,
            .certificate = memory_file(&material->certificate),
            .key = memory_file(&material->key),
            .ca = memory_file(&material->ca),
        };
    }
    tls_material_unref(material);
    client->current_tls->references++;
    return client->current_tls;
}

// --- handles ---------------------------------------------------------------------------------------------------------------

static void set_file(CURL *easy, CURLoption option, int fd) {
    char path[32];
    if (fd < 0)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    curl_easy_setopt(easy, option, path);
}

static void configure_tls(const struct http_client *client, struct http_handle *handle) {
    CURL *easy = handle->easy;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, client->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, client->insecure ? 0L : 2L);
    // Debian's default is to trust all of /etc/ssl/certs besides, and to read its hundreds of files at each handshake.
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    set_file(easy, CURLOPT_SSLCERT, handle->tls->certificate);
    set_file(easy, CURLOPT_SSLKEY, handle->tls->key);
    set_file(easy, CURLOPT_CAINFO, handle->tls->ca);
}

// What stays the same for all exchanges of a handle.
static void configure(const struct http_client *client, struct http_handle *handle) {
    CURL *easy = handle->easy;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, client->proxy_url != NULL ? client->proxy_url : "");
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, (long)client->endpoint_count);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    if (client->unix_socket != NULL)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->unix_socket);
    if (client->user_agent != NULL)
        curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    configure_tls(client, handle);
}

static void handle_free(struct http_handle *handle) { // with the client's lock held
    curl_easy_cleanup(handle->easy);
    tls_unref(handle->tls);
    free(handle);
}

// An idle handle that was made with this TLS material; those of older material are freed. With the client's lock held.
static struct http_handle *take_idle(struct http_client *client, const struct http_client_tls *tls) {
    struct list_node *node;
    while ((node = list_pop_front(&client->idle)) != NULL) {
        struct http_handle *handle = CONTAINER_OF(node, struct http_handle, node);
        client->idle_count--;
        if (handle->tls == tls)
            return handle;
        handle_free(handle);
    }
    return NULL;
}

static struct http_handle *handle_take(struct http_client *client) {
    lock_acquire(&client->lock);
    struct http_client_tls *tls = tls_current(client);
    struct http_handle *handle = take_idle(client, tls);
    if (handle != NULL)
        tls_unref(tls);
    lock_release(&client->lock);
    if (handle == NULL) {
        handle = alloc_zero(sizeof(*handle));
        handle->tls = tls;
        handle->easy = curl_easy_init();
        if (handle->easy == NULL)
            abort(); // out of memory
        configure(client, handle);
    }
    handle->error[0] = '\0';
    return handle;
}

static void handle_give(struct http_client *client, struct http_handle *take_handle, bool keep) {
    LOCKED(&client->lock) {
        if (keep && client->idle_count < client->max_idle) {
            list_push_front(&client->idle, &take_handle->node);
            client->idle_count++;
        } else {
            handle_free(take_handle);
        }
    }
}

// --- credentials -----------------------------------------------------------------------------------------------------------

static void look_at_token_file(struct http_client *client) {
    int64_t now = clock_monotonic(clock_system());
    if (now < client->next_token_look)
        return;
    client->next_token_look = now + SECOND;
    if (!file_stamp_update(&client->token_stamp, client->bearer_token_file))
        return;
    AUTO_STR text = {0};
    if (file_read(client->bearer_token_file, MAX_TOKEN, &text, NULL) < 0)
        return; // the last good one stays
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
        str_truncate(&text, text.len - 1);
    free(client->file_token);
    client->file_token = str_take(&text);
}

char *http_client_authorization(struct http_client *client) {
    char *header = NULL;
    if (client->basic != NULL)
        return alloc_printf("Authorization: Basic %s", client->basic);
    LOCKED(&client->lock) {
        if (client->bearer_token_file != NULL)
            look_at_token_file(client);
        const char *token = client->file_token != NULL ? client->file_token : client->bearer_token;
        if (!str_empty(token))
            header = alloc_printf("Authorization: Bearer %s", token);
    }
    return header;
}

// --- exchanges -------------------------------------------------------------------------------------------------------------

// Tries the endpoints in turn, as long as no connection could be made at all.
static int exchange_run(struct http_exchange *exchange, struct error **err) {
    struct http_client *client = exchange->client;
    size_t first = client->preferred;
    CURLcode code = CURLE_OK;
    if (exchange->request->timeout > 0)
        exchange->deadline = clock_monotonic(clock_system()) + exchange->request->timeout;
    else
        exchange->deadline = TIME_NEVER;
    exchange->handle = handle_take(client);
    for (size_t i = 0; i < client->endpoint_count; i++) {
        size_t index = (first + i) % client->endpoint_count;
        exchange->endpoint = &client->endpoints[index];
        code = http_client_exchange_perform(exchange);
        if (code == CURLE_OK)
            client->preferred = index;
        if (exchange->attempts > 0 || exchange->stopped || code == CURLE_OK)
            break;
    }
    int status = 0;
    if (code != CURLE_OK && !exchange->stopped)
        status = http_client_exchange_error(exchange, code, err);
    free(STEAL(exchange->content_type));
    handle_give(client, STEAL(exchange->handle), code == CURLE_OK);
    return status;
}

static int client_roundtrip(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                            struct error **err) {
    struct http_response response = {.retry_after_seconds = -1};
    struct http_exchange exchange = {
        .client = (struct http_client *)transport,
        .request = request,
        .response = &response,
    };
    if (exchange_run(&exchange, err) < 0) {
        http_response_free(&response);
        return -1;
    }
    response.status = exchange.status;
    *ret_response = response;
    return 0;
}

static int client_stream(struct transport *transport, const struct http_request *request, const struct stream_handler *handler,
                         struct stream_stop *stop, struct error **err) {
    struct http_exchange exchange = {
        .client = (struct http_client *)transport,
        .request = request,
        .handler = handler,
        .stop = stop,
    };
    return exchange_run(&exchange, err);
}

static void client_free(struct transport *transport) {
    struct http_client *client = (struct http_client *)transport;
    struct list_node *node;
    LOCKED(&client->lock) {
        while ((node = list_pop_front(&client->idle)) != NULL)
            handle_free(CONTAINER_OF(node, struct http_handle, node));
        tls_unref(client->current_tls);
    }
    for (size_t i = 0; i < client->endpoint_count; i++) {
        free(client->endpoints[i].base);
        free(client->endpoints[i].shown_base);
        free(client->endpoints[i].address);
        free(client->endpoints[i].connect_to);
        free(client->endpoints[i].host_header);
    }
    free(client->endpoints);
    free(client->server_name);
    free(client->unix_socket);
    free(client->proxy_url);
    free(client->user_agent);
    free(client->bearer_token);
    free(client->bearer_token_file);
    free(client->basic);
    free(client->file_token);
    tls_store_free(client->tls);
    lock_destroy(&client->lock);
    free(client);
}

static const struct transport_ops client_ops = {
    .name = "http",
    .roundtrip = client_roundtrip,
    .stream = client_stream,
    .free = client_free,
};

// --- configuration ---------------------------------------------------------------------------------------------------------

static int add_endpoint(struct http_client *client, const char *text, struct error **err) {
    AUTO_URL url = {0};
    AUTO_STR base = {0}, address = {0};
    if (url_parse(text, &url, err) < 0)
        return -1;
    if (!str_equal(url.scheme, "http") && !str_equal(url.scheme, "https"))
        return error_set(err, "endpoint \"%s\": scheme must be http or https", text);
    if (url.host[0] == '\0' || url.userinfo[0] != '\0' || url.query[0] != '\0' || url.fragment[0] != '\0')
        return error_set(err, "endpoint \"%s\": must be scheme://host[:port][/path]", text);
    url_host_port(url.host, url_effective_port(&url), &address);
    struct http_endpoint *endpoint = &client->endpoints[client->endpoint_count++];
    endpoint->address = str_take(&address);
    endpoint->shown_base = alloc_string(text);
    if (client->server_name != NULL && !str_equal(client->server_name, url.host)) {
        uint16_t port = url_effective_port(&url);
        endpoint->connect_to = alloc_printf("%s:%u:%s", client->server_name, port, endpoint->address);
        endpoint->host_header = alloc_printf("Host: %s", endpoint->address);
        free(url.host);
        url.host = alloc_string(client->server_name);
        url.port = port;
    }
    url_format(&url, &base);
    while (base.len > 0 && base.data[base.len - 1] == '/')
        str_truncate(&base, base.len - 1);
    endpoint->base = str_take(&base);
    size_t len = strlen(endpoint->shown_base);
    while (len > 0 && endpoint->shown_base[len - 1] == '/')
        endpoint->shown_base[--len] = '\0';
    return 0;
}

static int add_endpoints(struct http_client *client, const char *const *endpoints, struct error **err) {
    size_t count = 0;
    while (endpoints != NULL && endpoints[count] != NULL)
        count++;
    if (count == 0)
        return error_set(err, "no server endpoint is configured");
    client->endpoints = alloc_array(count, sizeof(*client->endpoints));
    for (size_t i = 0; i < count; i++)
        if (add_endpoint(client, endpoints[i], err) < 0)
            return -1;
    return 0;
}

static void copy_settings(struct http_client *client, const struct http_client_config *config) {
    client->server_name = str_empty(config->server_name) ? NULL : alloc_string(config->server_name);
    client->unix_socket = alloc_string_or_null(config->unix_socket);
    client->proxy_url = alloc_string_or_null(config->proxy_url);
    client->user_agent = alloc_string_or_null(config->user_agent);
    client->bearer_token = alloc_string_or_null(config->bearer_token);
    client->bearer_token_file = str_empty(config->bearer_token_file) ? NULL : alloc_string(config->bearer_token_file);
    client->insecure = config->insecure;
    client->connect_timeout = config->connect_timeout > 0 ? config->connect_timeout : DEFAULT_CONNECT_TIMEOUT;
    client->stream_idle_timeout = config->stream_idle_timeout;
    client->max_idle = config->max_idle > 0 ? config->max_idle : DEFAULT_MAX_IDLE;
    if (!str_empty(config->username)) {
        AUTO_STR pair = {0}, encoded = {0};
        str_printf(&pair, "%s:%s", config->username, config->password != NULL ? config->password : "");
        base64_encode(&encoded, pair.data, pair.len);
        client->basic = str_take(&encoded);
    }
}

int http_client_new(const struct http_client_config *config, struct transport **ret_transport, struct error **err) {
    pthread_once(&library_once, start_library);
    struct http_client *client = alloc_zero(sizeof(*client));
    client->transport.ops = &client_ops;
    lock_init(&client->lock, "http_client");
    list_init(&client->idle);
    copy_settings(client, config);
    const struct tls_config tls = {
        .certificate_pem = config->certificate_pem,
        .certificate_file = config->certificate_file,
        .key_pem = config->key_pem,
        .key_file = config->key_file,
        .ca_pem = config->ca_pem,
        .ca_file = config->ca_file,
    };
    if (add_endpoints(client, config->endpoints, err) < 0 || tls_store_new(&tls, clock_system(), &client->tls, err) < 0) {
        client_free(&client->transport);
        return -1;
    }
    *ret_transport = &client->transport;
    return 0;
}
