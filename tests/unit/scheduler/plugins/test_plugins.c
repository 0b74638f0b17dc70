// SPDX-License-Identifier: Apache-2.0
// Every plug-in by tables: who may go where, upstream's reasons, scores.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/plugins/image_locality.h"
#include "scheduler/plugins/node_affinity.h"
#include "scheduler/plugins/node_name.h"
#include "scheduler/plugins/node_ports.h"
#include "scheduler/plugins/node_resources_balanced_allocation.h"
#include "scheduler/plugins/node_resources_fit.h"
#include "scheduler/plugins/node_unschedulable.h"
#include "scheduler/plugins/plugins.h"
#include "scheduler/plugins/pod_topology_spread.h"
#include "scheduler/plugins/taint_toleration.h"
#include "scheduler/schedule.h"
#include "tests/unit/scheduler/plugins/plugin_fixture.h"

#define REQUESTS(list) "'containers':[{'name':'c','image':'i','resources':{'requests':{" list "}}}]"
#define PORT(number, more) "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':" number more "}]}]"
#define ROOM "'allocatable':{'cpu':'4','memory':'4Gi','pods':'3','ephemeral-storage':'10Gi','example.com/gpu':'2'}"

struct plugin_case {
    const struct plugin *plugin;
    const char *pod, *labels, *spec, *status; // of the pod and the node
    const char *others[3];                    // specs of pods on the node
    const char *reasons;                      // joined by ", "; NULL: it passes
    int64_t score;
};

static const struct plugin_case filters[] = {
    {&node_unschedulable, "", "", "", "", {0}, NULL, 0},
    {&node_unschedulable, "", "", "'unschedulable':true", "", {0}, "node(s) were unschedulable", 0},
    {&node_unschedulable,
     "'tolerations':[{'key':'node.kubernetes.io/unschedulable','operator':'Exists'}]",
     "",
     "'unschedulable':true",
     "",
     {0},
     NULL,
     0},
    {&node_name, "", "", "", "", {0}, NULL, 0},
    {&node_name, "'nodeName':'x'", "", "", "", {0}, NULL, 0},
    {&node_name, "'nodeName':'y'", "", "", "", {0}, "node(s) didn't match the requested node name", 0},
    // taints
    {&taint_toleration,
     "",
     "",
     "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
     "",
     {0},
     "node(s) had untolerated taint {k: v}",
     0},
    {&taint_toleration, "", "", "'taints':[{'key':'k','effect':'NoExecute'}]", "", {0}, "node(s) had untolerated taint {k: }", 0},
    {&taint_toleration, "", "", "'taints':[{'key':'k','effect':'PreferNoSchedule'}]", "", {0}, NULL, 0},
    {&taint_toleration,
     "'tolerations':[{'key':'k','value':'v'}]",
     "",
     "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
     "",
     {0},
     NULL,
     0},
    {&taint_toleration,
     "'tolerations':[{'key':'k','value':'w'}]",
     "",
     "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
     "",
     {0},
     "node(s) had untolerated taint {k: v}",
     0},
    {&taint_toleration,
     "'tolerations':[{'key':'k','operator':'Exists','effect':'NoExecute'}]",
     "",
     "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
     "",
     {0},
     "node(s) had untolerated taint {k: v}",
     0},
    {&taint_toleration,
     "'tolerations':[{'operator':'Exists'}]",
     "",
     "'taints':[{'key':'k','effect':'NoSchedule'},{'key':'l','effect':'NoExecute'}]",
     "",
     {0},
     NULL,
     0},
    // affinity
    {&node_affinity, "'nodeSelector':{'a':'b'}", "'a':'b'", "", "", {0}, NULL, 0},
    {&node_affinity,
     "'nodeSelector':{'a':'b','c':'d'}",
     "'a':'b'",
     "",
     "",
     {0},
     "node(s) didn't match Pod's node affinity/selector",
     0},
    {&node_affinity,
     "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'"
     "key':'a','operator':'In','values':['x','b']}]}]}}}",
     "'a':'b'",
     "",
     "",
     {0},
     NULL,
     0},
    {&node_affinity,
     "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'"
     "key':'a','operator':'NotIn','values':['b']}]},{'matchFields':[{'key':'metadata.name','operator':'In','values':['x']}]}]}}}",
     "'a':'b'",
     "",
     "",
     {0},
     NULL,
     0},
    {&node_affinity,
     "'nodeSelector':{'a':'b'},'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':"
     "[{'matchExpressions':[{'key':'z','operator':'Exists'}]}]}}}",
     "'a':'b'",
     "",
     "",
     {0},
     "node(s) didn't match Pod's node affinity/selector",
     0},
    // ports
    {&node_ports, PORT("80", ""), "", "", "", {PORT("81", "")}, NULL, 0},
    {&node_ports, PORT("80", ""), "", "", "", {PORT("80", "")}, "node(s) didn't have free ports for the requested pod ports", 0},
    {&node_ports, PORT("80", ",'protocol':'UDP'"), "", "", "", {PORT("80", ",'protocol':'TCP'")}, NULL, 0},
    {&node_ports, PORT("80", ",'hostIP':'10.0.0.1'"), "", "", "", {PORT("80", ",'hostIP':'10.0.0.2'")}, NULL, 0},
    {&node_ports,
     PORT("80", ",'hostIP':'10.0.0.1'"),
     "",
     "",
     "",
     {PORT("80", "")},
     "node(s) didn't have free ports for the requested pod ports",
     0},
    // resources
    {&node_resources_fit,
     REQUESTS("'cpu':'4','memory':'4Gi','ephemeral-storage':'10Gi','example.com/gpu':'2'"),
     "",
     "",
     ROOM,
     {0},
     NULL,
     0},
    {&node_resources_fit, REQUESTS("'cpu':'4001m'"), "", "", ROOM, {0}, "Insufficient cpu", 0},
    {&node_resources_fit, REQUESTS("'cpu':'3'"), "", "", ROOM, {REQUESTS("'cpu':'1500m'")}, "Insufficient cpu", 0},
    {&node_resources_fit,
     REQUESTS("'cpu':'5','memory':'5Gi','ephemeral-storage':'11Gi','example.com/gpu':'3'"),
     "",
     "",
     ROOM,
     {0},
     "Insufficient cpu, Insufficient memory, Insufficient ephemeral-storage, Insufficient example.com/gpu",
     0},
    {&node_resources_fit, REQUESTS("'example.com/unknown':'1'"), "", "", ROOM, {0}, "Insufficient example.com/unknown", 0},
    {&node_resources_fit, REQUESTS(""), "", "", ROOM, {"", "", ""}, "Too many pods", 0},
    {&node_resources_fit, REQUESTS("'cpu':'9'"), "", "", ROOM, {"", "", ""}, "Too many pods, Insufficient cpu", 0},
    {&node_resources_fit,
     REQUESTS(""),
     "",
     "",
     ROOM,
     {REQUESTS("'cpu':'9'")},
     NULL,
     0}, // over-committed, but it asks for nothing
};

// Scores before they are normalised.
static const struct plugin_case scores[] = {
    {&taint_toleration,
     "'tolerations':[{'key':'k','operator':'Exists'}]",
     "",
     "'taints':[{'key':'k','effect':'PreferNoSchedule'},{'key':'l','effect':'PreferNoSchedule'},{'key':'m','effect':'NoSchedule'}"
     "]",
     "",
     {0},
     NULL,
     1},
    {&node_affinity,
     "'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':3,'preference':{'matchExpressions'"
     ":[{'key':'a','operator':'Exists'}]}},{'weight':4,'preference':{'matchExpressions':[{'key':'b','operator':'Exists'}]}},{'"
     "weight':10,'preference':{'matchExpressions':[{'key':'c','operator':'Exists'}]}}]}}",
     "'a':'','c':''",
     "",
     "",
     {0},
     NULL,
     13},
    {&node_resources_fit, REQUESTS("'cpu':'1','memory':'1Gi'"), "", "", ROOM, {0}, NULL, 75},
    {&node_resources_fit, REQUESTS("'cpu':'1','memory':'1Gi'"), "", "", ROOM, {REQUESTS("'cpu':'2','memory':'1Gi'")}, NULL, 37},
    {&node_resources_fit,
     REQUESTS("'cpu':'1'"),
     "",
     "",
     "'allocatable':{'cpu':'4','pods':'3'}",
     {0},
     NULL,
     75}, // no memory: no say
    {&node_resources_fit, REQUESTS("'cpu':'1'"), "", "", "", {0}, NULL, 0},
    {&node_resources_balanced_allocation, REQUESTS("'cpu':'2','memory':'2Gi'"), "", "", ROOM, {0}, NULL, 100},
    {&node_resources_balanced_allocation, REQUESTS("'cpu':'4'"), "", "", ROOM, {0}, NULL, 50},
    {&node_resources_balanced_allocation, REQUESTS("'cpu':'3','memory':'1Gi'"), "", "", ROOM, {0}, NULL, 75},
    {&node_resources_balanced_allocation, REQUESTS("'cpu':'9','memory':'9Gi'"), "", "", ROOM, {0}, NULL, 100},
    {&node_resources_balanced_allocation, REQUESTS("'cpu':'3'"), "", "", "'allocatable':{'cpu':'4'}", {0}, NULL, 100},
    {&image_locality,
     "'containers':[{'name':'c','image':'r/i:1'}]",
     "",
     "",
     "'images':[{'names':['r/i:1'],'sizeBytes':1048576000}]",
     {0},
     NULL,
     100},
    {&image_locality,
     "'containers':[{'name':'c','image':'r/i:1'}]",
     "",
     "",
     "'images':[{'names':['r/i:2'],'sizeBytes':1048576000}]",
     {0},
     NULL,
     0},
    {&image_locality,
     "'containers':[{'name':'c','image':'h:5000/i'}]",
     "",
     "",
     "'images':[{'names':['h:5000/i:latest'],'sizeBytes':1048576000}]",
     {0},
     NULL,
     100},
    {&image_locality,
     "'containers':[{'name':'c','image':'r/i'}]",
     "",
     "",
     "'images':[{'names':['r/i'],'sizeBytes':24117248}]",
     {0},
     NULL,
     0}, // too small
    {&image_locality,
     "'containers':[{'name':'c','image':'a'},{'name':'d','image':'b'}]",
     "",
     "",
     "'images':[{'names':['a'],'sizeBytes':1060634624}]",
     {0},
     NULL,
     50},
    {&pod_topology_spread, "", "", "", "", {0}, NULL, 0},
};

struct stage {
    const struct object *pod, *node, *others[3];
    struct pod_view *other_views[3];
    struct node_info *info;
    struct plugin_pod prepared;
};

static void stage_set(struct stage *stage, const struct plugin_case *row) {
    *stage =
        (struct stage){.pod = fixture_pod("p", row->pod), .node = fixture_node_object("x", row->labels, row->spec, row->status)};
    stage->info = node_info_new("x");
    stage->info->view = node_view_new(stage->node);
    for (size_t i = 0; i < ARRAY_LEN(row->others) && row->others[i]; i++) {
        stage->others[i] = fixture_pod("o", row->others[i]);
        stage->other_views[i] = pod_view_new(stage->others[i]);
        node_info_add_pod(stage->info, stage->other_views[i]);
    }
    AUTO_ERROR err = NULL;
    if (schedule_prepare(stage->pod, NULL, &stage->prepared, &err) < 0)
        fail_msg("%s: %s", row->pod, error_message(err));
}

static void stage_clear(struct stage *stage) {
    schedule_release(&stage->prepared);
    for (size_t i = 0; i < ARRAY_LEN(stage->others) && stage->others[i]; i++) {
        node_info_remove_pod(stage->info, stage->other_views[i]);
        pod_view_free(stage->other_views[i]);
        object_unref(stage->others[i]);
    }
    assert_int_equal(stage->info->requested.cpu_milli, 0);
    assert_int_equal(stage->info->nonzero_memory, 0);
    node_info_free(stage->info);
    object_unref(stage->pod);
    object_unref(stage->node);
}

static void test_filters(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        struct stage stage;
        stage_set(&stage, &filters[i]);
        AUTO_STR_LIST reasons = {0};
        bool passed = filters[i].plugin->filter(&stage.prepared, stage.info, &reasons);
        char *text = str_list_join(&reasons, ", ");
        if (passed != !filters[i].reasons || strcmp(text, filters[i].reasons ? filters[i].reasons : "") != 0)
            fail_msg("row %zu, %s: %s", i, filters[i].plugin->name, text);
        free(text);
        stage_clear(&stage);
    }
}

static void test_scores(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
        struct stage stage;
        stage_set(&stage, &scores[i]);
        int64_t score = scores[i].plugin->score(&stage.prepared, stage.info);
        if (score != scores[i].score)
            fail_msg("row %zu, %s: %lld", i, scores[i].plugin->name, (long long)score);
        stage_clear(&stage);
    }
}

static void test_all_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < plugins_count; i++) {
        assert_non_null(plugins_all[i]->name);
        assert_true(plugins_all[i]->filter || plugins_all[i]->score);
        assert_true(!plugins_all[i]->score || plugins_all[i]->weight > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_filters), cmocka_unit_test(test_scores),
                                       cmocka_unit_test(test_all_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
