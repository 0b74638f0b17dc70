// SPDX-License-Identifier: Apache-2.0
// The informer over a scripted server: list, watch, both again; what handlers see; indexes; stopping at any moment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/client/informer.h"
#include "tests/fixtures/scripted_transport.h"

#define POD(name, uid, version, more)                                                                                            \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"n\",\"uid\":\"" uid "\",\"resourceVersion\":\"" version "\"" more "}}"
#define LIST(version, more, items) "{\"metadata\":{\"resourceVersion\":\"" version "\"" more "},\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define ERROR_EVENT(code)                                                                                                        \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"m\",\"code\":" code "}}\n"

struct world {
    struct scripted_transport *transport;
    struct clock *clock;
    struct random *random;
    struct rest *rest;
    struct informer *informer;
    struct lock lock;
    struct str log; // under lock: what the handler saw
    struct thread *_Atomic stopper;
};

static void on_event(void *context, const struct object *old, const struct object *new) {
    struct world *world = context;
    LOCKED(&world->lock) {
        if (!old)
            str_printf(&world->log, "+%s@%llu ", new->name, (unsigned long long)new->resource_version);
        else if (!new)
            str_printf(&world->log, "-%s@%llu ", old->name, (unsigned long long)old->resource_version);
        else
            str_printf(&world->log, "~%s@%llu>%llu ", new->name, (unsigned long long)old->resource_version,
                       (unsigned long long)new->resource_version);
    }
}

static void set_up(struct world *world, const struct script_step *steps, size_t count) {
    *world = (struct world){.transport = scripted_transport_new(steps, count)};
    world->clock = clock_fake_new(0);
    world->random = random_seeded_new(1);
    lock_init(&world->lock, "world");
    struct rest_config rest = {.transport = scripted_transport_of(world->transport), .clock = world->clock};
    world->rest = rest_new(&rest);
    struct informer_config config = {
        .rest = world->rest, .clock = world->clock, .random = world->random, .resource = resource_pods()};
    world->informer = informer_new(&config);
    informer_add_handler(world->informer, (struct informer_handler){on_event, world});
}

static void tear_down(struct world *world) {
    informer_free(world->informer);
    rest_free(world->rest);
    str_free(&world->log);
    lock_destroy(&world->lock);
    random_seeded_free(world->random);
    clock_fake_free(world->clock);
    scripted_transport_free(world->transport);
}

// Lets time pass until so many requests were made.
static void run_until(struct world *world, size_t requests) {
    for (int i = 0; i < 5000 && scripted_transport_count(world->transport) < requests; i++) {
        if (clock_fake_waiters(world->clock) > 0)
            clock_fake_advance(world->clock, SECOND);
        usleep(1000);
    }
    assert_true(scripted_transport_count(world->transport) >= requests);
}

static void expect_log(struct world *world, const char *wanted) {
    bool equal = false;
    for (int i = 0; i < 5000 && !equal; i++) {
        LOCKED(&world->lock) {
            equal = strcmp(str_text(&world->log), wanted) == 0;
        }
        usleep(equal ? 0 : 1000);
    }
    if (!equal)
        fail_msg("saw %s, wanted %s", str_text(&world->log), wanted);
}

struct informer_case {
    const char *what;
    struct script_step steps[8];
    const char *log;
    size_t len; // of the store in the end
};

static const struct informer_case cases[] = {
    {"list, watch, watch on from the last event",
     {{"GET /api/v1/pods?limit=500\n", 200, LIST("10", "", POD("a", "ua", "3", "") "," POD("b", "ub", "4", "")), NULL, 0},
      {"watch=true&resourceVersion=10&", 200,
       EVENT("ADDED", POD("c", "uc", "11", "")) EVENT("MODIFIED", POD("a", "ua", "12", ""))
           EVENT("DELETED", POD("b", "ub", "13", "")),
       NULL, SCRIPT_CLOSE},
      {"watch=true&resourceVersion=13&", 200, EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"20\"}}"), NULL,
       SCRIPT_BREAK},
      {"watch=true&resourceVersion=20&", 200, EVENT("ADDED", POD("d", "ud", "21", "")), NULL, SCRIPT_HOLD}},
     "+a@3 +b@4 +c@11 ~a@3>12 -b@4 +d@21 ",
     3},
    {"410 in the stream: a new list, whose differences are told",
     {{"limit=500", 200, LIST("10", "", POD("a", "ua", "3", "") "," POD("b", "ub", "4", "")), NULL, 0},
      {"resourceVersion=10&", 200, ERROR_EVENT("410"), NULL, SCRIPT_CLOSE},
      {"limit=500", 200, LIST("30", "", POD("b", "ub", "4", "") "," POD("c", "uc", "22", "")), NULL, 0},
      {"resourceVersion=30&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@3 +b@4 +c@22 -a@3 ",
     2},
    {"410 as the watch's status",
     {{"limit=500", 200, LIST("10", "", POD("a", "ua", "3", "")), NULL, 0},
      {"resourceVersion=10&", 410, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":410,\"reason\":\"Expired\"}", NULL, 0},
      {"limit=500", 200, LIST("30", "", ""), NULL, 0},
      {"resourceVersion=30&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@3 -a@3 ",
     0},
    {"an object made again meanwhile is a deletion and an addition",
     {{"limit=500", 200, LIST("10", "", POD("a", "u1", "3", "")), NULL, 0},
      {"resourceVersion=10&", 200, ERROR_EVENT("410"), NULL, SCRIPT_CLOSE},
      {"limit=500", 200, LIST("30", "", POD("a", "u2", "25", "")), NULL, 0},
      {"resourceVersion=30&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@3 -a@3 +a@25 ",
     1},
    {"lists that fail are tried again, nothing is told",
     {{"limit=500", 0, NULL, NULL, 0},
      {"limit=500", 500, "x", NULL, 0},
      {"limit=500", 200, "[not a list", NULL, 0},
      {"limit=500", 200, LIST("5", "", POD("a", "ua", "3", "")), NULL, 0},
      {"resourceVersion=5&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@3 ",
     1},
    {"pages; the second one fails, so all of them again",
     {{"limit=500\n", 200, LIST("10", ",\"continue\":\"t1\"", POD("a", "ua", "3", "")), NULL, 0},
      {"limit=500&continue=t1", 410, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":410}", NULL, 0},
      {"limit=500\n", 200, LIST("12", ",\"continue\":\"t2\"", POD("b", "ub", "4", "")), NULL, 0},
      {"limit=500&continue=t2", 200, LIST("12", "", POD("c", "uc", "5", "")), NULL, 0},
      {"resourceVersion=12&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@3 +b@4 +c@5 -a@3 ",
     2},
    {"a busy server and a broken connection: the watch goes on",
     {{"limit=500", 200, LIST("10", "", ""), NULL, 0},
      {"resourceVersion=10&", 0, NULL, NULL, 0},
      {"resourceVersion=10&", 429, "slow down", NULL, 0},
      {"resourceVersion=10&", 503, "", NULL, 0},
      {"resourceVersion=10&", 200, EVENT("ADDED", POD("a", "ua", "11", "")), NULL, SCRIPT_HOLD}},
     "+a@11 ",
     1},
    {"an event that cannot be read: a new list gets over it",
     {{"limit=500", 200, LIST("10", "", ""), NULL, 0},
      {"resourceVersion=10&", 200, EVENT("ADDED", POD("a", "ua", "11", "")) "{broken\n", NULL, SCRIPT_CLOSE},
      {"limit=500", 200, LIST("12", "", POD("a", "ua", "11", "") "," POD("b", "ub", "12", "")), NULL, 0},
      {"resourceVersion=12&", 200, "", NULL, SCRIPT_HOLD}},
     "+a@11 +b@12 ",
     2},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t count = 0;
        while (count < ARRAY_LEN(cases[i].steps) && cases[i].steps[count].expect)
            count++;
        struct world world;
        set_up(&world, cases[i].steps, count);
        informer_start(world.informer);
        run_until(&world, count);
        expect_log(&world, cases[i].log);
        if (scripted_transport_surprise(world.transport))
            fail_msg("%s: %s", cases[i].what, scripted_transport_surprise(world.transport));
        assert_true(informer_synced(world.informer));
        informer_stop(world.informer);
        assert_int_equal(informer_len(world.informer), cases[i].len);
        tear_down(&world);
    }
}

static void test_indexes(void **state) {
    (void)state;
#define OWNER(uid)                                                                                                               \
    ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"r\",\"uid\":\"" uid                    \
    "\",\"controller\":true}]"
    const struct script_step steps[] = {
        {"limit", 200, LIST("10", "", POD("a", "ua", "3", OWNER("r1")) "," POD("b", "ub", "4", "")), NULL, 0},
        {"watch", 200,
         EVENT("MODIFIED", POD("a", "ua", "11", OWNER("r2"))) EVENT("MODIFIED", POD("b", "ub", "12", OWNER("r1")))
             EVENT("ADDED", POD("c", "uc", "13", OWNER("r2"))) EVENT("DELETED", POD("b", "ub", "14", OWNER("r1"))),
         NULL, SCRIPT_HOLD}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    informer_add_index(world.informer, "controller", informer_index_controller_uid);
    informer_add_index(world.informer, "controller", informer_index_controller_uid); // shared: the first one stays
    informer_add_index(world.informer, "namespace", informer_index_namespace);
    informer_start(world.informer);
    expect_log(&world, "+a@3 +b@4 ~a@3>11 ~b@4>12 +c@13 -b@12 ");
    const struct {
        const char *index, *value;
        size_t count;
    } rows[] = {{"controller", "r1", 0}, {"controller", "r2", 2}, {"namespace", "n", 2}, {"namespace", "m", 0}, {"none", "n", 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ptr_vec found = {0};
        informer_by_index(world.informer, rows[i].index, rows[i].value, &found);
        assert_int_equal(found.len, rows[i].count);
        informer_release(&found);
    }
    AUTO_OBJECT a = informer_get(world.informer, "n/a");
    assert_int_equal(a->resource_version, 11);
    assert_null(informer_get(world.informer, "n/b"));
    struct ptr_vec all = {0};
    informer_list(world.informer, &all);
    assert_int_equal(all.len, 2);
    informer_stop(world.informer);
    informer_release(&all);
    tear_down(&world);
}

// A stop between two pages must not look like the deletion of what stands on the second.
static void stop_it(void *argument) {
    informer_request_stop(argument);
}

static void stop_at_second_list(void *context, const struct object *old UNUSED, const struct object *new) {
    struct world *world = context;
    if (!new || new->resource_version != 25)
        return;
    __atomic_store_n(&world->stopper, thread_start("stop", stop_it, world->informer), __ATOMIC_RELEASE);
    usleep(50000); // the stop is under way when the page has been stored
}

static void test_stop_between_pages(void **state) {
    (void)state;
    const struct script_step steps[] = {
        {"limit", 200, LIST("10", "", POD("a", "ua", "3", "") "," POD("b", "ub", "4", "")), NULL, 0},
        {"watch", 200, ERROR_EVENT("410"), NULL, SCRIPT_CLOSE},
        {"limit", 200, LIST("30", ",\"continue\":\"t\"", POD("a", "ua", "25", "")), NULL, 0},
        {"limit", 200, LIST("30", "", POD("b", "ub", "4", "")), NULL, 0}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    informer_add_handler(world.informer, (struct informer_handler){stop_at_second_list, &world});
    informer_start(world.informer);
    run_until(&world, 3);
    expect_log(&world, "+a@3 +b@4 ~a@3>25 ");
    while (!__atomic_load_n(&world.stopper, __ATOMIC_ACQUIRE))
        usleep(1000);
    thread_join(world.stopper);
    informer_stop(world.informer);
    expect_log(&world, "+a@3 +b@4 ~a@3>25 ");
    tear_down(&world);
}

static void test_stop_and_wait(void **state) {
    (void)state;
    struct world world;
    // never started
    set_up(&world, NULL, 0);
    informer_stop(world.informer);
    tear_down(&world);
    // in back-off; who waits for the first list is let go
    const struct script_step broken = {"limit", 0, NULL, NULL, 0};
    set_up(&world, &broken, 1);
    informer_start(world.informer);
    assert_true(scripted_transport_wait(world.transport, 1));
    assert_false(informer_wait_synced(world.informer, clock_monotonic(world.clock)));
    informer_stop(world.informer);
    assert_false(informer_wait_synced(world.informer, TIME_NEVER));
    informer_stop(world.informer);
    tear_down(&world);
    // in the middle of a watch
    const struct script_step steps[] = {{"limit", 200, LIST("10", "", ""), NULL, 0}, {"watch", 200, "", NULL, SCRIPT_HOLD}};
    set_up(&world, steps, ARRAY_LEN(steps));
    informer_start(world.informer);
    assert_true(informer_wait_synced(world.informer, TIME_NEVER));
    tear_down(&world);
    informer_free(NULL);
}

// Times between failures grow, and start again after a success.
static void test_back_off(void **state) {
    (void)state;
    const struct script_step steps[] = {{"limit", 0, NULL, NULL, 0}, {"limit", 0, NULL, NULL, 0},
                                        {"limit", 0, NULL, NULL, 0}, {"limit", 0, NULL, NULL, 0},
                                        {"limit", 0, NULL, NULL, 0}, {"limit", 200, LIST("10", "", ""), NULL, 0},
                                        {"watch", 0, NULL, NULL, 0}, {"watch", 200, "", NULL, SCRIPT_HOLD}};
    struct world world;
    set_up(&world, steps, ARRAY_LEN(steps));
    informer_start(world.informer);
    int64_t base = 800 * MILLISECOND;
    for (size_t i = 1; i <= 7; i++) {
        assert_true(scripted_transport_wait(world.transport, i));
        int64_t started = clock_monotonic(world.clock);
        while (scripted_transport_count(world.transport) == i) {
            if (clock_fake_waiters(world.clock) > 0)
                clock_fake_advance(world.clock, 50 * MILLISECOND);
            usleep(200);
        }
        int64_t waited = clock_monotonic(world.clock) - started;
        if (i == 6)
            base = 0; // the list went well: the watch follows at once
        if (i == 7)
            base = 800 * MILLISECOND;
        if (waited < base / 2 - 100 * MILLISECOND || waited > base * 3 / 2 + 1000 * MILLISECOND)
            fail_msg("request %zu: waited %lld ms", i, (long long)(waited / MILLISECOND));
        base *= 2;
    }
    tear_down(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),         cmocka_unit_test(test_indexes),  cmocka_unit_test(test_stop_between_pages),
        cmocka_unit_test(test_stop_and_wait), cmocka_unit_test(test_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
