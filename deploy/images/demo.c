// SPDX-License-Identifier: Apache-2.0
// The demo image's program: a web server that answers every request with the pod's name and how often it was asked.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PORT 8080

static void stop(int signal_number) {
    static const char line[] = "stopping\n";
    (void)!write(STDOUT_FILENO, line, sizeof(line) - 1);
    _exit(signal_number == SIGTERM ? 0 : 1);
}

static int listen_on(unsigned short port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0) {
        perror("listen");
        return -1;
    }
    return fd;
}

static void answer(int client, const char *host, unsigned long count) {
    struct timeval patience = {.tv_sec = 2};
    char request[2048], body[256], head[256];
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ssize_t got = recv(client, request, sizeof(request) - 1, 0);
    if (got <= 0)
        return;
    request[got] = '\0';
    request[strcspn(request, "\r\n")] = '\0';
    int body_len = snprintf(body, sizeof(body), "Hello from %s, request %lu\n", host, count);
    int head_len =
        snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", body_len);
    (void)!send(client, head, (size_t)head_len, MSG_NOSIGNAL);
    (void)!send(client, body, (size_t)body_len, MSG_NOSIGNAL);
    printf("%s\n", request);
    fflush(stdout);
}

int main(void) {
    char host[128] = "?";
    gethostname(host, sizeof(host) - 1);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    int server = listen_on(PORT);
    if (server < 0)
        return 1;
    printf("%s listens on port %d\n", host, PORT);
    fflush(stdout);
    for (unsigned long count = 1;; count++) {
        int client = accept(server, NULL, NULL);
        if (client < 0)
            continue;
        answer(client, host, count);
        close(client);
    }
}
