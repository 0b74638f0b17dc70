// SPDX-License-Identifier: Apache-2.0
// Deleting: preconditions, grace periods, finalizers, propagation, namespaces in two steps, collections.
#include "apiserver/registry/delete_mark.h"
#include "tests/unit/apiserver/registry/fixture.h"

#define POD(name) "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define BOUND_POD(name)                                                                                                          \
    "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"

static void plain(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"}}", 201, NULL, ""},
        {"delete", "configmaps", "default/a", "{\"preconditions\":{\"uid\":\"x\"}}", 409, "Conflict", NULL},
        {"delete", "configmaps", "default/a", "{\"preconditions\":{\"resourceVersion\":\"1\"}}", 409, "Conflict", NULL},
        {"delete", "configmaps", "default/a", "{\"propagationPolicy\":\"Foo\"}", 422, "Invalid", NULL},
        {"delete", "configmaps", "default/a", "{\"propagationPolicy\":\"Orphan\",\"orphanDependents\":true}", 422, "Invalid",
         NULL},
        {"delete", "configmaps", "default/a", "{\"gracePeriodSeconds\":\"1\"}", 400, "BadRequest", NULL},
        {"delete", "configmaps", "default/a", "{", 400, "BadRequest", NULL},
        {"delete", "configmaps", "default/a", "{\"dryRun\":[\"All\"]}", 200, NULL, "status=Success"},
        {"delete", "configmaps", "default/a", "", 200, NULL,
         "kind=Status;status=Success;details.name=a;details.kind=configmaps;code!"},
        {"delete", "configmaps", "default/a", "", 404, "NotFound", "configmaps \"a\" not found"},
        {"create", "serviceaccounts", "default/", "{\"metadata\":{\"name\":\"sa\"}}", 201, NULL, ""},
        {"delete", "serviceaccounts", "default/sa", "", 200, NULL, "kind=ServiceAccount;metadata.name=sa"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

static void finalizers(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x.io/y\"]}}", 201, NULL, ""},
        {"delete", "configmaps", "default/a", "", 200, NULL,
         "kind=ConfigMap;metadata.deletionTimestamp=2023-11-14T22:13:20Z;metadata.deletionGracePeriodSeconds=0"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"}}", 409, "AlreadyExists",
         "object is being deleted: configmaps \"a\" already exists"},
        {"delete", "configmaps", "default/a", "{\"orphanDependents\":false}", 202, NULL, "kind=ConfigMap"},
        {"merge", "configmaps", "default/a", "{\"metadata\":{\"finalizers\":null}}", 200, NULL, "metadata.finalizers!"},
        {"get", "configmaps", "default/a", NULL, 404, "NotFound", NULL},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"b\"}}", 201, NULL, ""},
        {"delete", "configmaps", "default/b", "{\"propagationPolicy\":\"Foreground\"}", 200, NULL,
         "metadata.finalizers=[\"foregroundDeletion\"]"},
        {"delete", "configmaps", "default/b", "{\"propagationPolicy\":\"Orphan\"}", 200, NULL,
         "metadata.finalizers=[\"orphan\"]"},
        {"json", "configmaps", "default/b", "[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]", 200, NULL, ""},
        {"get", "configmaps", "default/b", NULL, 404, "NotFound", NULL},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

static void graceful_pods(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "pods", "default/", POD("unbound"), 201, NULL, ""},
        {"delete", "pods", "default/unbound", "", 200, NULL, "kind=Pod;metadata.deletionGracePeriodSeconds=0"},
        {"get", "pods", "default/unbound", NULL, 404, "NotFound", NULL},
        {"create", "pods", "default/", BOUND_POD("p"), 201, NULL, "spec.terminationGracePeriodSeconds=30"},
        {"delete", "pods", "default/p", "", 200, NULL,
         "metadata.deletionGracePeriodSeconds=30;metadata.deletionTimestamp=2023-11-14T22:13:50Z"},
        {"delete", "pods", "default/p", "", 200, NULL, "kind=Pod;metadata.deletionGracePeriodSeconds=30"},
        {"delete", "pods", "default/p", "{\"gracePeriodSeconds\":5}", 200, NULL,
         "metadata.deletionGracePeriodSeconds=5;metadata.deletionTimestamp=2023-11-14T22:13:25Z"},
        {"delete", "pods", "default/p", "{\"gracePeriodSeconds\":60}", 200, NULL, "metadata.deletionGracePeriodSeconds=5"},
        {"delete", "pods", "default/p", "{\"gracePeriodSeconds\":0}", 200, NULL, "metadata.deletionGracePeriodSeconds=0"},
        {"get", "pods", "default/p", NULL, 404, "NotFound", NULL},
        {"create", "pods", "default/", BOUND_POD("done"), 201, NULL, ""},
        {"merge", "pods/status", "default/done", "{\"status\":{\"phase\":\"Succeeded\"}}", 200, NULL, ""},
        {"delete", "pods", "default/done", "", 200, NULL, ""},
        {"get", "pods", "default/done", NULL, 404, "NotFound", NULL},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

static void namespaces(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "namespaces", "/", "{\"metadata\":{\"name\":\"ns\"},\"status\":{\"phase\":\"Terminating\"}}", 201, NULL,
         "status.phase=Active;spec.finalizers=[\"kubernetes\"];metadata.labels={\"kubernetes.io/metadata.name\":\"ns\"}"},
        {"update", "namespaces", "/ns", "{\"metadata\":{\"name\":\"ns\"}}", 200, NULL,
         "spec.finalizers=[\"kubernetes\"];metadata.labels={\"kubernetes.io/metadata.name\":\"ns\"}"},
        {"merge", "namespaces/status", "/ns", "{\"metadata\":{\"annotations\":{\"a\":\"b\"}},\"status\":{\"conditions\":null}}",
         200, NULL, "metadata.annotations.a=b;status.phase=Active"},
        {"update", "namespaces/finalize", "/ns", "{\"metadata\":{\"name\":\"ns\"},\"spec\":{\"finalizers\":[\"bad\"]}}", 422,
         "Invalid",
         "Namespace \"ns\" is invalid: spec.finalizers: Invalid value: \"bad\": name is neither a standard finalizer name nor is "
         "it "
         "fully qualified"},
        {"delete", "namespaces", "/default", "", 403, "Forbidden",
         "namespaces \"default\" is forbidden: this namespace may not be deleted"},
        {"delete", "namespaces", "/ns", "", 200, NULL,
         "kind=Namespace;status.phase=Terminating;metadata.deletionTimestamp=2023-11-14T22:13:20Z"},
        {"create", "configmaps", "ns/", "{\"metadata\":{\"name\":\"a\"}}", 403, "Forbidden",
         "configmaps \"a\" is forbidden: unable to create new content in namespace ns because it is being terminated"},
        {"delete", "namespaces", "/ns", "", 200, NULL, "kind=Namespace;status.phase=Terminating"},
        {"update", "namespaces/finalize", "/ns",
         "{\"metadata\":{\"name\":\"ns\"},\"spec\":{\"finalizers\":[]},\"status\":{\"phase\":\"Active\"}}", 200, NULL,
         "kind=Namespace"},
        {"get", "namespaces", "/ns", NULL, 404, "NotFound", "namespaces \"ns\" not found"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

// The cause that clients look for.
static void terminating_has_cause(void **state) {
    (void)state;
    struct fixture *fixture = fixture_new(true);
    CLEANUP(free_ptr) char *version = alloc_string("");
    static const struct step make = {"create", "namespaces", "/", "{\"metadata\":{\"name\":\"ns\"}}", 201, NULL, ""};
    static const struct step end = {"delete", "namespaces", "/ns", "", 200, NULL, ""};
    fixture_step(fixture, &make, &version);
    fixture_step(fixture, &end, &version);
    struct registry_request request = {.resource = resource_configmaps(), .ns = "ns"};
    const char *text = "{\"metadata\":{\"name\":\"a\"}}";
    struct registry_body body = {.bytes = text, .len = strlen(text)};
    AUTO_ERROR err = NULL;
    AUTO_REGISTRY_RESULT result = {0};
    assert_int_equal(registry_create(fixture->registry, &request, &body, &result, &err), -1);
    assert_int_equal(err->cause_count, 1);
    assert_string_equal(err->causes[0].reason, "NamespaceTerminating");
    assert_string_equal(err->causes[0].message, "namespace ns is being terminated");
    assert_string_equal(err->causes[0].field, "metadata.namespace");
    fixture_free(fixture);
}

// A system namespace that went is made again.
static void system_namespaces(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"delete", "namespaces", "/kube-node-lease", "", 200, NULL, "status.phase=Terminating"},
        {"update", "namespaces/finalize", "/kube-node-lease", "{\"metadata\":{\"name\":\"kube-node-lease\"}}", 200, NULL, ""},
        {"get", "namespaces", "/kube-node-lease", NULL, 404, "NotFound", NULL},
    };
    static const struct step again = {"get", "namespaces", "/kube-node-lease", NULL, 200, NULL, "status.phase=Active"};
    struct fixture *fixture = fixture_new(true);
    CLEANUP(free_ptr) char *version = alloc_string("");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        fixture_step(fixture, &steps[i], &version);
    assert_int_equal(registry_ensure_system_namespaces(fixture->registry, NULL), 0);
    assert_int_equal(registry_ensure_system_namespaces(fixture->registry, NULL), 0);
    fixture_step(fixture, &again, &version);
    fixture_free(fixture);
}

static void collection(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"}}}", 201, NULL, ""},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"b\",\"labels\":{\"x\":\"1\"}}}", 201, NULL, ""},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"c\"}}", 201, NULL, ""},
    };
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = fixture_new(cached);
        CLEANUP(free_ptr) char *version = alloc_string("");
        for (size_t i = 0; i < ARRAY_LEN(steps); i++)
            fixture_step(fixture, &steps[i], &version);
        struct registry_request request = {.resource = resource_configmaps(), .ns = "default"};
        struct registry_list_options selection = {.label_selector = "x=1"};
        struct registry_delete_options options = REGISTRY_DELETE_OPTIONS_NONE;
        AUTO_REGISTRY_LIST deleted = {0};
        AUTO_REGISTRY_LIST left = {0};
        assert_int_equal(registry_delete_collection(fixture->registry, &request, &options, &selection, &deleted, NULL), 0);
        assert_int_equal(deleted.len, 2);
        struct registry_list_options all = {0};
        assert_int_equal(registry_list(fixture->registry, &request, &all, &left, NULL), 0);
        assert_int_equal(left.len, 1);
        assert_string_equal(left.items[0]->name, "c");
        fixture_free(fixture);
    }
}

// The pure half, row by row: what the object was, what was asked, what is decided.
static void decisions(void **state) {
    (void)state;
    static const struct {
        const char *resource;
        const char *metadata;
        const char *rest;
        int64_t grace;
        const char *policy;
        int orphan;
        enum delete_decision decision;
        const char *finalizers;
    } rows[] = {
        {"configmaps", "", "", -1, NULL, -1, DELETE_NOW, "null"},
        {"configmaps", "\"finalizers\":[\"a\"]", "", -1, NULL, -1, DELETE_KEEP, "[\"a\"]"},
        {"configmaps", "", "", -1, "Orphan", -1, DELETE_KEEP, "[\"orphan\"]"},
        {"configmaps", "", "", -1, NULL, 1, DELETE_KEEP, "[\"orphan\"]"},
        {"configmaps", "", "", -1, "Foreground", -1, DELETE_KEEP, "[\"foregroundDeletion\"]"},
        {"configmaps", "\"finalizers\":[\"orphan\"]", "", -1, NULL, -1, DELETE_KEEP, "[\"orphan\"]"},
        {"configmaps", "\"finalizers\":[\"orphan\"]", "", -1, "Background", -1, DELETE_AND_WRITE, NULL},
        {"events", "", "", -1, "Foreground", -1, DELETE_NOW, "null"},
        {"pods", "", ",\"spec\":{\"terminationGracePeriodSeconds\":9}", -1, NULL, -1, DELETE_AND_WRITE, "null"},
        {"pods", "", ",\"spec\":{\"nodeName\":\"n\",\"terminationGracePeriodSeconds\":9}", -1, NULL, -1, DELETE_KEEP, "null"},
        {"pods", "", ",\"spec\":{\"nodeName\":\"n\",\"terminationGracePeriodSeconds\":0}", -1, NULL, -1, DELETE_AND_WRITE,
         "null"},
        {"pods", "", ",\"spec\":{\"nodeName\":\"n\"},\"status\":{\"phase\":\"Failed\"}", 7, NULL, -1, DELETE_AND_WRITE, "null"},
        {"pods", "\"deletionTimestamp\":\"2023-11-14T22:13:50Z\",\"deletionGracePeriodSeconds\":30", "", 30, NULL, -1,
         DELETE_PENDING, "null"},
        {"pods", "\"deletionTimestamp\":\"2023-11-14T22:13:50Z\",\"deletionGracePeriodSeconds\":0", "", -1, NULL, -1, DELETE_NOW,
         "null"},
        {"namespaces", "", ",\"spec\":{\"finalizers\":[\"kubernetes\"]}", -1, NULL, -1, DELETE_KEEP, "null"},
        {"namespaces", "\"deletionTimestamp\":\"2023-11-14T22:13:20Z\"", ",\"spec\":{\"finalizers\":[\"kubernetes\"]}", -1, NULL,
         -1, DELETE_PENDING, "null"},
        {"namespaces", "\"deletionTimestamp\":\"2023-11-14T22:13:20Z\"", "", -1, NULL, -1, DELETE_NOW, "null"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR text = {0};
        AUTO_JSON object = NULL;
        str_printf(&text, "{\"metadata\":{%s}%s}", rows[i].metadata, rows[i].rest);
        assert_int_equal(json_parse(text.data, text.len, NULL, &object, NULL), 0);
        struct registry_delete_options options = {
            .grace_period_seconds = rows[i].grace,
            .propagation_policy = rows[i].policy ? alloc_string(rows[i].policy) : NULL,
            .orphan_dependents = rows[i].orphan,
        };
        const struct strategy *strategy = strategy_of(fixture_resource(rows[i].resource));
        if (delete_mark(strategy, &options, FIXTURE_START, object) != rows[i].decision)
            fail_msg("row %zu: another decision", i);
        CLEANUP(free_ptr) char *found = json_text(json_find(object, "metadata.finalizers"));
        if (rows[i].finalizers && !str_equal(found, rows[i].finalizers))
            fail_msg("row %zu: finalizers %s", i, found);
        registry_delete_options_free(&options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),      cmocka_unit_test(finalizers),        cmocka_unit_test(graceful_pods),
        cmocka_unit_test(namespaces), cmocka_unit_test(collection),        cmocka_unit_test(terminating_has_cause),
        cmocka_unit_test(decisions),  cmocka_unit_test(system_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
