// SPDX-License-Identifier: Apache-2.0
// The Node object and its patches, and control groups in a folder.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "kubelet/cgroup.h"
#include "kubelet/node.h"

static void parse_options(const char *arguments, struct kubelet_options *options) {
    AUTO_STR_LIST list = {0};
    struct options_result result = {0};
    AUTO_ERROR err = NULL;
    str_list_add(&list, "kubelet");
    str_list_split(&list, arguments, '|');
    *options = (struct kubelet_options){0};
    if (options_parse(kubelet_option_table, options, (int)list.len, list.items, &result, &err) < 0)
        fail_msg("%s", error_message(err));
    options_result_free(&result);
}

static void test_node(void **state) {
    (void)state;
    struct kubelet_options options;
    parse_options("--hostname-override=n1|--node-labels=a=b,c=|--register-with-taints=x=y:NoSchedule|--cloud-provider=external|--"
                  "provider-id=p://1",
                  &options);
    struct node_facts facts = {.name = alloc_string("n1"), .hostname = alloc_string("host")};
    str_list_add(&facts.ips, "192.168.0.1");
    facts.capacity = (struct resource_amounts){.cpu_milli = 4000, .memory = 8 << 20, .pods = 110, .ephemeral_storage = 1 << 20};
    facts.allocatable = facts.capacity;
    const struct node_config config = {.options = &options, .facts = &facts, .port = 10250};
    struct runtime_status runtime = {.runtime = {.ready = true}, .network = {.ready = true}};
    AUTO_JSON node = node_make(&config, &runtime, NULL);
    assert_string_equal(meta_label(node, "a"), "b");
    assert_string_equal(meta_label(node, "c"), "");
    assert_string_equal(meta_label(node, "kubernetes.io/hostname"), "n1");
    assert_true(meta_condition_is(node, "Ready", "True"));
    assert_string_equal(json_find_text(node, "status.capacity.cpu"), "4");
    assert_string_equal(json_find_text(node, "status.capacity.memory"), "8192Ki");
    assert_string_equal(json_find_text(node, "spec.providerID"), "p://1");
    assert_string_equal(json_get_text(json_at(json_find(node, "spec.taints"), 0), "key"), "x");
    assert_int_equal(json_len(json_find(node, "spec.taints")), 2);
    // What the runtime says decides over Ready.
    runtime.network = (struct runtime_condition){.reason = (char *)"NetworkPluginNotReady", .message = (char *)"no config"};
    AUTO_JSON waiting = node_make_status(&config, &runtime, NULL);
    const struct json *ready = json_array_find(json_get(waiting, "conditions"), "type", "Ready", NULL);
    assert_string_equal(json_get_text(ready, "message"), "container runtime network not ready: NetworkReady=false "
                                                         "reason:NetworkPluginNotReady message:no config");
    AUTO_JSON down = node_make_status(&config, NULL, NULL);
    ready = json_array_find(json_get(down, "conditions"), "type", "Ready", NULL);
    assert_string_equal(json_get_text(ready, "message"), "container runtime is down");
    // Patches: nothing without a change, heartbeats only when forced, transition times only when the status moves.
    AUTO_JSON same = node_status_patch(node, json_get(node, "status"), false, 1000 * SECOND);
    assert_null(same);
    AUTO_JSON forced = node_status_patch(node, json_get(node, "status"), true, 1000 * SECOND);
    assert_int_equal(json_len(json_find(forced, "status.conditions")), 4);
    AUTO_JSON changed = node_status_patch(node, waiting, false, 1000 * SECOND);
    const struct json *moved = json_array_find(json_find(changed, "status.conditions"), "type", "Ready", NULL);
    assert_string_equal(json_get_text(moved, "lastTransitionTime"), "1970-01-01T00:16:40Z");
    assert_null(json_find(changed, "status.capacity"));
    free(facts.name);
    free(facts.hostname);
    str_list_free(&facts.ips);
    options_free(kubelet_option_table, &options);
}

static void write_file(const char *root, const char *name, const char *text) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", root, name);
    assert_int_equal(file_write_atomic(str_text(&path), text, strlen(text), 0644, NULL), 0);
}

static void check_exists(const char *root, const char *name, bool expected) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", root, name);
    if (file_exists(str_text(&path)) != expected)
        fail_msg("%s %s", name, expected ? "is missing" : "is still there");
}

static void make_folder(const char *root, const char *name) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", root, name);
    assert_int_equal(file_make_directories(str_text(&path), 0755, NULL), 0);
}

static void test_cgroups(void **state) {
    (void)state;
    static const char pod_text[] =
        "{\"metadata\":{\"name\":\"p\",\"uid\":\"u-1\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{"
        "\"requests\":{\"cpu\":\"1\"}}}]}}";
    AUTO_JSON pod = NULL;
    assert_int_equal(json_parse(pod_text, strlen(pod_text), NULL, &pod, NULL), 0);
    for (int version = 1; version <= 2; version++) {
        char root[] = "/tmp/cube-cgroup-XXXXXX";
        assert_non_null(mkdtemp(root));
        if (version == 2) {
            write_file(root, "cgroup.controllers", "cpu memory\n");
        } else {
            make_folder(root, "memory");
            make_folder(root, "cpu");
        }
        struct kubelet_options options;
        parse_options("--cgroup-root=/cube", &options);
        struct cgroups *cgroups = cgroups_new(&options, root);
        assert_int_equal(cgroups_is_v2(cgroups), version == 2);
        const struct resource_amounts allocatable = {.cpu_milli = 1000, .memory = 1 << 30};
        cgroups_start(cgroups, &allocatable);
        AUTO_STR parent = {0};
        cgroups_pod_parent(cgroups, pod, &parent);
        assert_string_equal(str_text(&parent), "/cube/kubepods/burstable/podu-1");
        cgroups_add_pod(cgroups, pod);
        const char *folder = version == 2 ? "cube/kubepods/burstable/podu-1" : "memory/cube/kubepods/burstable/podu-1";
        check_exists(root, folder, true);
        check_exists(root, version == 2 ? "cube/kubepods/besteffort" : "cpu/cube/kubepods/besteffort", true);
        AUTO_STR_LIST uids = {0};
        cgroups_pods(cgroups, &uids);
        assert_int_equal(uids.len, 1);
        assert_string_equal(uids.items[0], "u-1");
        cgroups_remove_pod(cgroups, "u-1");
        check_exists(root, folder, false);
        cgroups_free(cgroups);
        options_free(kubelet_option_table, &options);
        assert_int_equal(file_remove_tree(root, NULL), 0);
    }
    struct kubelet_options options;
    parse_options("--cgroup-driver=systemd", &options);
    struct cgroups *cgroups = cgroups_new(&options, "/nonexistent");
    AUTO_STR parent = {0};
    cgroups_pod_parent(cgroups, pod, &parent);
    assert_string_equal(str_text(&parent), "kubepods-burstable-podu_1.slice");
    cgroups_free(cgroups);
    options_free(kubelet_option_table, &options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node),
        cmocka_unit_test(test_cgroups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
