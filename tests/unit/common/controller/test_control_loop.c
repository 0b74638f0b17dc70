// SPDX-License-Identifier: Apache-2.0
// The control loop: outcomes of a sync, waiting for informers, stopping at any time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/controller/controller.h"
#include "tests/fixtures/scripted_transport.h"

struct world {
    struct control_loop *loop;
    _Atomic int calls;
    enum sync_outcome outcome;
    int64_t after;
    int failures; // so many calls fail first
};

static int sync_key(void *context, const char *key, struct sync_result *ret_result, struct error **err) {
    struct world *world = context;
    assert_string_equal(key, "ns/name");
    int call = ++world->calls;
    if (call <= world->failures)
        return error_set(err, "try %d", call);
    if (call == world->failures + 1)
        *ret_result = (struct sync_result){world->outcome, world->after};
    return 0;
}

static bool wait_for_calls(const struct world *world, int calls) {
    for (int i = 0; i < 5000 && world->calls < calls; i++)
        usleep(1000);
    return world->calls >= calls;
}

static const struct {
    enum sync_outcome outcome;
    int64_t after;
    int failures;
    int calls; // in the end
} rows[] = {
    {SYNC_DONE, 0, 0, 1},
    {SYNC_REQUEUE, 0, 0, 2},
    {SYNC_AFTER, MILLISECOND, 0, 2},
    {SYNC_DONE, 0, 3, 4},
};

static void test_outcomes(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world = {.outcome = rows[i].outcome, .after = rows[i].after, .failures = rows[i].failures};
        struct control_loop_config config = {.name = "test-controller",
                                             .clock = clock_system(),
                                             .workers = 3,
                                             .sync = sync_key,
                                             .context = &world,
                                             .backoff_base = MILLISECOND,
                                             .backoff_max = 2 * MILLISECOND};
        world.loop = control_loop_new(&config);
        control_loop_start(world.loop, NULL);
        assert_true(control_loop_healthy(world.loop));
        workqueue_add(control_loop_queue(world.loop), "ns/name");
        assert_true(wait_for_calls(&world, rows[i].calls));
        usleep(20000);
        assert_int_equal(world.calls, rows[i].calls);
        assert_int_equal(workqueue_failures(control_loop_queue(world.loop), "ns/name"), 0);
        control_loop_stop(world.loop);
        assert_false(control_loop_healthy(world.loop));
        control_loop_free(world.loop);
    }
}

static void test_stop_without_start(void **state) {
    (void)state;
    struct control_loop_config config = {.name = "idle", .clock = clock_system(), .workers = 1, .sync = sync_key};
    struct control_loop *loop = control_loop_new(&config);
    control_loop_stop(loop);
    control_loop_free(loop);
    control_loop_free(NULL);
}

// Workers wait for informers; an informer that was stopped before it synced ends the wait, also when no time passes.
static void test_waits_for_informers(void **state) {
    (void)state;
    const struct script_step steps[] = {{.status = 0},
                                        {.status = 200, .body = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}"}};
    for (int synced = 0; synced < 2; synced++) {
        struct clock *clock = clock_fake_new(0);
        struct scripted_transport *transport = scripted_transport_new(steps + synced, 1);
        struct rest_config rest_config = {.transport = scripted_transport_of(transport), .clock = clock};
        struct rest *rest = rest_new(&rest_config);
        struct informer_config config = {.rest = rest, .clock = clock, .random = random_system(), .resource = resource_pods()};
        struct informer *informer = informer_new(&config);
        struct world world = {.outcome = SYNC_DONE};
        struct control_loop_config loop_config = {
            .name = "waiting", .clock = clock, .workers = 2, .sync = sync_key, .context = &world};
        world.loop = control_loop_new(&loop_config);
        workqueue_add(control_loop_queue(world.loop), "ns/name");
        control_loop_start(world.loop, (struct informer *const[]){informer, NULL});
        informer_start(informer);
        if (synced)
            assert_true(wait_for_calls(&world, 1));
        else
            assert_true(scripted_transport_wait(transport, 1));
        informer_stop(informer);
        control_loop_stop(world.loop);
        assert_int_equal(world.calls, synced);
        control_loop_free(world.loop);
        informer_free(informer);
        rest_free(rest);
        scripted_transport_free(transport);
        clock_fake_free(clock);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_stop_without_start),
        cmocka_unit_test(test_waits_for_informers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
