// SPDX-License-Identifier: Apache-2.0
// kubeconfigs: contexts, data fields, relative files, merging, error texts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/client/kubeconfig.h"

static char folder[] = "/tmp/kubeconfig-test-XXXXXX";

static char *write_file(const char *name, const char *text) {
    char *path = alloc_printf("%s/%s", folder, name);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
    return path;
}

static const char full[] =
    "apiVersion: v1\n"
    "kind: Config\n"
    "current-context: one\n"
    "clusters:\n"
    "- name: c1\n"
    "  cluster:\n"
    "    server: https://127.0.0.1:6443\n"
    "    certificate-authority: pki/ca.crt\n"
    "- name: c2\n"
    "  cluster: {server: 'https://h:1', certificate-authority-data: Q0E=, tls-server-name: api, insecure-skip-tls-verify: true}\n"
    "- name: broken\n"
    "  cluster: {server: ''}\n"
    "- name: bad-data\n"
    "  cluster: {server: 'https://h:1', certificate-authority-data: '***'}\n"
    "users:\n"
    "- name: u1\n"
    "  user: {client-certificate: ../a.crt, client-key: /abs/a.key}\n"
    "- name: u2\n"
    "  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: t, tokenFile: tok, username: me, password: pw}\n"
    "- name: plugin\n"
    "  user: {exec: {command: x}}\n"
    "contexts:\n"
    "- {name: one, context: {cluster: c1, user: u1, namespace: ns1}}\n"
    "- {name: two, context: {cluster: c2, user: u2}}\n"
    "- {name: anonymous, context: {cluster: c2}}\n"
    "- {name: no-server, context: {cluster: broken, user: u1}}\n"
    "- {name: no-cluster, context: {cluster: nope, user: u1}}\n"
    "- {name: no-user, context: {cluster: c1, user: nope}}\n"
    "- {name: bad, context: {cluster: bad-data, user: u1}}\n"
    "- {name: exec, context: {cluster: c1, user: plugin}}\n";

static void test_load(void **state) {
    (void)state;
    char *path = write_file("full", full);
    CLEANUP(kubeconfig_freep) struct kubeconfig *one = NULL;
    CLEANUP(kubeconfig_freep) struct kubeconfig *two = NULL;
    CLEANUP(kubeconfig_freep) struct kubeconfig *anonymous = NULL;
    assert_int_equal(kubeconfig_load(path, NULL, &one, NULL), 0);
    assert_string_equal(one->context, "one");
    assert_string_equal(one->cluster, "c1");
    assert_string_equal(one->user, "u1");
    assert_string_equal(one->ns, "ns1");
    assert_string_equal(one->server, "https://127.0.0.1:6443");
    char *ca = alloc_printf("%s/pki/ca.crt", folder);
    assert_string_equal(one->ca_file, ca);
    assert_true(str_ends(one->certificate_file, "/../a.crt") && one->certificate_file[0] == '/');
    assert_string_equal(one->key_file, "/abs/a.key");
    assert_false(one->insecure);
    assert_int_equal(kubeconfig_load(path, "two", &two, NULL), 0);
    assert_null(two->ns);
    assert_string_equal(two->ca_pem, "CA");
    assert_string_equal(two->certificate_pem, "CERT");
    assert_string_equal(two->key_pem, "KEY");
    assert_string_equal(two->token, "t");
    assert_true(str_ends(two->token_file, "/tok"));
    assert_string_equal(two->username, "me");
    assert_string_equal(two->password, "pw");
    assert_string_equal(two->server_name, "api");
    assert_true(two->insecure);
    assert_int_equal(kubeconfig_load(path, "anonymous", &anonymous, NULL), 0);
    assert_null(anonymous->token);
    free(ca);
    free(path);
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *text; // NULL: the full one
        const char *context, *wanted;
    } rows[] = {
        {NULL, "nope", "context \"nope\" does not exist"},
        {NULL, "no-server", "invalid configuration: no server found for cluster \"broken\""},
        {NULL, "no-cluster", "cluster \"nope\" does not exist"},
        {NULL, "no-user", "auth info \"nope\" does not exist"},
        {NULL, "bad", "certificate-authority-data: illegal base64 data"},
        {NULL, "exec", "credentials by \"exec\" are not supported"},
        {"", NULL, "invalid configuration: no configuration has been provided"},
        {"kind: Config\n", NULL, "invalid configuration: no configuration has been provided"},
        {"current-context: gone\n", NULL, "current-context \"gone\" does not exist"},
        {"contexts: 5\ncurrent-context: x\n", NULL, "current-context \"x\" does not exist"},
        {"a: [\n", NULL, "error loading config file \"/tmp/kubeconfig-test-"},
        {"- a\n- b\n", NULL, "no configuration has been provided"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *path = write_file("bad", rows[i].text ? rows[i].text : full);
        struct kubeconfig *config = NULL;
        AUTO_ERROR err = NULL;
        if (kubeconfig_load(path, rows[i].context, &config, &err) == 0 || !strstr(error_message(err), rows[i].wanted))
            fail_msg("row %zu: %s", i, error_message(err));
        assert_null(config);
        free(path);
    }
    struct kubeconfig *config = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(kubeconfig_load("/nonexistent/config", NULL, &config, &err), -1);
    assert_non_null(strstr(error_message(err), "/nonexistent/config"));
}

static void test_merge(void **state) {
    (void)state;
    char *first = write_file("first", "clusters:\n- {name: c, cluster: {server: 'https://first'}}\n"
                                      "users:\n- {name: u, user: {token: first}}\n");
    char *second = write_file("second", "current-context: k\nclusters:\n- {name: c, cluster: {server: 'https://second'}}\n"
                                        "- {name: d, cluster: {server: 'https://d', certificate-authority: x}}\n"
                                        "contexts:\n- {name: k, context: {cluster: c, user: u}}\n");
    char *third = write_file("third", "current-context: l\ncontexts:\n- {name: l, context: {cluster: d}}\n");
    char *paths = alloc_printf("%s:/nonexistent::%s:%s", first, second, third);
    AUTO_JSON tree = NULL;
    CLEANUP(kubeconfig_freep) struct kubeconfig *config = NULL;
    CLEANUP(kubeconfig_freep) struct kubeconfig *other = NULL;
    assert_int_equal(kubeconfig_merge(paths, &tree, NULL), 0);
    assert_int_equal(kubeconfig_resolve(tree, NULL, &config, NULL), 0);
    assert_string_equal(config->context, "k");
    assert_string_equal(config->server, "https://first");
    assert_string_equal(config->token, "first");
    assert_int_equal(kubeconfig_resolve(tree, "l", &other, NULL), 0);
    assert_true(str_ends(other->ca_file, "/x") && str_starts(other->ca_file, folder));
    AUTO_JSON empty = NULL;
    assert_int_equal(kubeconfig_merge("/nonexistent", &empty, NULL), 0);
    assert_int_equal(json_len(json_get(empty, "clusters")), 0);
    char *broken = write_file("broken", "a: [");
    AUTO_JSON never = NULL;
    AUTO_ERROR err = NULL;
    assert_int_equal(kubeconfig_merge(broken, &never, &err), -1);
    assert_null(never);
    free(broken);
    free(first);
    free(second);
    free(third);
    free(paths);
}

// A link counts from where it stands, not from where it points to; a relative path counts from the working directory.
static void test_where_files_are(void **state) {
    (void)state;
    char *sub = alloc_printf("%s/sub", folder);
    assert_int_equal(file_make_directories(sub, 0700, NULL), 0);
    char *path = write_file("linked", full);
    char *link = alloc_printf("%s/link", sub);
    assert_int_equal(symlink(path, link), 0);
    char *wanted = alloc_printf("%s/pki/ca.crt", sub);
    CLEANUP(kubeconfig_freep) struct kubeconfig *config = NULL;
    CLEANUP(kubeconfig_freep) struct kubeconfig *relative = NULL;
    assert_int_equal(kubeconfig_load(link, NULL, &config, NULL), 0);
    assert_string_equal(config->ca_file, wanted);
    assert_int_equal(chdir(sub), 0);
    assert_int_equal(kubeconfig_load("link", NULL, &relative, NULL), 0);
    assert_string_equal(relative->ca_file, wanted);
    assert_int_equal(chdir("/"), 0);
    free(sub);
    free(path);
    free(link);
    free(wanted);
}

static void test_in_cluster(void **state) {
    (void)state;
    struct kubeconfig *config = NULL;
    AUTO_ERROR err = NULL;
    unsetenv("KUBERNETES_SERVICE_HOST");
    assert_int_equal(kubeconfig_in_cluster(&config, &err), -1);
    assert_string_equal(error_message(err), "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
                                            "KUBERNETES_SERVICE_PORT must be defined");
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_int_equal(kubeconfig_in_cluster(&config, NULL), 0);
    assert_string_equal(config->server, "https://[fd00::1]:443");
    assert_string_equal(config->token_file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
    kubeconfig_free(config);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return file_remove_tree(folder, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),       cmocka_unit_test(test_errors),
        cmocka_unit_test(test_merge),      cmocka_unit_test(test_where_files_are),
        cmocka_unit_test(test_in_cluster),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
