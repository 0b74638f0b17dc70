// SPDX-License-Identifier: Apache-2.0
// The storage in memory: what every storage must do, and what tests do to it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apiserver/storage/memory.h"
#include "tests/fixtures/storage/storage_conformance.h"

static void test_conformance(void **state UNUSED) {
    AUTO_STORAGE storage = memory_storage_new(clock_system());
    storage_conformance_run(storage, clock_system());
}

static uint64_t create(struct storage *storage, const char *key) {
    AUTO_STORAGE_RESULT result = {0};
    struct storage_write write = {.key = key, .bytes = "x", .len = 1};
    assert_int_equal(storage_create(storage, &write, &result, NULL), 0);
    return result.revision;
}

static void test_down(void **state UNUSED) {
    AUTO_STORAGE storage = memory_storage_new(clock_system());
    AUTO_ERROR error = NULL;
    memory_storage_set_down(storage, true);
    assert_int_equal(storage_check(storage, 0, &error), -1);
    assert_int_equal(error->code, 503);
    memory_storage_set_down(storage, false);
    assert_int_equal(storage_check(storage, 0, NULL), 0);
}

static void test_restore(void **state UNUSED) {
    AUTO_STORAGE storage = memory_storage_new(clock_system());
    uint64_t first = create(storage, "/registry/a"), revision = 0;
    create(storage, "/registry/b");
    memory_storage_restore(storage, first);
    AUTO_STORAGE_ITEM item = {0};
    assert_int_equal(storage_get(storage, "/registry/b", 0, &item, &revision, NULL), 0);
    assert_null(item.key);
    assert_int_equal(revision, first);
    assert_int_equal(create(storage, "/registry/b"), first + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conformance),
        cmocka_unit_test(test_down),
        cmocka_unit_test(test_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
