// SPDX-License-Identifier: Apache-2.0
// When memory is given back: after the start, after a load, and not all the time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/macro.h"
#include "common/component/trim.h"

// Looks every five seconds while each turn uses so many milliseconds; counts the trims.
static int look(struct trim *trim, int turns, int64_t milliseconds, int64_t *now, int64_t *cpu_time) {
    int trims = 0;
    for (int i = 0; i < turns; i++) {
        *now += TRIM_LOOK_INTERVAL;
        *cpu_time += milliseconds * MILLISECOND;
        trims += trim_is_due(trim, *now, *cpu_time);
    }
    return trims;
}

static void test_moments(void **state UNUSED) {
    struct trim trim = {0};
    int64_t now = HOUR, cpu_time = 0;
    assert_int_equal(look(&trim, 1, 200, &now, &cpu_time), 0);  // still at its start
    assert_int_equal(look(&trim, 1, 1, &now, &cpu_time), 1);    // quiet
    assert_int_equal(look(&trim, 9, 1, &now, &cpu_time), 0);    // idle
    assert_int_equal(look(&trim, 10, 900, &now, &cpu_time), 0); // never while it works
    assert_int_equal(look(&trim, 1, 2, &now, &cpu_time), 1);
    assert_int_equal(look(&trim, 1, 200, &now, &cpu_time) + look(&trim, 1, 0, &now, &cpu_time), 1);
    // From now on once a minute at most, also for a daemon that always does a little.
    assert_in_range(look(&trim, 120, 12, &now, &cpu_time), 9, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
