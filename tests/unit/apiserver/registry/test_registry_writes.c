// SPDX-License-Identifier: Apache-2.0
// Creating, updating and patching objects: what comes back, what is refused in which words, and that refusals write nothing.
#include "common/base/thread.h"
#include "tests/unit/apiserver/registry/fixture.h"

#define MODIFIED "the object has been modified; please apply your changes to the latest version and try again"

static void create(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/",
         "{\"metadata\":{\"name\":\"a\",\"uid\":\"mine\",\"generation\":9},\"data\":{\"k\":\"v\"}}", 201, NULL,
         "kind=ConfigMap;apiVersion=v1;metadata.namespace=default;data.k=v;metadata.creationTimestamp=2023-11-14T22:13:20Z;"
         "metadata.generation!"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"}}", 409, "AlreadyExists",
         "configmaps \"a\" already exists"},
        {"dry", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"}}", 409, "AlreadyExists",
         "configmaps \"a\" already exists"},
        {"dry", "configmaps", "default/", "{\"metadata\":{\"name\":\"dry\"}}", 201, NULL, "metadata.resourceVersion!"},
        {"get", "configmaps", "default/dry", NULL, 404, "NotFound", "configmaps \"dry\" not found"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"5\"}}", 500, NULL,
         "resourceVersion should not be set on objects to be created"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"b\",\"namespace\":\"other\"}}", 400, "BadRequest",
         "the namespace of the provided object does not match the namespace sent on the request"},
        {"create", "configmaps", "absent/", "{\"metadata\":{\"name\":\"b\"}}", 404, "NotFound",
         "namespaces \"absent\" not found"},
        {"create", "configmaps", "default/", "", 400, "BadRequest", NULL},
        {"create", "configmaps", "default/", "{\"metadata\":", 400, "BadRequest", NULL},
        {"create", "configmaps", "default/", "[1]", 400, "BadRequest", NULL},
        {"create", "configmaps", "default/", "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\"}}", 400,
         "BadRequest",
         "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown "
         "conversion"},
        {"create", "configmaps", "default/", "{\"kind\":\"Foo\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\"}}", 400,
         "BadRequest",
         "Foo in version \"v1\" cannot be handled as a ConfigMap: no kind \"Foo\" is registered for version \"v1\" in scheme "
         "\"pkg/api/legacyscheme/scheme.go:30\""},
        {"create", "configmaps", "default/", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"b\"}}",
         400, "BadRequest", "the API version in the data (apps/v1) does not match the expected API version (v1)"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"Not_A_Name\"}}", 422, "Invalid", NULL},
        {"create", "configmaps", "default/", "{\"metadata\":{}}", 422, "Invalid", NULL},
        {"create", "configmaps", "default/", "{\"metadata\":{\"generateName\":\"gen-\"}}", 201, NULL,
         "metadata.generateName=gen-"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

#define WEB                                                                                                                      \
    "\"selector\":{\"matchLabels\":{\"app\":\"w\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"w\"}},\"spec\":{"          \
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"

static void field_validation(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"strict", "replicasets", "default/",
         "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"unknownField\":1,\"replicas\":1,\"replicas\":2," WEB "}}", 400, "BadRequest",
         "ReplicaSet in version \"v1\" cannot be handled as a ReplicaSet: strict decoding error: unknown field "
         "\"spec.unknownField\", "
         "duplicate field \"spec.replicas\""},
        {"strict", "replicasets", "default/", "{\"metadata\":{\"name\":\"a\",\"unknownMeta\":1},\"spec\":{" WEB "}}", 400,
         "BadRequest",
         "ReplicaSet in version \"v1\" cannot be handled as a ReplicaSet: strict decoding error: unknown field "
         "\"metadata.unknownMeta\""},
        {"create", "replicasets", "default/", "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"replicas\":\"x\"," WEB "}}", 400,
         "BadRequest",
         "ReplicaSet in version \"v1\" cannot be handled as a ReplicaSet: json: cannot unmarshal string into Go struct field "
         "ReplicaSetSpec.spec.replicas of type int32"},
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"},\"bar\":2}", 201, NULL, "bar!"},
        {"merge", "configmaps", "default/a", "{\"bar\":2,\"data\":{\"k\":\"v\"}}", 200, NULL, "bar!;data.k=v"},
        {"merge", "configmaps", "default/a", "{\"data\":7}", 422, "Invalid", NULL},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

static void update(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}", 201, NULL, ""},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"RV\"},\"data\":{\"k\":\"2\"}}",
         200, NULL, "data.k=2;metadata.creationTimestamp=2023-11-14T22:13:20Z"},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"data\":{\"k\":\"3\"}}",
         409, "Conflict", "Operation cannot be fulfilled on configmaps \"a\": " MODIFIED},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"3\"}}", 200, NULL, "data.k=3"},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"b\"}}", 400, "BadRequest",
         "the name of the object (b) does not match the name on the URL (a)"},
        {"update", "configmaps", "default/a", "{\"metadata\":{}}", 400, "BadRequest",
         "the name of the object (a based on URL) was undeterminable: name must be provided"},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}", 400, "BadRequest",
         "the namespace of the object (other) does not match the namespace on the request (default)"},
        {"update", "configmaps", "default/a", "{\"metadata\":{\"name\":\"a\",\"uid\":\"x\"}}", 409, "Conflict", NULL},
        {"update", "configmaps", "default/absent", "{\"metadata\":{\"name\":\"absent\"}}", 404, "NotFound",
         "configmaps \"absent\" not found"},
        {"update", "leases", "default/l", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"x\"}}", 201, NULL,
         "spec.holderIdentity=x"},
        {"update", "leases", "default/l", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"y\"}}", 422, "Invalid",
         "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an "
         "update"},
        {"update", "leases", "default/l",
         "{\"metadata\":{\"name\":\"l\",\"resourceVersion\":\"RV\"},\"spec\":{\"holderIdentity\":\"y\"}}", 200, NULL,
         "spec.holderIdentity=y"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

static void patch(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\",\"l\":\"2\"}}", 201, NULL, ""},
        {"merge", "configmaps", "default/a", "{\"data\":{\"k\":\"2\",\"l\":null}}", 200, NULL, "data.k=2;data.l!"},
        {"strategic", "configmaps", "default/a", "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}", 200, NULL, "metadata.labels.x=y"},
        {"json", "configmaps", "default/a", "[{\"op\":\"replace\",\"path\":\"/data/k\",\"value\":\"3\"}]", 200, NULL, "data.k=3"},
        {"json", "configmaps", "default/a", "[{\"op\":\"test\",\"path\":\"/data/k\",\"value\":\"4\"}]", 422, "Invalid",
         "the server rejected our request due to an error in our request"},
        {"json", "configmaps", "default/a", "{}", 400, "BadRequest", NULL},
        {"merge", "configmaps", "default/a", "[]", 400, "BadRequest",
         "json: cannot unmarshal array into Go value of type map[string]interface {}"},
        {"merge", "configmaps", "default/a", "{", 400, "BadRequest", NULL},
        {"merge", "configmaps", "default/absent", "{}", 404, "NotFound", "configmaps \"absent\" not found"},
        {"merge", "configmaps", "default/a", "{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"k\":\"9\"}}", 409, "Conflict",
         "Operation cannot be fulfilled on configmaps \"a\": " MODIFIED},
        {"merge", "configmaps", "default/a", "{\"metadata\":{\"name\":\"b\"}}", 400, "BadRequest",
         "the name of the object (b) does not match the name on the URL (a)"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

#define REPLICASET                                                                                                               \
    "\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":\"w\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":"   \
    "\"w\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}"

static void subresources(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "replicasets", "default/", "{\"metadata\":{\"name\":\"r\"}," REPLICASET ",\"status\":{\"replicas\":7}}", 201,
         NULL, "metadata.generation=1;status.replicas=0"},
        {"merge", "replicasets", "default/r", "{\"metadata\":{\"labels\":{\"x\":\"y\"}},\"status\":{\"replicas\":5}}", 200, NULL,
         "metadata.generation=1;status.replicas=0"},
        {"merge", "replicasets/status", "default/r", "{\"spec\":{\"replicas\":9},\"status\":{\"replicas\":2}}", 200, NULL,
         "spec.replicas=2;status.replicas=2;metadata.generation=1"},
        {"get", "replicasets/scale", "default/r", NULL, 200, NULL,
         "kind=Scale;apiVersion=autoscaling/v1;spec.replicas=2;status.replicas=2;status.selector=app=w;metadata.name=r"},
        {"merge", "replicasets/scale", "default/r", "{\"spec\":{\"replicas\":4}}", 200, NULL, "kind=Scale;spec.replicas=4"},
        {"get", "replicasets", "default/r", NULL, 200, NULL, "spec.replicas=4;metadata.generation=2"},
        {"update", "replicasets/scale", "default/r",
         "{\"metadata\":{\"name\":\"r\",\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":1}}", 409, "Conflict",
         "Operation cannot be fulfilled on replicasets.apps \"r\": " MODIFIED},
        {"update", "replicasets/scale", "default/r", "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"replicas\":-1}}", 422, "Invalid",
         NULL},
        {"update", "replicasets/scale", "default/r", "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"replicas\":0}}", 200, NULL,
         "spec.replicas!"},
        {"merge", "replicasets/scale", "default/absent", "{\"spec\":{\"replicas\":4}}", 404, "NotFound", NULL},
        {"create", "secrets", "default/", "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"k\":\"hello\"}}", 201, NULL,
         "data.k=aGVsbG8=;stringData!;type=Opaque"},
        {"create", "nodes", "/",
         "{\"metadata\":{\"name\":\"n\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}", 201, NULL,
         "metadata.namespace!"},
        {"merge", "nodes/status", "/n", "{\"status\":{\"capacity\":{\"example\":\"5\"}}}", 200, NULL,
         "status.capacity.example=5"},
        {"merge", "nodes", "/n", "{\"spec\":{\"unschedulable\":true},\"status\":{\"capacity\":{\"example\":\"6\"}}}", 200, NULL,
         "status.capacity.example=5;spec.unschedulable=true"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

#define POD(name) "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define BIND(name, node) "{\"metadata\":{\"name\":\"" name "\"},\"target\":{\"kind\":\"Node\",\"name\":\"" node "\"}}"

static void pods(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "pods", "default/", POD("p"), 201, NULL, "status.phase=Pending;status.qosClass=BestEffort;spec.nodeName!"},
        {"create", "pods/binding", "default/p", BIND("q", "n1"), 400, "BadRequest",
         "name in URL does not match name in Binding object"},
        {"create", "pods/binding", "default/absent", BIND("absent", "n1"), 404, "NotFound", "pods \"absent\" not found"},
        {"create", "pods/binding", "default/p", BIND("p", ""), 422, "Invalid", NULL},
        {"create", "pods/binding", "default/p", BIND("p", "n1"), 201, NULL, "kind=Status;status=Success;code=201"},
        {"create", "pods/binding", "default/p", BIND("p", "n2"), 409, "Conflict",
         "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\""},
        {"create", "bindings", "default/", BIND("p", "n2"), 409, "Conflict",
         "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\""},
        {"get", "pods", "default/p", NULL, 200, NULL, "spec.nodeName=n1;status.phase=Pending"},
        {"merge", "pods/status", "default/p", "{\"spec\":{\"nodeName\":\"n9\"},\"status\":{\"phase\":\"Running\"}}", 200, NULL,
         "spec.nodeName=n1;status.phase=Running;status.qosClass=BestEffort"},
        {"merge", "pods", "default/p", "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"status\":{\"phase\":\"Failed\"}}", 200, NULL,
         "metadata.labels.a=b;status.phase=Running"},
    };
    fixture_run(steps, ARRAY_LEN(steps));
}

// A write that changes nothing keeps the version, and writes nothing.
static void no_op_keeps_version(void **state) {
    (void)state;
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = fixture_new(cached);
        CLEANUP(free_ptr) char *version = alloc_string("");
        static const struct step make = {
            "create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}", 201, NULL, ""};
        static const struct step again = {
            "update", "configmaps", "default/a", "{\"data\":{\"k\":\"1\"},\"metadata\":{\"name\":\"a\"}}", 200, NULL, "data.k=1"};
        static const struct step labels = {"merge", "configmaps", "default/a", "{\"data\":{\"k\":\"1\"}}", 200, NULL, ""};
        fixture_step(fixture, &make, &version);
        CLEANUP(free_ptr) char *made = alloc_string(version);
        AUTO_REGISTRY_RESULT first = {0};
        struct registry_request request = {.resource = resource_configmaps(), .ns = "default", .name = "a"};
        assert_int_equal(registry_get(fixture->registry, &request, "", &first, NULL), 0);
        AUTO_STR put = {0};
        str_append(&put, first.object->json);
        struct step same = again;
        same.body = str_text(&put);
        fixture_step(fixture, &same, &version);
        assert_string_equal(version, made);
        fixture_step(fixture, &labels, &version);
        assert_string_equal(version, made);
        fixture_free(fixture);
    }
}

#define RACERS 4
#define RACES 50

struct racer {
    struct fixture *fixture;
    int number;
    int failures;
};

static void race(void *argument) {
    struct racer *racer = argument;
    for (int i = 0; i < RACES; i++) {
        AUTO_STR text = {0};
        AUTO_REGISTRY_RESULT result = {0};
        struct registry_request request = {.resource = resource_configmaps(), .ns = "default", .name = "a"};
        str_printf(&text, "{\"data\":{\"k%d-%d\":\"v\"}}", racer->number, i);
        struct registry_body body = {.bytes = text.data, .len = text.len};
        racer->failures += registry_patch(racer->fixture->registry, &request, REGISTRY_PATCH_MERGE, &body, &result, NULL) < 0;
    }
}

// Writers that race on one object all get through, and none is lost, although each starts from what the cache has.
static void races_are_retried(void **state) {
    (void)state;
    static const struct step make = {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"a\"}}", 201, NULL, ""};
    struct fixture *fixture = fixture_new(true);
    CLEANUP(free_ptr) char *version = alloc_string("");
    struct racer racers[RACERS];
    struct thread *threads[RACERS];
    fixture_step(fixture, &make, &version);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.fixture = fixture, .number = i};
        threads[i] = thread_start("racer", race, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        thread_join(threads[i]);
        assert_int_equal(racers[i].failures, 0);
    }
    struct registry_request request = {.resource = resource_configmaps(), .ns = "default", .name = "a"};
    AUTO_REGISTRY_RESULT result = {0};
    assert_int_equal(registry_get(fixture->registry, &request, "", &result, NULL), 0);
    AUTO_JSON tree = object_tree(result.object);
    assert_int_equal(json_object_size(json_get(tree, "data")), RACERS * RACES);
    fixture_free(fixture);
}

static void warnings_are_given_once(void **state) {
    (void)state;
    struct fixture *fixture = fixture_new(false);
    AUTO_STR_LIST warnings = {0};
    AUTO_REGISTRY_RESULT result = {0};
    struct registry_request request = {.resource = resource_configmaps(), .ns = "default", .warnings = &warnings};
    const char *text = "{\"metadata\":{\"name\":\"a\"},\"foo\":1,\"immutable\":false,\"immutable\":false}";
    struct registry_body body = {.bytes = text, .len = strlen(text)};
    assert_int_equal(registry_create(fixture->registry, &request, &body, &result, NULL), 0);
    assert_int_equal(warnings.len, 2);
    assert_string_equal(warnings.items[0], "unknown field \"foo\"");
    assert_string_equal(warnings.items[1], "duplicate field \"immutable\"");
    fixture_free(fixture);
}

// The clock, the seed and the requests are the same but for one name: so the second server draws a name that is taken, and draws again.
static void generated_name_is_drawn_again(void **state) {
    (void)state;
    static const struct step generate = {"create", "configmaps", "default/", "{\"metadata\":{\"generateName\":\"g-\"}}",
                                         201,      NULL,         ""};
    CLEANUP(free_ptr) char *drawn = NULL;
    for (int round = 0; round <= 1; round++) {
        struct fixture *fixture = fixture_new(false);
        CLEANUP(free_ptr) char *version = alloc_string("");
        AUTO_STR body = {0};
        AUTO_REGISTRY_LIST list = {0};
        str_printf(&body, "{\"metadata\":{\"name\":\"%s\"}}", drawn ? drawn : "a");
        struct step first = generate;
        first.body = str_text(&body);
        fixture_step(fixture, &first, &version);
        fixture_step(fixture, &generate, &version);
        struct registry_request request = {.resource = resource_configmaps(), .ns = "default"};
        struct registry_list_options options = {0};
        assert_int_equal(registry_list(fixture->registry, &request, &options, &list, NULL), 0);
        assert_int_equal(list.len, 2);
        if (round == 0)
            drawn = alloc_string(list.items[1]->name);
        else
            assert_true(str_equal(list.items[0]->name, drawn) || str_equal(list.items[1]->name, drawn));
        fixture_free(fixture);
    }
}

static void events_expire(void **state) {
    (void)state;
    static const struct step steps[] = {
        {"create", "events", "default/",
         "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"namespace\":\"default\",\"kind\":\"Pod\",\"name\":\"p\"},"
         "\"reason\":\"R\"}",
         201, NULL, "reason=R"},
        {"wait", "", "", NULL, 3599, NULL, NULL},
        {"get", "events", "default/e", NULL, 200, NULL, "reason=R"},
        {"wait", "", "", NULL, 2, NULL, NULL},
        {"merge", "events", "default/e", "{\"reason\":\"S\"}", 404, "NotFound", "events \"e\" not found"},
    };
    struct fixture *fixture = fixture_new(false);
    CLEANUP(free_ptr) char *version = alloc_string("");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        fixture_step(fixture, &steps[i], &version);
    fixture_free(fixture);
}

static void parameters(void **state) {
    (void)state;
    static const struct {
        const char *content_type;
        int code;
        enum registry_patch_type type;
    } rows[] = {{"application/json-patch+json", 0, REGISTRY_PATCH_JSON},
                {"application/merge-patch+json", 0, REGISTRY_PATCH_MERGE},
                {"application/strategic-merge-patch+json", 0, REGISTRY_PATCH_STRATEGIC},
                {"application/apply-patch+yaml", 415, REGISTRY_PATCH_APPLY},
                {"application/json", 415, REGISTRY_PATCH_JSON},
                {"", 415, REGISTRY_PATCH_JSON}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum registry_patch_type type = REGISTRY_PATCH_APPLY;
        AUTO_ERROR err = NULL;
        int failed = registry_patch_type_parse(rows[i].content_type, &type, &err);
        assert_int_equal(failed ? err->code : 0, rows[i].code);
        if (!failed)
            assert_int_equal(type, rows[i].type);
    }
    enum registry_field_validation validation;
    bool dry_run;
    AUTO_ERROR bad_validation = NULL;
    AUTO_ERROR bad_dry_run = NULL;
    assert_int_equal(registry_field_validation_parse("Foo", "CreateOptions", &validation, &bad_validation), -1);
    assert_int_equal(bad_validation->code, 422);
    assert_string_equal(bad_validation->message, "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: "
                                                 "\"Foo\": supported values: \"Ignore\", \"Strict\", \"Warn\"");
    assert_int_equal(registry_dry_run_parse("Some", "CreateOptions", &dry_run, &bad_dry_run), -1);
    assert_string_equal(
        bad_dry_run->message,
        "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create),
        cmocka_unit_test(field_validation),
        cmocka_unit_test(update),
        cmocka_unit_test(patch),
        cmocka_unit_test(subresources),
        cmocka_unit_test(pods),
        cmocka_unit_test(no_op_keeps_version),
        cmocka_unit_test(races_are_retried),
        cmocka_unit_test(warnings_are_given_once),
        cmocka_unit_test(generated_name_is_drawn_again),
        cmocka_unit_test(events_expire),
        cmocka_unit_test(parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
