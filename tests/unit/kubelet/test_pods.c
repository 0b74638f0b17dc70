// SPDX-License-Identifier: Apache-2.0
// The life of pods on a runtime in memory and an API of one pod: start, restart with back-off, images that fail, deletion, adoption, orphans.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/api/meta.h"
#include "common/api/strategic_patch.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "kubelet/pods.h"
#include "kubelet/runtime/fake.h"

// An API that holds one pod as JSON.
struct api {
    struct transport base;
    struct lock lock;
    char *pod;
    bool deleted;
};

struct fixture {
    char root[64];
    struct clock *clock;
    struct runtime *runtime;
    struct api api;
    struct rest *rest;
    struct kubelet_options options;
    struct node_facts facts;
    struct cgroups *cgroups;
    struct status_writer *statuses;
    struct pods *pods;
};

static int roundtrip(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                     struct error **err) {
    struct api *api = CONTAINER_OF(transport, struct api, base);
    (void)err;
    *ret_response =
        (struct http_response){.status = 200, .content_type = alloc_string("application/json"), .retry_after_seconds = -1};
    LOCKED(&api->lock) {
        if (!strstr(request->path, "/pods/")) {
            ret_response->status = 404;
            str_append(&ret_response->body,
                       "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"code\":404,\"message\":\"x\"}");
        } else if (strcmp(request->method, "DELETE") == 0) {
            api->deleted = true;
            str_append(&ret_response->body, "{\"kind\":\"Status\",\"status\":\"Success\"}");
        } else if (strcmp(request->method, "PATCH") == 0) {
            AUTO_JSON pod = NULL;
            AUTO_JSON patch = NULL;
            AUTO_JSON result = NULL;
            assert_int_equal(json_parse(api->pod, strlen(api->pod), NULL, &pod, NULL), 0);
            assert_int_equal(json_parse(request->body, request->body_len, NULL, &patch, NULL), 0);
            assert_int_equal(strategic_patch_apply(resource_pods()->type, pod, patch, &result, NULL), 0);
            free(api->pod);
            api->pod = json_text(result);
            str_append(&ret_response->body, api->pod);
        } else {
            str_append(&ret_response->body, api->pod);
        }
    }
    return 0;
}

static void transport_nothing(struct transport *transport) {
    (void)transport;
}

static const struct transport_ops api_ops = {.name = "one pod", .roundtrip = roundtrip, .free = transport_nothing};

static void start_pods(struct fixture *f) {
    f->statuses = status_writer_new(&(struct status_writer_config){.rest = f->rest, .clock = clock_system()});
    status_writer_start(f->statuses);
    f->pods = pods_new(&(struct pods_config){.options = &f->options,
                                             .facts = &f->facts,
                                             .runtime = f->runtime,
                                             .rest = f->rest,
                                             .clock = f->clock,
                                             .statuses = f->statuses,
                                             .cgroups = f->cgroups});
    pods_start(f->pods);
}

static void stop_pods(struct fixture *f) {
    pods_stop(f->pods);
    status_writer_stop(f->statuses);
    pods_free(f->pods);
    status_writer_free(f->statuses);
}

static int set_up(void **state) {
    struct fixture *f = alloc_zero(sizeof(*f));
    strcpy(f->root, "/tmp/cube-pods-XXXXXX");
    if (!mkdtemp(f->root))
        return -1;
    f->clock = clock_fake_new(INT64_C(1700000000) * SECOND);
    f->runtime = fake_runtime_new(f->clock);
    fake_runtime_add_image(f->runtime, "img:1");
    f->api.base.ops = &api_ops;
    lock_init(&f->api.lock, "api");
    f->rest = rest_new(&(struct rest_config){.transport = &f->api.base, .clock = clock_system(), .user_agent = "test"});
    struct options_result result = {0};
    char root[100], logs[100], links[100];
    snprintf(root, sizeof(root), "--root-dir=%s/root", f->root);
    snprintf(logs, sizeof(logs), "--pod-logs-dir=%s/logs", f->root);
    snprintf(links, sizeof(links), "--container-logs-dir=%s/links", f->root);
    char *arguments[] = {(char *)"kubelet", root, logs, links, (char *)"--cgroups-per-qos=false", (char *)"--resolv-conf=", NULL};
    AUTO_ERROR err = NULL;
    if (options_parse(kubelet_option_table, &f->options, 6, arguments, &result, &err) < 0)
        fail_msg("%s", error_message(err));
    options_result_free(&result);
    f->facts.name = alloc_string("n1");
    f->facts.runtime_name = alloc_string("fake");
    str_list_add(&f->facts.ips, "192.168.0.1");
    f->facts.memory_capacity = INT64_C(8) << 30;
    f->cgroups = cgroups_new(&f->options, f->root);
    start_pods(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    stop_pods(f);
    cgroups_free(f->cgroups);
    node_facts_free(&f->facts);
    options_free(kubelet_option_table, &f->options);
    rest_free(f->rest);
    runtime_free(f->runtime);
    clock_fake_free(f->clock);
    free(f->api.pod);
    lock_destroy(&f->api.lock);
    int result = file_remove_tree(f->root, NULL);
    free(f);
    return result;
}

// Puts the API's pod before the kubelet, after `change` (a JSON merge of metadata, may be NULL).
static void give(struct fixture *f, const char *pod) {
    LOCKED(&f->api.lock) {
        if (pod) {
            free(f->api.pod);
            f->api.pod = alloc_string(pod);
        }
        struct object *object = NULL;
        assert_int_equal(object_new_from_bytes(f->api.pod, strlen(f->api.pod), resource_pods(), &object, NULL), 0);
        pods_update(f->pods, object);
        object_unref(object);
    }
}

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

// Waits until the member at this path of the API's pod is `expected` (numbers as text).
static void expect(struct fixture *f, const char *list, const char *path, const char *expected) {
    AUTO_STR last = {0};
    for (int i = 0; i < 2500; i++) {
        AUTO_JSON pod = NULL;
        LOCKED(&f->api.lock) {
            assert_int_equal(json_parse(f->api.pod, strlen(f->api.pod), NULL, &pod, NULL), 0);
        }
        const struct json *from = json_get(pod, "status");
        if (list)
            from = json_at(json_get(from, list), 0);
        const struct json *value = json_find(from, path);
        str_clear(&last);
        if (json_is_string(value))
            str_append(&last, json_string(value));
        else if (value)
            str_append_int(&last, json_int(value, -1));
        if (strcmp(str_text(&last), expected) == 0)
            return;
        nap();
    }
    fail_msg("%s is \"%s\", expected \"%s\"", path, str_text(&last), expected);
}

static void expect_calls(struct fixture *f, const char *call, size_t count) {
    for (int i = 0; i < 2500 && fake_runtime_calls(f->runtime, call) != count; i++)
        nap();
    assert_int_equal(fake_runtime_calls(f->runtime, call), count);
}

static void event(struct fixture *f, const char *id) {
    const struct runtime_event stopped = {.type = RUNTIME_EVENT_STOPPED, .id = id};
    pods_runtime_event(f->pods, &stopped);
}

#define POD(extra)                                                                                                               \
    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\","                  \
    "\"resourceVersion\":\"1\"},"                                                                                                \
    "\"spec\":{\"nodeName\":\"n1\",\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":5,\"containers\":[{\"name\":"  \
    "\"c\"," extra "}]}}"

static void test_start_restart_back_off(void **state) {
    struct fixture *f = *state;
    give(f, POD("\"image\":\"img:1\""));
    expect(f, "containerStatuses", "state.running.startedAt", "2023-11-14T22:13:20Z");
    expect(f, NULL, "phase", "Running");
    expect(f, NULL, "podIP", "10.0.0.2");
    // The first restart comes at once, the second after ten seconds.
    clock_fake_advance(f->clock, SECOND);
    assert_true(fake_runtime_exit(f->runtime, "u1", "c", 1));
    event(f, "container-2");
    expect(f, "containerStatuses", "restartCount", "1");
    expect(f, "containerStatuses", "lastState.terminated.exitCode", "1");
    assert_true(fake_runtime_exit(f->runtime, "u1", "c", 1));
    event(f, "container-3");
    expect(f, "containerStatuses", "state.waiting.reason", "CrashLoopBackOff");
    expect(f, "containerStatuses", "state.waiting.message", "back-off 10s restarting failed container=c pod=p_ns(u1)");
    assert_int_equal(fake_runtime_calls(f->runtime, "start_container"), 2);
    clock_fake_advance(f->clock, 11 * SECOND);
    expect(f, "containerStatuses", "restartCount", "2");
    expect(f, "containerStatuses", "state.running.startedAt", "2023-11-14T22:13:32Z");
    // Older ended containers are removed; the one before stays for its log.
    expect_calls(f, "remove_container", 1);
}

static void test_image_fails(void **state) {
    struct fixture *f = *state;
    fake_runtime_fail_next(f->runtime, "pull_image", "no such image");
    give(f, POD("\"image\":\"other:1\""));
    expect(f, "containerStatuses", "state.waiting.reason", "ErrImagePull");
    expect(f, "containerStatuses", "state.waiting.message", "rpc error: code = Unknown desc = no such image");
    clock_fake_advance(f->clock, 6 * SECOND);
    expect(f, "containerStatuses", "state.waiting.reason", "ImagePullBackOff");
    clock_fake_advance(f->clock, 6 * SECOND);
    expect(f, NULL, "phase", "Running");
    expect_calls(f, "pull_image", 2);
}

static void test_invalid_image_name(void **state) {
    struct fixture *f = *state;
    give(f, POD("\"image\":\"Bad Name\""));
    expect(f, "containerStatuses", "state.waiting.reason", "InvalidImageName");
    expect(f, "containerStatuses", "state.waiting.message",
           "Failed to apply default image tag \"Bad Name\": couldn't parse image name \"Bad Name\": invalid reference format");
    assert_int_equal(fake_runtime_calls(f->runtime, "pull_image"), 0);
}

static void test_start_fails(void **state) {
    struct fixture *f = *state;
    fake_runtime_fail_next(f->runtime, "start_container", "exec: no such file");
    give(f, POD("\"image\":\"img:1\""));
    expect(f, "containerStatuses", "state.waiting.reason", "RunContainerError");
    expect(f, "containerStatuses", "state.waiting.message", "exec: no such file");
    expect(f, "containerStatuses", "lastState.terminated.reason", "StartError");
    clock_fake_advance(f->clock, 2 * SECOND);
    expect(f, "containerStatuses", "restartCount", "1");
    expect(f, NULL, "phase", "Running");
}

// The runtime says so of a start whose caller was killed: the container is made again and counts as the same.
static void test_start_broken_off(void **state) {
    struct fixture *f = *state;
    fake_runtime_fail_next(f->runtime, "start_container", "failed to create task: context canceled");
    give(f, POD("\"image\":\"img:1\""));
    expect_calls(f, "start_container", 1);
    for (int i = 0; i < 1000 && fake_runtime_calls(f->runtime, "start_container") < 2; i++) {
        clock_fake_advance(f->clock, SECOND / 4);
        nap();
    }
    expect(f, NULL, "phase", "Running");
    expect(f, "containerStatuses", "restartCount", "0");
    assert_int_equal(fake_runtime_calls(f->runtime, "remove_container"), 1);
}

static void test_sandbox_fails(void **state) {
    struct fixture *f = *state;
    fake_runtime_fail_next(f->runtime, "run_sandbox", "no network");
    give(f, POD("\"image\":\"img:1\""));
    expect_calls(f, "run_sandbox", 1);
    expect(f, "containerStatuses", "state.waiting.reason", "ContainerCreating");
    for (int i = 0; i < 1000 && fake_runtime_calls(f->runtime, "run_sandbox") < 2; i++) {
        clock_fake_advance(f->clock, SECOND);
        nap();
    }
    expect(f, NULL, "phase", "Running");
}

// The clock was set back between two containers: the one with the higher count is the newer one all the same.
static void test_newest_is_by_count(void **state) {
    struct fixture *f = *state;
    give(f, POD("\"image\":\"img:1\""));
    expect(f, NULL, "phase", "Running");
    clock_fake_advance(f->clock, -HOUR);
    assert_true(fake_runtime_exit(f->runtime, "u1", "c", 1));
    event(f, "container-2");
    expect(f, "containerStatuses", "restartCount", "1");
    expect(f, "containerStatuses", "state.running.startedAt", "2023-11-14T21:13:20Z");
    assert_int_equal(fake_runtime_calls(f->runtime, "start_container"), 2);
}

static void test_missing_config_map(void **state) {
    struct fixture *f = *state;
    give(
        f,
        POD("\"image\":\"img:1\",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]"));
    expect(f, "containerStatuses", "state.waiting.reason", "CreateContainerConfigError");
    assert_int_equal(fake_runtime_calls(f->runtime, "create_container"), 0);
}

static void delete_pod(struct fixture *f) {
    LOCKED(&f->api.lock) {
        AUTO_JSON pod = NULL;
        assert_int_equal(json_parse(f->api.pod, strlen(f->api.pod), NULL, &pod, NULL), 0);
        json_put_string(pod, "metadata.deletionTimestamp", "2023-11-14T22:14:00Z");
        json_put(pod, "metadata.deletionGracePeriodSeconds", json_new_int(5));
        free(f->api.pod);
        f->api.pod = json_text(pod);
    }
    give(f, NULL);
}

static bool is_deleted(struct fixture *f) {
    bool deleted = false;
    LOCKED(&f->api.lock) {
        deleted = f->api.deleted;
    }
    return deleted;
}

static void test_deletion(void **state) {
    struct fixture *f = *state;
    give(f, POD("\"image\":\"img:1\""));
    expect(f, NULL, "phase", "Running");
    delete_pod(f);
    for (int i = 0; i < 2500 && !is_deleted(f); i++)
        nap();
    assert_true(is_deleted(f));
    expect(f, NULL, "phase", "Succeeded");
    assert_int_equal(fake_runtime_calls(f->runtime, "stop_container"), 1);
    AUTO_OBJECT object = pods_get(f->pods, "ns", "p");
    assert_non_null(object);
    pods_removed(f->pods, object);
    for (int i = 0; i < 2500 && pods_len(f->pods) > 0; i++)
        nap();
    assert_int_equal(pods_len(f->pods), 0);
    assert_int_equal(fake_runtime_calls(f->runtime, "remove_sandbox"), 1);
    assert_int_equal(fake_runtime_calls(f->runtime, "remove_container"), 1);
}

static void test_adoption_and_orphans(void **state) {
    struct fixture *f = *state;
    give(f, POD("\"image\":\"img:1\""));
    expect(f, NULL, "phase", "Running");
    // A new kubelet on the same runtime: nothing starts again.
    stop_pods(f);
    start_pods(f);
    give(f, NULL);
    size_t before = fake_runtime_calls(f->runtime, "container_status");
    for (int i = 0; i < 2500 && fake_runtime_calls(f->runtime, "container_status") == before; i++)
        nap();
    pods_clean_orphans(f->pods);
    assert_int_equal(fake_runtime_calls(f->runtime, "run_sandbox"), 1);
    assert_int_equal(fake_runtime_calls(f->runtime, "start_container"), 1);
    assert_int_equal(fake_runtime_calls(f->runtime, "stop_container"), 0);
    // A third one whose API has no such pod ends and removes it.
    stop_pods(f);
    start_pods(f);
    pods_clean_orphans(f->pods);
    expect_calls(f, "stop_container", 1);
    expect_calls(f, "remove_sandbox", 1);
    for (int i = 0; i < 2500 && pods_len(f->pods) > 0; i++)
        nap();
    assert_int_equal(pods_len(f->pods), 0);
}

// What a kubelet that was killed left of pods that neither the API nor the runtime knows.
static void test_orphaned_files(void **state) {
    struct fixture *f = *state;
    static const char *const rows[] = {"root/pods/gone/volumes/x", "logs/ns_p_gone/c", "logs/ns_p_u1/c", "logs/other/c", "links"};
    static const bool stays[] = {false, false, true, true, true};
    for (size_t i = 0; i < 5; i++) {
        CLEANUP(free_ptr) char *path = alloc_printf("%s/%s", f->root, rows[i]);
        assert_int_equal(file_make_directories(path, 0755, NULL), 0);
    }
    static const char *const targets[] = {"%s/logs/ns_p_gone/c/0.log", "%s/logs/ns_p_u1/c", "/nowhere"};
    for (int i = 0; i < 3; i++) {
        CLEANUP(free_ptr) char *link = alloc_printf("%s/links/%d.log", f->root, i);
        AUTO_STR target = {0};
        const char *rest = str_skip_prefix(targets[i], "%s");
        str_printf(&target, "%s%s", rest ? f->root : "", rest ? rest : targets[i]);
        assert_int_equal(symlink(str_text(&target), link), 0);
    }
    give(f, POD("\"image\":\"img:1\""));
    pods_clean_orphans(f->pods);
    for (size_t i = 0; i < 5; i++) {
        CLEANUP(free_ptr) char *path = alloc_printf("%s/%s", f->root, rows[i]);
        assert_int_equal(file_is_directory(path), stays[i]);
    }
    AUTO_STR_LIST links = {0};
    CLEANUP(free_ptr) char *folder = alloc_printf("%s/links", f->root);
    assert_int_equal(file_list(folder, &links, NULL), 0);
    assert_false(str_list_contains(&links, "0.log"));
    assert_true(str_list_contains(&links, "1.log"));
    assert_true(str_list_contains(&links, "2.log")); // somebody else's
    expect(f, NULL, "phase", "Running");
}

static void test_probes(void **state) {
    struct fixture *f = *state;
    fake_runtime_set_exec(f->runtime, 1, "not yet");
    give(f, POD("\"image\":\"img:1\",\"readinessProbe\":{\"exec\":{\"command\":[\"x\"]},\"periodSeconds\":1},"
                "\"livenessProbe\":{\"exec\":{\"command\":[\"x\"]},\"periodSeconds\":1,\"failureThreshold\":2,"
                "\"initialDelaySeconds\":30}"));
    expect(f, NULL, "phase", "Running");
    expect_calls(f, "exec_sync", 1);
    expect(f, "containerStatuses", "restartCount", "0");
    AUTO_JSON pod = NULL;
    LOCKED(&f->api.lock) {
        assert_int_equal(json_parse(f->api.pod, strlen(f->api.pod), NULL, &pod, NULL), 0);
    }
    assert_true(meta_condition_is(pod, "Ready", "False"));
    fake_runtime_set_exec(f->runtime, 0, "");
    bool ready = false;
    for (int i = 0; i < 500 && !ready; i++) {
        clock_fake_advance(f->clock, SECOND / 4);
        nap();
        AUTO_JSON now = NULL;
        LOCKED(&f->api.lock) {
            assert_int_equal(json_parse(f->api.pod, strlen(f->api.pod), NULL, &now, NULL), 0);
        }
        ready = meta_condition_is(now, "Ready", "True");
    }
    assert_true(ready);
    fake_runtime_set_exec(f->runtime, 1, "broken");
    for (int i = 0; i < 2000 && fake_runtime_calls(f->runtime, "stop_container") == 0; i++) {
        clock_fake_advance(f->clock, SECOND / 4);
        nap();
    }
    assert_int_equal(fake_runtime_calls(f->runtime, "stop_container"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start_restart_back_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_image_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_start_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_start_broken_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_invalid_image_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sandbox_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_config_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deletion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_adoption_and_orphans, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_orphaned_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newest_is_by_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_probes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
