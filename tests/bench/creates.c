// SPDX-License-Identifier: Apache-2.0
// Creates per second: ConfigMaps of 1 KB through an apiserver, or the same bytes as bare transactions through etcd's gateway.
//
//   bench_creates etcd URL CLIENTS SECONDS
//   bench_creates apiserver URL CLIENTS SECONDS CA CERTIFICATE KEY
// Prints "<creates per second> <median ms> <99th percentile ms> <failures>".
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/base/thread.h"
#include "common/base/vec.h"
#include "common/net/http_client.h"

#define PAYLOAD 1024

struct bench {
    struct transport *transport;
    bool etcd;
    int64_t ends_at;
    char run[UUID_TEXT_SIZE];
    _Atomic uint64_t next;
    _Atomic uint64_t failures;
};

struct client {
    struct bench *bench;
    struct vec times; // int64_t nanoseconds
    struct thread *thread;
};

static char *payload(void) {
    char *text = alloc_zero(PAYLOAD + 1);
    for (size_t i = 0; i < PAYLOAD; i++)
        text[i] = (char)('a' + i % 26);
    return text;
}

static void apiserver_body(const struct bench *bench, uint64_t number, const char *data, struct str *out) {
    str_printf(
        out, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b-%.8s-%llu\"},\"data\":{\"text\":\"%s\"}}",
        bench->run, (unsigned long long)number, data);
}

// The object as an apiserver stores it: what it adds to the metadata is part of the size.
static void etcd_body(const struct bench *bench, uint64_t number, const char *data, struct str *out) {
    AUTO_STR key = {0};
    AUTO_STR value = {0};
    AUTO_STR key64 = {0};
    AUTO_STR value64 = {0};
    str_printf(&key, "/bench/configmaps/default/b-%.8s-%llu", bench->run, (unsigned long long)number);
    str_printf(
        &value,
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b-%.8s-%llu\",\"namespace\":\"default\",\"uid\":"
        "\"%s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"data\":{\"text\":\"%s\"}}",
        bench->run, (unsigned long long)number, bench->run, data);
    base64_encode(&key64, key.data, key.len);
    base64_encode(&value64, value.data, value.len);
    str_printf(
        out,
        "{\"compare\":[{\"key\":\"%s\",\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"0\"}],\"success\":[{\"request_"
        "put\":{\"key\":\"%s\",\"value\":\"%s\"}}],\"failure\":[{\"request_range\":{\"key\":\"%s\"}}]}",
        key64.data, key64.data, value64.data, key64.data);
}

static void run_client(void *argument) {
    struct client *client = argument;
    struct bench *bench = client->bench;
    static const struct http_header headers[] = {{"Content-Type", "application/json"}};
    CLEANUP(free_ptr) char *data = payload();
    AUTO_STR body = {0};
    while (clock_monotonic(clock_system()) < bench->ends_at) {
        uint64_t number = atomic_fetch_add(&bench->next, 1);
        str_clear(&body);
        if (bench->etcd)
            etcd_body(bench, number, data, &body);
        else
            apiserver_body(bench, number, data, &body);
        struct http_request request = {.method = "POST",
                                       .path = bench->etcd ? "/v3/kv/txn" : "/api/v1/namespaces/default/configmaps",
                                       .headers = headers,
                                       .header_count = ARRAY_LEN(headers),
                                       .body = body.data,
                                       .body_len = body.len,
                                       .timeout = 30 * SECOND};
        int64_t started = clock_monotonic(clock_system());
        AUTO_RESPONSE response = {0};
        if (transport_roundtrip(bench->transport, &request, &response, NULL) < 0 || response.status / 100 != 2) {
            atomic_fetch_add(&bench->failures, 1);
            continue;
        }
        int64_t took = clock_monotonic(clock_system()) - started;
        vec_push(&client->times, &took);
    }
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 8) {
        fprintf(stderr, "usage: %s etcd|apiserver URL CLIENTS SECONDS [CA CERTIFICATE KEY]\n", argv[0]);
        return 2;
    }
    size_t clients = strtoul(argv[3], NULL, 10);
    int64_t seconds = strtol(argv[4], NULL, 10);
    const char *const endpoints[] = {argv[2], NULL};
    struct http_client_config config = {.endpoints = endpoints, .max_idle = clients};
    if (argc == 8) {
        config.ca_file = argv[5];
        config.certificate_file = argv[6];
        config.key_file = argv[7];
    }
    struct bench bench = {.etcd = strcmp(argv[1], "etcd") == 0};
    struct error *err = NULL;
    if (http_client_new(&config, &bench.transport, &err) < 0) {
        fprintf(stderr, "%s\n", error_message(err));
        return 1;
    }
    random_uuid(random_system(), bench.run);
    int64_t started = clock_monotonic(clock_system());
    bench.ends_at = started + seconds * SECOND;
    struct client *all = alloc_array(clients, sizeof(*all));
    for (size_t i = 0; i < clients; i++) {
        all[i] = (struct client){.bench = &bench, .times = VEC_OF(int64_t)};
        all[i].thread = thread_start("client", run_client, &all[i]);
    }
    struct vec times = VEC_OF(int64_t);
    for (size_t i = 0; i < clients; i++) {
        thread_join(all[i].thread);
        for (size_t t = 0; t < all[i].times.len; t++)
            vec_push(&times, vec_at(&all[i].times, t));
        vec_free(&all[i].times);
    }
    double elapsed = (double)(clock_monotonic(clock_system()) - started) / SECOND;
    vec_sort(&times, compare);
    double median = times.len > 0 ? (double)*VEC_AT(&times, int64_t, times.len / 2) / MILLISECOND : 0;
    double tail = times.len > 0 ? (double)*VEC_AT(&times, int64_t, times.len * 99 / 100) / MILLISECOND : 0;
    printf("%.0f %.1f %.1f %llu\n", (double)times.len / elapsed, median, tail, (unsigned long long)bench.failures);
    int code = times.len > 0 ? 0 : 1;
    vec_free(&times);
    free(all);
    transport_free(bench.transport);
    return code;
}
