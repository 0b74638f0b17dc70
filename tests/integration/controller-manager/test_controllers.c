// SPDX-License-Identifier: Apache-2.0
// Controllers, scheduler and pretended kubelets against the apiserver's core, all in this process.
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
#include "common/api/node.h"
#include "common/api/pod.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "tests/fixtures/cluster/in_process_cluster.h"

static const char *const flags[] = {"--node-monitor-period=100ms",      "--node-monitor-grace-period=1500ms",
                                    "--node-startup-grace-period=5s",   "--node-eviction-rate=10",
                                    "--controllers=*,-bootstrapsigner", NULL};

static int set_up(void **state) {
    const struct in_process_cluster_config config = {.controllers = true, .scheduler = true, .flags = flags, .nodes = 2};
    *state = in_process_cluster_start(&config);
    return 0;
}

static int tear_down(void **state) {
    in_process_cluster_stop(*state);
    return 0;
}

static void create_replicaset(struct in_process_cluster *cluster, const char *name, int replicas, const char *pod_spec) {
    AUTO_STR text = {0};
    str_printf(
        &text,
        "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"replicas\":%d,"
        "\"selector\":{\"matchLabels\":{\"app\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"%s\"}},\"spec\":{"
        "%s\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}",
        name, replicas, name, name, pod_spec);
    in_process_cluster_create(cluster, "default", text.data);
}

static struct rest_target replicaset(const char *name) {
    return (struct rest_target){.resource = resource_replicasets(), .ns = "default", .name = name};
}

// --- what is waited for ------------------------------------------------------------------------------------------------

struct wanted {
    const char *name;
    const char *other;
    int64_t count;
};

static bool is_of(const struct json *pod, const void *app) {
    return str_equal(meta_label(pod, "app"), app);
}

static bool runs_for(const struct json *pod, const void *app) {
    return is_of(pod, app) && !meta_deleting(pod) && pod_is_ready(pod) && pod_is_scheduled(pod);
}

static bool has_ready(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON object = in_process_cluster_get(cluster, resource_replicasets(), "default", wanted->name);
    return json_find_int(object, "status.readyReplicas", 0) == wanted->count &&
           json_find_int(object, "status.replicas", 0) == wanted->count &&
           json_find_int(object, "status.observedGeneration", 0) == meta_generation(object) &&
           (int64_t)in_process_cluster_count(cluster, resource_pods(), "default", runs_for, wanted->name) == wanted->count &&
           (int64_t)in_process_cluster_count(cluster, resource_pods(), "default", is_of, wanted->name) == wanted->count;
}

static void expect_ready(struct in_process_cluster *cluster, const char *name, int64_t count) {
    struct wanted wanted = {.name = name, .count = count};
    if (in_process_cluster_wait(cluster, has_ready, &wanted))
        return;
    AUTO_JSON object = in_process_cluster_get(cluster, resource_replicasets(), "default", name);
    char *text = json_text(object);
    fail_msg("wanted %lld ready, %zu pods, %zu run: %s", (long long)count,
             in_process_cluster_count(cluster, resource_pods(), "default", is_of, name),
             in_process_cluster_count(cluster, resource_pods(), "default", runs_for, name), text);
}

static bool has_no_pods(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    return in_process_cluster_count(cluster, resource_pods(), "default", is_of, wanted->name) == 0;
}

static bool is_gone(struct in_process_cluster *cluster, void *argument) {
    const struct rest_target *target = argument;
    AUTO_JSON object = in_process_cluster_get(cluster, target->resource, target->ns, target->name);
    return !object;
}

static void expect_gone(struct in_process_cluster *cluster, struct rest_target target) {
    if (in_process_cluster_wait(cluster, is_gone, &target))
        return;
    AUTO_JSON object = in_process_cluster_get(cluster, target.resource, target.ns, target.name);
    char *text = json_text(object);
    fail_msg("%s is still there: %s", target.name, text);
}

static void remove_replicaset(struct in_process_cluster *cluster, const char *name) {
    struct wanted wanted = {.name = name};
    struct rest_target target = replicaset(name);
    in_process_cluster_delete(cluster, &target, "Background");
    expect_gone(cluster, target);
    assert_true(in_process_cluster_wait(cluster, has_no_pods, &wanted));
}

// --- ReplicaSets -------------------------------------------------------------------------------------------------------

static bool on_node(const struct json *pod, const void *node) {
    return str_equal(json_find_text(pod, "spec.nodeName"), node);
}

static void test_scale(void **state) {
    struct in_process_cluster *cluster = *state;
    create_replicaset(cluster, "web", 4, "");
    expect_ready(cluster, "web", 4);
    assert_int_equal(in_process_cluster_count(cluster, resource_pods(), "default", on_node, "node-0"), 2); // spread
    struct rest_target target = replicaset("web");
    const int64_t counts[] = {30, 1, 0, 7};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        AUTO_STR patch = {0};
        str_printf(&patch, "{\"spec\":{\"replicas\":%lld}}", (long long)counts[i]);
        in_process_cluster_merge(cluster, &target, patch.data);
        expect_ready(cluster, "web", counts[i]);
    }
    remove_replicaset(cluster, "web");
}

// Never more pods than wanted were ever made: names of creations are counted by their events.
static bool is_creation_of(const struct json *event, const void *name) {
    return str_equal(json_get_text(event, "reason"), "SuccessfulCreate") &&
           str_equal(json_find_text(event, "involvedObject.name"), name);
}

static void test_creates_no_more_than_wanted(void **state) {
    struct in_process_cluster *cluster = *state;
    create_replicaset(cluster, "exact", 20, "");
    expect_ready(cluster, "exact", 20);
    usleep(100000);
    assert_int_equal(in_process_cluster_count(cluster, resource_events(), "default", is_creation_of, "exact"), 20);
    remove_replicaset(cluster, "exact");
}

static void test_adopt_and_release(void **state) {
    struct in_process_cluster *cluster = *state;
    in_process_cluster_create(
        cluster, "default",
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"orphan\",\"labels\":{\"app\":\"a\"}},"
        "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    // The controller has surely seen it: one that it sees later competes with pods that it made meanwhile.
    for (int i = 0; i < 1000 && in_process_cluster_count(cluster, resource_pods(), "default", runs_for, "a") == 0; i++)
        usleep(10000);
    usleep(300000);
    create_replicaset(cluster, "a", 2, "");
    expect_ready(cluster, "a", 2);
    AUTO_JSON adopted = in_process_cluster_get(cluster, resource_pods(), "default", "orphan");
    assert_string_equal(json_get_text(meta_controller(adopted), "name"), "a");
    struct rest_target pod = {.resource = resource_pods(), .ns = "default", .name = "orphan"};
    in_process_cluster_merge(cluster, &pod, "{\"metadata\":{\"labels\":{\"app\":\"other\"}}}");
    expect_ready(cluster, "a", 2);
    AUTO_JSON released = in_process_cluster_get(cluster, resource_pods(), "default", "orphan");
    assert_null(meta_controller(released));
    remove_replicaset(cluster, "a");
    AUTO_JSON left = in_process_cluster_get(cluster, resource_pods(), "default", "orphan");
    assert_non_null(left);
    in_process_cluster_delete(cluster, &pod, NULL);
    expect_gone(cluster, pod);
}

// --- deletion ----------------------------------------------------------------------------------------------------------

static void test_cascades(void **state) {
    struct in_process_cluster *cluster = *state;
    const char *const policies[] = {"Background", "Foreground", NULL};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct wanted wanted = {.name = "gone"};
        create_replicaset(cluster, "gone", 3, "");
        expect_ready(cluster, "gone", 3);
        struct rest_target target = replicaset("gone");
        in_process_cluster_delete(cluster, &target, policies[i]);
        expect_gone(cluster, target);
        if (policies[i] && strcmp(policies[i], "Foreground") == 0)
            assert_true(has_no_pods(cluster, &wanted)); // its pods went first
        assert_true(in_process_cluster_wait(cluster, has_no_pods, &wanted));
    }
}

static bool is_orphan_of(const struct json *pod, const void *app) {
    return is_of(pod, app) && !meta_controller(pod);
}

static void test_orphan(void **state) {
    struct in_process_cluster *cluster = *state;
    create_replicaset(cluster, "left", 3, "");
    expect_ready(cluster, "left", 3);
    struct rest_target target = replicaset("left");
    in_process_cluster_delete(cluster, &target, "Orphan");
    expect_gone(cluster, target);
    usleep(300000);
    assert_int_equal(in_process_cluster_count(cluster, resource_pods(), "default", is_orphan_of, "left"), 3);
    create_replicaset(cluster, "left", 3, ""); // the next one of that name takes them in
    expect_ready(cluster, "left", 3);
    remove_replicaset(cluster, "left");
}

static void create_owned(struct in_process_cluster *cluster, const char *name, const struct json *owner, const char *kind) {
    AUTO_STR text = {0};
    str_printf(&text,
               "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"ownerReferences\":[{\"apiVersion\":"
               "\"v1\",\"kind\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\",\"blockOwnerDeletion\":true}]}}",
               name, kind, meta_name(owner), meta_uid(owner));
    in_process_cluster_create(cluster, "default", text.data);
}

static void create_configmap(struct in_process_cluster *cluster, const char *name) {
    AUTO_STR text = {0};
    str_printf(&text, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"}}", name);
    in_process_cluster_create(cluster, "default", text.data);
}

static struct rest_target configmap(const char *name) {
    return (struct rest_target){.resource = resource_configmaps(), .ns = "default", .name = name};
}

static void set_owner(struct in_process_cluster *cluster, const char *name, const char *owner_name) {
    AUTO_JSON owner = in_process_cluster_get(cluster, resource_configmaps(), "default", owner_name);
    AUTO_STR patch = {0};
    str_printf(&patch,
               "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"%s\",\"uid\":\"%s\","
               "\"blockOwnerDeletion\":true}]}}",
               owner_name, meta_uid(owner));
    struct rest_target target = configmap(name);
    in_process_cluster_merge(cluster, &target, patch.data);
}

// Objects that own each other in a circle: deleting one in the foreground takes all, nobody waits for ever.
static void test_circle(void **state) {
    struct in_process_cluster *cluster = *state;
    const char *const names[] = {"circle-1", "circle-2", "circle-3"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        create_configmap(cluster, names[i]);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        set_owner(cluster, names[i], names[(i + 2) % 3]);
    usleep(200000); // the collector has seen them
    struct rest_target first = configmap(names[0]);
    in_process_cluster_delete(cluster, &first, "Foreground");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        expect_gone(cluster, configmap(names[i]));
}

// An owner that never was: the object goes. One of two owners goes: the object stays, with the other one.
static void test_absent_owners(void **state) {
    struct in_process_cluster *cluster = *state;
    create_configmap(cluster, "owner-1");
    create_configmap(cluster, "owner-2");
    AUTO_JSON one = in_process_cluster_get(cluster, resource_configmaps(), "default", "owner-1");
    AUTO_JSON two = in_process_cluster_get(cluster, resource_configmaps(), "default", "owner-2");
    create_owned(cluster, "kept", one, "ConfigMap");
    create_owned(cluster, "wrong-kind", one, "Secret");
    expect_gone(cluster, configmap("wrong-kind"));
    AUTO_STR patch = {0};
    str_printf(&patch,
               "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"owner-1\",\"uid\":"
               "\"%s\"},{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"owner-2\",\"uid\":\"%s\"}]}}",
               meta_uid(one), meta_uid(two));
    struct rest_target kept = configmap("kept");
    in_process_cluster_merge(cluster, &kept, patch.data);
    usleep(100000);
    struct rest_target owner = configmap("owner-1");
    in_process_cluster_delete(cluster, &owner, NULL);
    expect_gone(cluster, owner);
    usleep(300000);
    AUTO_JSON object = in_process_cluster_get(cluster, resource_configmaps(), "default", "kept");
    assert_int_equal(json_len(json_find(object, "metadata.ownerReferences")), 1);
    assert_true(meta_owned_by(object, meta_uid(two)));
    owner = configmap("owner-2");
    in_process_cluster_delete(cluster, &owner, NULL);
    expect_gone(cluster, kept);
}

// --- namespaces --------------------------------------------------------------------------------------------------------

static bool has_account_and_ca(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON account = in_process_cluster_get(cluster, resource_serviceaccounts(), wanted->name, "default");
    AUTO_JSON ca = in_process_cluster_get(cluster, resource_configmaps(), wanted->name, "kube-root-ca.crt");
    return account && str_equal(json_get_text(json_get(ca, "data"), "ca.crt"), "the CA");
}

static void test_namespace(void **state) {
    struct in_process_cluster *cluster = *state;
    struct wanted wanted = {.name = "team"};
    in_process_cluster_create(cluster, NULL, "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"team\"}}");
    assert_true(in_process_cluster_wait(cluster, has_account_and_ca, &wanted));
    struct rest_target ca = {.resource = resource_configmaps(), .ns = "team", .name = "kube-root-ca.crt"};
    in_process_cluster_merge(cluster, &ca, "{\"data\":{\"ca.crt\":\"forged\"}}");
    assert_true(in_process_cluster_wait(cluster, has_account_and_ca, &wanted));
    in_process_cluster_delete(cluster, &ca, NULL);
    struct rest_target account = {.resource = resource_serviceaccounts(), .ns = "team", .name = "default"};
    in_process_cluster_delete(cluster, &account, NULL);
    assert_true(in_process_cluster_wait(cluster, has_account_and_ca, &wanted));
    in_process_cluster_create(cluster, "team",
                              "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{"
                              "\"name\":\"c\",\"image\":\"i\"}]}}");
    in_process_cluster_create(
        cluster, "team",
        "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"r\"},\"spec\":{\"replicas\":"
        "3,\"selector\":{\"matchLabels\":{\"app\":\"r\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"r\"}},"
        "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}");
    struct rest_target namespace = {.resource = resource_namespaces(), .name = "team"};
    in_process_cluster_delete(cluster, &namespace, NULL);
    expect_gone(cluster, namespace);
    assert_int_equal(in_process_cluster_count(cluster, resource_pods(), "team", NULL, NULL), 0);
    assert_int_equal(in_process_cluster_count(cluster, resource_replicasets(), "team", NULL, NULL), 0);
}

static bool says_what_is_left(struct in_process_cluster *cluster, void *argument UNUSED) {
    AUTO_JSON namespace = in_process_cluster_get(cluster, resource_namespaces(), NULL, "stuck");
    return meta_condition_is(namespace, "NamespaceContentRemaining", "True") &&
           meta_condition_is(namespace, "NamespaceFinalizersRemaining", "True");
}

static void test_namespace_with_finalizers(void **state) {
    struct in_process_cluster *cluster = *state;
    in_process_cluster_create(cluster, NULL, "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"stuck\"}}");
    in_process_cluster_create(
        cluster, "stuck",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"c\",\"finalizers\":[\"example.com/x\"]}}");
    struct rest_target namespace = {.resource = resource_namespaces(), .name = "stuck"};
    in_process_cluster_delete(cluster, &namespace, NULL);
    assert_true(in_process_cluster_wait(cluster, says_what_is_left, NULL));
    AUTO_JSON object = in_process_cluster_get(cluster, resource_namespaces(), NULL, "stuck");
    assert_string_equal(json_get_text(meta_condition(object, "NamespaceContentRemaining"), "message"),
                        "Some resources are remaining: configmaps. has 1 resource instances");
    assert_string_equal(json_get_text(meta_condition(object, "NamespaceFinalizersRemaining"), "message"),
                        "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances");
    struct rest_target stuck = {.resource = resource_configmaps(), .ns = "stuck", .name = "c"};
    in_process_cluster_merge(cluster, &stuck, "{\"metadata\":{\"finalizers\":null}}");
    expect_gone(cluster, namespace);
}

// --- nodes -------------------------------------------------------------------------------------------------------------

static bool is_tainted(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON node = in_process_cluster_get(cluster, resource_nodes(), NULL, wanted->name);
    return node_has_taint(node, "node.kubernetes.io/unreachable", "NoExecute") &&
           node_has_taint(node, "node.kubernetes.io/unreachable", "NoSchedule") && meta_condition_is(node, "Ready", "Unknown");
}

static bool is_clean(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    AUTO_JSON node = in_process_cluster_get(cluster, resource_nodes(), NULL, wanted->name);
    return json_len(json_find(node, "spec.taints")) == 0;
}

static bool runs_on_other(const struct json *pod, const void *argument) {
    const struct wanted *wanted = argument;
    return runs_for(pod, wanted->name) && !on_node(pod, wanted->other);
}

static bool has_moved(struct in_process_cluster *cluster, void *argument) {
    const struct wanted *wanted = argument;
    return (int64_t)in_process_cluster_count(cluster, resource_pods(), "default", runs_on_other, wanted) >= wanted->count;
}

static void test_silent_node(void **state) {
    struct in_process_cluster *cluster = *state;
    create_replicaset(
        cluster, "moving", 4,
        "\"tolerations\":[{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\","
        "\"tolerationSeconds\":1},{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":"
        "\"NoExecute\",\"tolerationSeconds\":1}],");
    expect_ready(cluster, "moving", 4);
    assert_true(in_process_cluster_count(cluster, resource_pods(), "default", on_node, "node-1") > 0);
    in_process_cluster_set_node(cluster, "node-1", false);
    struct wanted wanted = {.name = "node-1"};
    assert_true(in_process_cluster_wait(cluster, is_tainted, &wanted));
    struct wanted moved = {.name = "moving", .other = "node-1", .count = 4};
    assert_true(in_process_cluster_wait(cluster, has_moved, &moved));
    // it comes back: its kubelet posts a status and finishes what was deleted meanwhile
    in_process_cluster_set_node(cluster, "node-1", true);
    struct rest_target node = {.resource = resource_nodes(), .name = "node-1", .subresource = "status"};
    in_process_cluster_merge(cluster, &node,
                             "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastHeartbeatTime\":\"2027-"
                             "01-01T00:00:00Z\"}]}}");
    assert_true(in_process_cluster_wait(cluster, is_clean, &wanted));
    struct rest_target target = replicaset("moving");
    in_process_cluster_delete(cluster, &target, NULL);
    expect_gone(cluster, target);
}

// All nodes silent at once: more likely our own fault. Nothing is evicted.
static void test_all_nodes_silent(void **state) {
    struct in_process_cluster *cluster = *state;
    in_process_cluster_set_node(cluster, "node-0", false);
    in_process_cluster_set_node(cluster, "node-1", false);
    sleep(4);
    for (int i = 0; i < 2; i++) {
        AUTO_JSON node = in_process_cluster_get(cluster, resource_nodes(), NULL, i ? "node-1" : "node-0");
        assert_true(meta_condition_is(node, "Ready", "Unknown"));
        assert_false(node_has_taint(node, "node.kubernetes.io/unreachable", "NoExecute"));
        assert_true(node_has_taint(node, "node.kubernetes.io/unreachable", "NoSchedule"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_creates_no_more_than_wanted),
        cmocka_unit_test(test_adopt_and_release),
        cmocka_unit_test(test_cascades),
        cmocka_unit_test(test_orphan),
        cmocka_unit_test(test_circle),
        cmocka_unit_test(test_absent_owners),
        cmocka_unit_test(test_namespace),
        cmocka_unit_test(test_namespace_with_finalizers),
        cmocka_unit_test(test_silent_node),
        cmocka_unit_test(test_all_nodes_silent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
