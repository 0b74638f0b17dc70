// SPDX-License-Identifier: Apache-2.0
// Creates through the storage, with the feed running, as a ratio to bare transactions of the same body over the same kind of connections.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/etcd.h"
#include "apiserver/storage/etcd_json.h"
#include "apiserver/storage/watch_feed.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/process.h"
#include "common/base/random.h"
#include "common/base/thread.h"
#include "common/net/http_client.h"
#include "tests/fixtures/etcd_process.h"

enum { CLIENTS = 32, VALUE = 1024 };
#define DURATION (3 * SECOND)

struct bench {
    struct storage *storage;
    struct transport *transport;
    const char *run; // part of the keys
    bool bare;
    char value[VALUE + 256];
    int64_t deadline;
    atomic_int next;
    atomic_int done;
    atomic_int failed;
};

static void make_key(struct bench *bench, char *key, size_t size, char *name) {
    snprintf(name, 32, "c%07d", atomic_fetch_add(&bench->next, 1));
    snprintf(key, size, "/registry/configmaps/%s/%s", bench->run, name);
}

static int one_bare(struct bench *bench, const struct storage_write *write) {
    AUTO_STR body = {0};
    AUTO_RESPONSE response = {0};
    etcd_json_create(&body, write, 0);
    struct http_request request = {
        .method = "POST", .path = "/v3/kv/txn", .body = body.data, .body_len = body.len, .timeout = 10 * SECOND};
    if (transport_roundtrip(bench->transport, &request, &response, NULL) < 0)
        return -1;
    return response.status == 200 ? 0 : -1;
}

static int one_stored(struct bench *bench, const struct storage_write *write) {
    AUTO_STORAGE_RESULT result = {0};
    return storage_create(bench->storage, write, &result, NULL) < 0 || !result.succeeded ? -1 : 0;
}

static void client(void *argument) {
    struct bench *bench = argument;
    while (clock_monotonic(clock_system()) < bench->deadline) {
        char key[96], name[32];
        AUTO_STR value = {0};
        make_key(bench, key, sizeof(key), name);
        str_printf(&value, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},%s",
                   name, bench->run, bench->value);
        struct storage_write write = {.key = key, .bytes = value.data, .len = value.len};
        int status = bench->bare ? one_bare(bench, &write) : one_stored(bench, &write);
        atomic_fetch_add(status == 0 ? &bench->done : &bench->failed, 1);
    }
}

static double measure(struct bench *bench, const char *run, bool bare, double *ret_cpu) {
    bench->run = run;
    bench->bare = bare;
    bench->done = bench->failed = 0;
    bench->deadline = clock_monotonic(clock_system()) + DURATION;
    double cpu = process_cpu_seconds();
    struct thread *threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        threads[i] = thread_start("client", client, bench);
    for (int i = 0; i < CLIENTS; i++)
        thread_join(threads[i]);
    *ret_cpu = (process_cpu_seconds() - cpu) * 1e6 / MAX(bench->done, 1);
    if (bench->failed)
        fprintf(stderr, "%d writes failed\n", bench->failed);
    return bench->done / ((double)DURATION / SECOND);
}

static int run(struct bench *bench, const char *url, struct error **err) {
    const char *servers[] = {url, NULL};
    struct http_client_config config = {.endpoints = servers, .max_idle = CLIENTS};
    if (http_client_new(&config, &bench->transport, err) < 0 ||
        etcd_storage_open(&(struct etcd_endpoints){.servers = servers}, clock_system(), &bench->storage, err) < 0)
        return -1;
    struct watch_feed_config feed_config = {.storage = bench->storage, .clock = clock_system(), .random = random_system()};
    struct watch_feed *feed = watch_feed_new(&feed_config);
    struct watch_cache *cache = NULL;
    if (watch_feed_add(feed, resource_configmaps(), 0, &cache, err) < 0)
        return -1;
    double cpu[4], rate[4];
    measure(bench, "warm", true, &cpu[0]);
    rate[0] = measure(bench, "bare1", true, &cpu[0]);
    rate[1] = measure(bench, "stored", false, &cpu[1]);
    watch_feed_start(feed);
    watch_feed_wait_ready(feed, clock_monotonic(clock_system()) + 10 * SECOND);
    rate[2] = measure(bench, "fed", false, &cpu[2]);
    size_t cached = watch_cache_count(cache), expected = (size_t)bench->next;
    double resident = (double)process_resident_bytes() / 1e6;
    watch_feed_stop(feed);
    watch_feed_free(feed);
    rate[3] = measure(bench, "bare2", true, &cpu[3]);
    double floor = (rate[0] + rate[3]) / 2;
    printf("bare transactions      %8.0f/s  %6.0f us CPU each (then %.0f/s)\n", rate[0], cpu[0], rate[3]);
    printf("storage                %8.0f/s  %6.0f us CPU each  ratio %.2f\n", rate[1], cpu[1], rate[1] / floor);
    printf("storage with the feed  %8.0f/s  %6.0f us CPU each  ratio %.2f, %zu of %zu in the cache at the end, %.1f MB RSS\n",
           rate[2], cpu[2], rate[2] / floor, cached, expected, resident);
    return 0;
}

int main(void) {
    AUTO_ETCD etcd = {0};
    AUTO_ERROR error = NULL;
    struct bench *bench = alloc_zero(sizeof(*bench));
    memset(bench->value, 'x', sizeof(bench->value));
    memcpy(bench->value, "\"data\":{\"v\":\"", 13);
    memcpy(bench->value + VALUE - 4, "\"}}", 4);
    process_block_stop_signals();
    int status = etcd_process_start(&etcd, &error) < 0 || run(bench, etcd.url, &error) < 0 ? 1 : 0;
    if (status)
        fprintf(stderr, "%s\n", error_message(error));
    storage_free(bench->storage);
    transport_free(bench->transport);
    free(bench);
    return status;
}
