// SPDX-License-Identifier: Apache-2.0
// Facts and views of pods and nodes, defaults that depend on other fields.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/defaults.h"
#include "common/api/node.h"
#include "common/api/pod.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"

static struct json *parse(const char *text) {
    CLEANUP(free_ptr) char *copy = alloc_string(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(copy, strlen(copy), NULL, &value, &err) < 0)
        fail_msg("%s: %s", copy, error_message(err));
    return value;
}

#define ASKS(cpu, memory) "'image':'i','resources':{'requests':{'cpu':'" cpu "','memory':'" memory "'}}"

static void test_requests(void **state) {
    (void)state;
    AUTO_JSON pod = parse("{'spec':{'overhead':{'cpu':'10m'},'containers':[{" ASKS("100m", "1Mi") "},{" ASKS(
        "200m", "1Mi") "}],"
                       "'initContainers':[{" ASKS("500m", "1Ki") "},{" ASKS("50m", "2Mi") ",'restartPolicy':'Always'},{" ASKS(
                           "400m", "1Ki") "}]}}");
    AUTO_RESOURCE_AMOUNTS amounts = {0};
    pod_requests(pod, &amounts);
    // Running: 100 + 200 + 50; steps: 500, and 400 beside the sidecar's 50.
    assert_int_equal(amounts.cpu_milli, 510);
    assert_int_equal(amounts.memory, 4 * 1024 * 1024);
    AUTO_RESOURCE_AMOUNTS limits = {0};
    pod_limits(pod, &limits);
    assert_true(resource_amounts_is_zero(&limits));
}

static void test_qos(void **state) {
    (void)state;
    static const struct {
        const char *resources;
        enum pod_qos qos;
    } rows[] = {
        {"{}", POD_QOS_BEST_EFFORT},
        {"{'requests':{'cpu':'1'}}", POD_QOS_BURSTABLE},
        {"{'requests':{'cpu':'1','memory':'1'},'limits':{'cpu':'1','memory':'1'}}", POD_QOS_GUARANTEED},
        {"{'requests':{'cpu':'1','memory':'1'},'limits':{'cpu':'2','memory':'1'}}", POD_QOS_BURSTABLE},
        {"{'limits':{'example.com/x':'1'}}", POD_QOS_BEST_EFFORT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON pod = parse("{'spec':{'containers':[{'name':'a'}]}}");
        json_set(json_at(json_find(pod, "spec.containers"), 0), "resources", parse(rows[i].resources));
        assert_int_equal(pod_qos(pod), rows[i].qos);
    }
}

static void test_facts(void **state) {
    (void)state;
    AUTO_JSON pod = parse("{'spec':{'nodeName':'n'},'status':{'phase':'Succeeded','conditions':[{'type':'Ready','status':'True',"
                          "'lastTransitionTime':'1970-01-01T00:00:10Z'}],'containerStatuses':[{'name':'a','restartCount':3}]}}");
    assert_int_equal(pod_phase(pod), POD_SUCCEEDED);
    assert_true(pod_is_terminal(pod));
    assert_true(pod_is_ready(pod));
    assert_true(pod_is_available(pod, 0, 0));
    assert_false(pod_is_available(pod, 5, 14 * SECOND));
    assert_true(pod_is_available(pod, 5, 15 * SECOND));
    assert_true(pod_is_scheduled(pod));
    assert_int_equal(pod_restart_count(pod), 3);
    assert_non_null(pod_container_status(pod, "containerStatuses", "a"));
    assert_int_equal(pod_phase_parse(""), POD_PENDING);
    assert_int_equal(pod_phase_parse("x"), POD_UNKNOWN);
    assert_string_equal(pod_phase_name(POD_RUNNING), "Running");
    assert_string_equal(pod_qos_name(POD_QOS_BEST_EFFORT), "BestEffort");
}

static void test_tolerations(void **state) {
    (void)state;
    static const struct {
        const char *toleration;
        const char *taint;
        bool tolerates;
    } rows[] = {
        {"{'operator':'Exists'}", "{'key':'a','value':'b','effect':'NoSchedule'}", true},
        {"{'key':'a','operator':'Exists'}", "{'key':'a','value':'b','effect':'NoSchedule'}", true},
        {"{'key':'a','operator':'Exists','effect':'NoExecute'}", "{'key':'a','effect':'NoSchedule'}", false},
        {"{'key':'a','value':'b'}", "{'key':'a','value':'b','effect':'NoSchedule'}", true},
        {"{'key':'a','value':'c'}", "{'key':'a','value':'b','effect':'NoSchedule'}", false},
        {"{'key':'a'}", "{'key':'a','effect':'NoSchedule'}", true},
        {"{'key':'b','operator':'Exists'}", "{'key':'a','effect':'NoSchedule'}", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON toleration = parse(rows[i].toleration);
        AUTO_JSON taint = parse(rows[i].taint);
        assert_true(pod_tolerates(toleration, taint) == rows[i].tolerates);
    }
}

static void test_view(void **state) {
    (void)state;
    AUTO_JSON pod =
        parse("{'metadata':{'name':'p','namespace':'n','creationTimestamp':'1970-01-01T00:00:05Z'},'spec':{'nodeName':'x',"
              "'priority':7,'nodeSelector':{'a':'b'},'tolerations':[{'key':'k','operator':'Exists','tolerationSeconds':9}],"
              "'containers':[{'name':'c','image':'img','ports':[{'containerPort':1,'hostPort':80}]}]},"
              "'status':{'phase':'Running'}}");
    struct object *object = NULL;
    assert_int_equal(object_new(pod, resource_pods(), &object, NULL), 0);
    struct pod_view *view = pod_view_new(object);
    object_unref(object);
    assert_string_equal(view->object->name, "p");
    assert_string_equal(view->node_name, "x");
    assert_int_equal(view->phase, POD_RUNNING);
    assert_int_equal(view->priority, 7);
    assert_int_equal(view->creation_time, 5 * SECOND);
    assert_int_equal(view->requests.cpu_milli, 0);
    assert_int_equal(view->nonzero_cpu_milli, 100);
    assert_int_equal(view->nonzero_memory, 200 * 1024 * 1024);
    assert_int_equal(view->host_port_count, 1);
    assert_string_equal(view->host_ports[0].ip, "0.0.0.0");
    assert_string_equal(view->host_ports[0].protocol, "TCP");
    assert_int_equal(view->tolerations[0].seconds, 9);
    assert_string_equal(view->node_selector[0].value, "b");
    assert_string_equal(view->images[0], "img");
    assert_null(view->images[1]);
    char key[] = "k";
    char effect[] = "NoExecute";
    assert_true(pod_view_tolerates(view, &(struct pod_taint){.key = key, .effect = effect}));
    pod_view_free(view);
}

static void test_node(void **state) {
    (void)state;
    AUTO_JSON node =
        parse("{'metadata':{'name':'n'},'spec':{'unschedulable':true},'status':{'allocatable':{'cpu':'2','memory':'1Gi',"
              "'pods':'110','example.com/x':'3'},'conditions':[{'type':'Ready','status':'True'}],'addresses':[{'type':"
              "'Hostname','address':'h'}],'images':[{'names':['a','b'],'sizeBytes':5}]}}");
    assert_true(node_is_ready(node));
    assert_true(node_is_unschedulable(node));
    assert_string_equal(node_preferred_address(node, (const char *const[]){"InternalIP", "Hostname", NULL}), "h");
    assert_true(node_add_taint(node, "k", NULL, "NoExecute", SECOND));
    assert_false(node_add_taint(node, "k", NULL, "NoExecute", SECOND));
    assert_true(node_has_taint(node, "k", NULL));
    assert_false(node_has_taint(node, "k", "NoSchedule"));
    struct object *object = NULL;
    assert_int_equal(object_new(node, resource_nodes(), &object, NULL), 0);
    struct node_view *view = node_view_new(object);
    object_unref(object);
    assert_int_equal(view->allocatable.cpu_milli, 2000);
    assert_int_equal(view->allocatable.pods, 110);
    assert_int_equal(resource_amounts_get(&view->allocatable, "example.com/x"), 3);
    assert_int_equal(resource_amounts_get(&view->allocatable, "none"), 0);
    assert_int_equal(view->taint_count, 1);
    assert_int_equal(view->image_count, 2);
    node_view_free(view);
    assert_true(node_remove_taint(node, "k", "NoExecute"));
    assert_false(node_remove_taint(node, "k", "NoExecute"));
}

static void test_amounts(void **state) {
    (void)state;
    AUTO_JSON map = parse("{'cpu':'1','z':'1','a':'2','memory':'9223372036854775807'}");
    AUTO_RESOURCE_AMOUNTS a = {0};
    resource_amounts_add_json(&a, map);
    resource_amounts_add_json(&a, map);
    assert_int_equal(a.cpu_milli, 2000);
    assert_true(a.memory == INT64_MAX);
    assert_string_equal(a.others[0].name, "a");
    AUTO_RESOURCE_AMOUNTS b = {0};
    resource_amounts_copy(&b, &a);
    resource_amounts_subtract(&b, &a);
    assert_true(resource_amounts_is_zero(&b));
    resource_amounts_max(&b, &a);
    assert_int_equal(resource_amounts_get(&b, "a"), 4);
}

static void test_defaults(void **state) {
    (void)state;
    static const struct {
        const char *image;
        const char *policy;
    } rows[] = {{"a", "Always"},
                {"a:latest", "Always"},
                {"a:1", "IfNotPresent"},
                {"host:5000/a", "Always"},
                {"host:5000/a:1", "IfNotPresent"},
                {"a@sha256:00", "IfNotPresent"},
                {"a:1@sha256:00", "IfNotPresent"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON pod =
            parse("{'spec':{'hostNetwork':true,'serviceAccount':'s','volumes':[{'name':'v'}],'containers':[{'name':'a','ports':["
                  "{'containerPort':5}],'resources':{'limits':{'cpu':'1'}},'livenessProbe':{'periodSeconds':0}}]}}");
        struct json *container = json_at(json_find(pod, "spec.containers"), 0);
        json_set_string(container, "image", rows[i].image);
        defaults_apply(resource_pods(), pod);
        assert_string_equal(json_get_text(container, "imagePullPolicy"), rows[i].policy);
        assert_string_equal(json_find_text(container, "resources.requests.cpu"), "1");
        assert_int_equal(json_get_int(json_at(json_get(container, "ports"), 0), "hostPort", 0), 5);
        assert_int_equal(json_find_int(container, "livenessProbe.periodSeconds", 0), 10);
        assert_true(json_is_object(json_get(json_at(json_find(pod, "spec.volumes"), 0), "emptyDir")));
        assert_string_equal(json_find_text(pod, "spec.serviceAccountName"), "s");
        assert_true(json_find_bool(pod, "spec.enableServiceLinks", false));
    }
    AUTO_JSON secret = parse("{'data':{'a':'eA=='},'stringData':{'a':'y','b':'z'}}");
    defaults_apply(resource_secrets(), secret);
    assert_string_equal(json_find_text(secret, "data.a"), "eQ==");
    assert_string_equal(json_find_text(secret, "data.b"), "eg==");
    assert_false(json_has(secret, "stringData"));
    AUTO_JSON ns = parse("{'metadata':{'name':'x'}}");
    defaults_apply(resource_namespaces(), ns);
    assert_string_equal(json_get_text(json_find(ns, "metadata.labels"), "kubernetes.io/metadata.name"), "x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),    cmocka_unit_test(test_qos),      cmocka_unit_test(test_facts),
        cmocka_unit_test(test_tolerations), cmocka_unit_test(test_view),     cmocka_unit_test(test_node),
        cmocka_unit_test(test_amounts),     cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
