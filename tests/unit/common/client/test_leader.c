// SPDX-License-Identifier: Apache-2.0
// Leader election over a lease in memory: taking over by the observer's clock, renewing, losing, releasing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/client/leader.h"

// A server that knows one lease.
struct server {
    struct transport base;
    struct lock lock;
    struct clock *clock;
    struct json *lease; // under lock
    int version;
    bool down;    // connections are refused
    bool hanging; // requests use up their timeout
    int requests;
    int64_t longest_timeout;
};

static int answer(struct http_response *response, int status, const struct json *body, const char *text) {
    *response = (struct http_response){.status = status, .retry_after_seconds = -1};
    char *json = body ? json_text(body) : NULL;
    str_append(&response->body, json ? json : text);
    free(json);
    return 0;
}

static int serve(struct server *server, const struct http_request *request, struct http_response *response, struct error **err) {
    if (server->down)
        return error_set(err, "connection refused");
    if (strcmp(request->method, "GET") == 0) {
        if (!server->lease)
            return answer(response, 404, NULL, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\",\"message\":\"no\"}");
        return answer(response, 200, server->lease, NULL);
    }
    struct json *wanted = NULL;
    assert_int_equal(json_parse(request->body, request->body_len, NULL, &wanted, NULL), 0);
    bool create = strcmp(request->method, "POST") == 0;
    if (create ? server->lease != NULL
               : !server->lease || strcmp(meta_resource_version(wanted), meta_resource_version(server->lease))) {
        json_unref(wanted);
        return answer(response, 409, NULL,
                      create ? "{\"kind\":\"Status\",\"code\":409,\"reason\":\"AlreadyExists\",\"message\":\"there\"}"
                             : "{\"kind\":\"Status\",\"code\":409,\"reason\":\"Conflict\",\"message\":\"stale\"}");
    }
    char version[16];
    snprintf(version, sizeof(version), "%d", ++server->version);
    json_put_string(wanted, "metadata.resourceVersion", version);
    json_unref(server->lease);
    server->lease = wanted;
    return answer(response, create ? 201 : 200, wanted, NULL);
}

static int roundtrip(struct transport *transport, const struct http_request *request, struct http_response *response,
                     struct error **err) {
    struct server *server = CONTAINER_OF(transport, struct server, base);
    int result = -1;
    LOCKED(&server->lock) {
        server->requests++;
        server->longest_timeout = MAX(server->longest_timeout, request->timeout);
        if (server->hanging) {
            clock_fake_advance(server->clock, request->timeout);
            error_set(err, "timed out");
        } else {
            result = serve(server, request, response, err);
        }
    }
    return result;
}

struct candidate {
    struct leader *leader;
    struct rest *rest;
    _Atomic int started, lost;
    char identity[16];
};

struct world {
    struct server server;
    struct clock *clock;
    struct random *random;
};

static void on_started(void *context) {
    ((struct candidate *)context)->started++;
}

static void on_lost(void *context) {
    ((struct candidate *)context)->lost++;
}

static void candidate_start(struct world *world, struct candidate *candidate, const char *identity) {
    *candidate = (struct candidate){0};
    snprintf(candidate->identity, sizeof(candidate->identity), "%s", identity);
    struct rest_config rest = {.transport = &world->server.base, .clock = world->clock};
    candidate->rest = rest_new(&rest);
    struct leader_config config = {.rest = candidate->rest,
                                   .clock = world->clock,
                                   .random = world->random,
                                   .ns = "kube-system",
                                   .name = "test",
                                   .identity = candidate->identity,
                                   .lease_duration = 15 * SECOND,
                                   .renew_deadline = 10 * SECOND,
                                   .retry_period = 2 * SECOND,
                                   .on_started = on_started,
                                   .on_lost = on_lost,
                                   .context = candidate};
    candidate->leader = leader_new(&config);
    leader_start(candidate->leader);
}

static void candidate_end(struct candidate *candidate, bool release) {
    leader_stop(candidate->leader, release);
    leader_free(candidate->leader);
    rest_free(candidate->rest);
}

static void set_up(struct world *world) {
    static const struct transport_ops ops = {.name = "lease", .roundtrip = roundtrip};
    *world = (struct world){.server.base.ops = &ops, .clock = clock_fake_new(1000 * SECOND), .random = random_seeded_new(3)};
    world->server.clock = world->clock;
    lock_init(&world->server.lock, "lease server");
}

static void tear_down(struct world *world) {
    json_unref(world->server.lease);
    lock_destroy(&world->server.lock);
    random_seeded_free(world->random);
    clock_fake_free(world->clock);
}

static void set_lease(struct world *world, const char *holder, const char *renewed) {
    char text[512];
    LOCKED(&world->server.lock) {
        json_unref(world->server.lease);
        snprintf(text, sizeof(text),
                 "{\"metadata\":{\"name\":\"test\",\"resourceVersion\":\"%d\"},\"spec\":{\"holderIdentity\":\"%s\","
                 "\"leaseDurationSeconds\":15,\"leaseTransitions\":4,\"renewTime\":\"%s\"}}",
                 ++world->server.version, holder, renewed);
        assert_int_equal(json_parse(text, strlen(text), NULL, &world->server.lease, NULL), 0);
    }
}

static char *holder_of(struct world *world) {
    char *holder = NULL;
    LOCKED(&world->server.lock) {
        holder = alloc_string(json_find_text(world->server.lease, "spec.holderIdentity"));
    }
    return holder;
}

static void expect_holder(struct world *world, const char *wanted) {
    char *holder = holder_of(world);
    assert_string_equal(holder, wanted);
    free(holder);
}

// Lets time pass in small steps until the condition holds; how long it took on the clock, or -1 after `limit`.
static int64_t pass_until(struct world *world, const _Atomic int *counter, int value, int64_t limit) {
    int64_t started = clock_monotonic(world->clock);
    while (*counter < value && clock_monotonic(world->clock) - started < limit) {
        for (int i = 0; i < 2000 && clock_fake_waiters(world->clock) == 0 && *counter < value; i++)
            usleep(100);
        if (*counter < value)
            clock_fake_advance(world->clock, 100 * MILLISECOND);
        usleep(2500); // a waiter looks at the clock every two milliseconds
    }
    return *counter >= value ? clock_monotonic(world->clock) - started : -1;
}

static void test_first_and_release(void **state) {
    (void)state;
    struct world world;
    struct candidate a, b;
    set_up(&world);
    candidate_start(&world, &a, "a");
    assert_true(pass_until(&world, &a.started, 1, SECOND) >= 0);
    assert_true(leader_is_leader(a.leader));
    assert_true(leader_healthy(a.leader));
    expect_holder(&world, "a");
    assert_int_equal(json_find_int(world.server.lease, "spec.leaseTransitions", -1), 0);
    assert_int_equal(json_find_int(world.server.lease, "spec.leaseDurationSeconds", -1), 15);
    candidate_start(&world, &b, "b");
    assert_int_equal(pass_until(&world, &b.started, 1, 60 * SECOND), -1); // a keeps renewing
    assert_false(leader_is_leader(b.leader));
    assert_true(leader_healthy(b.leader));
    candidate_end(&a, true);
    expect_holder(&world, "");
    int64_t took = pass_until(&world, &b.started, 1, 60 * SECOND);
    assert_true(took >= 0 && took <= 5 * SECOND); // at its next look
    assert_int_equal(json_find_int(world.server.lease, "spec.leaseTransitions", -1), 1);
    assert_int_equal(a.lost, 0);
    candidate_end(&b, false);
    expect_holder(&world, "b"); // not given up
    tear_down(&world);
}

// The lease's own times mean nothing: what counts is how long we have seen it unchanged.
static void test_take_over_by_own_clock(void **state) {
    (void)state;
    const char *const renewed[] = {"1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "nonsense"};
    for (size_t i = 0; i < ARRAY_LEN(renewed); i++) {
        struct world world;
        struct candidate a;
        set_up(&world);
        set_lease(&world, "dead", renewed[i]);
        candidate_start(&world, &a, "a");
        assert_int_equal(pass_until(&world, &a.started, 1, 10 * SECOND), -1);
        set_lease(&world, "dead", renewed[i]); // it is renewed once more: wait again
        int64_t took = pass_until(&world, &a.started, 1, 60 * SECOND);
        if (took < 14 * SECOND || took > 21 * SECOND)
            fail_msg("took %lld ms", (long long)(took / MILLISECOND));
        assert_int_equal(json_find_int(world.server.lease, "spec.leaseTransitions", -1), 5);
        candidate_end(&a, true);
        tear_down(&world);
    }
}

struct loss {
    bool down, hanging, stolen, deleted;
    int64_t least, most; // seconds until on_lost; most -1: never
};

static void test_losing(void **state) {
    (void)state;
    const struct loss rows[] = {
        {.down = true, .least = 8, .most = 11},
        {.hanging = true, .least = 8, .most = 11},
        {.stolen = true, .least = 0, .most = 5}, // conflict, then it sees the other holder
        {.deleted = true, .most = -1},           // made again
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        struct candidate a;
        set_up(&world);
        candidate_start(&world, &a, "a");
        assert_true(pass_until(&world, &a.started, 1, SECOND) >= 0);
        if (rows[i].stolen)
            set_lease(&world, "thief", "2026-01-01T00:00:00.000000Z");
        LOCKED(&world.server.lock) {
            world.server.down = rows[i].down;
            world.server.hanging = rows[i].hanging;
            if (rows[i].deleted) {
                json_unref(world.server.lease);
                world.server.lease = NULL;
            }
        }
        int64_t took = pass_until(&world, &a.lost, 1, 40 * SECOND);
        if (rows[i].most < 0 ? took >= 0 : took < rows[i].least * SECOND || took > rows[i].most * SECOND)
            fail_msg("row %zu: took %lld ms", i, (long long)(took / MILLISECOND));
        assert_int_equal(leader_is_leader(a.leader), rows[i].most < 0);
        assert_true(world.server.longest_timeout <= 5 * SECOND);
        int requests = world.server.requests;
        candidate_end(&a, true);
        if (rows[i].most >= 0)
            assert_int_equal(world.server.requests, requests); // a lost lease is not given up
        tear_down(&world);
    }
}

// A server that is away for less than the deadline costs nothing.
static void test_short_outage(void **state) {
    (void)state;
    struct world world;
    struct candidate a;
    set_up(&world);
    candidate_start(&world, &a, "a");
    assert_true(pass_until(&world, &a.started, 1, SECOND) >= 0);
    for (int round = 0; round < 3; round++) {
        LOCKED(&world.server.lock) {
            world.server.down = true;
        }
        assert_int_equal(pass_until(&world, &a.lost, 1, 7 * SECOND), -1);
        LOCKED(&world.server.lock) {
            world.server.down = false;
        }
        assert_int_equal(pass_until(&world, &a.lost, 1, 5 * SECOND), -1);
    }
    assert_true(leader_is_leader(a.leader));
    candidate_end(&a, true);
    expect_holder(&world, "");
    tear_down(&world);
}

static void test_stop_before_leading(void **state) {
    (void)state;
    struct world world;
    struct candidate a;
    set_up(&world);
    world.server.down = true;
    candidate_start(&world, &a, "a");
    while (clock_fake_waiters(world.clock) == 0)
        usleep(100);
    candidate_end(&a, true);
    assert_int_equal(a.started, 0);
    assert_null(world.server.lease);
    tear_down(&world);
    leader_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_and_release), cmocka_unit_test(test_take_over_by_own_clock), cmocka_unit_test(test_losing),
        cmocka_unit_test(test_short_outage),      cmocka_unit_test(test_stop_before_leading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
