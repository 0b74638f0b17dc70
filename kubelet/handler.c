// SPDX-License-Identifier: Apache-2.0
// One run of a handler of probes and lifecycle hooks: exec, httpGet, tcpSocket.
#include "kubelet/handler.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/net/http_client.h"

#define HTTP_TIMEOUT (30 * SECOND) // of hooks, which have none of their own
#define HEADERS_MAX 64

int handler_port(const struct json *container, const struct json *port) {
    int64_t number = 0;
    const char *name = json_string(port);
    if (!name)
        number = json_int(port, 0);
    else if (!str_to_int64(name, &number))
        number = json_get_int(json_array_find(json_get(container, "ports"), "name", name, NULL), "containerPort", 0);
    return number > 0 && number <= 65535 ? (int)number : 0;
}

// --- exec ----------------------------------------------------------------------------------------------------------------------

static bool run_exec(const struct handler_target *target, const struct json *exec, struct str *message) {
    AUTO_STR_LIST command = {0};
    const struct json *words = json_get(exec, "command");
    for (size_t i = 0; i < json_len(words); i++)
        str_list_add(&command, json_string(json_at(words, i)) ? json_string(json_at(words, i)) : "");
    struct runtime_exec_result result = {0};
    AUTO_ERROR failure = NULL;
    int64_t seconds = (target->timeout + SECOND - 1) / SECOND;
    if (target->runtime->ops->exec_sync(target->runtime, target->container_id, &command, seconds, &result, &failure) < 0) {
        if (runtime_error_is(failure, "DeadlineExceeded"))
            str_printf(message, "command timed out: \"%s\" timed out after %llds", command.len > 0 ? command.items[0] : "",
                       (long long)seconds);
        else
            str_append(message, error_message(failure));
        return false;
    }
    bool passed = result.exit_code == 0;
    if (!passed) {
        str_append(message, str_text(&result.out));
        str_append(message, str_text(&result.errors));
        if (message->len == 0)
            str_printf(message, "command terminated with exit code %d", result.exit_code);
    }
    runtime_exec_result_free(&result);
    return passed;
}

// --- http ----------------------------------------------------------------------------------------------------------------------

static size_t take_headers(const struct json *list, struct http_header *headers) {
    size_t count = 0;
    bool accept = false;
    for (size_t i = 0; i < json_len(list) && count < HEADERS_MAX - 1; i++) {
        const struct json *row = json_at(list, i);
        accept = accept || str_equal_nocase(json_get_text(row, "name"), "Accept");
        headers[count++] = (struct http_header){.name = json_get_text(row, "name"), .value = json_get_text(row, "value")};
    }
    if (!accept)
        headers[count++] = (struct http_header){.name = "Accept", .value = "*/*"};
    return count;
}

static bool run_http(const struct handler_target *target, const struct json *get, struct str *message) {
    int port = handler_port(target->container, json_get(get, "port"));
    const char *host = json_get_text(get, "host");
    if (!*host)
        host = target->pod_ip;
    if (port == 0) {
        str_append(message, "unknown port");
        return false;
    }
    bool https = str_equal(json_get_text(get, "scheme"), "HTTPS");
    AUTO_STR base = {0}, path = {0};
    str_printf(&base, strchr(host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", https ? "https" : "http", host, port);
    const char *wanted = json_get_text(get, "path");
    str_printf(&path, "%s%s", *wanted == '/' ? "" : "/", wanted);
    struct http_header headers[HEADERS_MAX];
    const char *const endpoints[] = {str_text(&base), NULL};
    int64_t timeout = target->timeout > 0 ? target->timeout : HTTP_TIMEOUT;
    const struct http_client_config config = {
        .endpoints = endpoints, .user_agent = "kube-probe/1.32", .insecure = true, .connect_timeout = timeout, .max_idle = 1};
    const struct http_request request = {.method = "GET",
                                         .path = str_text(&path),
                                         .headers = headers,
                                         .header_count = take_headers(json_get(get, "httpHeaders"), headers),
                                         .timeout = timeout};
    struct transport *transport = NULL;
    AUTO_ERROR failure = NULL;
    AUTO_RESPONSE response = {0};
    int result = http_client_new(&config, &transport, &failure);
    if (result == 0)
        result = transport_roundtrip(transport, &request, &response, &failure);
    transport_free(transport);
    if (result < 0) {
        str_printf(message, "Get \"%s%s\": %s", str_text(&base), str_text(&path), error_message(failure));
        return false;
    }
    if (response.status >= 200 && response.status < 400)
        return true;
    str_printf(message, "HTTP probe failed with statuscode: %d", response.status);
    return false;
}

// --- tcp -----------------------------------------------------------------------------------------------------------------------

static int connect_within(const struct addrinfo *address, int64_t timeout) {
    AUTO_FD fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    if (poll(&poller, 1, (int)(timeout / MILLISECOND)) <= 0)
        return ETIMEDOUT;
    int result = 0;
    socklen_t len = sizeof(result);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &len) < 0 ? errno : result;
}

static bool run_tcp(const struct handler_target *target, const struct json *tcp, struct str *message) {
    int port = handler_port(target->container, json_get(tcp, "port"));
    const char *host = json_get_text(tcp, "host");
    if (!*host)
        host = target->pod_ip;
    char service[16];
    snprintf(service, sizeof(service), "%d", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (port == 0 || getaddrinfo(host, service, &hints, &found) != 0) {
        str_printf(message, "dial tcp %s:%d: no such address", host, port);
        return false;
    }
    int failure = connect_within(found, target->timeout > 0 ? target->timeout : SECOND);
    freeaddrinfo(found);
    if (failure == 0)
        return true;
    char text[128];
    str_printf(message, "dial tcp %s:%d: connect: %s", host, port, strerror_r(failure, text, sizeof(text)));
    return false;
}

bool handler_run(const struct handler_target *target, const struct json *handler, struct str *message) {
    const struct json *row;
    if ((row = json_get(handler, "exec")))
        return run_exec(target, row, message);
    if ((row = json_get(handler, "httpGet")))
        return run_http(target, row, message);
    if ((row = json_get(handler, "tcpSocket")))
        return run_tcp(target, row, message);
    for (struct json_iter it = json_iter(handler); json_iter_next(&it);) {
        if (json_is_object(it.value)) {
            str_printf(message, "handler %s is not supported by this kubelet", it.key);
            return false;
        }
    }
    str_append(message, "missing probe handler");
    return false;
}
