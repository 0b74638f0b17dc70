// SPDX-License-Identifier: Apache-2.0
// The apiserver's core in-process over storage in memory: filters, verbs, forms of answers, watches, health.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "apiserver/apiserver.h"
#include "apiserver/filters.h"
#include "apiserver/in_process.h"
#include "apiserver/storage/memory.h"
#include "common/base/thread.h"
#include "common/data/json.h"

#define CONFIG_MAPS "/api/v1/namespaces/default/configmaps"
#define TABLE_ACCEPT "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

struct world {
    struct storage *storage; // owned by the server
    struct apiserver *server;
    struct transport *client;
};

static int set_up(void **state) {
    struct world *world = calloc(1, sizeof(*world));
    AUTO_ERROR error = NULL;
    world->storage = memory_storage_new(clock_system());
    struct apiserver_config config = {
        .clock = clock_system(),
        .random = random_system(),
        .take_storage = world->storage,
        .advertise_address = "10.0.0.1:6443",
    };
    if (apiserver_new(&config, &world->server, &error) < 0 || apiserver_start(world->server, &error) < 0)
        fail_msg("%s", error_message(error));
    assert_true(apiserver_wait_ready(world->server, clock_monotonic(clock_system()) + 10 * SECOND));
    world->client = in_process_transport_new(world->server, clock_system(), "admin", NULL);
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    transport_free(world->client);
    apiserver_free(world->server);
    free(world);
    return 0;
}

struct answer {
    int status;
    struct str text;
    struct json *json; // NULL if it is none
    char *content_type;
    char *warning;
};

static void answer_free(struct answer *answer) {
    str_free(&answer->text);
    json_unref(answer->json);
    free(answer->content_type);
    free(answer->warning);
}
#define AUTO_ANSWER CLEANUP(answer_free) struct answer

static struct answer ask(struct world *world, const char *method, const char *path, const char *accept, const char *type,
                         const char *body) {
    struct http_header headers[] = {{"Accept", accept ? accept : "application/json"},
                                    {"Content-Type", type ? type : "application/json"}};
    struct http_request request = {.method = method,
                                   .path = path,
                                   .headers = headers,
                                   .header_count = ARRAY_LEN(headers),
                                   .body = body,
                                   .body_len = body ? strlen(body) : 0};
    AUTO_RESPONSE response = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(transport_roundtrip(world->client, &request, &response, &error), 0);
    struct answer answer = {.status = response.status};
    str_append_n(&answer.text, str_text(&response.body), response.body.len);
    answer.content_type = STEAL(response.content_type);
    answer.warning = STEAL(response.warning);
    if (json_parse(str_text(&answer.text), answer.text.len, NULL, &answer.json, NULL) < 0)
        answer.json = NULL;
    return answer;
}

static struct answer get(struct world *world, const char *path) {
    return ask(world, "GET", path, NULL, NULL, NULL);
}

static void create_config_map(struct world *world, const char *name) {
    char body[256];
    snprintf(
        body, sizeof(body),
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}},\"data\":{\"k\":"
        "\"v\"}}",
        name, name);
    AUTO_ANSWER answer = ask(world, "POST", CONFIG_MAPS, NULL, NULL, body);
    if (answer.status != 201)
        fail_msg("%d %s", answer.status, str_text(&answer.text));
}

// --- what is refused, and how ------------------------------------------------------------------------------------------------

static const struct {
    const char *method, *path, *accept, *type, *body;
    int status;
    const char *reason;  // of the Status; NULL: a plain text
    const char *message; // part of it
} refusals[] = {
    {"GET", "/nope", NULL, NULL, NULL, 404, NULL, "404 page not found"},
    {"GET", "/api/v2", NULL, NULL, NULL, 404, NULL, "404 page not found"},
    {"GET", "/apis/nope/v1/things", NULL, NULL, NULL, 404, NULL, "404 page not found"},
    {"GET", "/api/v1/things", NULL, NULL, NULL, 404, "NotFound", "the server could not find the requested resource"},
    {"GET", "/api/v1/namespaces/default/nodes", NULL, NULL, NULL, 404, "NotFound", "could not find"},
    {"GET", "/api/v1/namespaces/default/pods/x/nope", NULL, NULL, NULL, 404, "NotFound", "could not find"},
    {"GET", CONFIG_MAPS "/absent", NULL, NULL, NULL, 404, "NotFound", "configmaps \"absent\" not found"},
    {"POST", "/api/v1/configmaps", NULL, NULL, "{}", 405, "MethodNotAllowed", "does not allow this method"},
    {"POST", CONFIG_MAPS "/x", NULL, NULL, "{}", 405, "MethodNotAllowed", "does not allow this method"},
    {"PUT", CONFIG_MAPS, NULL, NULL, "{}", 405, "MethodNotAllowed", "does not allow this method"},
    {"OPTIONS", CONFIG_MAPS, NULL, NULL, NULL, 405, "MethodNotAllowed", "does not allow this method"},
    {"POST", "/version", NULL, NULL, NULL, 405, "MethodNotAllowed", "does not allow this method"},
    {"GET", CONFIG_MAPS, "text/html", NULL, NULL, 406, "NotAcceptable", "only the following media types are accepted"},
    {"GET", CONFIG_MAPS "?watch=1", "application/yaml", NULL, NULL, 406, "NotAcceptable", "stream=watch"},
    {"POST", CONFIG_MAPS, NULL, "text/plain", "{}", 415, "UnsupportedMediaType", "unknown format"},
    {"PATCH", CONFIG_MAPS "/x", NULL, "application/json", "{}", 415, "UnsupportedMediaType", ""},
    {"POST", CONFIG_MAPS, NULL, NULL, "{\"kind\":", 400, "BadRequest", ""},
    {"POST", CONFIG_MAPS "?dryRun=Some", NULL, NULL, "{}", 422, "Invalid", "dryRun"},
    {"POST", CONFIG_MAPS "?fieldValidation=Maybe", NULL, NULL, "{}", 422, "Invalid", "fieldValidation"},
    {"GET", CONFIG_MAPS "?limit=x", NULL, NULL, NULL, 400, "BadRequest", "ParseInt"},
    {"GET", CONFIG_MAPS "?labelSelector=a%20b", NULL, NULL, NULL, 400, "BadRequest", ""},
    {"GET", CONFIG_MAPS "?a=%zz", NULL, NULL, NULL, 400, "BadRequest", "escape"},
    {"GET", CONFIG_MAPS "/..", NULL, NULL, NULL, 400, "BadRequest", "Name parameter invalid: \"..\": may not be '..'"},
    {"GET", CONFIG_MAPS "/a%25b", NULL, NULL, NULL, 400, "BadRequest", "Name parameter invalid: \"a%b\": may not contain '%'"},
    {"DELETE", CONFIG_MAPS "/.", NULL, NULL, NULL, 400, "BadRequest", "may not be '.'"},
    {"GET", CONFIG_MAPS "/a%2Fb", NULL, NULL, NULL, 404, "NotFound", "could not find the requested resource"},
    {"GET", CONFIG_MAPS "?watch=1&sendInitialEvents=false", NULL, NULL, NULL, 422, "Invalid",
     "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
    {"GET", CONFIG_MAPS "?sendInitialEvents=false", NULL, NULL, NULL, 422, "Invalid", "sendInitialEvents is forbidden for list"},
    {"POST", CONFIG_MAPS, NULL, NULL, "{\"metadata\":{\"name\":\"x\\u0000y\"}}", 400, "BadRequest",
     "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal string with \\u0000 into Go struct "
     "field "
     "ObjectMeta.metadata.name of type string"},
    {"POST", CONFIG_MAPS, NULL, NULL, "{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":\"b\\u0000\"}}}", 400, "BadRequest",
     "ObjectMeta.metadata.labels"},
    {"POST", CONFIG_MAPS "?dryRun=All", NULL, NULL,
     "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"b\\u0000\"}},\"data\":{\"a\":\"\\u0000\"}}", 201, NULL,
     "\"a\":\"\\u0000\""},
    {"GET", CONFIG_MAPS "?timeout=1ns", NULL, NULL, NULL, 504, "Timeout", "request did not complete within requested timeout"},
    {"GET", CONFIG_MAPS "?timeout=soon", NULL, NULL, NULL, 400, "BadRequest", "invalid timeout"},
    {"GET", "/api/v1/pods", TABLE_ACCEPT, NULL, NULL, 200, NULL, "Table"},
    {"GET", "/api/v1/namespaces/default/pods/absent/log", NULL, NULL, NULL, 404, "NotFound", "pods \"absent\" not found"},
    {"GET", "/api/v1/namespaces/default/pods/x/log?tailLines=-1&limitBytes=0", NULL, NULL, NULL, 422, "Invalid", "tailLines"},
};

static void test_refusals(void **state) {
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        AUTO_ANSWER answer =
            ask(world, refusals[i].method, refusals[i].path, refusals[i].accept, refusals[i].type, refusals[i].body);
        print_message("%s %s: %s\n", refusals[i].method, refusals[i].path, str_text(&answer.text));
        assert_int_equal(answer.status, refusals[i].status);
        bool is_status = refusals[i].reason && answer.json; // and not YAML
        if (is_status) {
            assert_string_equal(json_get_text(answer.json, "kind"), "Status");
            assert_string_equal(json_get_text(answer.json, "reason"), refusals[i].reason);
        }
        const char *message = is_status ? json_get_text(answer.json, "message") : str_text(&answer.text);
        assert_non_null(strstr(message, refusals[i].message));
    }
}

static void test_unauthorized(void **state) {
    struct world *world = *state;
    struct api_request request = {.method = "GET", .target = "/readyz"};
    AUTO_API_RESPONSE response = {0};
    apiserver_handle(world->server, &request, &response);
    assert_int_equal(response.status, 401);
    assert_string_equal(str_text(&response.bytes),
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
                        "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}\n");
    assert_non_null(api_response_header(&response, "Audit-Id"));
}

static void test_too_large(void **state) {
    struct world *world = *state;
    struct user_info user = {.name = (char *)(uintptr_t) "u"};
    struct api_request request = {.method = "POST", .target = CONFIG_MAPS, .body_too_large = true, .user = &user};
    AUTO_API_RESPONSE response = {0};
    apiserver_handle(world->server, &request, &response);
    assert_int_equal(response.status, 413);
    assert_non_null(strstr(str_text(&response.bytes), "limit is 3145728"));
}

// --- verbs -----------------------------------------------------------------------------------------------------------------------

static void test_verbs(void **state) {
    struct world *world = *state;
    create_config_map(world, "a");
    create_config_map(world, "b");
    AUTO_ANSWER one = get(world, CONFIG_MAPS "/a");
    assert_int_equal(one.status, 200);
    assert_string_equal(json_find_text(one.json, "data.k"), "v");
    assert_true(str_starts(str_text(&one.text), "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\","));
    AUTO_ANSWER again = ask(world, "POST", CONFIG_MAPS, NULL, NULL, str_text(&one.text));
    assert_int_equal(again.status, 500); // resourceVersion is set: upstream's code for it

    AUTO_ANSWER list = get(world, CONFIG_MAPS "?limit=1");
    assert_int_equal(list.status, 200);
    assert_string_equal(json_get_text(list.json, "kind"), "ConfigMapList");
    assert_int_equal(json_len(json_get(list.json, "items")), 1);
    assert_false(json_has(json_at(json_get(list.json, "items"), 0), "kind"));
    assert_non_null(json_find(list.json, "metadata.continue"));
    AUTO_ANSWER selected = get(world, CONFIG_MAPS "?labelSelector=l%3Db&resourceVersion=0");
    assert_int_equal(json_len(json_get(selected.json, "items")), 1);

    AUTO_ANSWER patched = ask(world, "PATCH", CONFIG_MAPS "/a", NULL, "application/merge-patch+json", "{\"data\":{\"k\":\"w\"}}");
    assert_int_equal(patched.status, 200);
    assert_string_equal(json_find_text(patched.json, "data.k"), "w");
    AUTO_ANSWER stale = ask(world, "PUT", CONFIG_MAPS "/a", NULL, NULL, str_text(&one.text));
    assert_int_equal(stale.status, 409);

    AUTO_ANSWER yaml = ask(world, "POST", CONFIG_MAPS, "application/yaml", "application/yaml",
                           "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: yam\ndata:\n  a: \"1\"\n");
    assert_int_equal(yaml.status, 201);
    assert_non_null(strstr(str_text(&yaml.text), "\nkind: ConfigMap\n"));
    AUTO_ANSWER unknown = ask(world, "POST", CONFIG_MAPS, NULL, NULL,
                              "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"u\"},\"dat\":{}}");
    assert_int_equal(unknown.status, 201);
    assert_string_equal(unknown.warning, "299 - \"unknown field \\\"dat\\\"\"");

    AUTO_ANSWER deleted = ask(world, "DELETE", CONFIG_MAPS "/a", NULL, NULL, NULL);
    assert_int_equal(deleted.status, 200);
    assert_string_equal(json_get_text(deleted.json, "status"), "Success");
    AUTO_ANSWER all = ask(world, "DELETE", CONFIG_MAPS, NULL, NULL, NULL);
    assert_int_equal(all.status, 200);
    AUTO_ANSWER empty = get(world, CONFIG_MAPS);
    assert_int_equal(json_len(json_get(empty.json, "items")), 0);
    assert_true(json_is_array(json_get(empty.json, "items")));
}

static void test_forms(void **state) {
    struct world *world = *state;
    create_config_map(world, "form");
    AUTO_ANSWER table = ask(world, "GET", CONFIG_MAPS, TABLE_ACCEPT, NULL, NULL);
    assert_string_equal(json_get_text(table.json, "kind"), "Table");
    assert_int_equal(json_len(json_get(table.json, "rows")), 1);
    AUTO_ANSWER one = ask(world, "GET", CONFIG_MAPS "/form", TABLE_ACCEPT, NULL, NULL);
    assert_string_equal(json_get_text(one.json, "kind"), "Table");
    AUTO_ANSWER partial =
        ask(world, "GET", CONFIG_MAPS, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", NULL, NULL);
    assert_string_equal(json_get_text(partial.json, "kind"), "PartialObjectMetadataList");
    const struct json *item = json_at(json_get(partial.json, "items"), 0);
    assert_string_equal(json_find_text(item, "metadata.name"), "form");
    assert_null(json_get(item, "data"));
    AUTO_ANSWER pretty = get(world, CONFIG_MAPS "/form?pretty=true");
    assert_true(str_starts(str_text(&pretty.text), "{\n  \"kind\": \"ConfigMap\",\n"));
    AUTO_ANSWER bad = ask(world, "GET", CONFIG_MAPS "?includeObject=No", TABLE_ACCEPT, NULL, NULL);
    assert_int_equal(bad.status, 400);
    AUTO_ANSWER gone = ask(world, "DELETE", CONFIG_MAPS, NULL, NULL, NULL);
    assert_int_equal(gone.status, 200);
}

// --- paths that are no resources -----------------------------------------------------------------------------------------------

static void test_paths(void **state) {
    struct world *world = *state;
    static const struct {
        const char *path, *part;
    } rows[] = {
        {"/", "\"/apis/apps/v1\""},
        {"/version", "\"minor\": \"32\""},
        {"/api", "\"serverAddress\":\"10.0.0.1:6443\""},
        {"/api/", "APIVersions"},
        {"/apis", "APIGroupList"},
        {"/apis/apps", "APIGroup"},
        {"/apis/apps/v1", "APIResourceList"},
        {"/api/v1", "APIResourceList"},
        {"/openapi/v3", "/openapi/v3/api/v1?hash="},
        {"/openapi/v3/apis/apps/v1", "x-kubernetes-group-version-kind"},
        {"/metrics", "apiserver_request_total{"},
        {"/healthz", "ok"},
        {"/livez", "ok"},
        {"/readyz", "ok"},
        {"/readyz?verbose", "[+]informer-sync ok"},
        {"/livez?verbose", "livez check passed"},
        {"/readyz?exclude=etcd&verbose", "[+]etcd excluded: ok"},
        {"/livez/ping", "ok"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ANSWER answer = get(world, rows[i].path);
        print_message("%s\n", rows[i].path);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(str_text(&answer.text), rows[i].part));
    }
    AUTO_ANSWER aggregated =
        ask(world, "GET", "/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", NULL, NULL);
    assert_string_equal(aggregated.content_type, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    AUTO_ANSWER absent = get(world, "/livez/nope");
    assert_int_equal(absent.status, 404);
}

static void test_storage_down(void **state) {
    struct world *world = *state;
    memory_storage_set_down(world->storage, true);
    AUTO_ANSWER ready = get(world, "/readyz");
    assert_int_equal(ready.status, 500);
    assert_non_null(strstr(str_text(&ready.text), "[-]etcd failed: reason withheld\n"));
    assert_true(str_ends(str_text(&ready.text), "readyz check failed\n"));
    AUTO_ANSWER write = ask(world, "POST", CONFIG_MAPS, NULL, NULL,
                            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"no\"}}");
    assert_int_equal(write.status, 503);
    assert_string_equal(json_get_text(write.json, "kind"), "Status");
    AUTO_ANSWER cached = get(world, CONFIG_MAPS "?resourceVersion=0");
    assert_int_equal(cached.status, 200);
    memory_storage_set_down(world->storage, false);
    AUTO_ANSWER back = get(world, "/readyz");
    assert_int_equal(back.status, 200);
}

// --- watches ---------------------------------------------------------------------------------------------------------------------

struct watch {
    struct world *world;
    const char *path, *accept;
    struct str text;
    _Atomic size_t events;
    size_t wanted;
    struct stream_stop stop;
};

static bool watch_start(void *context, int status, const char *content_type) {
    struct watch *watch = context;
    assert_int_equal(status, 200);
    assert_string_equal(content_type, "application/json");
    return watch != NULL;
}

static bool watch_data(void *context, const char *bytes, size_t len) {
    struct watch *watch = context;
    str_append_n(&watch->text, bytes, len);
    for (size_t i = 0; i < len; i++)
        watch->events += bytes[i] == '\n';
    return watch->events < watch->wanted;
}

static void run_watch(void *argument) {
    struct watch *watch = argument;
    struct http_header headers[] = {{"Accept", watch->accept}};
    struct http_request request = {.method = "GET", .path = watch->path, .headers = headers, .header_count = 1};
    struct stream_handler handler = {watch_start, watch_data, watch};
    assert_int_equal(transport_stream(watch->world->client, &request, &handler, &watch->stop, NULL), 0);
}

static void test_watch(void **state) {
    struct world *world = *state;
    static const char *const accepts[] = {"application/json", TABLE_ACCEPT,
                                          "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"};
    static const char *const kinds[] = {"\"kind\":\"ConfigMap\"", "\"kind\":\"Table\"", "\"kind\":\"PartialObjectMetadata\""};
    for (size_t i = 0; i < ARRAY_LEN(accepts); i++) {
        create_config_map(world, "first");
        struct watch watch = {.world = world, .path = CONFIG_MAPS "?watch=1", .accept = accepts[i], .wanted = 3};
        struct thread *thread = thread_start("watch", run_watch, &watch);
        while (!watch.events)
            usleep(1000);
        create_config_map(world, "second");
        AUTO_ANSWER deleted = ask(world, "DELETE", CONFIG_MAPS "/second", NULL, NULL, NULL);
        assert_int_equal(deleted.status, 200);
        thread_join(thread);
        const char *text = str_text(&watch.text);
        assert_true(str_starts(text, "{\"type\":\"ADDED\",\"object\":{"));
        assert_non_null(strstr(text, "{\"type\":\"DELETED\""));
        assert_non_null(strstr(text, kinds[i]));
        str_free(&watch.text);
        AUTO_ANSWER cleared = ask(world, "DELETE", CONFIG_MAPS, NULL, NULL, NULL);
        assert_int_equal(cleared.status, 200);
    }
}

static void test_watch_ends(void **state) {
    struct world *world = *state;
    struct watch watch = {
        .world = world, .path = CONFIG_MAPS "?watch=1&timeoutSeconds=1", .accept = "application/json", .wanted = 100};
    int64_t start = clock_monotonic(clock_system());
    run_watch(&watch);
    int64_t took = clock_monotonic(clock_system()) - start;
    assert_true(took >= 900 * MILLISECOND && took < 5 * SECOND);
    str_free(&watch.text);
}

static void test_filters(void **state) {
    (void)state;
    static const char *const order[] = {"audit-id",     "recovery",      "request-info",   "metrics",
                                        "warnings",     "deadline",      "authentication", "impersonation",
                                        "flow-control", "authorization", "handler"};
    size_t count = 0;
    const struct filter *filters = filters_all(&count);
    assert_int_equal(count, ARRAY_LEN(order));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(filters[i].name, order[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),      cmocka_unit_test(test_refusals), cmocka_unit_test(test_unauthorized),
        cmocka_unit_test(test_too_large),    cmocka_unit_test(test_verbs),    cmocka_unit_test(test_forms),
        cmocka_unit_test(test_paths),        cmocka_unit_test(test_watch),    cmocka_unit_test(test_watch_ends),
        cmocka_unit_test(test_storage_down),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
