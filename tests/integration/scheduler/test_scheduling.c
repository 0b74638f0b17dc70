// SPDX-License-Identifier: Apache-2.0
// The scheduler against the apiserver's core: waiting pods and why they wait, room that comes, gates, other schedulers, broken watches; and
// two replicas of which one leads.
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
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/client/leader.h"
#include "tests/fixtures/cluster/in_process_cluster.h"

static int set_up(void **state) {
    const struct in_process_cluster_config config = {.scheduler = true, .nodes = 2};
    *state = in_process_cluster_start(&config);
    return 0;
}

static int tear_down(void **state) {
    in_process_cluster_stop(*state);
    return 0;
}

static void create_pod(struct in_process_cluster *cluster, const char *name, const char *cpu, const char *more) {
    AUTO_STR text = {0};
    str_printf(
        &text,
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"spec\":{%s\"containers\":[{\"name\":\"c\","
        "\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"%s\"}}}]}}",
        name, more, cpu);
    in_process_cluster_create(cluster, "default", text.data);
}

static struct rest_target pod(const char *name) {
    return (struct rest_target){.resource = resource_pods(), .ns = "default", .name = name};
}

struct wanted {
    const char *name;
    const char *text;
};

static bool is_bound(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON object = in_process_cluster_get(cluster, resource_pods(), "default", wanted->name);
    const char *node = json_find_text(object, "spec.nodeName");
    return wanted->text ? str_equal(node, wanted->text) : !str_empty(node);
}

static bool is_unschedulable(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON object = in_process_cluster_get(cluster, resource_pods(), "default", wanted->name);
    const struct json *condition = meta_condition(object, "PodScheduled");
    return str_equal(json_get_text(condition, "status"), "False") &&
           str_equal(json_get_text(condition, "reason"), "Unschedulable") &&
           str_equal(json_get_text(condition, "message"), wanted->text);
}

static bool is_event_of(const struct json *event, const void *argument) {
    const struct wanted *wanted = argument;
    return str_equal(json_find_text(event, "involvedObject.name"), wanted->name) &&
           str_equal(json_get_text(event, "message"), wanted->text);
}

static bool has_event(struct in_process_cluster *cluster, void *argument) {
    return in_process_cluster_count(cluster, resource_events(), "default", is_event_of, argument) == 1;
}

static bool is_gone(struct in_process_cluster *cluster, void *argument) {
    AUTO_JSON object = in_process_cluster_get(cluster, resource_pods(), "default", argument);
    return !object;
}

static void remove_pod(struct in_process_cluster *cluster, const char *name) {
    struct rest_target target = pod(name);
    in_process_cluster_delete(cluster, &target, NULL);
    assert_true(in_process_cluster_wait(cluster, is_gone, (void *)(uintptr_t)name));
}

static void expect(struct in_process_cluster *cluster, bool (*holds)(struct in_process_cluster *, void *), const char *name,
                   const char *text) {
    struct wanted wanted = {name, text};
    if (in_process_cluster_wait(cluster, holds, &wanted))
        return;
    AUTO_JSON object = in_process_cluster_get(cluster, resource_pods(), "default", name);
    char *json = json_text(object);
    fail_msg("%s: %s: %s", name, text ? text : "bound", json);
}

// A pod that does not fit says why, by condition and event, and goes where room appears.
static void test_waits_for_room(void **state) {
    struct in_process_cluster *cluster = *state;
    create_pod(cluster, "big-1", "3", "");
    create_pod(cluster, "big-2", "3", "");
    expect(cluster, is_bound, "big-1", NULL);
    expect(cluster, is_bound, "big-2", NULL);
    create_pod(cluster, "big-3", "3", "");
    expect(cluster, is_unschedulable, "big-3", "0/2 nodes are available: 2 Insufficient cpu.");
    expect(cluster, has_event, "big-3", "0/2 nodes are available: 2 Insufficient cpu.");
    remove_pod(cluster, "big-1");
    expect(cluster, is_bound, "big-3", NULL);
    AUTO_JSON bound = in_process_cluster_get(cluster, resource_pods(), "default", "big-3");
    AUTO_STR message = {0};
    str_printf(&message, "Successfully assigned default/big-3 to %s", json_find_text(bound, "spec.nodeName"));
    expect(cluster, has_event, "big-3", message.data);
    remove_pod(cluster, "big-2");
    remove_pod(cluster, "big-3");
}

// A node that becomes fit: by a label, by being uncordoned.
static void test_node_changes(void **state) {
    struct in_process_cluster *cluster = *state;
    create_pod(cluster, "picky", "1", "\"nodeSelector\":{\"disk\":\"ssd\"},");
    expect(cluster, is_unschedulable, "picky", "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
    struct rest_target node = {.resource = resource_nodes(), .name = "node-1"};
    in_process_cluster_merge(cluster, &node, "{\"spec\":{\"unschedulable\":true}}");
    in_process_cluster_merge(cluster, &node, "{\"metadata\":{\"labels\":{\"disk\":\"ssd\"}}}");
    expect(cluster, is_unschedulable, "picky",
           "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.");
    in_process_cluster_merge(cluster, &node, "{\"spec\":{\"unschedulable\":null}}");
    expect(cluster, is_bound, "picky", "node-1");
    remove_pod(cluster, "picky");
}

// Gated pods and those of other schedulers are left alone.
static void test_not_ours(void **state) {
    struct in_process_cluster *cluster = *state;
    create_pod(cluster, "gated", "1", "\"schedulingGates\":[{\"name\":\"example.com/wait\"}],");
    create_pod(cluster, "other", "1", "\"schedulerName\":\"mine\",");
    create_pod(cluster, "ours", "1", "");
    expect(cluster, is_bound, "ours", NULL);
    usleep(200000);
    struct wanted gated = {"gated", NULL}, other = {"other", NULL};
    assert_false(is_bound(cluster, &gated));
    assert_false(is_bound(cluster, &other));
    struct rest_target target = pod("gated");
    in_process_cluster_merge(cluster, &target, "{\"spec\":{\"schedulingGates\":null}}");
    expect(cluster, is_bound, "gated", NULL);
    remove_pod(cluster, "gated");
    remove_pod(cluster, "ours");
    remove_pod(cluster, "other");
}

static bool on_node_0(const struct json *object, const void *argument UNUSED) {
    return str_equal(json_find_text(object, "spec.nodeName"), "node-0");
}

// Many at once fill both nodes to the brim and not beyond, also when watches break meanwhile.
static void test_never_over_commits(void **state) {
    struct in_process_cluster *cluster = *state;
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "many-%d", i);
        create_pod(cluster, name, "500m", "");
        if (i % 7 == 3)
            in_process_cluster_break_watches(cluster);
    }
    for (int i = 0; i < 200 && in_process_cluster_count(cluster, resource_pods(), "default", on_node_0, NULL) < 8; i++)
        usleep(20000);
    usleep(300000);
    size_t bound = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "many-%d", i);
        struct wanted wanted = {name, NULL};
        bound += is_bound(cluster, &wanted);
    }
    assert_int_equal(in_process_cluster_count(cluster, resource_pods(), "default", on_node_0, NULL), 8);
    assert_int_equal(bound, 16);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "many-%d", i);
        remove_pod(cluster, name);
    }
}

// --- two replicas ------------------------------------------------------------------------------------------------------

struct replica {
    struct leader *leader;
    struct rest *rest;
    _Atomic bool leading, lost;
};

static void on_started(void *context) {
    ((struct replica *)context)->leading = true;
}

static void on_lost(void *context) {
    ((struct replica *)context)->lost = true;
}

static void replica_start(struct in_process_cluster *cluster, struct replica *replica, const char *identity) {
    struct rest_config rest = {.transport = in_process_cluster_transport(cluster), .clock = clock_system()};
    *replica = (struct replica){.rest = rest_new(&rest)};
    struct leader_config config = {.rest = replica->rest,
                                   .clock = clock_system(),
                                   .random = random_system(),
                                   .ns = "kube-system",
                                   .name = "replicas",
                                   .identity = identity,
                                   .lease_duration = 2 * SECOND,
                                   .renew_deadline = SECOND,
                                   .retry_period = 100 * MILLISECOND,
                                   .on_started = on_started,
                                   .on_lost = on_lost,
                                   .context = replica};
    replica->leader = leader_new(&config);
    leader_start(replica->leader);
}

static void replica_end(struct replica *replica, bool release) {
    leader_stop(replica->leader, release);
    leader_free(replica->leader);
    rest_free(replica->rest);
}

static bool leads(struct in_process_cluster *cluster UNUSED, void *argument) {
    return ((struct replica *)argument)->leading;
}

static bool has_lost(struct in_process_cluster *cluster UNUSED, void *argument) {
    return ((struct replica *)argument)->lost;
}

static void test_failover(void **state) {
    struct in_process_cluster *cluster = *state;
    struct replica a, b, c;
    replica_start(cluster, &a, "a");
    assert_true(in_process_cluster_wait(cluster, leads, &a));
    replica_start(cluster, &b, "b");
    usleep(500000);
    assert_false(b.leading);
    replica_end(&a, true); // given up: taken at once
    int64_t started = clock_monotonic(clock_system());
    assert_true(in_process_cluster_wait(cluster, leads, &b));
    assert_true(clock_monotonic(clock_system()) - started < 1500 * MILLISECOND);
    replica_start(cluster, &c, "c");
    replica_end(&b, false); // died: taken when it has run out
    started = clock_monotonic(clock_system());
    assert_true(in_process_cluster_wait(cluster, leads, &c));
    assert_true(clock_monotonic(clock_system()) - started > SECOND);
    struct rest_target lease = {.resource = resource_leases(), .ns = "kube-system", .name = "replicas"};
    AUTO_JSON object = in_process_cluster_get(cluster, resource_leases(), "kube-system", "replicas");
    assert_int_equal(json_find_int(object, "spec.leaseTransitions", -1), 2);
    in_process_cluster_merge(cluster, &lease, "{\"spec\":{\"holderIdentity\":\"thief\"}}");
    assert_true(in_process_cluster_wait(cluster, has_lost, &c));
    assert_false(leader_is_leader(c.leader));
    replica_end(&c, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_room),     cmocka_unit_test(test_node_changes), cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_never_over_commits), cmocka_unit_test(test_failover),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
