// SPDX-License-Identifier: Apache-2.0
// From exec to readiness: bench_startup URL CA CERTIFICATE KEY COMMAND... starts the command, asks URL/readyz without pause until it
// answers 200, prints the milliseconds, and ends the command with SIGTERM.
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/http_client.h"

#define PATIENCE (20 * SECOND)

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: %s URL CA CERTIFICATE KEY COMMAND...\n", argv[0]);
        return 2;
    }
    const char *const endpoints[] = {argv[1], NULL};
    struct http_client_config config = {
        .endpoints = endpoints, .ca_file = argv[2], .certificate_file = argv[3], .key_file = argv[4]};
    struct transport *transport = NULL;
    if (http_client_new(&config, &transport, NULL) < 0)
        return 1;
    int64_t started = clock_monotonic(clock_system());
    pid_t child = fork();
    if (child == 0) {
        execv(argv[5], argv + 5);
        _exit(127);
    }
    struct http_request request = {.method = "GET", .path = "/readyz", .timeout = 5 * SECOND};
    bool ready = false;
    while (!ready && clock_monotonic(clock_system()) - started < PATIENCE) {
        AUTO_RESPONSE response = {0};
        ready = transport_roundtrip(transport, &request, &response, NULL) == 0 && response.status == 200;
        if (!ready)
            usleep(500);
    }
    int64_t took = clock_monotonic(clock_system()) - started;
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    transport_free(transport);
    if (!ready)
        return 1;
    printf("%.1f\n", (double)took / MILLISECOND);
    return 0;
}
