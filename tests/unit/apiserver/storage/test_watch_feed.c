// SPDX-License-Identifier: Apache-2.0
// The feed and the barrier over a storage in memory: breaks, lost history, a restored store, foreign writes, caches added late, stress.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "apiserver/storage/compaction.h"
#include "apiserver/storage/memory.h"
#include "apiserver/storage/object_index.h"
#include "common/base/alloc.h"
#include "common/base/random.h"
#include "common/base/thread.h"
#include "tests/fixtures/storage/cache_fixture.h"

#define QUIET (300 * MILLISECOND)

static struct cache_fixture *start(const struct watch_feed_config *config) {
    struct cache_fixture *fixture = alloc_zero(sizeof(*fixture));
    cache_fixture_start(fixture, memory_storage_new(clock_system()), config);
    return fixture;
}

// Declared first in each test, so that it goes last: watchers before their feed.
static void stop(struct cache_fixture **fixture) {
    cache_fixture_stop(*fixture);
    free(*fixture);
}
#define AUTO_FIXTURE CLEANUP(stop) struct cache_fixture *

static void pause_for(int64_t nanoseconds) {
    nanosleep(&(struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND}, NULL);
}

static void check_fresh(struct cache_fixture *fixture, enum watch_cache_freshness expected) {
    enum watch_cache_freshness freshness = WATCH_CACHE_BEHIND;
    AUTO_ERROR error = NULL;
    if (watch_cache_barrier(fixture->configmaps, cache_fixture_in(10 * SECOND), &freshness, &error) < 0)
        fail_msg("barrier: %s", error_message(error));
    assert_int_equal(freshness, expected);
}

// With a short bound a loaded machine may be behind once more.
static void check_fresh_soon(struct cache_fixture *fixture) {
    enum watch_cache_freshness freshness = WATCH_CACHE_BEHIND;
    for (int i = 0; i < 20 && freshness != WATCH_CACHE_FRESH; i++) {
        if (watch_cache_barrier(fixture->configmaps, cache_fixture_in(10 * SECOND), &freshness, NULL) < 0)
            fail_msg("barrier failed");
    }
    assert_int_equal(freshness, WATCH_CACHE_FRESH);
}

static bool cached(struct cache_fixture *fixture, const char *ns, const char *name) {
    AUTO_OBJECT object = watch_cache_get(fixture->configmaps, ns, name, NULL);
    return object != NULL;
}

static struct watch_cache_watcher *watch_all(struct watch_cache *cache) {
    struct watch_cache_watcher *watcher = NULL;
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW};
    assert_int_equal(watch_cache_watch(cache, &options, &watcher, NULL), 0);
    return watcher;
}

static void check_events(struct watch_cache_watcher *watcher, size_t count, const char *expected) {
    AUTO_STR got = {0};
    cache_fixture_read(watcher, count, 3 * SECOND, &got);
    assert_string_equal(str_text(&got), expected);
}

// --- the barrier -----------------------------------------------------------------------------------------------------------------

static void test_barrier(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    for (int i = 0; i < 200; i++) {
        char key[32];
        snprintf(key, sizeof(key), "a/n-%d", i);
        cache_fixture_put_configmap(fixture, key, NULL, "1");
        check_fresh(fixture, WATCH_CACHE_FRESH);
        assert_true(cached(fixture, "a", key + 2));
    }
}

// A write outside the prefix makes a revision that the watch never shows.
static void test_barrier_foreign_write(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    for (int i = 0; i < 3; i++) {
        uint64_t foreign = cache_fixture_put_raw(fixture, "/somebody/else", "x");
        int64_t before = clock_monotonic(clock_system());
        check_fresh(fixture, WATCH_CACHE_FRESH);
        assert_true(clock_monotonic(clock_system()) - before < SECOND);
        assert_true(watch_feed_revision(fixture->feed) >= foreign);
        // Waiting for such a revision works, too.
        foreign = cache_fixture_put_raw(fixture, "/somebody/else", "x");
        assert_int_equal(watch_cache_wait(fixture->pods, foreign, cache_fixture_in(5 * SECOND), NULL), 0);
    }
    AUTO_STORAGE_ITEM item = {0};
    assert_int_equal(storage_get(fixture->storage, watch_feed_progress_key(fixture->feed), 0, &item, NULL, NULL), 0);
    assert_string_equal(item.key, "/registry/cube.progress");
}

static void test_wait_future(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t revision = cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    AUTO_ERROR error = NULL;
    assert_int_equal(watch_cache_wait(fixture->configmaps, revision, cache_fixture_in(SECOND), NULL), 0);
    assert_int_equal(watch_cache_wait(fixture->configmaps, revision + 7, cache_fixture_in(100 * MILLISECOND), &error), -1);
    assert_int_equal(error->code, 504);
    CLEANUP(free_ptr)
    char *message = alloc_printf("Too large resource version: %llu, current: %llu", (unsigned long long)revision + 7,
                                 (unsigned long long)revision);
    assert_non_null(strstr(error->message, message));
}

static void test_barrier_down(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    memory_storage_set_down(fixture->storage, true);
    enum watch_cache_freshness freshness;
    AUTO_ERROR error = NULL;
    assert_int_equal(watch_cache_barrier(fixture->configmaps, cache_fixture_in(SECOND), &freshness, &error), -1);
    assert_int_equal(error->code, 503);
    memory_storage_set_down(fixture->storage, false);
    cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    for (int i = 0; i < 100 && !cached(fixture, "a", "x"); i++)
        pause_for(50 * MILLISECOND);
    check_fresh(fixture, WATCH_CACHE_FRESH);
}

// --- breaks ----------------------------------------------------------------------------------------------------------------------

static void test_break_loses_nothing(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    AUTO_WATCHER watcher = watch_all(fixture->configmaps);
    cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    memory_storage_break_watches(fixture->storage);
    cache_fixture_put_configmap(fixture, "a/y", NULL, "1");
    memory_storage_set_down(fixture->storage, true);
    pause_for(QUIET);
    memory_storage_set_down(fixture->storage, false);
    cache_fixture_put_configmap(fixture, "a/z", NULL, "1");
    cache_fixture_remove(fixture, "/registry/configmaps/a/x");
    check_events(watcher, 4, "+a/x +a/y +a/z -a/x");
}

// A watch that hangs is found out by a key that it does not show, and started again; readers are sent to the store meanwhile. On a
// loaded machine a watch may be started again before it was asked: then it has to hang once more.
static void test_hanging_watch(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.barrier_bound = 500 * MILLISECOND});
    AUTO_WATCHER watcher = watch_all(fixture->configmaps);
    AUTO_STR expected = {0};
    enum watch_cache_freshness freshness = WATCH_CACHE_FRESH;
    size_t tries = 0;
    for (; tries < 5 && freshness == WATCH_CACHE_FRESH; tries++) {
        char key[8];
        snprintf(key, sizeof(key), "a/x%zu", tries);
        str_printf(&expected, "%s+%s", tries > 0 ? " " : "", key);
        memory_storage_hang_watches(fixture->storage);
        cache_fixture_put_configmap(fixture, key, NULL, "1");
        assert_int_equal(watch_cache_barrier(fixture->configmaps, cache_fixture_in(10 * SECOND), &freshness, NULL), 0);
    }
    assert_int_equal(freshness, WATCH_CACHE_BEHIND);
    AUTO_STR got = {0};
    cache_fixture_read(watcher, tries, 8 * SECOND, &got);
    assert_string_equal(str_text(&got), str_text(&expected));
    check_fresh_soon(fixture);
}

// Nobody reads: silence is looked into by itself.
static void test_hanging_watch_idle(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.idle_check = 200 * MILLISECOND});
    AUTO_WATCHER watcher = watch_all(fixture->configmaps);
    memory_storage_hang_watches(fixture->storage);
    cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    AUTO_STR got = {0};
    cache_fixture_read(watcher, 1, 9 * SECOND, &got);
    assert_string_equal(str_text(&got), "+a/x");
}

static void test_lost_history(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t seen = cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    check_fresh(fixture, WATCH_CACHE_FRESH);
    AUTO_WATCHER watcher = watch_all(fixture->configmaps);
    // The watch is broken and cannot be started again for a moment; meanwhile another server writes and compacts.
    memory_storage_set_down(fixture->storage, true);
    pause_for(QUIET);
    assert_true(cached(fixture, "a", "x")); // caches go on serving
    memory_storage_set_down(fixture->storage, false);
    cache_fixture_remove(fixture, "/registry/configmaps/a/x");
    uint64_t last = cache_fixture_put_configmap(fixture, "a/y", NULL, "1");
    memory_storage_compact(fixture->storage, last);
    // The feed backs off up to a second, so mostly it missed both; if it was quicker, the watcher has the events.
    AUTO_STR got = {0};
    cache_fixture_read(watcher, 2, 3 * SECOND, &got);
    if (!str_equal(str_text(&got), "-a/x +a/y"))
        assert_string_equal(str_text(&got), " ERROR(Expired)");
    check_fresh(fixture, WATCH_CACHE_FRESH);
    assert_false(cached(fixture, "a", "x"));
    assert_true(cached(fixture, "a", "y"));
    assert_true(watch_cache_revision(fixture->configmaps) > seen);
}

static void test_restored_store(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t kept = cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    cache_fixture_put_configmap(fixture, "a/y", NULL, "1");
    cache_fixture_remove(fixture, "/registry/configmaps/a/x");
    cache_fixture_put_pod(fixture, "a/p", NULL);
    check_fresh(fixture, WATCH_CACHE_FRESH);
    AUTO_WATCHER watcher = watch_all(fixture->configmaps);
    memory_storage_restore(fixture->storage, kept);
    check_events(watcher, 1, " ERROR(Expired)");
    assert_true(watch_feed_wait_ready(fixture->feed, cache_fixture_in(5 * SECOND)));
    for (int i = 0; i < 100 && !cached(fixture, "a", "x"); i++)
        pause_for(10 * MILLISECOND);
    check_fresh(fixture, WATCH_CACHE_FRESH);
    assert_true(cached(fixture, "a", "x"));
    assert_false(cached(fixture, "a", "y"));
    assert_int_equal(watch_cache_count(fixture->pods), 0);
    assert_true(watch_cache_revision(fixture->configmaps) >= kept); // a slow machine's barrier adds revisions of its own
    AUTO_WATCHER again = watch_all(fixture->configmaps);
    cache_fixture_put_configmap(fixture, "a/z", NULL, "1");
    check_events(again, 1, "+a/z");
}

static void test_down_at_start(void **state UNUSED) {
    struct storage *storage = memory_storage_new(clock_system());
    memory_storage_set_down(storage, true);
    struct watch_feed_config config = {.storage = storage, .clock = clock_system(), .random = random_system()};
    struct watch_feed *feed = watch_feed_new(&config);
    struct watch_cache *cache = NULL;
    assert_int_equal(watch_feed_add(feed, resource_configmaps(), 0, &cache, NULL), 0);
    watch_feed_start(feed);
    assert_false(watch_feed_wait_ready(feed, cache_fixture_in(QUIET)));
    struct watch_cache_watcher *watcher = NULL;
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_STATE};
    AUTO_ERROR error = NULL;
    assert_int_equal(watch_cache_watch(cache, &options, &watcher, &error), -1);
    assert_int_equal(error->code, 429);
    memory_storage_set_down(storage, false);
    assert_true(watch_feed_wait_ready(feed, cache_fixture_in(5 * SECOND)));
    watch_feed_stop(feed);
    watch_feed_free(feed);
    storage_free(storage);
}

static void test_many_pages(void **state UNUSED) {
    struct cache_fixture setup = {.storage = memory_storage_new(clock_system())};
    for (int i = 0; i < 1234; i++) {
        char key[32];
        snprintf(key, sizeof(key), "a/n-%d", i);
        cache_fixture_put_configmap(&setup, key, NULL, "1");
    }
    struct cache_fixture fixture = {0};
    cache_fixture_start(&fixture, setup.storage, NULL);
    assert_int_equal(watch_cache_count(fixture.configmaps), 1234);
    cache_fixture_stop(&fixture);
}

// --- compaction, caches added late, stress -----------------------------------------------------------------------------------------

static void test_compaction(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t first = cache_fixture_put_configmap(fixture, "a/x", NULL, "1");
    cache_fixture_put_configmap(fixture, "a/x", NULL, "2");
    struct compaction *compaction =
        compaction_start(fixture->storage, clock_system(), 20 * MILLISECOND, watch_feed_progress_key(fixture->feed));
    pause_for(QUIET);
    compaction_stop(compaction);
    AUTO_STORAGE_LIST list = {0};
    struct storage_list_options options = {.prefix = "/registry/", .revision = first};
    AUTO_ERROR error = NULL;
    assert_int_equal(storage_list(fixture->storage, &options, &list, &error), -1);
    assert_int_equal(error->code, 410);
    // The compaction's own writes are seen at once, so nothing waits for a nudge.
    uint64_t revision = 0;
    assert_int_equal(storage_revision(fixture->storage, 0, &revision, NULL), 0);
    assert_int_equal(watch_cache_wait(fixture->configmaps, revision, cache_fixture_in(SECOND), NULL), 0);
}

struct writer {
    struct cache_fixture *fixture;
    int number;
    atomic_bool stop;
    uint64_t last;
    struct thread *thread;
};

static void write_for_ever(void *argument) {
    struct writer *writer = argument;
    for (int i = 0; !atomic_load(&writer->stop); i++) {
        char key[32], path[64];
        snprintf(key, sizeof(key), "a/w%d-%d", writer->number, i % 50);
        snprintf(path, sizeof(path), "/registry/configmaps/%s", key);
        writer->last = cache_fixture_put_configmap(writer->fixture, key, i % 3 ? "1" : "2", "1");
        if (i % 7 == 6)
            writer->last = cache_fixture_remove(writer->fixture, path);
    }
}

static void test_late_cache(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    struct writer writer = {.fixture = fixture};
    writer.thread = thread_start("writer", write_for_ever, &writer);
    cache_fixture_put_raw(fixture, "/registry/secrets/a/s",
                          "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"s\",\"namespace\":\"a\"}}");
    struct watch_cache *cache = NULL;
    AUTO_ERROR error = NULL;
    if (watch_feed_add(fixture->feed, resource_secrets(), cache_fixture_in(5 * SECOND), &cache, &error) < 0)
        fail_msg("add: %s", error_message(error));
    assert_true(watch_cache_ready(cache));
    assert_ptr_equal(watch_feed_cache(fixture->feed, resource_secrets()), cache);
    assert_int_equal(watch_cache_count(cache), 1);
    uint64_t revision = cache_fixture_remove(fixture, "/registry/secrets/a/s");
    assert_int_equal(watch_cache_wait(cache, revision, cache_fixture_in(5 * SECOND), NULL), 0);
    assert_int_equal(watch_cache_count(cache), 0);
    atomic_store(&writer.stop, true);
    thread_join(writer.thread);
}

// A reader that keeps a copy by watching must end up with what the cache has.
struct mirror {
    struct cache_fixture *fixture;
    atomic_bool stop;
    int restarts;
    struct thread *thread;
};

static void mirror_for_ever(void *argument) {
    struct mirror *mirror = argument;
    while (!atomic_load(&mirror->stop)) {
        AUTO_WATCHER watcher = NULL;
        struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_STATE};
        if (watch_cache_watch(mirror->fixture->configmaps, &options, &watcher, NULL) < 0)
            continue;
        mirror->restarts++;
        uint64_t last = 0;
        for (int i = 0; i < 500 && !atomic_load(&mirror->stop); i++) {
            struct watch_cache_event event = {0};
            AUTO_ERROR error = NULL;
            enum watch_cache_next next = watch_cache_next_wait(watcher, cache_fixture_in(20 * MILLISECOND), &event, &error);
            if (next == WATCH_CACHE_NEXT_END || next == WATCH_CACHE_NEXT_ERROR)
                break;
            if (next == WATCH_CACHE_NEXT_EVENT && event.type != WATCH_CACHE_ADDED) {
                assert_true(event.revision > last);
                last = event.revision;
            }
            watch_cache_event_free(&event);
        }
        struct watch_cache_query query = {.ns = "a", .limit = 20};
        AUTO_WATCH_CACHE_LIST list = {0};
        watch_cache_list(mirror->fixture->configmaps, &query, &list);
        enum watch_cache_freshness freshness;
        AUTO_ERROR error = NULL;
        if (watch_cache_barrier(mirror->fixture->configmaps, cache_fixture_in(SECOND), &freshness, &error) < 0)
            assert_true(error->code >= 500);
    }
}

static void test_stress(void **state UNUSED) {
    enum { WRITERS = 3, MIRRORS = 4 };
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.watcher_queue = 200, .event_bytes = 100000});
    struct writer writers[WRITERS];
    struct mirror mirrors[MIRRORS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.fixture = fixture, .number = i};
        writers[i].thread = thread_start("writer", write_for_ever, &writers[i]);
    }
    for (int i = 0; i < MIRRORS; i++) {
        mirrors[i] = (struct mirror){.fixture = fixture};
        mirrors[i].thread = thread_start("mirror", mirror_for_ever, &mirrors[i]);
    }
    for (int i = 0; i < 10; i++) {
        pause_for(100 * MILLISECOND);
        memory_storage_break_watches(fixture->storage);
        if (i == 5)
            memory_storage_compact(fixture->storage, watch_feed_revision(fixture->feed));
    }
    uint64_t last = 0;
    for (int i = 0; i < WRITERS; i++) {
        atomic_store(&writers[i].stop, true);
        thread_join(writers[i].thread);
        last = MAX(last, writers[i].last);
    }
    for (int i = 0; i < MIRRORS; i++) {
        atomic_store(&mirrors[i].stop, true);
        thread_join(mirrors[i].thread);
        assert_true(mirrors[i].restarts > 0);
    }
    assert_int_equal(watch_cache_wait(fixture->configmaps, last, cache_fixture_in(10 * SECOND), NULL), 0);
    AUTO_STORAGE_LIST stored = {0};
    struct storage_list_options options = {.prefix = "/registry/configmaps/"};
    assert_int_equal(storage_list(fixture->storage, &options, &stored, NULL), 0);
    AUTO_WATCH_CACHE_LIST list = {0};
    watch_cache_list(fixture->configmaps, &(struct watch_cache_query){0}, &list);
    assert_int_equal(list.objects.len, stored.len);
    for (size_t i = 0; i < stored.len; i++) {
        const struct object *object = list.objects.items[i];
        assert_int_equal(object->resource_version, stored.items[i].mod_revision);
        assert_int_equal(object_index_compare(object, stored.items[i].key + strlen(options.prefix)), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_barrier_foreign_write),
        cmocka_unit_test(test_wait_future),
        cmocka_unit_test(test_barrier_down),
        cmocka_unit_test(test_break_loses_nothing),
        cmocka_unit_test(test_lost_history),
        cmocka_unit_test(test_hanging_watch),
        cmocka_unit_test(test_hanging_watch_idle),
        cmocka_unit_test(test_restored_store),
        cmocka_unit_test(test_down_at_start),
        cmocka_unit_test(test_many_pages),
        cmocka_unit_test(test_compaction),
        cmocka_unit_test(test_late_cache),
        cmocka_unit_test(test_stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
