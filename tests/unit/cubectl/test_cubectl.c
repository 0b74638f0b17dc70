// SPDX-License-Identifier: Apache-2.0
// Whole commands over a transport with canned answers: output, messages, exit codes, and what is sent.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/vec.h"
#include "cubectl/cubectl.h"

#define POD_PATH "/api/v1/namespaces/default/pods"
#define TABLE_HEAD "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\"7\"},"
#define COLUMNS                                                                                                                  \
    "\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\",\"priority\":0},"                         \
    "{\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\",\"priority\":0},"                                                   \
    "{\"name\":\"Node\",\"type\":\"string\",\"format\":\"\",\"priority\":1}],"
#define ROW(ns, name, ready)                                                                                                     \
    "{\"cells\":[\"" name "\",\"" ready "\",\"n1\"],\"object\":{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"" ns         \
    "\",\"labels\":{\"app\":\"web\"}}}}"
#define POD "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"namespace\":\"default\",\"uid\":\"u1\"}}"
#define NOT_FOUND                                                                                                                \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"pods \\\"x\\\" not "        \
    "found\","                                                                                                                   \
    "\"reason\":\"NotFound\",\"details\":{\"name\":\"x\",\"kind\":\"pods\"},\"code\":404}"
#define INVALID                                                                                                                  \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"m\",\"reason\":"            \
    "\"Invalid\","                                                                                                               \
    "\"details\":{\"name\":\"a\",\"kind\":\"Pod\",\"causes\":[{\"reason\":\"FieldValueRequired\",\"message\":\"Required "        \
    "value\","                                                                                                                   \
    "\"field\":\"spec.a\"},{\"reason\":\"FieldValueRequired\",\"message\":\"Required "                                           \
    "value\",\"field\":\"spec.b\"}]},\"code\":422}"

// The first answer whose method and path begin match is given. body NULL: the connection is refused.
struct answer {
    const char *method, *path;
    int status;
    const char *body;
};

static const struct answer answers[] = {
    {"GET", POD_PATH "?limit=500&watch=true", 200, ""},
    {"GET", POD_PATH "?fieldSelector=metadata.name%3Da&watch=true", 200, "{\"type\":\"DELETED\",\"object\":" POD "}\n"},
    {"GET", POD_PATH "?fieldSelector=metadata.name%3Da", 200,
     "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" POD "]}"},
    {"GET", POD_PATH "?labelSelector=none", 200, TABLE_HEAD COLUMNS "\"rows\":[]}"},
    {"GET", POD_PATH "?labelSelector=paged&limit=500&continue=t", 200,
     TABLE_HEAD COLUMNS "\"rows\":[" ROW("default", "b", "1/1") "]}"},
    {"GET", POD_PATH "?labelSelector=paged", 200,
     "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"continue\":\"t\"}," COLUMNS
     "\"rows\":[" ROW("default", "a", "1/1") "]}"},
    {"GET", POD_PATH "?watch=true", 200,
     "{\"type\":\"MODIFIED\",\"object\":" TABLE_HEAD COLUMNS "\"rows\":[" ROW("default", "a", "2/2") "]}}\n"},
    {"GET", POD_PATH "/p/log?container=main&tailLines=2", 200, "two\nthree\n"},
    {"GET", POD_PATH "/p/log?container=main", 200, "one\ntwo\nthree\n"},
    {"GET", POD_PATH "/p/log?container=side", 200, "beside"},
    {"GET", POD_PATH "/p", 200,
     "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"},"
     "\"spec\":{\"containers\":[{\"name\":\"main\"},{\"name\":\"side\"}]}}"},
    {"PATCH", POD_PATH "/a", 200, POD},
    {"GET", POD_PATH "/a", 200, POD},
    {"GET", POD_PATH "/x", 404, NOT_FOUND},
    {"GET", POD_PATH "/refused", 0, NULL},
    {"GET", POD_PATH, 200,
     TABLE_HEAD COLUMNS "\"rows\":[" ROW("default", "a", "1/1") "," ROW("default", "long-name", "0/1") "]}"},
    {"GET", "/api/v1/pods", 200,
     TABLE_HEAD COLUMNS "\"rows\":[" ROW("default", "a", "1/1") "," ROW("kube-system", "b", "0/1") "]}"},
    {"GET", "/apis/apps/v1/namespaces/default/replicasets/web", 200,
     "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"web\",\"namespace\":\"default\"},"
     "\"status\":{\"readyReplicas\":3}}"},
    {"PATCH", "/apis/apps/v1/namespaces/default/replicasets/web/scale", 200, "{\"kind\":\"Scale\"}"},
    {"DELETE", POD_PATH "/a", 200, POD},
    {"DELETE", POD_PATH "/x", 404, NOT_FOUND},
    {"POST", POD_PATH, 422, INVALID},
    {"GET", "/api/v1/namespaces/default/configmaps/cm", 404, NOT_FOUND},
    {"POST", "/api/v1/namespaces/default/configmaps", 201,
     "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"cm\",\"namespace\":\"default\"}}"},
    {"GET", "/api", 200, "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[]}"},
};

struct fake {
    struct transport base;
    struct str sent; // "METHOD path body\n" for all but GET
};

static const struct answer *find_answer(const struct http_request *request) {
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        if (str_equal(request->method, answers[i].method) && str_starts(request->path, answers[i].path))
            return &answers[i];
    return NULL;
}

static int refuse(struct error **err) {
    return error_set(err, "Get \"https://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused");
}

static int roundtrip(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                     struct error **err) {
    struct fake *fake = (struct fake *)transport;
    if (!str_equal(request->method, "GET"))
        str_printf(&fake->sent, "%s %s %.*s\n", request->method, request->path, (int)request->body_len,
                   request->body ? request->body : "");
    const struct answer *answer = find_answer(request);
    if (answer && !answer->body)
        return refuse(err);
    *ret_response = (struct http_response){.status = answer ? answer->status : 500, .retry_after_seconds = -1};
    str_append(&ret_response->body, answer ? answer->body : "no answer for this path");
    return 0;
}

static int stream(struct transport *transport UNUSED, const struct http_request *request, const struct stream_handler *handler,
                  struct stream_stop *stop UNUSED, struct error **err) {
    const struct answer *answer = find_answer(request);
    if (!answer)
        return refuse(err);
    handler->on_start(handler->context, answer->status, "application/json");
    handler->on_data(handler->context, answer->body, strlen(answer->body));
    return 0;
}

static void free_nothing(struct transport *transport UNUSED) {
}

static const struct transport_ops fake_ops = {"fake", roundtrip, stream, free_nothing};

static const struct {
    const char *command; // words separated by blanks
    const char *in;      // standard input
    int code;
    const char *out, *errors;
    const char *sent; // a part of what was sent; NULL: nothing was
} rows[] = {
    {"get pods", "", 0, "NAME        READY\na           1/1\nlong-name   0/1\n", "", NULL},
    {"get po -o wide", "", 0, "NAME        READY   NODE\na           1/1     n1\nlong-name   0/1     n1\n", "", NULL},
    {"get pods --no-headers --show-labels", "", 0, "a           1/1   app=web\nlong-name   0/1   app=web\n", "", NULL},
    {"get pods -A", "", 0, "NAMESPACE     NAME   READY\ndefault       a      1/1\nkube-system   b      0/1\n", "", NULL},
    {"get pods -L app --show-kind", "", 0,
     "NAME            READY   APP\npod/a           1/1     web\npod/long-name   0/1     web\n", "", NULL},
    {"get pods -l paged", "", 0, "NAME   READY\na      1/1\nb      1/1\n", "", NULL},
    {"get pods -l none", "", 0, "", "No resources found in default namespace.\n", NULL},
    {"get pods -w", "", 0, "NAME        READY\na           1/1\nlong-name   0/1\na           2/2\n", "", NULL},
    {"get pods --watch-only", "", 0, "NAME   READY\na      2/2\n", "", NULL},
    {"get pod x", "", 1, "", "Error from server (NotFound): pods \"x\" not found\n", NULL},
    {"get pod x --ignore-not-found", "", 0, "", "", NULL},
    {"get pod/a rs/web -o name", "", 0, "pod/a\nreplicaset.apps/web\n", "", NULL},
    {"get rs web -o jsonpath={.status.readyReplicas}", "", 0, "3", "", NULL},
    {"get rs web -o custom-columns=N:.metadata.name,X:.nope", "", 0, "N     X\nweb   <none>\n", "", NULL},
    {"get pod a -o yaml", "", 0, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: default\n  uid: u1\n", "", NULL},
    {"get pod refused", "", 1, "",
     "The connection to the server localhost was refused - did you specify the right host or port?\n", NULL},
    {"get foo", "", 1, "", "error: the server doesn't have a resource type \"foo\"\n", NULL},
    {"get pods,rs -w", "", 1, "", "error: you may only specify a single resource type\n", NULL},
    {"get pods -A x", "", 1, "", "error: a resource cannot be retrieved by name across all namespaces\n", NULL},
    {"get pods --nope", "", 1, "", "error: unknown flag: --nope\nSee 'cubectl get --help' for usage.\n", NULL},
    {"nope", "", 1, "", "error: unknown command \"nope\" for \"cubectl\"\n", NULL},
    {"help nope", "", 1, "", "error: unknown command \"nope\" for \"cubectl\"\n", NULL},
    {"get", "", 1, "",
     "You must specify the type of resource to get. Use \"cubectl api-resources\" for a complete list of supported resources.\n\n"
     "error: Required resource not specified.\nSee 'cubectl get -h' for help and examples\n",
     NULL},
    {"-n default get pods --no-headers", "", 0, "a           1/1\nlong-name   0/1\n", "", NULL},
    {"delete pod a --wait=false", "", 0, "pod \"a\" deleted\n", "",
     "DELETE " POD_PATH "/a {\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"Background\"}\n"},
    {"delete pod a", "", 0, "pod \"a\" deleted\n", "", "DELETE " POD_PATH "/a"},
    {"delete pod a --grace-period=0 --wait=false", "", 0, "pod \"a\" deleted\n", "", "\"gracePeriodSeconds\":1}"},
    {"delete pod a --now -o name --wait=false", "", 0, "pod/a\n", "", "\"gracePeriodSeconds\":1}"},
    {"delete pod a --cascade --wait=false", "", 0, "pod \"a\" deleted\n", "", "\"propagationPolicy\":\"Background\"}"},
    {"delete pod a --dry-run=client", "", 0, "pod \"a\" deleted (dry run)\n", "", NULL},
    {"delete pod x", "", 1, "", "Error from server (NotFound): pods \"x\" not found\n", "DELETE"},
    {"delete pod x --ignore-not-found", "", 0, "No resources found\n", "", "DELETE"},
    {"delete pods", "", 1, "", "error: resource(s) were provided, but no name was specified\n", NULL},
    {"scale rs web --replicas 5", "", 0, "replicaset.apps/web scaled\n", "", "/scale {\"spec\":{\"replicas\":5}}\n"},
    {"scale rs web", "", 1, "", "error: required flag(s) \"replicas\" not set\n", NULL},
    {"scale rs web --replicas=-1", "", 1, "",
     "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n", NULL},
    {"apply -f -", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: cm}\n", 0, "configmap/cm created\n", "",
     "POST /api/v1/namespaces/default/configmaps?fieldManager=kubectl-client-side-apply&fieldValidation=Strict {"},
    {"apply -f - --dry-run=client", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: cm}\n", 0,
     "configmap/cm created (dry run)\n", "", NULL},
    {"apply -f -", "a: b\n  c: d\n", 1, "",
     "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context\n",
     NULL},
    {"apply -f -", "a: b\n", 1, "",
     "error: error validating \"STDIN\": error validating data: [apiVersion not set, kind not set]; if you choose to ignore "
     "these "
     "errors, turn validation off with --validate=false\n",
     NULL},
    {"apply -f - -n other", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: cm, namespace: one}\n", 1, "",
     "error: the namespace from the provided object \"one\" does not match the namespace \"other\". You must pass "
     "'--namespace=one' "
     "to "
     "perform this operation.\n",
     NULL},
    {"apply -f https://example.com/x.yaml", "", 1, "",
     "error: the URL \"https://example.com/x.yaml\" cannot be read: download it and pass the file\n", NULL},
    {"apply -f - --dry-run", "", 1, "",
     "error: --dry-run flag without a value was specified. A value must be set: \"none\", \"server\", or \"client\".\n", NULL},
    {"create -f -", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}", 1, "",
     "The Pod \"a\" is invalid: \n* spec.a: Required value\n* spec.b: Required value\n", "POST"},
    {"create configmap cm --from-literal=a=b --from-literal=c=d", "", 0, "configmap/cm created\n", "",
     "\"data\":{\"a\":\"b\",\"c\":\"d\"}"},
    {"wait pod/a --for=delete --timeout=5s", "", 0, "pod/a condition met\n", "", NULL},
    {"wait rs/web --for=foo", "", 1, "", "error: unrecognized condition: \"foo\"\n", NULL},
    {"logs p -c main", "", 0, "one\ntwo\nthree\n", "", NULL},
    {"logs p --tail=2", "", 0, "two\nthree\n", "Defaulted container \"main\" out of: main, side\n", NULL},
    {"logs p --all-containers", "", 0, "one\ntwo\nthree\nbeside\n", "", NULL},
    {"logs p --all-containers --prefix", "", 0, "[pod/p/main] one\n[pod/p/main] two\n[pod/p/main] three\n[pod/p/side] beside\n",
     "", NULL},
    {"logs p -c nope", "", 1, "", "error: container nope is not valid for pod p\n", NULL},
    {"logs x", "", 1, "", "error: error from server (NotFound): pods \"x\" not found in namespace \"default\"\n", NULL},
    {"label pod a k=v", "", 0, "pod/a labeled\n", "", "PATCH " POD_PATH "/a {\"metadata\":{\"labels\":{\"k\":\"v\"}}}\n"},
    {"annotate pod a k-", "", 0, "annotation \"k\" not found.\npod/a annotated\n", "", NULL},
    {"label pod a", "", 1, "", "error: at least one label update is required\n", NULL},
    {"version --client", "", 0, "Client Version: v1.32.0+cube\n", "", NULL},
};

static char *read_stream(FILE *stream_to_close, char **text) {
    fclose(stream_to_close);
    return *text;
}

static void run_row(size_t index) {
    struct fake fake = {.base = {&fake_ops}};
    AUTO_STR_LIST words = {0};
    char *out = NULL, *errors = NULL;
    size_t out_len = 0, errors_len = 0;
    str_list_add(&words, "cubectl");
    str_list_split(&words, rows[index].command, ' ');
    FILE *in = fmemopen((void *)(*rows[index].in ? rows[index].in : " "), *rows[index].in ? strlen(rows[index].in) : 1, "r");
    struct cubectl_config config = {.in = in,
                                    .out = open_memstream(&out, &out_len),
                                    .errors = open_memstream(&errors, &errors_len),
                                    .clock = clock_system(),
                                    .transport = &fake.base};
    int code = cubectl_run(&config, (int)words.len, words.items);
    read_stream(config.out, &out);
    read_stream(config.errors, &errors);
    fclose(in);
    if (code != rows[index].code || !str_equal(out, rows[index].out) || !str_equal(errors, rows[index].errors))
        fail_msg("%s: code %d, output \"%s\", errors \"%s\"", rows[index].command, code, out, errors);
    if (rows[index].sent ? !strstr(str_text(&fake.sent), rows[index].sent) : fake.sent.len > 0)
        fail_msg("%s: sent \"%s\"", rows[index].command, str_text(&fake.sent));
    free(out);
    free(errors);
    str_free(&fake.sent);
}

static void test_commands(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        run_row(i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
