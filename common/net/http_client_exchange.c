// SPDX-License-Identifier: Apache-2.0
// One request on one libcurl handle: what is sent, what comes back, when to stop, and what went wrong in Go's words.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/net/http_client_internal.h"

#define MAX_RESPONSE ((size_t)1024 * 1024 * 1024)

static bool is_safe_to_repeat(const struct http_request *request) {
    return str_equal(request->method, "GET") || str_equal(request->method, "HEAD");
}

// Just before the request is sent. libcurl repeats a request by itself when a kept-alive connection ends before the reply; the peer
// may have acted on it, so only reading is repeated.
static int on_send(void *context, char *primary_ip UNUSED, char *local_ip UNUSED, int primary_port UNUSED,
                   int local_port UNUSED) {
    struct http_exchange *exchange = context;
    if (exchange->attempts++ > 0 && !is_safe_to_repeat(exchange->request)) {
        exchange->repeat_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static bool start_handler(struct http_exchange *exchange) {
    if (exchange->started || exchange->handler == NULL)
        return true;
    exchange->started = true;
    if (exchange->handler->on_start != NULL &&
        !exchange->handler->on_start(exchange->handler->context, exchange->status, exchange->content_type)) {
        exchange->stopped = true;
        return false;
    }
    return true;
}

static char *header_value(const char *line, size_t len, const char *name) {
    size_t name_len = strlen(name);
    if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
        return NULL;
    const char *value = line + name_len + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return alloc_string_n(value, (size_t)(end - value));
}

static void keep_header(struct http_exchange *exchange, const char *line, size_t len) {
    struct http_response *response = exchange->response;
    CLEANUP(free_ptr) char *value = NULL;
    if ((value = header_value(line, len, "Content-Type")) != NULL) {
        free(exchange->content_type);
        exchange->content_type = alloc_string(value);
        if (response != NULL) {
            free(response->content_type);
            response->content_type = STEAL(value);
        }
    } else if (response != NULL && (value = header_value(line, len, "Retry-After")) != NULL) {
        int64_t seconds;
        if (str_to_int64(value, &seconds) && seconds >= 0 && seconds <= INT32_MAX)
            response->retry_after_seconds = (int)seconds;
    } else if (response != NULL && (value = header_value(line, len, "Warning")) != NULL) {
        char *joined = response->warning == NULL ? STEAL(value) : alloc_printf("%s\n%s", response->warning, value);
        free(response->warning);
        response->warning = joined;
    }
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
    struct http_exchange *exchange = context;
    size_t len = size * count;
    exchange->last_byte = clock_monotonic(clock_system());
    bool blank = len == 2 && line[0] == '\r';
    if (!blank) {
        if (!exchange->started) // not those behind a chunked body
            keep_header(exchange, line, len);
        return len;
    }
    long status = 0;
    curl_easy_getinfo(exchange->handle->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 && status != 101)
        return len;
    if (exchange->status == 0)
        exchange->status = (int)status;
    return start_handler(exchange) ? len : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct http_exchange *exchange = context;
    size_t len = size * count;
    exchange->last_byte = clock_monotonic(clock_system());
    if (exchange->handler == NULL) {
        if (exchange->response->body.len + len > MAX_RESPONSE) {
            exchange->body_too_large = true;
            return 0;
        }
        str_append_n(&exchange->response->body, bytes, len);
        return len;
    }
    if (exchange->handler->on_data(exchange->handler->context, bytes, len))
        return len;
    exchange->stopped = true;
    return 0;
}

// Called at least once a second, also when nothing moves.
static int on_progress(void *context, curl_off_t total_down UNUSED, curl_off_t down UNUSED, curl_off_t total_up UNUSED,
                       curl_off_t up UNUSED) {
    struct http_exchange *exchange = context;
    if (exchange->stop != NULL && exchange->stop->stopped) {
        exchange->stopped = true;
        return 1;
    }
    int64_t bound = exchange->client->stream_idle_timeout;
    if (exchange->started && bound > 0 && clock_monotonic(clock_system()) - exchange->last_byte > bound) {
        exchange->idle_too_long = true;
        return 1;
    }
    return 0;
}

static bool has_header(const struct http_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (str_equal_nocase(request->headers[i].name, name))
            return true;
    return false;
}

static struct curl_slist *make_headers(const struct http_exchange *exchange) {
    const struct http_request *request = exchange->request;
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    AUTO_STR line = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        str_clear(&line);
        // libcurl drops a header without value unless it ends in ';'.
        bool empty = str_empty(request->headers[i].value);
        str_printf(&line, "%s%s%s", request->headers[i].name, empty ? ";" : ": ", empty ? "" : request->headers[i].value);
        list = curl_slist_append(list, line.data);
    }
    if (!has_header(request, "Content-Type"))
        list = curl_slist_append(list, "Content-Type:");
    if (exchange->endpoint->host_header != NULL && !has_header(request, "Host"))
        list = curl_slist_append(list, exchange->endpoint->host_header);
    if (!has_header(request, "Authorization")) {
        char *authorization = http_client_authorization(exchange->client);
        if (authorization != NULL) {
            list = curl_slist_append(list, authorization);
            explicit_bzero(authorization, strlen(authorization));
            free(authorization);
        }
    }
    return list;
}

static void set_method(CURL *easy, const struct http_request *request) {
    bool has_body = request->body != NULL;
    bool post = str_equal(request->method, "POST") || str_equal(request->method, "PUT") || str_equal(request->method, "PATCH");
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL); // makes it a POST, so before the method
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    if (str_equal(request->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (has_body || post) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(has_body ? request->body_len : 0));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, has_body ? request->body : "");
    }
    if (!str_equal(request->method, has_body || post ? "POST" : "GET"))
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_callbacks(CURL *easy, struct http_exchange *exchange) {
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, exchange);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, exchange->handler == NULL ? 1L : 0L);
}

// false: the time is over already.
static bool set_timeouts(CURL *easy, const struct http_exchange *exchange) {
    int64_t connect = exchange->client->connect_timeout, left = 0;
    if (exchange->deadline != TIME_NEVER) {
        left = exchange->deadline - clock_monotonic(clock_system());
        if (left <= 0)
            return false;
        connect = MIN(connect, left);
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)((left + MILLISECOND - 1) / MILLISECOND));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)MAX((connect + MILLISECOND - 1) / MILLISECOND, 1));
    return true;
}

CURLcode http_client_exchange_perform(struct http_exchange *exchange) {
    CURL *easy = exchange->handle->easy;
    const struct http_endpoint *endpoint = exchange->endpoint;
    CLEANUP(free_ptr) char *url = alloc_printf("%s%s", endpoint->base, exchange->request->path);
    if (!set_timeouts(easy, exchange))
        return CURLE_OPERATION_TIMEDOUT;
    struct curl_slist *connect_to = endpoint->connect_to == NULL ? NULL : curl_slist_append(NULL, endpoint->connect_to);
    struct curl_slist *headers = make_headers(exchange);
    exchange->handle->error[0] = '\0';
    exchange->last_byte = clock_monotonic(clock_system());
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    set_method(easy, exchange->request);
    set_callbacks(easy, exchange);
    CURLcode code = curl_easy_perform(easy);
    // Nothing of this exchange may stay behind in the handle.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
    return code;
}

static void describe_connect_failure(const struct http_exchange *exchange, struct str *out) {
    long number = 0;
    curl_easy_getinfo(exchange->handle->easy, CURLINFO_OS_ERRNO, &number);
    const char *socket = exchange->client->unix_socket;
    str_printf(out, "dial %s %s: ", socket != NULL ? "unix" : "tcp", socket != NULL ? socket : exchange->endpoint->address);
    AUTO_STR text = {0};
    str_append(&text, number != 0 ? strerrordesc_np((int)number) : exchange->handle->error);
    if (text.len > 0 && number != 0)
        text.data[0] = (char)((text.data[0] >= 'A' && text.data[0] <= 'Z') ? text.data[0] + 32 : text.data[0]);
    str_printf(out, "connect: %s", str_text(&text));
}

static void describe_timeout(const struct http_exchange *exchange, struct str *out) {
    bool overall = exchange->deadline != TIME_NEVER && clock_monotonic(clock_system()) + MILLISECOND >= exchange->deadline;
    if (overall)
        str_append(out, exchange->status == 0
                            ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                            : "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
    else
        str_printf(out, "dial tcp %s: i/o timeout", exchange->endpoint->address);
}

static void describe_verification(const struct http_exchange *exchange, struct str *out) {
    const char *text = exchange->handle->error;
    str_append(out, "tls: failed to verify certificate: ");
    if (strstr(text, "not trusted") != NULL || strstr(text, "issuer") != NULL || strstr(text, "CAfile") != NULL)
        str_append(out, "x509: certificate signed by unknown authority");
    else
        str_printf(out, "x509: %s", text);
}

static void describe(const struct http_exchange *exchange, CURLcode code, struct str *out) {
    const char *text = exchange->handle->error[0] != '\0' ? exchange->handle->error : curl_easy_strerror(code);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        describe_connect_failure(exchange, out);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        str_printf(out, "dial tcp: lookup %s: no such host", exchange->endpoint->address);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        describe_timeout(exchange, out);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        describe_verification(exchange, out);
        break;
    case CURLE_GOT_NOTHING:
        str_append(out, "EOF");
        break;
    case CURLE_PARTIAL_FILE:
        str_append(out, "unexpected EOF");
        break;
    default:
        str_append(out, text);
        break;
    }
}

int http_client_exchange_error(const struct http_exchange *exchange, CURLcode code, struct error **err) {
    AUTO_STR text = {0};
    const char *reason = NULL;
    char method[16];
    // Go writes the method as a word: Get, Post.
    snprintf(method, sizeof(method), "%s", exchange->request->method);
    if (method[0] != '\0')
        str_lower(method + 1);
    str_printf(&text, "%s \"%s%s\": ", method, exchange->endpoint->shown_base, exchange->request->path);
    if (exchange->repeat_refused)
        str_append(&text, "EOF");
    else if (exchange->idle_too_long)
        str_append(&text, "stream brought no data for too long");
    else if (exchange->body_too_large)
        str_append(&text, "response body is too large");
    else
        describe(exchange, code, &text);
    if (code == CURLE_OPERATION_TIMEDOUT && exchange->attempts > 0)
        reason = HTTP_CLIENT_TIMEOUT;
    else if (exchange->attempts == 0)
        reason = HTTP_CLIENT_UNREACHABLE;
    return error_set_api(err, 0, reason, "%s", text.data);
}
