// SPDX-License-Identifier: Apache-2.0
// Events: what is sent, equal ones counted up, the budget of a subject, failures, freeing at any time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/client/events.h"
#include "tests/fixtures/scripted_transport.h"

struct world {
    struct scripted_transport *transport;
    struct clock *clock;
    struct rest *rest;
    struct event_recorder *recorder;
};

static void set_up(struct world *world, const struct script_step *steps, size_t count) {
    world->transport = scripted_transport_new(steps, count);
    world->clock = clock_fake_new(1700000000 * SECOND);
    struct rest_config rest = {.transport = scripted_transport_of(world->transport), .clock = world->clock};
    world->rest = rest_new(&rest);
    struct event_recorder_config config = {
        .rest = world->rest, .clock = world->clock, .random = random_system(), .component = "kubelet", .host = "n1"};
    world->recorder = event_recorder_new(&config);
}

static void tear_down(struct world *world) {
    event_recorder_free(world->recorder);
    rest_free(world->rest);
    clock_fake_free(world->clock);
    scripted_transport_free(world->transport);
}

static const struct event_subject pod = {
    .api_version = "v1", .kind = "Pod", .ns = "n", .name = "p", .uid = "u", .field_path = "spec.containers{c}"};
static const struct event_subject node = {.api_version = "v1", .kind = "Node", .name = "n1", .uid = "n1"};

#define CREATED "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p.1\",\"namespace\":\"n\"}}"

static void test_what_is_sent(void **state) {
    (void)state;
    const struct script_step steps[] = {{"POST /api/v1/namespaces/n/events\n", 201, CREATED, NULL, 0},
                                        {"PATCH /api/v1/namespaces/n/events/p.1\n", 200, NULL, NULL, 0},
                                        {"POST /api/v1/namespaces/n/events\n", 201, CREATED, NULL, 0},
                                        {"POST /api/v1/namespaces/default/events\n", 201, CREATED, NULL, 0}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    event_record(world.recorder, &pod, "Normal", "Started", "Started container %s", "c");
    event_record(world.recorder, &pod, "Normal", "Started", "Started container %s", "c");
    event_record(world.recorder, &pod, "Normal", "Started", "Started container %s", "d");
    event_record(world.recorder, &node, "Warning", "NodeNotReady", "100%% gone");
    assert_true(scripted_transport_wait(world.transport, 4));
    assert_null(scripted_transport_surprise(world.transport));
    assert_string_equal(scripted_transport_request(world.transport, 0),
                        "POST /api/v1/namespaces/n/events\n{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                        "\"p.17979cfe362a0000\",\"namespace\":\"n\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"n\","
                        "\"name\":\"p\",\"uid\":\"u\",\"apiVersion\":\"v1\",\"fieldPath\":\"spec.containers{c}\"},\"reason\":"
                        "\"Started\",\"message\":\"Started container c\",\"source\":{\"component\":\"kubelet\",\"host\":\"n1\"},"
                        "\"firstTimestamp\":\"2023-11-14T22:13:20Z\",\"lastTimestamp\":\"2023-11-14T22:13:20Z\",\"count\":1,"
                        "\"type\":\"Normal\",\"reportingComponent\":\"kubelet\",\"reportingInstance\":\"n1\"}");
    assert_string_equal(scripted_transport_request(world.transport, 1),
                        "PATCH /api/v1/namespaces/n/events/p.1\n{\"count\":2,\"lastTimestamp\":\"2023-11-14T22:13:20Z\"}");
    // no two events of the same instant have the same name
    assert_non_null(strstr(scripted_transport_request(world.transport, 2), "p.17979cfe362a0002"));
    assert_non_null(strstr(scripted_transport_request(world.transport, 3), "\"message\":\"100% gone\""));
    tear_down(&world);
}

// One that has expired on the server is made anew, and counts from one again.
static void test_expired_and_old(void **state) {
    (void)state;
    const struct script_step steps[] = {
        {"POST", 201, CREATED, NULL, 0},
        {"PATCH", 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\",\"message\":\"x\"}", NULL, 0},
        {"\"count\":1", 201, CREATED, NULL, 0},
        {"PATCH", 200, NULL, NULL, 0},
        {"POST", 201, CREATED, NULL, 0}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    event_record(world.recorder, &pod, "Normal", "A", "m");
    event_record(world.recorder, &pod, "Normal", "A", "m");
    event_record(world.recorder, &pod, "Normal", "A", "m");
    assert_true(scripted_transport_wait(world.transport, 4));
    clock_fake_advance(world.clock, 11 * MINUTE); // no longer the same story
    event_record(world.recorder, &pod, "Normal", "A", "m");
    assert_true(scripted_transport_wait(world.transport, 5));
    assert_null(scripted_transport_surprise(world.transport));
    tear_down(&world);
}

// 25 at once for one subject, then one in five minutes; another subject (or another pod of the same name) has its own.
static void test_budget(void **state) {
    (void)state;
    struct world world;
    set_up(&world, NULL, 0);
    const struct script_step created = {NULL, 201, CREATED, NULL, 0};
    for (int i = 0; i < 40; i++)
        scripted_transport_add(world.transport, &created);
    for (int i = 0; i < 40; i++)
        event_record(world.recorder, &pod, "Normal", "A", "message %d", i);
    struct event_subject reborn = pod;
    reborn.uid = "u2";
    event_record(world.recorder, &reborn, "Normal", "A", "reborn");
    event_record(world.recorder, &node, "Normal", "A", "other");
    assert_true(scripted_transport_wait(world.transport, 27));
    assert_non_null(strstr(scripted_transport_request(world.transport, 25), "reborn"));
    assert_non_null(strstr(scripted_transport_request(world.transport, 26), "other"));
    clock_fake_advance(world.clock, 5 * MINUTE);
    event_record(world.recorder, &pod, "Normal", "A", "later 1");
    event_record(world.recorder, &pod, "Normal", "A", "later 2");
    event_record(world.recorder, &node, "Normal", "A", "end");
    assert_true(scripted_transport_wait(world.transport, 29));
    assert_non_null(strstr(scripted_transport_request(world.transport, 27), "later 1"));
    assert_non_null(strstr(scripted_transport_request(world.transport, 28), "end"));
    tear_down(&world);
}

// What the server refuses is dropped; a broken connection is tried again.
static void test_failures(void **state) {
    (void)state;
    const struct script_step steps[] = {
        {"first", 403, "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"x\"}", NULL, 0},
        {"second", 0, NULL, NULL, 0},
        {"second", 201, CREATED, NULL, 0}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    event_record(world.recorder, &pod, "Normal", "A", "first");
    event_record(world.recorder, &pod, "Normal", "A", "second");
    assert_true(scripted_transport_wait(world.transport, 2));
    while (clock_fake_waiters(world.clock) == 0)
        ;
    clock_fake_advance(world.clock, SECOND);
    assert_true(scripted_transport_wait(world.transport, 3));
    assert_null(scripted_transport_surprise(world.transport));
    tear_down(&world);
}

// Freed with events that nobody takes: ends after its patience, nothing leaks. (The system's clock: nobody moves a fake one meanwhile.)
static void test_free_with_leftovers(void **state) {
    (void)state;
    struct scripted_transport *transport = scripted_transport_new(NULL, 0);
    struct rest_config rest_config = {.transport = scripted_transport_of(transport), .clock = clock_system()};
    struct rest *rest = rest_new(&rest_config);
    struct event_recorder_config config = {.rest = rest, .clock = clock_system(), .random = random_system(), .component = "c"};
    struct event_recorder *recorder = event_recorder_new(&config);
    for (int i = 0; i < 2000; i++) // more than fit
        event_record(recorder, &pod, "Normal", "A", "message %d", i);
    int64_t started = clock_monotonic(clock_system());
    event_recorder_free(recorder);
    int64_t took = clock_monotonic(clock_system()) - started;
    assert_true(took < 4 * SECOND);
    event_recorder_free(NULL);
    recorder = event_recorder_new(&config);
    event_recorder_free(recorder);
    rest_free(rest);
    scripted_transport_free(transport);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent), cmocka_unit_test(test_expired_and_old),     cmocka_unit_test(test_budget),
        cmocka_unit_test(test_failures),     cmocka_unit_test(test_free_with_leftovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
