// SPDX-License-Identifier: Apache-2.0
// The scheduling queue: order, back-off, parking, what brings pods back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/thread.h"
#include "scheduler/queue.h"
#include "tests/unit/scheduler/plugins/plugin_fixture.h"

struct world {
    struct clock *clock;
    struct queue *queue;
};

static void set_up(struct world *world, int64_t unschedulable_max) {
    world->clock = clock_fake_new(0);
    struct queue_config config = {
        .clock = world->clock, .backoff_initial = SECOND, .backoff_max = 10 * SECOND, .unschedulable_max = unschedulable_max};
    world->queue = queue_new(&config);
}

static void tear_down(struct world *world) {
    queue_shut_down(world->queue);
    assert_null(queue_pop(world->queue));
    queue_free(world->queue);
    clock_fake_free(world->clock);
}

static void add(struct world *world, const char *name, const char *spec) {
    AUTO_OBJECT pod = fixture_pod(name, spec);
    queue_add(world->queue, pod);
}

// Pops, checks the name, and gives the reference.
static const struct object *pop(struct world *world, const char *name) {
    const struct object *pod = queue_pop(world->queue);
    assert_non_null(pod);
    assert_string_equal(pod->name, name);
    return pod;
}

struct popper {
    struct queue *queue;
    const struct object *pod;
    _Atomic bool done;
};

static void pop_one(void *argument) {
    struct popper *popper = argument;
    popper->pod = queue_pop(popper->queue);
    popper->done = true;
}

// How much time has to pass until a pod comes out; the pod in *ret_pod.
static int64_t time_until_pop(struct world *world, const struct object **ret_pod) {
    struct popper popper = {.queue = world->queue};
    int64_t started = clock_monotonic(world->clock);
    struct thread *thread = thread_start("popper", pop_one, &popper);
    while (!popper.done) {
        if (clock_fake_waiters(world->clock) > 0 && !popper.done)
            clock_fake_advance(world->clock, 250 * MILLISECOND);
        usleep(4000); // a waiter looks at the clock every two milliseconds
    }
    thread_join(thread);
    *ret_pod = popper.pod;
    return clock_monotonic(world->clock) - started;
}

static void test_order(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 300 * SECOND);
    add(&world, "low", "'priority':-1");
    clock_fake_advance(world.clock, 1);
    add(&world, "first", "");
    clock_fake_advance(world.clock, 1);
    add(&world, "second", "");
    clock_fake_advance(world.clock, 1);
    add(&world, "high", "'priority':1000");
    const char *const wanted[] = {"high", "first", "second", "low"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        object_unref(pop(&world, wanted[i]));
    assert_int_equal(queue_len(world.queue), 4); // in flight
    queue_remove(world.queue, "uid-high");
    queue_remove(world.queue, "uid-high");
    assert_int_equal(queue_len(world.queue), 3);
    tear_down(&world);
}

static void test_back_off(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 300 * SECOND);
    add(&world, "p", "");
    const int64_t wanted[] = {1, 2, 4, 8, 10, 10};
    const struct object *pod = pop(&world, "p");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        queue_retry(world.queue, pod);
        object_unref(pod);
        int64_t took = time_until_pop(&world, &pod);
        if (took < wanted[i] * SECOND || took > (wanted[i] + 5) * SECOND)
            fail_msg("try %zu: %lld ms", i, (long long)(took / MILLISECOND));
    }
    object_unref(pod);
    tear_down(&world);
}

// Parked until the cluster changes, and not before the back-off is over; or until the longest parking time.
static void test_parking(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 60 * SECOND);
    add(&world, "p", "");
    const struct object *pod = pop(&world, "p");
    queue_park(world.queue, pod);
    object_unref(pod);
    queue_move_all(world.queue);
    int64_t took = time_until_pop(&world, &pod);
    assert_in_range(took, SECOND, 6 * SECOND);
    queue_park(world.queue, pod);
    object_unref(pod);
    clock_fake_advance(world.clock, 30 * SECOND);
    queue_move_all(world.queue); // its back-off is long over
    pod = pop(&world, "p");
    queue_park(world.queue, pod);
    object_unref(pod);
    took = time_until_pop(&world, &pod);
    assert_in_range(took, 60 * SECOND, 66 * SECOND);
    object_unref(pod);
    tear_down(&world);
}

// A parking time shorter than the back-off must not lose the pod.
static void test_short_parking(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 200 * MILLISECOND);
    add(&world, "p", "");
    const struct object *pod = pop(&world, "p");
    queue_park(world.queue, pod);
    object_unref(pod);
    int64_t took = time_until_pop(&world, &pod);
    assert_in_range(took, SECOND, 6 * SECOND);
    object_unref(pod);
    tear_down(&world);
}

// The cluster changed while the pod was looked at: it is not parked.
static void test_change_in_flight(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 300 * SECOND);
    add(&world, "p", "");
    const struct object *pod = pop(&world, "p");
    queue_move_all(world.queue);
    queue_park(world.queue, pod);
    object_unref(pod);
    int64_t took = time_until_pop(&world, &pod);
    assert_in_range(took, SECOND, 6 * SECOND);
    // deleted in flight: giving it back has no effect
    queue_remove(world.queue, "uid-p");
    queue_retry(world.queue, pod);
    assert_int_equal(queue_len(world.queue), 0);
    object_unref(pod);
    tear_down(&world);
}

static const struct object *pod_with_status(const char *spec, const char *note) {
    char *text = alloc_printf("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p','namespace':'n','uid':'uid-p'},'spec':{%s},"
                              "'status':{'message':'%s'}}",
                              spec, note);
    const struct object *pod = fixture_object(resource_pods(), text);
    free(text);
    return pod;
}

// A parked pod comes back when its spec changes, not when only its status does.
static void test_updates(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 300 * SECOND);
    add(&world, "p", "'nodeSelector':{'a':'b'}");
    const struct object *pod = pop(&world, "p");
    queue_park(world.queue, pod);
    object_unref(pod);
    clock_fake_advance(world.clock, 20 * SECOND);
    AUTO_OBJECT status = pod_with_status("'nodeSelector':{'a':'b'}", "unschedulable");
    queue_add(world.queue, status);
    add(&world, "other", "");
    pod = pop(&world, "other");
    object_unref(pod);
    AUTO_OBJECT spec = pod_with_status("'nodeSelector':{'a':'c'}", "unschedulable");
    queue_add(world.queue, spec);
    pod = pop(&world, "p");
    assert_ptr_equal(pod, spec);
    object_unref(pod);
    tear_down(&world);
}

// One that could not be placed does not stand in front of those who came meanwhile.
static void test_fairness(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 300 * SECOND);
    add(&world, "old", "");
    const struct object *pod = pop(&world, "old");
    clock_fake_advance(world.clock, SECOND);
    add(&world, "new", "");
    clock_fake_advance(world.clock, SECOND);
    queue_park(world.queue, pod);
    object_unref(pod);
    clock_fake_advance(world.clock, 20 * SECOND);
    queue_move_all(world.queue);
    object_unref(pop(&world, "new"));
    object_unref(pop(&world, "old"));
    tear_down(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),         cmocka_unit_test(test_back_off),         cmocka_unit_test(test_parking),
        cmocka_unit_test(test_short_parking), cmocka_unit_test(test_change_in_flight), cmocka_unit_test(test_updates),
        cmocka_unit_test(test_fairness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
