// SPDX-License-Identifier: Apache-2.0
// Tables: the computed cells of each kind, and what rows carry.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/table.h"
#include "apiserver/table_kinds.h"
#include "common/api/resources.h"
#include "common/base/time_format.h"

#define NOW "2026-01-01T00:10:00Z"
#define META "\"metadata\":{\"name\":\"x\",\"namespace\":\"n\",\"creationTimestamp\":\"2026-01-01T00:05:00Z\"}"
#define POD(spec, status) "{" META ",\"spec\":{" spec "},\"status\":{" status "}}"
#define ONE "\"containers\":[{\"name\":\"a\"}]"
#define RUNNING "\"containerStatuses\":[{\"name\":\"a\",\"ready\":true,\"restartCount\":0,\"state\":{\"running\":{}}}]"

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR error = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &error) < 0)
        fail_msg("%s: %s", text, error_message(error));
    return value;
}

static int64_t now(void) {
    int64_t wall = 0;
    assert_true(time_parse(NOW, &wall));
    return wall;
}

static const struct {
    const char *group, *plural, *object, *cells;
} rows[] = {
    {"", "pods", POD(ONE, "\"phase\":\"Pending\""),
     "[\"x\",\"0/1\",\"Pending\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods", POD(ONE ",\"nodeName\":\"n1\"", "\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"10.1.0.2\"}]," RUNNING),
     "[\"x\",\"1/1\",\"Running\",\"0\",\"5m\",\"10.1.0.2\",\"n1\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE,
         "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":3,\"state\":{\"waiting\":{\"reason\":"
         "\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"finishedAt\":\"2026-01-01T00:09:30Z\"}}}]"),
     "[\"x\",\"0/1\",\"CrashLoopBackOff\",\"3 (30s ago)\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE, "\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":3}}}]"),
     "[\"x\",\"0/1\",\"ExitCode:3\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE, "\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":137,"
              "\"signal\":9}}}]"),
     "[\"x\",\"0/1\",\"Signal:9\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]",
         "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":0,\"reason\":"
         "\"Completed\"}}},{\"name\":\"b\",\"ready\":true,\"state\":{\"running\":{}}}]"),
     "[\"x\",\"1/2\",\"NotReady\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE ",\"initContainers\":[{\"name\":\"i\"},{\"name\":\"j\"}]",
         "\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"i\",\"state\":{\"terminated\":{\"exitCode\":0}}},{"
         "\"name\":"
         "\"j\",\"state\":{\"running\":{}}}]"),
     "[\"x\",\"0/1\",\"Init:1/2\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE ",\"initContainers\":[{\"name\":\"i\"}]",
         "\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"i\",\"restartCount\":2,\"state\":{\"terminated\":{"
         "\"exitCode\":1,\"reason\":\"Error\"}}}]"),
     "[\"x\",\"0/1\",\"Init:Error\",\"2\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     POD(ONE ",\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\"}]",
         "\"phase\":\"Running\",\"initContainerStatuses\":[{\"name\":\"s\",\"started\":true,\"ready\":true,\"restartCount\":1,"
         "\"state\":{\"running\":{}}}]," RUNNING),
     "[\"x\",\"2/2\",\"Running\",\"1\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods", POD(ONE, "\"phase\":\"Failed\",\"reason\":\"Evicted\""),
     "[\"x\",\"0/1\",\"Evicted\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]"},
    {"", "pods",
     "{\"metadata\":{\"name\":\"x\",\"creationTimestamp\":\"2026-01-01T00:05:00Z\",\"deletionTimestamp\":\"" NOW
     "\"},\"spec\":{" ONE ",\"readinessGates\":[{\"conditionType\":\"g\"}]},\"status\":{\"phase\":\"Running\"," RUNNING "}}",
     "[\"x\",\"1/1\",\"Terminating\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"0/1\"]"},
    {"", "nodes", "{" META ",\"status\":{}}",
     "[\"x\",\"Unknown\",\"<none>\",\"5m\",\"\",\"<none>\",\"<none>\",\"<unknown>\",\"<unknown>\",\"<unknown>\"]"},
    {"", "nodes",
     "{\"metadata\":{\"name\":\"x\",\"labels\":{\"node-role.kubernetes.io/worker\":\"\",\"node-role.kubernetes.io/"
     "control-plane\":\"\"}"
     "},\"spec\":{\"unschedulable\":true},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}],\"addresses\":[{"
     "\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"}],\"nodeInfo\":{\"kubeletVersion\":\"v1\",\"osImage\":\"Debian\"}}}",
     "[\"x\",\"NotReady,SchedulingDisabled\",\"control-plane,worker\",\"<unknown>\",\"v1\",\"10.0.0.1\",\"<none>\",\"Debian\","
     "\"<unknown>\",\"<unknown>\"]"},
    {"apps", "replicasets",
     "{" META ",\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":\"w\"}},\"template\":{\"spec\":{\"containers\":[{"
     "\"name\":\"a\",\"image\":\"i\"},{\"name\":\"b\",\"image\":\"j\"}]}}},\"status\":{\"replicas\":2}}",
     "[\"x\",3,2,0,\"5m\",\"a,b\",\"i,j\",\"app=w\"]"},
    {"", "configmaps", "{" META ",\"data\":{\"a\":\"1\",\"b\":\"2\"},\"binaryData\":{\"c\":\"\"}}", "[\"x\",3,\"5m\"]"},
    {"", "secrets", "{" META ",\"type\":\"Opaque\"}", "[\"x\",\"Opaque\",0,\"5m\"]"},
    {"", "serviceaccounts", "{" META "}", "[\"x\",0,\"5m\"]"},
    {"", "namespaces", "{" META ",\"status\":{\"phase\":\"Active\"}}", "[\"x\",\"Active\",\"5m\"]"},
    {"coordination.k8s.io", "leases", "{" META ",\"spec\":{\"holderIdentity\":\"h\"}}", "[\"x\",\"h\",\"5m\"]"},
    {"", "events",
     "{" META
     ",\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"p\"},\"type\":\"Normal\",\"reason\":\"Started\",\"message\":\" hello "
     "\\n\",\"source\":{\"component\":\"kubelet\",\"host\":\"n1\"},\"firstTimestamp\":\"2026-01-01T00:08:00Z\",\"lastTimestamp\":"
     "\"2026-01-01T00:09:50Z\",\"count\":4}",
     "[\"10s\",\"Normal\",\"Started\",\"pod/p\",\"\",\"kubelet, n1\",\"hello\",\"2m\",4,\"x\"]"},
    {"", "events",
     "{" META ",\"involvedObject\":{\"kind\":\"Node\",\"name\":\"q\"},\"eventTime\":\"2026-01-01T00:09:00.000000Z\","
     "\"reportingComponent\":\"sched\",\"type\":\"Warning\",\"reason\":\"R\"}",
     "[\"60s\",\"Warning\",\"R\",\"node/q\",\"\",\"sched\",\"\",\"60s\",1,\"x\"]"},
};

static void test_cells(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct resource *resource = resources_find(rows[i].group, "v1", rows[i].plural);
        struct table_options options = {.meta_version = "v1", .now = now()};
        AUTO_JSON object = parse(rows[i].object);
        AUTO_JSON table = table_new(resource, &options);
        table_add(table, resource, object, &options);
        char *cells = json_text(json_get(json_at(json_get(table, "rows"), 0), "cells"));
        assert_string_equal(cells, rows[i].cells);
        free(cells);
    }
}

static void test_shape(void **state) {
    (void)state;
    const struct resource *resource = resource_configmaps();
    AUTO_JSON object = parse("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"," META ",\"data\":{}}");
    static const struct {
        const char *text;
        const char *kind; // of the row's object; NULL: none
    } includes[] = {
        {NULL, "PartialObjectMetadata"}, {"Metadata", "PartialObjectMetadata"}, {"Object", "ConfigMap"}, {"None", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(includes); i++) {
        struct table_options options = {.meta_version = "v1", .now = now()};
        assert_int_equal(table_include_parse(includes[i].text, &options.include, NULL), 0);
        AUTO_JSON table = table_new(resource, &options);
        table_add(table, resource, object, &options);
        const struct json *row = json_at(json_get(table, "rows"), 0);
        assert_string_equal(json_get_text(table, "kind"), "Table");
        assert_string_equal(json_get_text(table, "apiVersion"), "meta.k8s.io/v1");
        assert_string_equal(json_get_text(json_at(json_get(table, "columnDefinitions"), 0), "format"), "name");
        if (includes[i].kind)
            assert_string_equal(json_find_text(row, "object.kind"), includes[i].kind);
        else
            assert_null(json_get(row, "object"));
    }
    enum table_include include;
    AUTO_ERROR error = NULL;
    assert_int_equal(table_include_parse("Some", &include, &error), -1);
    assert_true(error_has_code(error, 400));
    struct table_options bare = {.meta_version = "v1", .no_headers = true};
    AUTO_JSON table = table_new(resource, &bare);
    assert_null(json_get(table, "columnDefinitions"));
}

// Every computed column of every resource is made by its kind's file.
static void test_every_column(void **state) {
    (void)state;
    size_t count = 0;
    const struct resource *const *all = resources_all(&count);
    AUTO_JSON empty = parse("{\"metadata\":{\"name\":\"x\"}}");
    for (size_t r = 0; r < count; r++) {
        const struct table_kind *kind = table_kind_of(all[r]);
        AUTO_JSON cells = json_new_object();
        if (kind)
            kind->cells(empty, now(), cells);
        for (size_t c = 0; c < all[r]->column_count; c++)
            if (all[r]->columns[c].path[0] != '.' && !json_has(cells, all[r]->columns[c].path))
                fail_msg("%s: nobody makes the cell %s", all[r]->plural, all[r]->columns[c].path);
    }
    const struct table_kind *const *kinds = table_kinds_all(&count);
    for (size_t i = 0; i < count; i++)
        assert_non_null(resources_find(kinds[i]->group, "v1", kinds[i]->plural));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cells), cmocka_unit_test(test_shape),
                                       cmocka_unit_test(test_every_column)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
