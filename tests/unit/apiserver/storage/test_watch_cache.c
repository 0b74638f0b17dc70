// SPDX-License-Identifier: Apache-2.0
// The watch cache over a storage in memory: snapshots, events and their transitions, history, bookmarks, slow watchers, many watchers.
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

#include "apiserver/storage/memory.h"
#include "common/base/alloc.h"
#include "tests/fixtures/storage/cache_fixture.h"

#define QUIET (200 * MILLISECOND)

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

static void wait_for(struct cache_fixture *fixture, uint64_t revision) {
    AUTO_ERROR error = NULL;
    if (watch_cache_wait(fixture->configmaps, revision, cache_fixture_in(5 * SECOND), &error) < 0)
        fail_msg("wait: %s", error_message(error));
}

static struct watch_cache_watcher *watch(struct watch_cache *cache, struct watch_cache_watch_options options, const char *labels,
                                         const char *fields) {
    struct watch_cache_watcher *watcher = NULL;
    AUTO_ERROR error = NULL;
    if (labels)
        assert_int_equal(selector_parse(labels, &options.take_labels, NULL), 0);
    if (fields)
        assert_int_equal(field_selector_parse(fields, &options.take_fields, NULL), 0);
    if (watch_cache_watch(cache, &options, &watcher, &error) < 0)
        fail_msg("watch: %s", error_message(error));
    return watcher;
}

static void check_events(struct watch_cache_watcher *watcher, const char *expected) {
    AUTO_STR got = {0};
    size_t count = 1;
    for (const char *p = expected; *p; p++)
        count += *p == ' ';
    cache_fixture_read(watcher, count + 1, QUIET, &got);
    assert_string_equal(str_text(&got), expected);
}

// --- snapshots -------------------------------------------------------------------------------------------------------------------

static void test_list(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    static const char *const keys[] = {"b/x", "a/y", "a/x", "a-b/x", "c/z", "a/z"};
    uint64_t last = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        last = cache_fixture_put_configmap(fixture, keys[i], i % 2 ? "odd" : "even", "1");
    cache_fixture_put_raw(fixture, "/registry/configmaps/a/broken", "k8s\x01garbage");
    last = cache_fixture_put_raw(fixture, "/registry/unknown/a/b", "{}");
    wait_for(fixture, last);
    static const struct {
        struct watch_cache_query query;
        const char *labels;
        const char *fields;
        const char *keys;
        size_t remaining; // 0: complete
    } rows[] = {
        {{0}, NULL, NULL, "a-b/x a/x a/y a/z b/x c/z", 0},
        {{.ns = ""}, NULL, NULL, "a-b/x a/x a/y a/z b/x c/z", 0},
        {{.ns = "a"}, NULL, NULL, "a/x a/y a/z", 0},
        {{.ns = "none"}, NULL, NULL, "", 0},
        {{.ns = "a", .name = "y"}, NULL, NULL, "a/y", 0},
        {{.name = "x"}, NULL, NULL, "a-b/x a/x b/x", 0},
        {{.limit = 2}, NULL, NULL, "a-b/x a/x", 4},
        {{.limit = 2, .after = "a/x"}, NULL, NULL, "a/y a/z", 2},
        {{.limit = 2, .after = "a/z"}, NULL, NULL, "b/x c/z", 0},
        {{.ns = "a", .limit = 1}, NULL, NULL, "a/x", 2},
        {{.ns = "a", .limit = 2, .after = "a/x"}, NULL, NULL, "a/y a/z", 0},
        {{0}, "l=odd", NULL, "a-b/x a/y a/z", 0},
        {{.limit = 1}, "l=odd", NULL, "a-b/x", 5},
        {{0}, NULL, "metadata.name=x", "a-b/x a/x b/x", 0},
        {{0}, "l=even", "metadata.namespace=a", "a/x", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct watch_cache_query query = rows[i].query;
        AUTO_SELECTOR labels = NULL;
        AUTO_FIELD_SELECTOR fields = NULL;
        if (rows[i].labels)
            assert_int_equal(selector_parse(rows[i].labels, &labels, NULL), 0);
        if (rows[i].fields)
            assert_int_equal(field_selector_parse(rows[i].fields, &fields, NULL), 0);
        query.labels = labels;
        query.fields = fields;
        AUTO_WATCH_CACHE_LIST list = {0};
        AUTO_STR got = {0};
        watch_cache_list(fixture->configmaps, &query, &list);
        for (size_t k = 0; k < list.objects.len; k++) {
            CLEANUP(free_ptr) char *key = object_key(list.objects.items[k]);
            str_printf(&got, "%s%s", k ? " " : "", key);
        }
        assert_string_equal(str_text(&got), rows[i].keys);
        assert_int_equal(list.more, rows[i].remaining > 0);
        assert_int_equal(list.remaining, rows[i].remaining);
        assert_int_equal(list.revision, last);
    }
    assert_int_equal(watch_cache_count(fixture->configmaps), 6);
}

static void test_get(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t written = cache_fixture_put_configmap(fixture, "a/x", NULL, "1"), revision = 0;
    wait_for(fixture, written);
    AUTO_OBJECT object = watch_cache_get(fixture->configmaps, "a", "x", &revision);
    assert_non_null(object);
    assert_int_equal(object->resource_version, written);
    assert_int_equal(revision, written);
    CLEANUP(free_ptr) char *version = alloc_printf("\"resourceVersion\":\"%llu\"", (unsigned long long)written);
    assert_non_null(strstr(object->json, version));
    assert_null(watch_cache_get(fixture->configmaps, "a", "y", NULL));
    assert_null(watch_cache_get(fixture->configmaps, "", "x", NULL));
    assert_null(watch_cache_get(fixture->pods, "a", "x", NULL));
}

// --- events --------------------------------------------------------------------------------------------------------------------

static void test_scopes(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    static const struct {
        struct watch_cache_watch_options options;
        const char *labels;
        const char *fields;
        const char *events;
    } rows[] = {
        {{0}, NULL, NULL, "+a/x@1 +a/y@1 +b/x@1 ~a/x@2 ~a/x@1 -a/x@1 -b/x@1"},
        {{.ns = "a"}, NULL, NULL, "+a/x@1 +a/y@1 ~a/x@2 ~a/x@1 -a/x@1"},
        {{.ns = "a", .name = "x"}, NULL, NULL, "+a/x@1 ~a/x@2 ~a/x@1 -a/x@1"},
        {{.name = "x"}, NULL, NULL, "+a/x@1 +b/x@1 ~a/x@2 ~a/x@1 -a/x@1 -b/x@1"},
        {{0}, "l=1", NULL, "+a/x@1 +a/y@1 +b/x@1 -a/x@1 +a/x@1 -a/x@1 -b/x@1"},
        {{0}, "l=2", NULL, "+a/x@2 -a/x@2"},
        {{0}, "l=3", NULL, ""},
        {{0}, NULL, "metadata.name=y", "+a/y@1"},
        {{.ns = "a"}, "l!=2", "metadata.name=x", "+a/x@1 -a/x@1 +a/x@1 -a/x@1"},
    };
    struct watch_cache_watcher *watchers[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct watch_cache_watch_options options = rows[i].options;
        options.start = WATCH_CACHE_START_NOW;
        watchers[i] = watch(fixture->configmaps, options, rows[i].labels, rows[i].fields);
    }
    assert_int_equal(watch_cache_watcher_count(fixture->configmaps), ARRAY_LEN(rows));
    uint64_t first = cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    cache_fixture_put_configmap(fixture, "a/y", "1", "1");
    cache_fixture_put_configmap(fixture, "b/x", "1", "1");
    cache_fixture_put_configmap(fixture, "a/x", "2", "1");
    cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    cache_fixture_remove(fixture, "/registry/configmaps/a/x");
    cache_fixture_remove(fixture, "/registry/configmaps/b/x");
    cache_fixture_put_pod(fixture, "a/x", NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_events(watchers[i], rows[i].events);
        watch_cache_watcher_free(watchers[i]);
        // The same out of history.
        struct watch_cache_watch_options options = rows[i].options;
        options.start = WATCH_CACHE_START_REVISION;
        options.revision = first - 1;
        AUTO_WATCHER again = watch(fixture->configmaps, options, rows[i].labels, rows[i].fields);
        check_events(again, rows[i].events);
    }
    assert_int_equal(watch_cache_watcher_count(fixture->configmaps), 0);
}

// What leaves a selector is shown as it was, with the resourceVersion of the event.
static void test_deleted_object(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    AUTO_WATCHER watcher =
        watch(fixture->configmaps, (struct watch_cache_watch_options){.start = WATCH_CACHE_START_NOW}, "l=1", NULL);
    cache_fixture_put_configmap(fixture, "a/x", "1", "old");
    uint64_t left = cache_fixture_put_configmap(fixture, "a/x", "2", "new");
    cache_fixture_put_configmap(fixture, "a/x", "1", "newer");
    uint64_t removed = cache_fixture_remove(fixture, "/registry/configmaps/a/x");
    const char *const data[] = {"old", "old", "newer", "newer"};
    const uint64_t revisions[] = {0, left, 0, removed};
    for (size_t i = 0; i < ARRAY_LEN(data); i++) {
        struct watch_cache_event event = {0};
        assert_int_equal(watch_cache_next_wait(watcher, cache_fixture_in(SECOND), &event, NULL), WATCH_CACHE_NEXT_EVENT);
        assert_non_null(strstr(event.object->json, data[i]));
        if (revisions[i]) {
            assert_int_equal(event.type, WATCH_CACHE_DELETED);
            assert_int_equal(event.revision, revisions[i]);
        }
        AUTO_STR line = {0};
        watch_cache_event_write(fixture->configmaps, &event, &line);
        assert_true(str_starts(str_text(&line), event.type == WATCH_CACHE_DELETED ? "{\"type\":\"DELETED\",\"object\":{\"kind\""
                                                                                  : "{\"type\":\"ADDED\",\"object\":{\"kind\""));
        assert_true(str_ends(str_text(&line), "}\n"));
        watch_cache_event_free(&event);
    }
}

static void test_node_index(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW};
    AUTO_WATCHER unscheduled = watch(fixture->pods, options, NULL, "spec.nodeName=");
    AUTO_WATCHER one = watch(fixture->pods, options, NULL, "spec.nodeName=n1");
    AUTO_WATCHER two = watch(fixture->pods, options, NULL, "spec.nodeName=n2");
    AUTO_WATCHER all = watch(fixture->pods, options, NULL, NULL);
    AUTO_WATCHER other = watch(fixture->pods, options, NULL, "spec.nodeName!=n1");
    cache_fixture_put_pod(fixture, "a/x", NULL);
    cache_fixture_put_pod(fixture, "a/y", "n2");
    cache_fixture_put_pod(fixture, "a/x", "n1");
    cache_fixture_put_pod(fixture, "a/x", "n1");
    cache_fixture_remove(fixture, "/registry/pods/a/x");
    check_events(unscheduled, "+a/x -a/x");
    check_events(one, "+a/x@n1 ~a/x@n1 -a/x@n1");
    check_events(two, "+a/y@n2");
    check_events(all, "+a/x +a/y@n2 ~a/x@n1 ~a/x@n1 -a/x@n1");
    check_events(other, "+a/x +a/y@n2 -a/x");
}

// --- where a watch starts ------------------------------------------------------------------------------------------------------

static void test_starts(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    uint64_t first = cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    uint64_t second = cache_fixture_put_configmap(fixture, "a/y", "1", "1");
    wait_for(fixture, second);
    const struct {
        struct watch_cache_watch_options options;
        const char *events;
    } rows[] = {
        {{.start = WATCH_CACHE_START_STATE}, "+a/x@1 +a/y@1 +a/z@1"},
        {{.start = WATCH_CACHE_START_STATE, .ns = "a", .name = "y"}, "+a/y@1"},
        {{.start = WATCH_CACHE_START_STATE_AND_BOOKMARK, .bookmarks = true}, "+a/x@1 +a/y@1 *! +a/z@1"},
        {{.start = WATCH_CACHE_START_NOW}, "+a/z@1"},
        {{.start = WATCH_CACHE_START_REVISION, .revision = first}, "+a/y@1 +a/z@1"},
        {{.start = WATCH_CACHE_START_REVISION, .revision = second}, "+a/z@1"},
        // Newer than any event of this resource, and than any event at all.
        {{.start = WATCH_CACHE_START_REVISION, .revision = second + 1}, "+a/z@1"},
        {{.start = WATCH_CACHE_START_REVISION, .revision = second + 100}, ""},
    };
    struct watch_cache_watcher *watchers[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        watchers[i] = watch(fixture->configmaps, rows[i].options, NULL, NULL);
    cache_fixture_put_pod(fixture, "a/x", NULL);
    cache_fixture_put_configmap(fixture, "a/z", "1", "1");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_events(watchers[i], rows[i].events);
        watch_cache_watcher_free(watchers[i]);
    }
}

static void test_too_old(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.event_bytes = 3000});
    uint64_t first = cache_fixture_put_configmap(fixture, "a/x", "1", "1"), last = 0;
    for (int i = 0; i < 50; i++)
        last = cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    wait_for(fixture, last);
    struct watch_cache_watcher *watcher = NULL;
    AUTO_ERROR error = NULL;
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_REVISION, .revision = first};
    assert_int_equal(watch_cache_watch(fixture->configmaps, &options, &watcher, &error), -1);
    assert_int_equal(error->code, 410);
    assert_string_equal(error->reason, "Expired");
    CLEANUP(free_ptr) char *start_of_message = alloc_printf("too old resource version: %llu (", (unsigned long long)first);
    assert_true(str_starts(error->message, start_of_message));
    AUTO_WATCHER recent =
        watch(fixture->configmaps, (struct watch_cache_watch_options){.start = WATCH_CACHE_START_REVISION, .revision = last - 2},
              NULL, NULL);
    check_events(recent, "~a/x@1 ~a/x@1");
}

// --- bookmarks, slow watchers, wake-ups -----------------------------------------------------------------------------------------

static void test_bookmarks(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.bookmark_interval = 100 * MILLISECOND});
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW, .bookmarks = true};
    AUTO_WATCHER watcher = watch(fixture->configmaps, options, NULL, NULL);
    uint64_t revision = cache_fixture_put_pod(fixture, "a/x", NULL); // another resource
    wait_for(fixture, revision);
    struct watch_cache_event event = {0};
    assert_int_equal(watch_cache_next_wait(watcher, cache_fixture_in(SECOND), &event, NULL), WATCH_CACHE_NEXT_EVENT);
    assert_int_equal(event.type, WATCH_CACHE_BOOKMARK);
    assert_int_equal(event.revision, revision);
    AUTO_STR line = {0};
    AUTO_STR expected = {0};
    watch_cache_event_write(fixture->configmaps, &event, &line);
    str_printf(
        &expected,
        "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":"
        "\"%llu\",\"creationTimestamp\":null}}}\n",
        (unsigned long long)revision);
    assert_string_equal(str_text(&line), str_text(&expected));
    assert_int_equal(watch_cache_next(watcher, &event, NULL), WATCH_CACHE_NEXT_EMPTY);
    // Shortly before the caller ends the watch, there is one more.
    AUTO_WATCHER bounded =
        watch(fixture->pods,
              (struct watch_cache_watch_options){
                  .start = WATCH_CACHE_START_NOW, .bookmarks = true, .deadline = cache_fixture_in(2050 * MILLISECOND)},
              NULL, NULL);
    assert_int_equal(watch_cache_next_wait(bounded, cache_fixture_in(90 * MILLISECOND), &event, NULL), WATCH_CACHE_NEXT_EVENT);
    assert_int_equal(event.type, WATCH_CACHE_BOOKMARK);
}

static void test_slow_watcher(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.watcher_queue = 10});
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW};
    AUTO_WATCHER slow = watch(fixture->configmaps, options, NULL, NULL);
    AUTO_WATCHER quick = watch(fixture->configmaps, options, NULL, NULL);
    AUTO_WATCHER other =
        watch(fixture->configmaps, (struct watch_cache_watch_options){.start = WATCH_CACHE_START_NOW, .ns = "b"}, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        wait_for(fixture, cache_fixture_put_configmap(fixture, "a/x", "1", "1"));
        AUTO_STR got = {0};
        cache_fixture_read(quick, 1, SECOND, &got);
        assert_string_equal(str_text(&got), i ? "~a/x@1" : "+a/x@1");
    }
    check_events(slow, " END");
    assert_int_equal(watch_cache_watcher_count(fixture->configmaps), 2);
    check_events(other, "");
}

static void count_wake(void *argument) {
    atomic_fetch_add((atomic_int *)argument, 1);
}

static void pause_a_little(void) {
    nanosleep(&(struct timespec){.tv_nsec = 10 * MILLISECOND}, NULL);
}

static void test_wake(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(&(struct watch_feed_config){.bookmark_interval = 300 * MILLISECOND});
    atomic_int wakes = 0, bookmark_wakes = 0;
    struct watch_cache_watch_options options = {.start = WATCH_CACHE_START_NOW};
    struct watch_cache_watcher *watcher = watch(fixture->configmaps, options, NULL, NULL);
    watch_cache_watcher_set_wake(watcher, count_wake, &wakes);
    struct watch_cache_event event = {0};
    // Nobody waits: no wake.
    wait_for(fixture, cache_fixture_put_configmap(fixture, "a/x", "1", "1"));
    assert_int_equal(atomic_load(&wakes), 0);
    assert_int_equal(watch_cache_next(watcher, &event, NULL), WATCH_CACHE_NEXT_EVENT);
    watch_cache_event_free(&event);
    assert_int_equal(watch_cache_next(watcher, &event, NULL), WATCH_CACHE_NEXT_EMPTY);
    // One wake for two events that nobody read meanwhile.
    cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    wait_for(fixture, cache_fixture_put_configmap(fixture, "a/x", "1", "1"));
    for (int i = 0; i < 500 && !atomic_load(&wakes); i++)
        pause_a_little();
    assert_int_equal(atomic_load(&wakes), 1);
    options.bookmarks = true;
    AUTO_WATCHER bookmarks = watch(fixture->pods, options, NULL, NULL);
    watch_cache_watcher_set_wake(bookmarks, count_wake, &bookmark_wakes);
    assert_int_equal(watch_cache_next(bookmarks, &event, NULL), WATCH_CACHE_NEXT_EMPTY);
    for (int i = 0; i < 500 && !atomic_load(&bookmark_wakes); i++)
        pause_a_little();
    assert_int_equal(atomic_load(&bookmark_wakes), 1);
    assert_int_equal(watch_cache_next(bookmarks, &event, NULL), WATCH_CACHE_NEXT_EVENT);
    assert_int_equal(event.type, WATCH_CACHE_BOOKMARK);
    watch_cache_watcher_free(watcher);
}

static void test_stop_ends_watchers(void **state UNUSED) {
    AUTO_FIXTURE fixture = start(NULL);
    AUTO_WATCHER watcher =
        watch(fixture->configmaps, (struct watch_cache_watch_options){.start = WATCH_CACHE_START_NOW}, NULL, NULL);
    watch_feed_stop(fixture->feed);
    check_events(watcher, " END");
    watch_cache_watcher_free(STEAL(watcher));
}

// --- many --------------------------------------------------------------------------------------------------------------------------

static void test_thousand_watchers(void **state UNUSED) {
    enum { WATCHERS = 1000, EVENTS = 100 };
    AUTO_FIXTURE fixture = start(NULL);
    struct watch_cache_watcher **watchers = alloc_array(WATCHERS, sizeof(*watchers));
    for (int i = 0; i < WATCHERS; i++)
        watchers[i] = watch(fixture->configmaps, (struct watch_cache_watch_options){.start = WATCH_CACHE_START_NOW}, NULL, NULL);
    int64_t before = clock_monotonic(clock_system());
    uint64_t last = 0;
    for (int i = 0; i < EVENTS; i++)
        last = cache_fixture_put_configmap(fixture, "a/x", "1", "1");
    wait_for(fixture, last);
    int64_t took = clock_monotonic(clock_system()) - before;
    print_message("  %d events to %d watchers: %.1f ms\n", EVENTS, WATCHERS, (double)took / 1e6);
    for (int i = 0; i < WATCHERS; i++) {
        uint64_t seen = 0;
        for (int k = 0; k < EVENTS; k++) {
            struct watch_cache_event event = {0};
            assert_int_equal(watch_cache_next(watchers[i], &event, NULL), WATCH_CACHE_NEXT_EVENT);
            assert_true(event.revision > seen);
            seen = event.revision;
            watch_cache_event_free(&event);
        }
        assert_int_equal(seen, last);
        watch_cache_watcher_free(watchers[i]);
    }
    free(watchers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_deleted_object),
        cmocka_unit_test(test_node_index),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_too_old),
        cmocka_unit_test(test_bookmarks),
        cmocka_unit_test(test_slow_watcher),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_stop_ends_watchers),
        cmocka_unit_test(test_thousand_watchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
