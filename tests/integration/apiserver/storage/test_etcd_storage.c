// SPDX-License-Identifier: Apache-2.0
// Storage in a real etcd: what every storage must do, limits, leases, compaction shared by several, an etcd that hangs, dies, comes back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/storage/etcd.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "tests/fixtures/etcd_process.h"
#include "tests/fixtures/storage/storage_conformance.h"

struct fixture {
    struct etcd_process etcd;
    struct storage *storage;
};

static struct storage *open_storage(const char *const *servers) {
    struct storage *storage = NULL;
    AUTO_ERROR error = NULL;
    if (etcd_storage_open(&(struct etcd_endpoints){.servers = servers}, clock_system(), &storage, &error) < 0)
        fail_msg("open: %s", error_message(error));
    return storage;
}

static int setup(void **state) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    AUTO_ERROR error = NULL;
    if (etcd_process_start(&fixture->etcd, &error) < 0)
        fail_msg("%s", error_message(error));
    fixture->storage = open_storage((const char *const[]){fixture->etcd.url, NULL});
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    storage_free(fixture->storage);
    etcd_process_free(&fixture->etcd);
    free(fixture);
    return 0;
}

static int write_key(struct storage *storage, const char *key, const char *value, size_t len, struct error **err) {
    AUTO_STORAGE_RESULT result = {0};
    struct storage_write write = {
        .key = key, .bytes = value, .len = len, .deadline = clock_monotonic(clock_system()) + 5 * SECOND};
    AUTO_ERROR error = NULL;
    int status = storage_create(storage, &write, &result, &error);
    if (status == 0)
        assert_true(result.succeeded);
    else if (!err)
        fail_msg("create %s: %s", key, error_message(error));
    else
        error_move(err, &error);
    return status;
}

static void test_conformance(void **state) {
    struct fixture *fixture = *state;
    storage_conformance_run(fixture->storage, clock_system());
}

// What etcd's own client sees must be what was written: unknown request fields would be ignored without a word.
static void test_as_etcdctl_sees_it(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(write_key(fixture->storage, "/registry/seen/a", "{\"kind\":\"X\"}", 12, NULL), 0);
    AUTO_STR out = {0};
    AUTO_ERROR error = NULL;
    const char *const arguments[] = {"get", "/registry/seen/", "--prefix", NULL};
    if (etcd_process_ctl(&fixture->etcd, arguments, &out, &error) < 0)
        fail_msg("%s", error_message(error));
    assert_string_equal(str_text(&out), "/registry/seen/a\n{\"kind\":\"X\"}\n");
}

static void test_too_large(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        size_t len;
        const char *message; // NULL: fits
    } rows[] = {
        {1500000, NULL},
        {1600000, "etcdserver: request is too large"},
        {2500000, "grpc: received message larger than max"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(free_ptr) char *value = alloc_zero(rows[i].len + 1);
        CLEANUP(free_ptr) char *key = alloc_printf("/registry/large/%zu", i);
        memset(value, 'x', rows[i].len);
        AUTO_ERROR error = NULL;
        int result = write_key(fixture->storage, key, value, rows[i].len, &error);
        assert_int_equal(result, rows[i].message ? -1 : 0);
        if (!rows[i].message)
            continue;
        assert_int_equal(error->code, 500);
        assert_null(error->reason);
        assert_non_null(strstr(error->message, rows[i].message));
    }
}

static void test_shared_leases(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        CLEANUP(free_ptr) char *key = alloc_printf("/registry/events/%d", i);
        AUTO_STORAGE_RESULT result = {0};
        struct storage_write write = {.key = key, .bytes = "x", .len = 1, .ttl = HOUR};
        assert_int_equal(storage_create(fixture->storage, &write, &result, NULL), 0);
    }
    AUTO_STR out = {0};
    assert_int_equal(etcd_process_ctl(&fixture->etcd, (const char *const[]){"lease", "list", NULL}, &out, NULL), 0);
    assert_non_null(strstr(str_text(&out), "found 1 leases"));
}

// Two API servers, one store: the loser of a round takes over what the winner wrote, and upstream's value is understood.
static void test_shared_compaction(void **state) {
    struct fixture *fixture = *state;
    AUTO_STORAGE other = open_storage((const char *const[]){fixture->etcd.url, NULL});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(storage_compact_step(fixture->storage, NULL, NULL), 0);
        assert_int_equal(storage_compact_step(other, NULL, NULL), 0);
    }
    AUTO_STORAGE_ITEM item = {0};
    uint64_t value = 0;
    assert_int_equal(storage_get(other, "compact_rev_key", 0, &item, NULL, NULL), 0);
    assert_true(str_to_uint64(item.bytes, &value));
    assert_true(value > 0 && value < item.mod_revision);
}

static void test_hangs(void **state) {
    struct fixture *fixture = *state;
    struct storage *storage = fixture->storage;
    etcd_process_pause(&fixture->etcd);
    AUTO_ERROR error = NULL;
    int64_t before = clock_monotonic(clock_system());
    AUTO_STORAGE_ITEM item = {0};
    assert_int_equal(storage_get(storage, "/registry/a", before + SECOND, &item, NULL, &error), -1);
    int64_t took = clock_monotonic(clock_system()) - before;
    etcd_process_continue(&fixture->etcd);
    assert_int_equal(error->code, 504);
    assert_string_equal(error->reason, "Timeout");
    assert_in_range((uint64_t)took, 900 * MILLISECOND, 3 * SECOND);
    AUTO_ERROR after = NULL;
    if (storage_check(storage, clock_monotonic(clock_system()) + 5 * SECOND, &after) < 0)
        fail_msg("after the pause: %s", error_message(after));
}

static void test_gone_and_back(void **state) {
    struct fixture *fixture = *state;
    struct storage *storage = fixture->storage;
    assert_int_equal(write_key(storage, "/registry/back/a", "1", 1, NULL), 0);
    etcd_process_kill(&fixture->etcd);
    AUTO_ERROR error = NULL;
    assert_int_equal(write_key(storage, "/registry/back/b", "1", 1, &error), -1);
    assert_int_equal(error->code, 503);
    assert_string_equal(error->reason, "ServiceUnavailable");
    AUTO_ERROR again = NULL;
    if (etcd_process_restart(&fixture->etcd, &again) < 0)
        fail_msg("%s", error_message(again));
    AUTO_STORAGE_ITEM item = {0};
    assert_int_equal(storage_get(storage, "/registry/back/a", 0, &item, NULL, NULL), 0);
    assert_string_equal(item.bytes, "1");
    assert_int_equal(write_key(storage, "/registry/back/b", "1", 1, NULL), 0);
}

// The first server does not exist: reads and writes go to the second.
static void test_failover(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(free_ptr) char *dead = alloc_printf("http://127.0.0.1:%d", etcd_process_free_port());
    AUTO_STORAGE storage = open_storage((const char *const[]){dead, fixture->etcd.url, NULL});
    assert_int_equal(write_key(storage, "/registry/failover/a", "1", 1, NULL), 0);
    AUTO_STORAGE_ITEM item = {0};
    assert_int_equal(storage_get(storage, "/registry/failover/a", 0, &item, NULL, NULL), 0);
    assert_string_equal(item.bytes, "1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conformance),   cmocka_unit_test(test_as_etcdctl_sees_it), cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_shared_leases), cmocka_unit_test(test_shared_compaction),  cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_gone_and_back), cmocka_unit_test(test_failover),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
