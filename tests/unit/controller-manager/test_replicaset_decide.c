// SPDX-License-Identifier: Apache-2.0
// Which pods go first, one row for each rule of upstream's ActivePodsWithRanks; how many are created; the status.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/meta.h"
#include "common/base/clock.h"
#include "controller-manager/replicaset_decide.h"

#define NOW (1800000000 * SECOND)

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

// What the ranking sees, ages in seconds before now; 0: unknown.
struct rank {
    const char *uid;
    bool unassigned;
    enum pod_phase phase;
    bool unready;
    int64_t cost;
    int neighbours;
    double ready_age;
    int restarts, sidecar_restarts;
    double age;
};

static struct replicaset_pod pod_of(const struct rank *rank) {
    char text[128];
    snprintf(text, sizeof(text), "{\"metadata\":{\"uid\":\"%s\"}}", rank->uid);
    return (struct replicaset_pod){.tree = parse(text),
                                   .assigned = !rank->unassigned,
                                   .phase = rank->phase,
                                   .ready = !rank->unready,
                                   .deletion_cost = rank->cost,
                                   .neighbours = rank->neighbours,
                                   .ready_since = rank->ready_age != 0 ? NOW - (int64_t)(rank->ready_age * (double)SECOND) : 0,
                                   .created = rank->age != 0 ? NOW - (int64_t)(rank->age * (double)SECOND) : 0,
                                   .restarts = rank->restarts,
                                   .sidecar_restarts = rank->sidecar_restarts};
}

#define RUNNING .phase = POD_RUNNING, .ready_age = 100, .age = 100

// The first of each pair is to be deleted before the second, whose UID would come first.
static const struct {
    const char *rule;
    struct rank first, second;
} rules[] = {
    {"unassigned before assigned", {"z", RUNNING, .unassigned = true}, {"a", RUNNING}},
    {"... also if it is otherwise better",
     {"z", RUNNING, .unassigned = true, .cost = 9},
     {"a", .phase = POD_PENDING, .unready = true}},
    {"pending before unknown", {"z", .phase = POD_PENDING, .unready = true}, {"a", .phase = POD_UNKNOWN, .unready = true}},
    {"unknown before running", {"z", .phase = POD_UNKNOWN, .unready = true}, {"a", .phase = POD_RUNNING, .unready = true}},
    {"not ready before ready", {"z", RUNNING, .unready = true, .cost = 9}, {"a", RUNNING}},
    {"lower cost first", {"z", RUNNING, .cost = -1}, {"a", RUNNING, .neighbours = 5}},
    {"more neighbours first", {"z", RUNNING, .neighbours = 3}, {"a", RUNNING, .neighbours = 2, .restarts = 9}},
    {"ready for a shorter time",
     {"z", .phase = POD_RUNNING, .ready_age = 10, .age = 500},
     {"a", .phase = POD_RUNNING, .ready_age = 400, .age = 500, .restarts = 9}},
    {"ready since an unknown time first",
     {"z", .phase = POD_RUNNING, .ready_age = 0, .age = 500},
     {"a", .phase = POD_RUNNING, .ready_age = 4, .age = 500}},
    {"about as long ready: the UID decides, not restarts",
     {"a", .phase = POD_RUNNING, .ready_age = 100, .age = 100},
     {"z", .phase = POD_RUNNING, .ready_age = 101, .age = 101, .restarts = 9}},
    {"nanoseconds count in powers of two",
     {"z", .phase = POD_RUNNING, .ready_age = 68, .age = 100},
     {"a", .phase = POD_RUNNING, .ready_age = 69, .age = 100}},
    {"the future is younger than anything",
     {"z", .phase = POD_RUNNING, .ready_age = -5, .age = 100},
     {"a", .phase = POD_RUNNING, .ready_age = 0.000001, .age = 100}},
    {"more restarts first", {"z", RUNNING, .restarts = 2}, {"a", RUNNING, .restarts = 1, .sidecar_restarts = 9}},
    {"then of sidecars", {"z", RUNNING, .sidecar_restarts = 2}, {"a", RUNNING, .sidecar_restarts = 1}},
    {"younger first",
     {"z", .phase = POD_RUNNING, .unready = true, .age = 10},
     {"a", .phase = POD_RUNNING, .unready = true, .age = 1000}},
    {"about as old: the UID",
     {"a", .phase = POD_RUNNING, .unready = true, .age = 101},
     {"z", .phase = POD_RUNNING, .unready = true, .age = 100}},
    {"all equal: the UID", {"a", RUNNING}, {"z", RUNNING}},
};

static void test_ranking(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        for (int swapped = 0; swapped < 2; swapped++) {
            struct replicaset_pod pods[] = {pod_of(swapped ? &rules[i].second : &rules[i].first),
                                            pod_of(swapped ? &rules[i].first : &rules[i].second)};
            struct replicaset_decision decision;
            replicaset_decide(1, pods, 2, NOW, &decision);
            assert_int_equal(decision.create, 0);
            assert_int_equal(decision.delete_count, 1);
            if (strcmp(meta_uid(decision.deletes[0]->tree), rules[i].first.uid) != 0)
                fail_msg("%s", rules[i].rule);
            replicaset_decision_free(&decision);
            json_unref(pods[0].tree);
            json_unref(pods[1].tree);
        }
    }
}

static void test_counts(void **state) {
    (void)state;
    static const struct {
        int64_t wanted;
        size_t have;
        int create;
        size_t deletes;
    } rows[] = {{0, 0, 0, 0}, {3, 0, 3, 0},      {3, 3, 0, 0},     {3, 5, 0, 2},
                {0, 4, 0, 4}, {2000, 3, 500, 0}, {0, 700, 0, 500}, {INT32_MAX, 0, 500, 0}};
    static struct replicaset_pod pods[700];
    struct json *tree = parse("{\"metadata\":{\"uid\":\"u\"}}");
    for (size_t i = 0; i < ARRAY_LEN(pods); i++)
        pods[i].tree = tree;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct replicaset_decision decision;
        replicaset_decide(rows[i].wanted, pods, rows[i].have, NOW, &decision);
        assert_int_equal(decision.create, rows[i].create);
        assert_int_equal(decision.delete_count, rows[i].deletes);
        replicaset_decision_free(&decision);
    }
    json_unref(tree);
}

static void test_facts_of_a_pod(void **state) {
    (void)state;
    struct replicaset_pod pod = replicaset_pod_of(
        parse(
            "{\"metadata\":{\"uid\":\"u\",\"creationTimestamp\":\"2027-01-15T07:59:00Z\",\"annotations\":{"
            "\"controller.kubernetes.io/pod-deletion-cost\":\"-7\"}},\"spec\":{\"nodeName\":\"n\",\"initContainers\":[{\"name\":"
            "\"once\"},{\"name\":\"side\",\"restartPolicy\":\"Always\"}]},\"status\":{\"phase\":\"Running\",\"conditions\":[{"
            "\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"2027-01-15T07:59:30Z\"}],\"containerStatuses\":[{"
            "\"name\":\"a\",\"restartCount\":2},{\"name\":\"b\",\"restartCount\":5}],\"initContainerStatuses\":[{\"name\":"
            "\"once\",\"restartCount\":9},{\"name\":\"side\",\"restartCount\":3}]}}"),
        10, NOW);
    assert_true(pod.assigned && pod.ready && pod.available);
    assert_int_equal(pod.phase, POD_RUNNING);
    assert_int_equal(pod.deletion_cost, -7);
    assert_int_equal(pod.restarts, 5);
    assert_int_equal(pod.sidecar_restarts, 3);
    assert_int_equal(pod.created, NOW - 60 * SECOND);
    assert_int_equal(pod.ready_since, NOW - 30 * SECOND);
    json_unref(pod.tree);
    pod = replicaset_pod_of(parse("{\"metadata\":{\"annotations\":{\"controller.kubernetes.io/pod-deletion-cost\":\"much\"}}}"),
                            0, NOW);
    assert_false(pod.assigned || pod.ready || pod.available);
    assert_int_equal(pod.phase, POD_PENDING);
    assert_int_equal(pod.deletion_cost, 0);
    json_unref(pod.tree);
}

static const struct {
    const char *replicaset;
    bool with_pods, failed;
    const char *status;
} statuses[] = {
    {"{\"metadata\":{\"generation\":3},\"spec\":{\"replicas\":0}}", false, false, "{\"replicas\":0,\"observedGeneration\":3}"},
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":2,\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}}}}}", true,
     false, "{\"replicas\":2,\"fullyLabeledReplicas\":1,\"readyReplicas\":2,\"availableReplicas\":1,\"observedGeneration\":4}"},
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":5}}", true, true,
     "{\"replicas\":2,\"fullyLabeledReplicas\":2,\"readyReplicas\":2,\"availableReplicas\":1,\"observedGeneration\":4,"
     "\"conditions\":"
     "[{\"type\":\"ReplicaFailure\",\"status\":\"True\",\"lastTransitionTime\":\"2027-01-15T08:00:00Z\",\"reason\":"
     "\"FailedCreate\","
     "\"message\":\"quota\"}]}"},
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":1}}", true, true,
     "{\"replicas\":2,\"fullyLabeledReplicas\":2,\"readyReplicas\":2,\"availableReplicas\":1,\"observedGeneration\":4,"
     "\"conditions\":"
     "[{\"type\":\"ReplicaFailure\",\"status\":\"True\",\"lastTransitionTime\":\"2027-01-15T08:00:00Z\",\"reason\":"
     "\"FailedDelete\","
     "\"message\":\"quota\"}]}"},
    // a condition that is there stays as it is: no write with each try
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":5},\"status\":{\"conditions\":[{\"type\":\"ReplicaFailure\","
     "\"status\":"
     "\"True\",\"reason\":\"FailedCreate\",\"message\":\"an earlier one\"}]}}",
     false, true,
     "{\"replicas\":0,\"observedGeneration\":4,\"conditions\":[{\"type\":\"ReplicaFailure\",\"status\":\"True\",\"reason\":"
     "\"FailedCreate\",\"message\":\"an earlier one\"}]}"},
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":0},\"status\":{\"conditions\":[{\"type\":\"ReplicaFailure\","
     "\"status\":"
     "\"True\"},{\"type\":\"Other\",\"status\":\"True\"}]}}",
     false, false, "{\"replicas\":0,\"observedGeneration\":4,\"conditions\":[{\"type\":\"Other\",\"status\":\"True\"}]}"},
    {"{\"metadata\":{\"generation\":4},\"spec\":{\"replicas\":0},\"status\":{\"conditions\":[{\"type\":\"ReplicaFailure\","
     "\"status\":"
     "\"True\"}]}}",
     false, false, "{\"replicas\":0,\"observedGeneration\":4}"},
};

static void test_status(void **state) {
    (void)state;
    struct replicaset_pod pods[] = {
        {.tree = parse("{\"metadata\":{\"labels\":{\"a\":\"b\",\"c\":\"d\"}}}"), .ready = true, .available = true},
        {.tree = parse("{\"metadata\":{\"labels\":{\"a\":\"x\"}}}"), .ready = true}};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        AUTO_JSON replicaset = parse(statuses[i].replicaset);
        AUTO_JSON wanted = parse(statuses[i].status);
        AUTO_ERROR failure = NULL;
        error_set(&failure, "quota");
        AUTO_JSON status =
            replicaset_status(replicaset, pods, statuses[i].with_pods ? 2 : 0, statuses[i].failed ? failure : NULL, NOW);
        char *text = json_text(status);
        if (!json_equal(status, wanted))
            fail_msg("row %zu: %s", i, text);
        free(text);
    }
    json_unref(pods[0].tree);
    json_unref(pods[1].tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranking),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_facts_of_a_pod),
        cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
