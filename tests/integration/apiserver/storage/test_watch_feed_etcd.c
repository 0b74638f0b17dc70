// SPDX-License-Identifier: Apache-2.0
// The feed on a real etcd: consistent reads, foreign writes, an etcd that is paused, killed for seconds, restored from a backup.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "apiserver/storage/etcd.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/process.h"
#include "tests/fixtures/etcd_process.h"
#include "tests/fixtures/storage/cache_fixture.h"

struct fixture {
    struct etcd_process etcd;
    struct cache_fixture cache;
};

static int setup(void **state) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    struct storage *storage = NULL;
    AUTO_ERROR error = NULL;
    if (etcd_process_start(&fixture->etcd, &error) < 0)
        fail_msg("%s", error_message(error));
    const char *servers[] = {fixture->etcd.url, NULL};
    if (etcd_storage_open(&(struct etcd_endpoints){.servers = servers}, clock_system(), &storage, &error) < 0)
        fail_msg("%s", error_message(error));
    cache_fixture_start(&fixture->cache, storage, NULL);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    cache_fixture_stop(&fixture->cache);
    etcd_process_free(&fixture->etcd);
    free(fixture);
    return 0;
}

static void pause_for(int64_t nanoseconds) {
    nanosleep(&(struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND}, NULL);
}

static bool cached(struct fixture *fixture, const char *ns, const char *name) {
    AUTO_OBJECT object = watch_cache_get(fixture->cache.configmaps, ns, name, NULL);
    return object != NULL;
}

// Until a barrier says that the caches are fresh; how often it did not is bounded by time only.
static void wait_fresh(struct fixture *fixture) {
    int64_t deadline = cache_fixture_in(20 * SECOND);
    for (;;) {
        enum watch_cache_freshness freshness = WATCH_CACHE_BEHIND;
        AUTO_ERROR error = NULL;
        if (watch_cache_barrier(fixture->cache.configmaps, deadline, &freshness, &error) == 0 && freshness == WATCH_CACHE_FRESH)
            return;
        if (clock_monotonic(clock_system()) > deadline)
            fail_msg("never fresh: %s", error_message(error));
        pause_for(20 * MILLISECOND);
    }
}

static struct watch_cache_watcher *watch_all(struct fixture *fixture) {
    struct watch_cache_watcher *watcher = NULL;
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW};
    assert_int_equal(watch_cache_watch(fixture->cache.configmaps, &options, &watcher, NULL), 0);
    return watcher;
}

static void check_events(struct watch_cache_watcher *watcher, size_t count, const char *expected) {
    AUTO_STR got = {0};
    cache_fixture_read(watcher, count, 10 * SECOND, &got);
    assert_string_equal(str_text(&got), expected);
}

static void test_read_your_writes(void **state) {
    struct fixture *fixture = *state;
    int64_t worst = 0, total = 0;
    for (int i = 0; i < 200; i++) {
        char key[32];
        snprintf(key, sizeof(key), "read/n-%d", i);
        cache_fixture_put_configmap(&fixture->cache, key, NULL, "1");
        enum watch_cache_freshness freshness = WATCH_CACHE_BEHIND;
        int64_t before = clock_monotonic(clock_system());
        assert_int_equal(watch_cache_barrier(fixture->cache.configmaps, cache_fixture_in(5 * SECOND), &freshness, NULL), 0);
        int64_t took = clock_monotonic(clock_system()) - before;
        worst = MAX(worst, took);
        total += took;
        assert_int_equal(freshness, WATCH_CACHE_FRESH);
        assert_true(cached(fixture, "read", key + 5));
    }
    print_message("  barrier after a write: %.2f ms on average, %.1f ms at worst\n", (double)total / 200e6, (double)worst / 1e6);
}

static void test_foreign_write(void **state) {
    struct fixture *fixture = *state;
    uint64_t foreign = cache_fixture_put_raw(&fixture->cache, "/somebody/else", "x");
    enum watch_cache_freshness freshness = WATCH_CACHE_BEHIND;
    int64_t before = clock_monotonic(clock_system());
    assert_int_equal(watch_cache_barrier(fixture->cache.configmaps, cache_fixture_in(5 * SECOND), &freshness, NULL), 0);
    print_message("  barrier after a foreign write: %.1f ms\n", (double)(clock_monotonic(clock_system()) - before) / 1e6);
    assert_int_equal(freshness, WATCH_CACHE_FRESH);
    assert_true(watch_feed_revision(fixture->cache.feed) >= foreign);
}

static void test_paused(void **state) {
    struct fixture *fixture = *state;
    AUTO_WATCHER watcher = watch_all(fixture);
    etcd_process_pause(&fixture->etcd);
    enum watch_cache_freshness freshness;
    AUTO_ERROR error = NULL;
    int result = watch_cache_barrier(fixture->cache.configmaps, cache_fixture_in(SECOND), &freshness, &error);
    etcd_process_continue(&fixture->etcd);
    assert_int_equal(result, -1);
    assert_int_equal(error->code, 504);
    wait_fresh(fixture);
    cache_fixture_put_configmap(&fixture->cache, "paused/x", NULL, "1");
    check_events(watcher, 1, "+paused/x");
}

static void test_killed(void **state) {
    struct fixture *fixture = *state;
    cache_fixture_put_configmap(&fixture->cache, "killed/x", NULL, "1");
    wait_fresh(fixture);
    AUTO_WATCHER watcher = watch_all(fixture);
    etcd_process_kill(&fixture->etcd);
    enum watch_cache_freshness freshness;
    AUTO_ERROR error = NULL;
    assert_int_equal(watch_cache_barrier(fixture->cache.configmaps, cache_fixture_in(SECOND), &freshness, &error), -1);
    assert_int_equal(error->code, 503);
    pause_for(3 * SECOND);
    assert_true(cached(fixture, "killed", "x"));
    AUTO_ERROR again = NULL;
    if (etcd_process_restart(&fixture->etcd, &again) < 0)
        fail_msg("%s", error_message(again));
    cache_fixture_put_configmap(&fixture->cache, "killed/y", NULL, "1");
    check_events(watcher, 1, "+killed/y");
    wait_fresh(fixture);
}

static void control(struct fixture *fixture, const char *const *arguments) {
    AUTO_ERROR error = NULL;
    if (etcd_process_ctl(&fixture->etcd, arguments, NULL, &error) < 0)
        fail_msg("%s", error_message(error));
}

// A backup is restored under a running server: revisions go down, watchers are told, caches show the backup.
static void test_restored(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(free_ptr) char *backup = alloc_printf("%s/backup", fixture->etcd.directory);
    CLEANUP(free_ptr) char *data = alloc_printf("%s/data", fixture->etcd.directory);
    CLEANUP(free_ptr) char *peers = alloc_printf("--initial-cluster=test=http://127.0.0.1:%d", fixture->etcd.peer_port);
    CLEANUP(free_ptr) char *peer = alloc_printf("--initial-advertise-peer-urls=http://127.0.0.1:%d", fixture->etcd.peer_port);
    cache_fixture_put_configmap(&fixture->cache, "restored/kept", NULL, "1");
    control(fixture, (const char *const[]){"snapshot", "save", backup, NULL});
    for (int i = 0; i < 20; i++)
        cache_fixture_put_configmap(&fixture->cache, "restored/lost", NULL, "1");
    wait_fresh(fixture);
    assert_true(cached(fixture, "restored", "lost"));
    AUTO_WATCHER watcher = watch_all(fixture);
    etcd_process_stop(&fixture->etcd);
    assert_int_equal(file_remove_tree(data, NULL), 0);
    control(fixture,
            (const char *const[]){"snapshot", "restore", backup, "--data-dir", data, "--name", "test", peers, peer, NULL});
    AUTO_ERROR error = NULL;
    if (etcd_process_restart(&fixture->etcd, &error) < 0)
        fail_msg("%s", error_message(error));
    check_events(watcher, 1, " ERROR(Expired)");
    wait_fresh(fixture);
    assert_true(cached(fixture, "restored", "kept"));
    assert_false(cached(fixture, "restored", "lost"));
    AUTO_WATCHER again = watch_all(fixture);
    cache_fixture_put_configmap(&fixture->cache, "restored/new", NULL, "1");
    check_events(again, 1, "+restored/new");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_your_writes), cmocka_unit_test(test_foreign_write), cmocka_unit_test(test_paused),
        cmocka_unit_test(test_killed),           cmocka_unit_test(test_restored),
    };
    process_block_stop_signals();
    return cmocka_run_group_tests(tests, setup, teardown);
}
