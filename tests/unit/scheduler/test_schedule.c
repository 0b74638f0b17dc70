// SPDX-License-Identifier: Apache-2.0
// The cache's sums, the choice of a node, and the message when there is none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/cache.h"
#include "scheduler/schedule.h"
#include "tests/unit/scheduler/plugins/plugin_fixture.h"

#define CPU(amount) "'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'" amount "'}}}]"
#define ROOM "'allocatable':{'cpu':'4','memory':'4Gi','pods':'110'}"

static bool set_node(struct cache *cache, const char *name, const char *labels, const char *spec, const char *status) {
    AUTO_OBJECT node = fixture_node_object(name, labels, spec, status);
    return cache_set_node(cache, node);
}

static const struct node_info *node_of(struct cache *cache, const char *name) {
    size_t count;
    struct node_info *const *nodes = cache_nodes(cache, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(nodes[i]->name, name) == 0)
            return nodes[i];
    }
    return NULL;
}

static void test_cache_sums(void **state) {
    (void)state;
    struct cache *cache = cache_new();
    AUTO_OBJECT bound = fixture_pod("p", "'nodeName':'a'," CPU("1"));
    AUTO_OBJECT pending = fixture_pod("p", CPU("1"));
    cache_add_pod(cache, bound); // before its node is known
    assert_null(node_of(cache, "a"));
    assert_true(set_node(cache, "a", "", "", ROOM));
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 1000);
    cache_add_pod(cache, bound); // again: counts once
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 1000);
    assert_true(cache_remove_pod(cache, "uid-p"));
    assert_false(cache_remove_pod(cache, "uid-p"));
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 0);
    // assumed, then confirmed elsewhere: the other node has it
    set_node(cache, "b", "", "", ROOM);
    cache_assume_pod(cache, pending, "b");
    assert_int_equal(node_of(cache, "b")->requested.cpu_milli, 1000);
    cache_add_pod(cache, bound);
    assert_int_equal(node_of(cache, "b")->requested.cpu_milli, 0);
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 1000);
    cache_forget_pod(cache, "uid-p"); // a late error of its binding: it is bound all the same
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 1000);
    cache_assume_pod(cache, pending, "b");
    cache_forget_pod(cache, "uid-p");
    cache_forget_pod(cache, "uid-p");
    assert_int_equal(node_of(cache, "b")->requested.cpu_milli, 0);
    // a node that goes keeps its pods' sums for when it comes back
    cache_add_pod(cache, bound);
    cache_remove_node(cache, "a");
    cache_remove_node(cache, "unknown");
    assert_null(node_of(cache, "a"));
    set_node(cache, "a", "", "", ROOM);
    assert_int_equal(node_of(cache, "a")->requested.cpu_milli, 1000);
    cache_free(cache);
    cache_free(NULL);
}

static void test_node_changes(void **state) {
    (void)state;
    struct cache *cache = cache_new();
    assert_true(set_node(cache, "a", "", "", ROOM));
    assert_false(set_node(cache, "a", "", "", ROOM));
    assert_false(set_node(cache, "a", "", "", ROOM ",'conditions':[{'type':'Ready','status':'True'}]"));
    assert_true(set_node(cache, "a", "'x':'y'", "", ROOM));
    assert_true(set_node(cache, "a", "'x':'y'", "'unschedulable':true", ROOM));
    assert_true(set_node(cache, "a", "'x':'y'", "'unschedulable':true", "'allocatable':{'cpu':'8'}"));
    cache_free(cache);
}

static void test_owner_spread(void **state) {
    (void)state;
    struct cache *cache = cache_new();
    AUTO_OBJECT owned = fixture_object(
        resource_pods(),
        "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p','namespace':'n','uid':'u','ownerReferences':[{'apiVersion'"
        ":'apps/v1','kind':'ReplicaSet','name':'r','uid':'r1','controller':true}]},'spec':{'nodeName':'a'}}");
    assert_null(cache_owner_spread(cache, "r1"));
    assert_null(cache_owner_spread(cache, NULL));
    cache_add_pod(cache, owned);
    assert_int_equal((size_t)map_get(cache_owner_spread(cache, "r1"), "a"), 1);
    cache_remove_pod(cache, "u");
    assert_null(cache_owner_spread(cache, "r1"));
    cache_free(cache);
}

struct choice {
    const char *pod;
    const char *nodes[4][3]; // name, spec, status
    const char *node;        // the one that is chosen; NULL: none
    const char *message;
};

static const struct choice choices[] = {
    {CPU("1"), {{0}}, NULL, "no nodes available to schedule pods"},
    {CPU("1"), {{"a", "", ROOM}}, "a", NULL},
    {CPU("9"), {{"a", "", ROOM}}, NULL, "0/1 nodes are available: 1 Insufficient cpu."},
    {CPU("9"),
     {{"a", "", ROOM},
      {"b", "'unschedulable':true", ROOM},
      {"c", "'taints':[{'key':'k','effect':'NoSchedule'}]", ROOM},
      {"d", "", ROOM}},
     NULL,
     "0/4 nodes are available: 1 node(s) had untolerated taint {k: }, 1 node(s) were unschedulable, 2 Insufficient cpu."},
    {CPU("1"),
     {{"a", "", "'allocatable':{'cpu':'2','memory':'4Gi','pods':'9'}"},
      {"b", "", "'allocatable':{'cpu':'64','memory':'64Gi','pods':'9'}"}},
     "b",
     NULL},
    {CPU("1"), {{"a", "'taints':[{'key':'k','effect':'PreferNoSchedule'}]", ROOM}, {"b", "", ROOM}}, "b", NULL},
};

static void test_choices(void **state) {
    (void)state;
    struct random *random = random_seeded_new(1);
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        struct cache *cache = cache_new();
        for (size_t n = 0; n < 4 && choices[i].nodes[n][0]; n++)
            set_node(cache, choices[i].nodes[n][0], "", choices[i].nodes[n][1], choices[i].nodes[n][2]);
        AUTO_OBJECT pod = fixture_pod("p", choices[i].pod);
        struct plugin_pod prepared;
        assert_int_equal(schedule_prepare(pod, NULL, &prepared, NULL), 0);
        size_t start = 0;
        struct schedule_nodes nodes = {.start = &start};
        nodes.nodes = cache_nodes(cache, &nodes.count);
        struct schedule_result result;
        schedule_pod(&prepared, &nodes, random, &result);
        const char *got = result.node ? result.node : result.message;
        const char *wanted = choices[i].node ? choices[i].node : choices[i].message;
        if (strcmp(got, wanted) != 0)
            fail_msg("row %zu: %s", i, got);
        schedule_result_free(&result);
        schedule_release(&prepared);
        cache_free(cache);
    }
    random_seeded_free(random);
}

// Constraints that are not there yet are refused, not dropped.
static void test_refused(void **state) {
    (void)state;
    const char *const rows[][2] = {
        {"'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z'}]}}",
         "podAntiAffinity"},
        {"'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z'}]}}", "podAffinity"},
        {"'topologySpreadConstraints':[{'whenUnsatisfiable':'ScheduleAnyway'},{'whenUnsatisfiable':'DoNotSchedule'}]",
         "topologySpreadConstraints[1]"},
        {"'topologySpreadConstraints':[{'whenUnsatisfiable':'ScheduleAnyway'}]", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_OBJECT pod = fixture_pod("p", rows[i][0]);
        struct plugin_pod prepared;
        AUTO_ERROR err = NULL;
        int result = schedule_prepare(pod, NULL, &prepared, &err);
        assert_int_equal(result, rows[i][1] ? -1 : 0);
        if (rows[i][1])
            assert_non_null(strstr(error_message(err), rows[i][1]));
        else
            schedule_release(&prepared);
    }
}

// In large clusters only some nodes are looked at, and the next pod starts behind them.
static void test_large_cluster(void **state) {
    (void)state;
    static const struct {
        size_t nodes;
        int percentage;
        size_t looked_at;
    } rows[] = {{99, 0, 0}, {400, 0, 188}, {400, 10, 100}, {400, 100, 0}, {1000, 50, 500}};
    struct random *random = random_seeded_new(1);
    AUTO_OBJECT pod = fixture_pod("p", CPU("1"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cache *cache = cache_new();
        for (size_t n = 0; n < rows[i].nodes; n++) {
            char name[32];
            snprintf(name, sizeof(name), "n%zu", n);
            set_node(cache, name, "", "", ROOM);
        }
        struct plugin_pod prepared;
        assert_int_equal(schedule_prepare(pod, NULL, &prepared, NULL), 0);
        size_t start = 0;
        struct schedule_nodes nodes = {.start = &start, .percentage = rows[i].percentage};
        nodes.nodes = cache_nodes(cache, &nodes.count);
        struct schedule_result result;
        schedule_pod(&prepared, &nodes, random, &result);
        assert_non_null(result.node);
        assert_int_equal(start, rows[i].looked_at); // 0: all round
        schedule_result_free(&result);
        schedule_release(&prepared);
        cache_free(cache);
    }
    random_seeded_free(random);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_sums), cmocka_unit_test(test_node_changes), cmocka_unit_test(test_owner_spread),
        cmocka_unit_test(test_choices),    cmocka_unit_test(test_refused),      cmocka_unit_test(test_large_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
