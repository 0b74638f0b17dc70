// SPDX-License-Identifier: Apache-2.0
// Silent nodes, their taints and zones; when a pod leaves a tainted node; which controllers a flag asks for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "controller-manager/controllers.h"
#include "controller-manager/node_lifecycle_decide.h"
#include "controller-manager/taint_eviction_decide.h"

#define NOW (1800000000 * SECOND) // 2027-01-15T08:00:00Z
#define AT "2027-01-15T08:00:00Z"

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (text && json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

static void expect_equal(const struct json *value, const char *wanted_text) {
    AUTO_JSON wanted = parse(wanted_text);
    char *text = json_text(value);
    if (!json_equal(value, wanted))
        fail_msg("%s; wanted %s", text, wanted_text);
    free(text);
}

static void test_mark_unknown(void **state) {
    (void)state;
    AUTO_JSON node = parse(
        "{\"metadata\":{\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"status\":{\"conditions\":[{\"type\":\"Ready\","
        "\"status\":\"True\",\"lastHeartbeatTime\":\"2026-02-02T00:00:00Z\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"},{"
        "\"type\":\"DiskPressure\",\"status\":\"Unknown\",\"reason\":\"old\"}]}}");
    assert_true(node_lifecycle_mark_unknown(node, NOW));
    expect_equal(
        json_find(node, "status.conditions"),
        "[{\"type\":\"Ready\",\"status\":\"Unknown\",\"lastHeartbeatTime\":\"2026-02-02T00:00:00Z\",\"lastTransitionTime\":"
        "\"" AT "\",\"reason\":\"NodeStatusUnknown\",\"message\":\"Kubelet stopped posting node status.\"},{\"type\":"
        "\"DiskPressure\",\"status\":\"Unknown\",\"reason\":\"old\"},{\"type\":\"MemoryPressure\",\"status\":\"Unknown\","
        "\"lastHeartbeatTime\":\"2026-01-01T00:00:00Z\",\"lastTransitionTime\":\"" AT "\",\"reason\":"
        "\"NodeStatusNeverUpdated\",\"message\":\"Kubelet never posted node status.\"},{\"type\":\"PIDPressure\",\"status\":"
        "\"Unknown\",\"lastHeartbeatTime\":\"2026-01-01T00:00:00Z\",\"lastTransitionTime\":\"" AT "\",\"reason\":"
        "\"NodeStatusNeverUpdated\",\"message\":\"Kubelet never posted node status.\"}]");
    assert_false(node_lifecycle_mark_unknown(node, NOW + SECOND));
}

#define CONDITION(type, status) "{\"type\":\"" type "\",\"status\":\"" status "\"}"
#define NODE(conditions, spec) "{\"spec\":{" spec "},\"status\":{\"conditions\":[" conditions "]}}"
#define TAINT(key, effect) "{\"key\":\"node.kubernetes.io/" key "\",\"effect\":\"" effect "\",\"timeAdded\":\"" AT "\"}"
#define BARE(key, effect) "{\"key\":\"node.kubernetes.io/" key "\",\"effect\":\"" effect "\"}"

static const struct {
    const char *node;
    bool changed;
    const char *taints; // NULL: none
} schedule_taints[] = {
    {NODE(CONDITION("Ready", "True"), ""), false, NULL},
    {NODE(CONDITION("Ready", "False"), ""), true, "[" TAINT("not-ready", "NoSchedule") "]"},
    {NODE(CONDITION("Ready", "Unknown"), ""), true, "[" TAINT("unreachable", "NoSchedule") "]"},
    {NODE("", ""), true, "[" TAINT("not-ready", "NoSchedule") "]"},
    {NODE(CONDITION("Ready", "True"), "\"unschedulable\":true"), true, "[" TAINT("unschedulable", "NoSchedule") "]"},
    {NODE(CONDITION("Ready", "True") "," CONDITION("MemoryPressure", "True") "," CONDITION("DiskPressure", "True") "," CONDITION(
              "PIDPressure", "True") "," CONDITION("NetworkUnavailable", "True"),
          ""),
     true,
     "[" TAINT("memory-pressure", "NoSchedule") "," TAINT("disk-pressure", "NoSchedule") "," TAINT(
         "pid-pressure", "NoSchedule") "," TAINT("network-unavailable", "NoSchedule") "]"},
    {NODE(CONDITION("Ready", "True") "," CONDITION("MemoryPressure", "Unknown"), ""), false, NULL},
    {NODE(CONDITION("Ready", "True"),
          "\"taints\":[" BARE("not-ready", "NoSchedule") ",{\"key\":\"mine\",\"effect\":\"NoSchedule\"}," BARE("unschedulable",
                                                                                                               "NoExecute") "]"),
     true, "[{\"key\":\"mine\",\"effect\":\"NoSchedule\"}," BARE("unschedulable", "NoExecute") "]"},
    {NODE(CONDITION("Ready", "False"), "\"taints\":[" BARE("not-ready", "NoSchedule") "]"), false,
     "[" BARE("not-ready", "NoSchedule") "]"},
};

static void test_schedule_taints(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(schedule_taints); i++) {
        AUTO_JSON node = parse(schedule_taints[i].node);
        if (node_lifecycle_fix_schedule_taints(node, NOW) != schedule_taints[i].changed)
            fail_msg("row %zu", i);
        const struct json *taints = json_find(node, "spec.taints");
        if (schedule_taints[i].taints)
            expect_equal(taints, schedule_taints[i].taints);
        else
            assert_int_equal(json_len(taints), 0);
    }
}

static const struct {
    const char *node;
    bool may_add, changed, wanted;
    const char *taints;
} execute_taints[] = {
    {NODE(CONDITION("Ready", "True"), ""), true, false, false, NULL},
    {NODE("", ""), true, false, false, NULL}, // has not started yet
    {NODE(CONDITION("Ready", "False"), ""), true, true, false, "[" TAINT("not-ready", "NoExecute") "]"},
    {NODE(CONDITION("Ready", "Unknown"), ""), true, true, false, "[" TAINT("unreachable", "NoExecute") "]"},
    {NODE(CONDITION("Ready", "Unknown"), ""), false, false, true, NULL},
    {NODE(CONDITION("Ready", "Unknown"), "\"taints\":[" BARE("not-ready", "NoExecute") "]"), false, true, false,
     "[" TAINT("unreachable", "NoExecute") "]"},
    {NODE(CONDITION("Ready", "True"), "\"taints\":[" BARE("not-ready", "NoExecute") "," BARE("unreachable", "NoSchedule") "]"),
     false, true, false, "[" BARE("unreachable", "NoSchedule") "]"},
};

static void test_execute_taints(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(execute_taints); i++) {
        AUTO_JSON node = parse(execute_taints[i].node);
        bool wanted = false;
        bool changed = node_lifecycle_fix_execute_taints(node, execute_taints[i].may_add, NOW, &wanted);
        if (changed != execute_taints[i].changed || wanted != execute_taints[i].wanted)
            fail_msg("row %zu", i);
        const struct json *taints = json_find(node, "spec.taints");
        if (execute_taints[i].taints)
            expect_equal(taints, execute_taints[i].taints);
        else
            assert_int_equal(json_len(taints), 0);
        // with all nodes down they are taken off, whatever the conditions say
        node_lifecycle_remove_execute_taints(node);
        assert_false(node_lifecycle_remove_execute_taints(node));
    }
}

static void test_zones(void **state) {
    (void)state;
    static const struct {
        size_t ready, not_ready;
        enum zone_state wanted;
    } zones[] = {{0, 0, ZONE_NORMAL},
                 {5, 0, ZONE_NORMAL},
                 {0, 1, ZONE_FULL_DISRUPTION},
                 {1, 1, ZONE_NORMAL},
                 {1, 2, ZONE_NORMAL},
                 {1, 3, ZONE_PARTIAL_DISRUPTION},
                 {9, 11, ZONE_PARTIAL_DISRUPTION},
                 {10, 10, ZONE_NORMAL}};
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        assert_int_equal(node_lifecycle_zone_state(zones[i].ready, zones[i].not_ready, 0.55), zones[i].wanted);
    const struct zone_rates rates = {0.1, 0.01, 50};
    static const struct {
        enum zone_state state;
        size_t nodes;
        bool all_down;
        double wanted;
    } rows[] = {{ZONE_NORMAL, 5, false, 0.1},
                {ZONE_FULL_DISRUPTION, 5, false, 0.1},
                {ZONE_PARTIAL_DISRUPTION, 50, false, 0},
                {ZONE_PARTIAL_DISRUPTION, 51, false, 0.01},
                {ZONE_FULL_DISRUPTION, 5, true, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(node_lifecycle_zone_rate(rows[i].state, rows[i].nodes, rows[i].all_down, &rates) == rows[i].wanted);
}

#define NO_EXECUTE(key, more) "{\"key\":\"" key "\",\"effect\":\"NoExecute\"" more "}"
#define ADDED(time) ",\"timeAdded\":\"" time "\""
#define FOR(key, more) "{\"key\":\"" key "\",\"operator\":\"Exists\"" more "}"
#define SECONDS(n) ",\"tolerationSeconds\":" n

static const struct {
    const char *taints, *tolerations; // NULL: absent
    int64_t wanted;                   // seconds after the taint was seen; -1: never
} evictions[] = {
    {NULL, NULL, -1},
    {"[]", "[]", -1},
    {"[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]", NULL, -1},
    {"[" NO_EXECUTE("k", "") "]", NULL, 0},
    {"[" NO_EXECUTE("k", ADDED("2027-01-15T07:00:00Z")) "]", "[]", 0},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("other", "") "]", 0},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", "") "]", -1},
    {"[" NO_EXECUTE("k", "") "]", "[{\"operator\":\"Exists\"}]", -1},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", SECONDS("30")) "]", 30}, // no timeAdded: from when it was seen
    {"[" NO_EXECUTE("k", ADDED("2027-01-15T08:00:10Z")) "]", "[" FOR("k", SECONDS("30")) "]", 40},
    {"[" NO_EXECUTE("k", ADDED("nonsense")) "]", "[" FOR("k", SECONDS("30")) "]", 30},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", SECONDS("0")) "]", 0},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", SECONDS("-5")) "]", 0},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", SECONDS("9223372036854775807")) "]", -1},
    // the first that matches counts, as upstream has it
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", SECONDS("50")) "," FOR("k", SECONDS("20")) "]", 50},
    {"[" NO_EXECUTE("k", "") "]", "[" FOR("k", "") "," FOR("k", SECONDS("20")) "]", -1},
    {"[" NO_EXECUTE("k", "") "," NO_EXECUTE("l", "") "]", "[" FOR("k", SECONDS("50")) "," FOR("l", SECONDS("20")) "]", 20},
    {"[" NO_EXECUTE("k", "") "," NO_EXECUTE("l", "") "]", "[" FOR("k", "") "," FOR("l", SECONDS("20")) "]", 20},
    {"[" NO_EXECUTE("k", "") "," NO_EXECUTE("l", "") "]", "[" FOR("k", SECONDS("50")) "]", 0},
};

static void test_evictions(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(evictions); i++) {
        AUTO_JSON taints = parse(evictions[i].taints);
        AUTO_JSON tolerations = parse(evictions[i].tolerations);
        int64_t wanted = evictions[i].wanted < 0 ? TIME_NEVER : NOW + evictions[i].wanted * SECOND;
        if (taint_eviction_time(taints, tolerations, NOW) != wanted)
            fail_msg("row %zu", i);
    }
}

// --- the flag ----------------------------------------------------------------------------------------------------------

static const struct {
    const char *flag;
    const char *error; // NULL: fine
    bool replicaset, namespace;
} flags[] = {
    {"*", NULL, true, true},
    {"", NULL, false, false},
    {"replicaset-controller", NULL, true, false},
    {"replicaset", NULL, true, false},
    {"*,-replicaset", NULL, false, true},
    {"-replicaset-controller,*", NULL, false, true},
    {"replicaset,-replicaset", NULL, true, false}, // the first one decides
    {"-replicaset,replicaset", NULL, false, false},
    {"*,bootstrapsigner,tokencleaner", NULL, true, true}, // kubeadm's
    {"*,-deployment-controller", NULL, true, true},
    {"*,nonsense", "\"nonsense\" is not in the list of known controllers", false, false},
    {"-nonsense", "\"nonsense\" is not in the list of known controllers", false, false},
    {"-", "\"\" is not in the list of known controllers", false, false},
};

static const struct controller_descriptor *find(const char *name) {
    for (size_t i = 0; i < controllers_count; i++) {
        if (strcmp(controllers_all[i]->name, name) == 0)
            return controllers_all[i];
    }
    return NULL;
}

static void test_flag(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        AUTO_STR_LIST list = {0};
        str_list_split(&list, flags[i].flag, ',');
        AUTO_ERROR err = NULL;
        int result = controllers_check_flag(&list, &err);
        if ((result < 0) != (flags[i].error != NULL) || (result < 0 && strcmp(error_message(err), flags[i].error) != 0))
            fail_msg("%s: %s", flags[i].flag, error_message(err));
        if (result == 0 && (controllers_enabled(&list, find("replicaset-controller")) != flags[i].replicaset ||
                            controllers_enabled(&list, find("namespace-controller")) != flags[i].namespace))
            fail_msg("%s", flags[i].flag);
    }
}

static void test_all_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < controllers_count; i++) {
        assert_true(str_ends(controllers_all[i]->name, "-controller"));
        assert_true(controllers_all[i]->make && controllers_all[i]->start && controllers_all[i]->stop &&
                    controllers_all[i]->free);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(controllers_all[i]->name, controllers_all[other]->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mark_unknown), cmocka_unit_test(test_schedule_taints), cmocka_unit_test(test_execute_taints),
        cmocka_unit_test(test_zones),        cmocka_unit_test(test_evictions),       cmocka_unit_test(test_flag),
        cmocka_unit_test(test_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
