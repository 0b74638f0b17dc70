// SPDX-License-Identifier: Apache-2.0
// PodStatus and its patches: rows of (pod, what runs, what is remembered) -> phase, reasons, conditions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "kubelet/pod_status.h"
#include "kubelet/status_writer.h"

// Containers newest first: "name:state[:exit]"; waiting "name:reason".
struct row {
    const char *title, *spec, *status;
    const char *containers[5];
    const char *waiting;
    bool ended;
    const char *phase, *ready, *initialized;
    const char *state; // of the first container status, as JSON
};

#define ONE "\"containers\":[{\"name\":\"a\",\"image\":\"x\"}]"
#define INIT "\"initContainers\":[{\"name\":\"i\",\"image\":\"x\"}]," ONE

static const struct row rows[] = {
    {"fresh", ONE, "{}", {0}, NULL, false, "Pending", "False", "True", "{\"waiting\":{\"reason\":\"ContainerCreating\"}}"},
    {"fresh with init",
     INIT,
     "{}",
     {0},
     NULL,
     false,
     "Pending",
     "False",
     "False",
     "{\"waiting\":{\"reason\":\"PodInitializing\"}}"},
    {"init runs",
     INIT,
     "{}",
     {"i:running"},
     NULL,
     false,
     "Pending",
     "False",
     "False",
     "{\"waiting\":{\"reason\":\"PodInitializing\"}}"},
    {"init failed, Never",
     INIT ",\"restartPolicy\":\"Never\"",
     "{}",
     {"i:exited:1"},
     NULL,
     false,
     "Failed",
     "False",
     "False",
     "{\"waiting\":{\"reason\":\"PodInitializing\"}}"},
    {"runs",
     ONE,
     "{}",
     {"a:running"},
     NULL,
     false,
     "Running",
     "True",
     "True",
     "{\"running\":{\"startedAt\":\"1970-01-01T00:16:40Z\"}}"},
    {"readiness unknown",
     "\"containers\":[{\"name\":\"a\",\"image\":\"x\",\"readinessProbe\":{}}]",
     "{}",
     {"a:running"},
     NULL,
     false,
     "Running",
     "False",
     "True",
     "{\"running\":{\"startedAt\":\"1970-01-01T00:16:40Z\"}}"},
    {"bad image",
     ONE,
     "{}",
     {0},
     "a:ErrImagePull",
     false,
     "Pending",
     "False",
     "True",
     "{\"waiting\":{\"reason\":\"ErrImagePull\",\"message\":\"why\"}}"},
    {"back-off",
     ONE ",\"restartPolicy\":\"Always\"",
     "{}",
     {"a:exited:3"},
     "a:CrashLoopBackOff",
     false,
     "Running",
     "False",
     "True",
     "{\"waiting\":{\"reason\":\"CrashLoopBackOff\",\"message\":\"why\"}}"},
    {"succeeded", ONE ",\"restartPolicy\":\"Never\"", "{}", {"a:exited:0"}, NULL, false, "Succeeded", "False", "True", NULL},
    {"failed", ONE ",\"restartPolicy\":\"Never\"", "{}", {"a:exited:1"}, NULL, false, "Failed", "False", "True", NULL},
    {"failed, OnFailure",
     ONE ",\"restartPolicy\":\"OnFailure\"",
     "{}",
     {"a:exited:1"},
     NULL,
     false,
     "Running",
     "False",
     "True",
     NULL},
    {"ended while Always",
     ONE ",\"restartPolicy\":\"Always\"",
     "{}",
     {"a:exited:0"},
     NULL,
     true,
     "Succeeded",
     "False",
     "True",
     NULL},
    {"ended before it began", ONE, "{}", {0}, NULL, true, "Failed", "False", "True", NULL},
    {"final stays final", ONE, "{\"phase\":\"Succeeded\"}", {"a:exited:1"}, NULL, false, "Succeeded", "False", "True", NULL},
};

static void fill(struct pod_observed *observed, const struct row *row) {
    *observed =
        (struct pod_observed){.sandboxes = VEC_OF(struct runtime_sandbox), .containers = VEC_OF(struct runtime_container)};
    struct runtime_sandbox *sandbox = vec_push_zero(&observed->sandboxes);
    sandbox->id = alloc_string("s");
    sandbox->ready = true;
    str_list_add(&sandbox->ips, "10.0.0.9");
    for (size_t i = 0; i < 5 && row->containers[i]; i++) {
        AUTO_STR_LIST parts = {0};
        str_list_split(&parts, row->containers[i], ':');
        struct runtime_container *container = vec_push_zero(&observed->containers);
        container->name = alloc_string(parts.items[0]);
        container->id = alloc_printf("id-%s", parts.items[0]);
        container->image = alloc_string("x");
        container->image_ref = alloc_string("sha256:x");
        container->state = strcmp(parts.items[1], "running") == 0 ? RUNTIME_CONTAINER_RUNNING : RUNTIME_CONTAINER_EXITED;
        container->exit_code = parts.len > 2 ? atoi(parts.items[2]) : 0;
        container->started_at = 1000 * SECOND;
        container->finished_at = 1001 * SECOND;
    }
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        AUTO_STR text = {0};
        AUTO_JSON pod = NULL;
        str_printf(&text, "{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{%s},\"status\":%s}", row->spec, row->status);
        assert_int_equal(json_parse(str_text(&text), text.len, NULL, &pod, NULL), 0);
        struct pod_observed observed;
        struct pod_memory memory = {.start_time = 999 * SECOND};
        fill(&observed, row);
        if (row->waiting) {
            const char *colon = strchr(row->waiting, ':');
            char *name = alloc_string_n(row->waiting, (size_t)(colon - row->waiting));
            pod_memory_waiting(pod_memory_container(&memory, name), colon + 1, "why");
            free(name);
        }
        AUTO_STR_LIST host = {0};
        str_list_add(&host, "192.168.0.1");
        AUTO_JSON status = pod_status_make(&(struct pod_status_input){.pod = pod,
                                                                      .observed = &observed,
                                                                      .memory = &memory,
                                                                      .host_ips = &host,
                                                                      .runtime_name = "containerd",
                                                                      .ended = row->ended});
        AUTO_JSON whole = json_new_object();
        json_set(whole, "status", json_ref(status));
        if (strcmp(json_get_text(status, "phase"), row->phase) != 0)
            fail_msg("%s: phase %s", row->title, json_get_text(status, "phase"));
        if (!meta_condition_is(whole, "Ready", row->ready))
            fail_msg("%s: Ready is not %s", row->title, row->ready);
        if (!meta_condition_is(whole, "Initialized", row->initialized))
            fail_msg("%s: Initialized is not %s", row->title, row->initialized);
        if (row->state) {
            char *found = json_text(json_get(json_at(json_get(status, "containerStatuses"), 0), "state"));
            if (strcmp(found, row->state) != 0)
                fail_msg("%s: state %s", row->title, found);
            free(found);
        }
        assert_string_equal(json_get_text(status, "podIP"), "10.0.0.9");
        assert_string_equal(json_get_text(status, "hostIP"), "192.168.0.1");
        pod_observed_free(&observed);
        pod_memory_free(&memory);
    }
}

static void test_patch(void **state) {
    (void)state;
    static const char base_text[] = "{\"metadata\":{\"uid\":\"u\"},\"status\":{\"phase\":\"Pending\",\"podIPs\":[{\"ip\":\"1\"}],"
                                    "\"reason\":\"old\",\"qosClass\":\"BestEffort\","
                                    "\"nominatedNodeName\":\"n\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\","
                                    "\"reason\":\"x\",\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"},"
                                    "{\"type\":\"Theirs\",\"status\":\"True\"}]}}";
    static const struct {
        const char *status, *patch;
    } cases[] = {
        {"{\"phase\":\"Pending\",\"podIPs\":[{\"ip\":\"1\"}],\"reason\":\"old\",\"qosClass\":\"BestEffort\",\"conditions\":[{"
         "\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"x\"}]}",
         NULL},
        {"{\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"2\"}],\"qosClass\":\"BestEffort\",\"conditions\":[{\"type\":\"Ready\","
         "\"status\":\"True\"}]}",
         "{\"metadata\":{\"uid\":\"u\"},\"status\":{\"phase\":\"Running\",\"reason\":null,\"podIPs\":[{\"$patch\":\"replace\"},{"
         "\"ip\":\"2\"}],"
         "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":null,\"lastTransitionTime\":\"1970-01-01T00:16:"
         "40Z\"}]}}"},
        {"{\"phase\":\"Pending\",\"podIPs\":[{\"ip\":\"1\"}],\"reason\":\"old\",\"qosClass\":\"BestEffort\",\"conditions\":[{"
         "\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"y\"}]}",
         "{\"metadata\":{\"uid\":\"u\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"y\","
         "\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"}]}}"},
    };
    AUTO_JSON base = NULL;
    assert_int_equal(json_parse(base_text, strlen(base_text), NULL, &base, NULL), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_JSON status = NULL;
        assert_int_equal(json_parse(cases[i].status, strlen(cases[i].status), NULL, &status, NULL), 0);
        AUTO_JSON patch = status_writer_patch(base, status, 1000 * SECOND);
        if (!cases[i].patch) {
            assert_null(patch);
            continue;
        }
        char *text = json_text(patch);
        assert_string_equal(text, cases[i].patch);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_patch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
