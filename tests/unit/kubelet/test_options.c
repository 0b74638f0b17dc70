// SPDX-License-Identifier: Apache-2.0
// Flags and configuration files of the kubelet: every row, defaults with and without a file, mistakes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "kubelet/options.h"

// Parses arguments (separated by '|') and configures; "" or the error's text. The caller frees the options.
static void configure(const char *arguments, struct kubelet_options *options, struct str *ret_error) {
    AUTO_STR_LIST list = {0};
    str_list_add(&list, "kubelet");
    str_list_split(&list, arguments, '|');
    struct options_result result = {0};
    AUTO_ERROR err = NULL;
    *options = (struct kubelet_options){0};
    if (options_parse(kubelet_option_table, options, (int)list.len, list.items, &result, &err) < 0 ||
        kubelet_options_configure(options, kubelet_option_table, &result.given, &err) < 0)
        str_append(ret_error, error_message(err));
    options_result_free(&result);
}

static void test_mistakes(void **state) {
    (void)state;
    static const struct {
        const char *arguments, *error; // a part of it; "" for none
    } rows[] = {
        {"", ""},
        {"--nosuch", "unknown flag: --nosuch"},
        {"--max-pods=-1", "maxPods (--max-pods) -1 must not be a negative number"},
        {"--max-pods=x", "invalid argument \"x\""},
        {"--node-status-update-frequency=10", "invalid argument \"10\""},
        {"--port=70000", "port (--port) 70000 must be between 1 and 65535"},
        {"--address=here", "must be an IP address"},
        {"--node-ip=1.2.3.4,fd00::1", ""},
        {"--node-ip=1.2.3", "--node-ip \"1.2.3\" must be an IP address"},
        {"--cgroup-driver=systemd", ""},
        {"--cgroup-driver=none", "must be \"cgroupfs\" or \"systemd\""},
        {"--register-with-taints=a=b:NoSchedule,c:NoExecute", ""},
        {"--register-with-taints=a=b", "invalid taint spec: a=b"},
        {"--kube-reserved=cpu=100m,memory=1Gi", ""},
        {"--kube-reserved=cpu=much", "is no resource=quantity"},
        {"--kube-reserved=cpu=-1", "cannot be negative"},
        {"--container-log-max-size=huge", "must be a positive quantity"},
        {"--container-log-max-files=1", "must be greater than 1"},
        {"--authorization-mode=RBAC", "must be AlwaysAllow or Webhook"},
        {"--cluster-dns=name", "must be an IP address"},
        {"--tls-cert-file=/x", "must be given together"},
        {"--tls-min-version=VersionTLS13", ""},
        {"--tls-min-version=VersionTLS11", ""},
        {"--tls-min-version=1.3", "tlsMinVersion (--tls-min-version): unknown tls version \"1.3\""},
        {"--tls-cipher-suites=TLS_AES_128_GCM_SHA256", ""},
        {"--cloud-provider=aws", "must be \"external\" or empty"},
        {"--eviction-hard=memory.available<100Mi", ""},
        {"--rotate-certificates", ""},
        {"--config=/nonexistent", "failed to load kubelet config file, path: /nonexistent"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kubelet_options options;
        AUTO_STR error = {0};
        configure(rows[i].arguments, &options, &error);
        if (*rows[i].error ? !strstr(str_text(&error), rows[i].error) : error.len > 0)
            fail_msg("%s: %s", rows[i].arguments, str_text(&error));
        options_free(kubelet_option_table, &options);
    }
}

static void test_defaults_differ_by_file(void **state) {
    (void)state;
    struct kubelet_options options;
    AUTO_STR error = {0};
    configure("", &options, &error);
    assert_string_equal(str_text(&error), "");
    assert_true(options.anonymous_auth);
    assert_int_equal(options.read_only_port, 10255);
    assert_string_equal(options.authorization_mode, "AlwaysAllow");
    assert_true(options.fail_swap_on);
    options_free(kubelet_option_table, &options);

    char path[] = "/tmp/cube-kubelet-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    static const char text[] = "kind: KubeletConfiguration\n"
                               "apiVersion: kubelet.config.k8s.io/v1beta1\n"
                               "maxPods: 16\n"
                               "failSwapOn: false\n"
                               "authentication: {x509: {clientCAFile: /ca}}\n"
                               "cpuCFSQuotaPeriod: 50ms\n"
                               "clusterDNS: [10.96.0.10]\n"
                               "systemReserved: {cpu: 100m, memory: 1Gi}\n"
                               "registerWithTaints: [{key: a, value: b, effect: NoSchedule}, {key: c, effect: NoExecute}]\n"
                               "evictionHard: {memory.available: 100Mi}\n"
                               "nobodyKnowsThis: 1\n";
    assert_int_equal(file_write_atomic(path, text, sizeof(text) - 1, 0600, NULL), 0);
    AUTO_STR arguments = {0};
    str_printf(&arguments, "--config=%s|--max-pods=17", path);
    configure(str_text(&arguments), &options, &error);
    assert_string_equal(str_text(&error), "");
    assert_false(options.anonymous_auth);
    assert_int_equal(options.read_only_port, 0);
    assert_string_equal(options.authorization_mode, "Webhook");
    assert_int_equal(options.max_pods, 17); // the flag wins
    assert_false(options.fail_swap_on);
    assert_string_equal(options.client_ca_file, "/ca");
    assert_int_equal(options.cpu_cfs_quota_period, 50 * MILLISECOND);
    assert_string_equal(options.cluster_dns.items[0], "10.96.0.10");
    assert_int_equal(options.system_reserved.len, 2);
    assert_string_equal(options.register_with_taints.items[0], "a=b:NoSchedule");
    assert_string_equal(options.register_with_taints.items[1], "c=:NoExecute");
    AUTO_STR configz = {0};
    kubelet_options_configz(&options, &configz);
    assert_non_null(strstr(str_text(&configz), "\"maxPods\":17"));
    assert_non_null(strstr(str_text(&configz), "\"clientCAFile\":\"/ca\""));
    options_free(kubelet_option_table, &options);
    unlink(path);
}

static void test_node_name(void **state) {
    (void)state;
    struct kubelet_options options;
    AUTO_STR error = {0};
    configure("--hostname-override= Node-1.Example ", &options, &error);
    char *name = kubelet_options_node_name(&options);
    assert_string_equal(name, "node-1.example");
    free(name);
    options_free(kubelet_option_table, &options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_defaults_differ_by_file),
        cmocka_unit_test(test_node_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
