// SPDX-License-Identifier: Apache-2.0
// Stock kubectl against the apiserver on a real etcd; skipped where there is no kubectl.
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
#include "apiserver/authentication/token_file.h"
#include "apiserver/front.h"
#include "apiserver/storage/etcd.h"
#include "common/base/file.h"
#include "common/base/process.h"
#include "tests/fixtures/etcd_process.h"
#include "tests/unit/common/net/pki.h"

#define PATIENCE (60 * SECOND)

struct world {
    struct etcd_process etcd;
    struct pki pki;
    struct pki_leaf leaf;
    struct tls_store *tls;
    struct apiserver *server;
    struct front *front;
    char directory[64];
    char kubeconfig[128];
    char cache[128];
};

static const char manifest[] = "apiVersion: apps/v1\n"
                               "kind: ReplicaSet\n"
                               "metadata: {name: web, labels: {app: web}}\n"
                               "spec:\n"
                               "  replicas: 3\n"
                               "  selector: {matchLabels: {app: web}}\n"
                               "  template:\n"
                               "    metadata: {labels: {app: web}}\n"
                               "    spec: {containers: [{name: web, image: \"demo:1\", ports: [{containerPort: 8080}]}]}\n"
                               "---\n"
                               "apiVersion: v1\n"
                               "kind: Pod\n"
                               "metadata: {name: solo, labels: {app: solo}}\n"
                               "spec: {containers: [{name: c, image: \"demo:1\"}]}\n"
                               "---\n"
                               "apiVersion: v1\n"
                               "kind: ConfigMap\n"
                               "metadata: {name: settings}\n"
                               "data: {a: one}\n";
// One image changed, one key added.
static const char manifest_changed[] = "apiVersion: v1\n"
                                       "kind: Pod\n"
                                       "metadata: {name: solo, labels: {app: solo}}\n"
                                       "spec: {containers: [{name: c, image: \"demo:2\"}]}\n"
                                       "---\n"
                                       "apiVersion: v1\n"
                                       "kind: ConfigMap\n"
                                       "metadata: {name: settings}\n"
                                       "data: {b: two}\n";

// A command line (split at spaces; no quoting), its standard input, and what must be in its output or errors.
static const struct {
    const char *arguments;
    const char *input;
    int status;
    const char *part;
} rows[] = {
    {"version", NULL, 0, "Server Version: v1.32"},
    {"api-resources", NULL, 0, "replicasets"},
    {"api-versions", NULL, 0, "apps/v1"},
    {"get --raw /readyz", NULL, 0, "ok"},
    {"get --raw /readyz?verbose", NULL, 0, "[+]etcd ok"},
    {"get ns", NULL, 0, "kube-node-lease   Active"},
    {"get pods", NULL, 0, "No resources found in default namespace."},
    {"get widgets", NULL, 1, "the server doesn't have a resource type \"widgets\""},
    {"apply -f -", manifest, 0, "replicaset.apps/web created"},
    {"apply -f -", manifest, 0, "pod/solo unchanged"},
    {"get pods -o wide", NULL, 0, "NOMINATED NODE   READINESS GATES"},
    {"get pods", NULL, 0, "solo   0/1     Pending   0"},
    {"get rs -o wide", NULL, 0, "app=web"},
    {"get all", NULL, 0, "replicaset.apps/web"},
    {"get pod solo -o yaml", NULL, 0, "  restartPolicy: Always"},
    {"get pod solo -o json", NULL, 0, "\"terminationMessagePolicy\": \"File\""},
    {"get pod -l app=solo -o name", NULL, 0, "pod/solo"},
    {"get pod --field-selector status.phase=Running", NULL, 0, "No resources found"},
    {"apply -f -", manifest_changed, 0, "pod/solo configured"},
    {"get pod solo -o jsonpath={.spec.containers[0].image}", NULL, 0, "demo:2"},
    {"get cm settings -o jsonpath={.data}", NULL, 0, "{\"b\":\"two\"}"}, // the key that the manifest lost is gone
    {"describe pod solo", NULL, 0, "BestEffort"},
    {"describe rs web", NULL, 0, "0 current / 3 desired"},
    {"describe cm settings", NULL, 0, "two"},
    {"scale rs web --replicas=5", NULL, 0, "replicaset.apps/web scaled"},
    {"wait --for=jsonpath={.spec.replicas}=5 rs/web --timeout=5s", NULL, 0, "condition met"},
    {"wait --for=condition=Ready pod/solo --timeout=1s", NULL, 1, "timed out waiting"},
    {"explain pod.spec.containers.image", NULL, 0, "FIELD: image <string>"},
    {"explain rs", NULL, 0, "spec\t<ReplicaSetSpec>"},
    {"explain pod.spec.nope", NULL, 1, "field \"nope\" does not exist"},
    {"create --validate=strict -f -", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"z\"},\"dat\":{}}",
     1, "strict decoding error: unknown field \"dat\""},
    {"create --validate=warn -f -", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"z\"},\"dat\":{}}", 0,
     "Warning: unknown field \"dat\""},
    {"create -f -", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"z\"}}", 1, "already exists"},
    {"apply --dry-run=server -f -", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"dry\"}}", 0,
     "configmap/dry created (server dry run)"},
    {"get cm dry", NULL, 1, "configmaps \"dry\" not found"},
    {"label pod solo tier=front", NULL, 0, "pod/solo labeled"},
    {"annotate pod solo note=x", NULL, 0, "pod/solo annotated"},
    {"patch cm settings -p {\"data\":{\"c\":\"3\"}}", NULL, 0, "configmap/settings patched"},
    {"replace -f -", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"z\"},\"data\":{\"q\":\"1\"}}", 0,
     "configmap/z replaced"},
    {"logs solo", NULL, 0, ""},
    {"logs solo -c nope", NULL, 1, "container nope is not valid for pod solo"},
    {"get events", NULL, 0, "No resources found"},
    {"delete cm settings z", NULL, 0, "configmap \"settings\" deleted"},
    {"delete pod solo --grace-period=0 --force", NULL, 0, "pod \"solo\" force deleted"},
    {"delete rs --all", NULL, 0, "replicaset.apps \"web\" deleted"},
    {"get all", NULL, 0, "No resources found in default namespace."},
};

static void write_kubeconfig(struct world *world) {
    AUTO_STR text = {0};
    AUTO_STR ca = {0};
    snprintf(world->directory, sizeof(world->directory), "/tmp/kubectl-test-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->kubeconfig, sizeof(world->kubeconfig), "%s/config", world->directory);
    snprintf(world->cache, sizeof(world->cache), "--cache-dir=%s/cache", world->directory);
    str_printf(&ca, "%s/ca.crt", world->directory);
    assert_int_equal(file_write_atomic(str_text(&ca), str_text(&world->pki.ca_pem), world->pki.ca_pem.len, 0600, NULL), 0);
    str_printf(
        &text,
        "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: \"https://127.0.0.1:%u\", "
        "certificate-authority: %s}}]\nusers: [{name: u, user: {token: secret}}]\ncontexts: [{name: x, context: {cluster: c, "
        "user: u}}]\ncurrent-context: x\n",
        front_port(world->front), str_text(&ca));
    assert_int_equal(file_write_atomic(world->kubeconfig, str_text(&text), text.len, 0600, NULL), 0);
}

static int set_up(void **state) {
    static const char tokens[] = "secret,admin,u1,system:masters\n";
    struct world *world = calloc(1, sizeof(*world));
    AUTO_ERROR error = NULL;
    if (etcd_process_start(&world->etcd, &error) < 0)
        fail_msg("%s", error_message(error));
    world->pki = pki_new("ca");
    world->leaf = pki_leaf(&world->pki, "apiserver", "x", true);
    struct tls_config tls = {.certificate_pem = str_text(&world->leaf.certificate), .key_pem = str_text(&world->leaf.key)};
    assert_int_equal(tls_store_new(&tls, clock_system(), &world->tls, &error), 0);

    const char *const servers[] = {world->etcd.url, NULL};
    struct etcd_endpoints endpoints = {.servers = servers};
    struct storage *storage = NULL;
    struct authenticator *token = NULL;
    assert_int_equal(etcd_storage_open(&endpoints, clock_system(), &storage, &error), 0);
    assert_int_equal(token_file_authenticator_new_from_text(tokens, strlen(tokens), "t", &token, NULL), 0);
    struct apiserver_config config = {.clock = clock_system(),
                                      .random = random_system(),
                                      .take_storage = storage,
                                      .take_authenticator = authenticator_union_new(&token, 1, false)};
    if (apiserver_new(&config, &world->server, &error) < 0 || apiserver_start(world->server, &error) < 0)
        fail_msg("%s", error_message(error));
    struct front_config front = {.server = world->server, .tls = world->tls, .address = "127.0.0.1"};
    assert_int_equal(front_start(&front, &world->front, &error), 0);
    assert_true(apiserver_wait_ready(world->server, clock_monotonic(clock_system()) + 20 * SECOND));
    write_kubeconfig(world);
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    front_stop(world->front);
    apiserver_free(world->server);
    tls_store_free(world->tls);
    pki_leaf_free(&world->leaf);
    pki_free(&world->pki);
    etcd_process_free(&world->etcd);
    assert_int_equal(file_remove_tree(world->directory, NULL), 0);
    free(world);
    return 0;
}

static int kubectl(struct world *world, const char *arguments, const char *input, struct str *output) {
    AUTO_STR_LIST words = {0};
    str_list_split(&words, arguments, ' ');
    const char *argv[32] = {"kubectl", "--kubeconfig", world->kubeconfig, world->cache};
    size_t count = 4;
    for (size_t i = 0; i < words.len && count < ARRAY_LEN(argv) - 1; i++)
        argv[count++] = words.items[i];
    AUTO_ERROR error = NULL;
    AUTO_STR errors = {0};
    struct process_output done = {.out = output, .errors = &errors};
    if (process_run(argv, input, PATIENCE, &done, &error) < 0) {
        print_message("%s\n", error_message(error));
        return -1;
    }
    str_append(output, str_text(&errors));
    return done.status;
}

static void test_commands(void **state) {
    struct world *world = *state;
    AUTO_STR probe = {0};
    if (kubectl(world, "version --client", NULL, &probe) != 0)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR output = {0};
        int status = kubectl(world, rows[i].arguments, rows[i].input, &output);
        if (status != rows[i].status || !strstr(str_text(&output), rows[i].part))
            fail_msg("kubectl %s: status %d, wanted %d and \"%s\":\n%s", rows[i].arguments, status, rows[i].status, rows[i].part,
                     str_text(&output));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
