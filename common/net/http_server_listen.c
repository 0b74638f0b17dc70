// SPDX-License-Identifier: Apache-2.0
// Makes the listening sockets of an HTTP server.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/net/http_server_internal.h"
#include "common/net/url.h"

#define LISTEN_BACKLOG 1024

static int listen_unix(const char *path, int *ret_fd, struct error **err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return error_set(err, "listen unix %s: path is too long", path);
    strcpy(address.sun_path, path);
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "listen unix %s: socket", path);
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        (void)unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return error_set_errno(err, errno, "listen unix %s: bind", path);
    if (chmod(path, 0660) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        return error_set_errno(err, errno, "listen unix %s: listen", path);
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static socklen_t fill_address(const struct http_server_listener *listener, struct sockaddr_storage *storage) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    memset(storage, 0, sizeof(*storage));
    if (inet_pton(AF_INET, listener->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(listener->port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, listener->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(listener->port);
        return sizeof(*v6);
    }
    return 0;
}

static uint16_t bound_port(int fd) {
    struct sockaddr_storage storage;
    socklen_t len = sizeof(storage);
    if (getsockname(fd, (struct sockaddr *)&storage, &len) < 0)
        return 0;
    if (storage.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&storage)->sin_port);
    if (storage.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
    return 0;
}

static int listen_tcp(const struct http_server_listener *listener, int *ret_fd, struct error **err) {
    AUTO_STR text = {0};
    url_host_port(listener->address, listener->port, &text);
    struct sockaddr_storage storage;
    socklen_t len = fill_address(listener, &storage);
    if (len == 0)
        return error_set(err, "listen tcp %s: not an IP address", str_text(&text));
    AUTO_FD fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "listen tcp %s: socket", str_text(&text));
    int on = 1, off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (storage.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&storage, len) < 0)
        return error_set_errno(err, errno, "listen tcp %s: bind", str_text(&text));
    if (listen(fd, LISTEN_BACKLOG) < 0)
        return error_set_errno(err, errno, "listen tcp %s: listen", str_text(&text));
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int http_server_listen(const struct http_server_listener *listener, int *ret_fd, uint16_t *ret_port, struct error **err) {
    int status = 0;
    if (listener->listen_fd > 0)
        *ret_fd = listener->listen_fd;
    else if (listener->unix_path != NULL)
        status = listen_unix(listener->unix_path, ret_fd, err);
    else if (listener->address != NULL)
        status = listen_tcp(listener, ret_fd, err);
    else
        status = error_set(err, "listener \"%s\" has no address", listener->name);
    if (status == 0)
        *ret_port = bound_port(*ret_fd);
    return status;
}
