// SPDX-License-Identifier: Apache-2.0
// Expectations: satisfied, counted down, by UID, replaced, timed out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/controller/expectations.h"

static void test_creations(void **state) {
    (void)state;
    struct expectations *e = expectations_new(clock_system());
    assert_true(expectations_satisfied(e, "k"));
    expectations_expect_creations(e, "k", 2);
    assert_false(expectations_satisfied(e, "k"));
    assert_true(expectations_satisfied(e, "other"));
    expectations_creation_observed(e, "other");
    expectations_creation_observed(e, "k");
    assert_false(expectations_satisfied(e, "k"));
    expectations_creation_observed(e, "k");
    assert_true(expectations_satisfied(e, "k"));
    expectations_creation_observed(e, "k"); // one too many
    expectations_expect_creations(e, "k", 1);
    assert_false(expectations_satisfied(e, "k"));
    expectations_delete(e, "k");
    assert_true(expectations_satisfied(e, "k"));
    expectations_delete(e, "k");
    expectations_free(e);
}

static void test_deletions_by_uid(void **state) {
    (void)state;
    struct expectations *e = expectations_new(clock_system());
    expectations_expect_deletions(e, "k", (const char *const[]){"u1", "u2"}, 2);
    expectations_deletion_observed(e, "k", "u1");
    expectations_deletion_observed(e, "k", "u1"); // seen twice (marked, then gone) counts once
    expectations_deletion_observed(e, "k", "stranger");
    assert_false(expectations_satisfied(e, "k"));
    expectations_deletion_observed(e, "k", "u2");
    assert_true(expectations_satisfied(e, "k"));
    // new ones replace the old ones
    expectations_expect_deletions(e, "k", (const char *const[]){"u3"}, 1);
    expectations_expect_creations(e, "k", 0);
    assert_true(expectations_satisfied(e, "k"));
    expectations_free(e);
}

static void test_time_out(void **state) {
    (void)state;
    struct clock *clock = clock_fake_new(0);
    struct expectations *e = expectations_new(clock);
    expectations_expect_creations(e, "k", 1);
    clock_fake_advance(clock, 5 * MINUTE);
    assert_false(expectations_satisfied(e, "k"));
    clock_fake_advance(clock, 1);
    assert_true(expectations_satisfied(e, "k"));
    expectations_free(e);
    expectations_free(NULL);
    clock_fake_free(clock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creations),
        cmocka_unit_test(test_deletions_by_uid),
        cmocka_unit_test(test_time_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
