// SPDX-License-Identifier: Apache-2.0
// Environment, downward API, DNS, hosts file, resources and security of a pod, from its spec alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "kubelet/container_config.h"
#include "kubelet/downward.h"
#include "kubelet/environment.h"
#include "kubelet/images.h"
#include "kubelet/pull_secrets.h"
#include "kubelet/sandbox_config.h"
#include "kubelet/security.h"

static int get_object(void *context, const char *kind, const char *ns, const char *name, struct json **ret_object,
                      struct error **err) {
    (void)context;
    (void)ns;
    bool secret = strcmp(kind, "Secret") == 0;
    if (strcmp(name, "there") != 0)
        return error_set_api(err, 404, "NotFound", "%s \"%s\" not found", secret ? "secret" : "configmap", name);
    const char *text = secret ? "{\"metadata\":{\"name\":\"there\"},\"data\":{\"key\":\"c2VjcmV0\",\"bad\":\"*\"}}"
                              : "{\"metadata\":{\"name\":\"there\"},\"data\":{\"key\":\"value\",\"other\":\"$(A)\"}}";
    return json_parse(text, strlen(text), NULL, ret_object, err);
}

static struct kubelet_options options;
static struct volume_host host = {.get_object = get_object};
static struct str_list host_ips, pod_ips;
static struct resource_amounts allocatable = {.cpu_milli = 4000, .memory = INT64_C(8) << 30};

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

static struct pod_context context_of(const struct json *pod) {
    return (struct pod_context){.options = &options,
                                .pod = pod,
                                .node_name = "n1",
                                .host_ips = &host_ips,
                                .pod_ips = &pod_ips,
                                .allocatable = &allocatable,
                                .memory_capacity = INT64_C(8) << 30,
                                .objects = &host,
                                .pod_folder = "/nonexistent",
                                .log_folder = "/nonexistent",
                                .cgroup_parent = "/kubepods/x"};
}

static int set_up(void **state) {
    (void)state;
    struct options_result result = {0};
    char *arguments[] = {(char *)"kubelet", NULL};
    str_list_add(&host_ips, "192.168.0.1");
    str_list_add(&host_ips, "fd00::1");
    str_list_add(&pod_ips, "10.0.0.9");
    int parsed = options_parse(kubelet_option_table, &options, 1, arguments, &result, NULL);
    options_result_free(&result);
    return parsed;
}

static const char pod_text[] = "{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"ns\",\"uid\":\"u\",\"labels\":{\"b\":\"2\","
                               "\"a\":\"x\\\"y\"},\"annotations\":{\"k/1\":\"v\"}},"
                               "\"spec\":{\"nodeName\":\"n1\",\"serviceAccountName\":\"sa\",\"hostAliases\":[{\"ip\":\"1.2.3.4\","
                               "\"hostnames\":[\"foo\",\"bar\"]}],"
                               "\"containers\":[{\"name\":\"c\",\"resources\":{\"limits\":{\"cpu\":\"1500m\",\"memory\":\"64Mi\"}"
                               ",\"requests\":{\"cpu\":\"250m\"}}},{\"name\":\"d\"}]}}";

static void test_environment(void **state) {
    (void)state;
    static const struct {
        const char *container, *expected; // NAME=value joined by '|', or "!" and the error
    } rows[] = {
        {"{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":\"$(A)-$(C)-$$(A)-$\"},{\"name\":\"C\",\"value\":"
         "\"$(B\"}]}",
         "A=1|B=1-$(C)-$(A)-$|C=$(B"},
        {"{\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"there\"}}],\"env\":[{\"name\":\"X\",\"value\":\"$(P_key)"
         "\"}]}",
         "P_key=value|P_other=$(A)|X=$(P_key)"},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"there\",\"key\":\"key\"}}}]}", "A=secret"},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"there\",\"key\":\"bad\"}}}]}",
         "!secret \"there\": key bad is not base64"},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"there\",\"key\":\"no\"}}}]}",
         "!couldn't find key no in ConfigMap ns/there"},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"there\",\"key\":\"no\",\"optional\":true}}}]}",
         ""},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"gone\",\"key\":\"no\"}}}]}",
         "!configmap \"gone\" not found"},
        {"{\"envFrom\":[{\"secretRef\":{\"name\":\"gone\",\"optional\":true}}]}", ""},
        {"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}}]}", "A=10.0.0.9"},
        {"{\"name\":\"c\",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.cpu\",\"divisor\":"
         "\"1m\"}}}]}",
         "A=1500"},
    };
    AUTO_JSON pod = parse(pod_text);
    struct pod_context context = context_of(pod);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_JSON container = parse(rows[i].container);
        struct runtime_pairs environment = {0};
        AUTO_ERROR err = NULL;
        AUTO_STR text = {0};
        if (environment_make(&context, container, &environment, &err) < 0)
            str_printf(&text, "!%s", error_message(err));
        else
            for (size_t k = 0; k < environment.len; k++)
                str_printf(&text, "%s%s=%s", k > 0 ? "|" : "", environment.items[k].key, environment.items[k].value);
        assert_string_equal(str_text(&text), rows[i].expected);
        runtime_pairs_free(&environment);
    }
}

static void test_downward(void **state) {
    (void)state;
    static const struct {
        const char *path, *expected;
    } fields[] = {
        {"metadata.name", "web-1"},
        {"metadata.labels", "a=\"x\\\"y\"\nb=\"2\""},
        {"metadata.labels['b']", "2"},
        {"metadata.annotations['k/1']", "v"},
        {"metadata.annotations['none']", ""},
        {"spec.serviceAccountName", "sa"},
        {"status.hostIPs", "192.168.0.1,fd00::1"},
        {"spec.containers", NULL},
    };
    static const struct {
        const char *container, *resource, *divisor, *expected;
    } resources[] = {
        {"c", "limits.cpu", NULL, "2"},      {"c", "limits.memory", NULL, "67108864"},
        {"c", "limits.memory", "1Mi", "64"}, {"c", "requests.cpu", "1m", "250"},
        {"c", "requests.memory", NULL, "0"}, {"d", "limits.cpu", NULL, "4"},
        {"d", "limits.memory", "1Gi", "8"},  {"c", "limits.cpu", "0", "2"},
        {"c", "sizes.cpu", NULL, NULL},      {"none", "limits.cpu", NULL, NULL},
    };
    AUTO_JSON pod = parse(pod_text);
    struct pod_context context = context_of(pod);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        AUTO_STR text = {0};
        int result = downward_field(&context, fields[i].path, &text, NULL);
        assert_int_equal(result, fields[i].expected ? 0 : -1);
        if (fields[i].expected)
            assert_string_equal(str_text(&text), fields[i].expected);
    }
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        AUTO_STR text = {0};
        int result =
            downward_resource(&context, resources[i].container, resources[i].resource, resources[i].divisor, &text, NULL);
        assert_int_equal(result, resources[i].expected ? 0 : -1);
        if (resources[i].expected)
            assert_string_equal(str_text(&text), resources[i].expected);
    }
}

static void test_hosts(void **state) {
    (void)state;
    AUTO_JSON pod = parse(pod_text);
    struct pod_context context = context_of(pod);
    AUTO_STR text = {0};
    assert_int_equal(container_config_hosts(&context, &text, NULL), 0);
    assert_true(str_starts(str_text(&text), "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
    assert_non_null(strstr(str_text(&text), "\n10.0.0.9\tweb-1\n"));
    assert_true(str_ends(str_text(&text), "\n# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n"));
}

static void test_resources(void **state) {
    (void)state;
    static const struct {
        const char *resources;
        int64_t shares, quota, memory, oom;
    } rows[] = {
        {"{}", 2, 0, 0, 1000},
        {"{\"limits\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"}}", 512, 50000,
         1 << 30, -997},
        {"{\"requests\":{\"cpu\":\"100m\",\"memory\":\"4Gi\"}}", 102, 0, 0, 500},
        {"{\"requests\":{\"cpu\":\"1m\"}}", 2, 0, 0, 999},
        {"{\"requests\":{\"memory\":\"8Gi\"}}", 2, 0, 0, 3},
        {"{\"limits\":{\"cpu\":\"5m\"},\"requests\":{\"cpu\":\"5m\"}}", 5, 1000, 0, 999},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STR text = {0};
        str_printf(&text, "{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":%s}]}}", rows[i].resources);
        AUTO_JSON pod = parse(str_text(&text));
        struct pod_context context = context_of(pod);
        struct runtime_resources found = {0};
        container_config_resources(&context, json_at(json_find(pod, "spec.containers"), 0), &found);
        assert_int_equal(found.cpu_shares, rows[i].shares);
        assert_int_equal(found.cpu_quota, rows[i].quota);
        assert_int_equal(found.memory_limit, rows[i].memory);
        assert_int_equal(found.oom_score_adj, rows[i].oom);
    }
}

static void test_security(void **state) {
    (void)state;
    static const struct {
        const char *pod, *own;
        bool image_user;
        int64_t image_uid;
        const char *error; // NULL: fine
        int64_t user;      // -1: none
    } rows[] = {
        {"{}", "{}", false, 0, NULL, -1},
        {"{\"runAsUser\":7}", "{}", true, 5, NULL, 7},
        {"{\"runAsUser\":7}", "{\"runAsUser\":8}", true, 5, NULL, 8},
        {"{}", "{}", true, 5, NULL, 5},
        {"{\"runAsNonRoot\":true}", "{}", false, 0, "container has runAsNonRoot and image will run as root", -1},
        {"{\"runAsNonRoot\":true}", "{\"runAsUser\":0}", true, 5, "container's runAsUser breaks non-root policy", -1},
        {"{\"runAsNonRoot\":true}", "{}", true, 5, NULL, 5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STR text = {0};
        str_printf(&text, "{\"spec\":{\"securityContext\":%s,\"containers\":[{\"name\":\"c\",\"securityContext\":%s}]}}",
                   rows[i].pod, rows[i].own);
        AUTO_JSON pod = parse(str_text(&text));
        struct pod_context context = context_of(pod);
        struct runtime_container_config *config = runtime_container_config_new();
        struct runtime_image image = {.has_user = rows[i].image_user, .user = rows[i].image_uid};
        AUTO_ERROR err = NULL;
        int result =
            security_of_container(&context, json_at(json_find(pod, "spec.containers"), 0), &image, &config->security, &err);
        assert_int_equal(result, rows[i].error ? -1 : 0);
        if (rows[i].error)
            assert_true(str_starts(error_message(err), rows[i].error));
        else
            assert_int_equal(config->security.has_user ? config->security.user : -1, rows[i].user);
        runtime_container_config_free(config);
    }
    AUTO_STR_LIST patterns = {0};
    str_list_add(&patterns, "kernel.msg*");
    assert_true(security_sysctl_allowed("kernel.shm_rmid_forced", &patterns));
    assert_true(security_sysctl_allowed("kernel.msgmax", &patterns));
    assert_false(security_sysctl_allowed("kernel.panic", &patterns));
}

static void test_dns(void **state) {
    (void)state;
    char path[] = "/tmp/cube-resolv-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    static const char resolver[] = "# comment\nnameserver 9.9.9.9\nsearch one two\nsearch corp\noptions timeout:1 ndots:1\n";
    assert_int_equal(file_write_atomic(path, resolver, sizeof(resolver) - 1, 0644, NULL), 0);
    char *saved = options.resolv_conf;
    options.resolv_conf = path;
    static const struct {
        const char *spec, *cluster;
        const char *servers, *searches, *dns_options;
    } rows[] = {
        {"{\"dnsPolicy\":\"Default\"}", "10.96.0.10", "9.9.9.9", "corp", "timeout:1 ndots:1"},
        {"{\"dnsPolicy\":\"ClusterFirst\"}", "10.96.0.10", "10.96.0.10",
         "ns.svc.cluster.local svc.cluster.local cluster.local corp", "ndots:5"},
        {"{\"dnsPolicy\":\"ClusterFirst\"}", "", "9.9.9.9", "corp", "timeout:1 ndots:1"},
        {"{\"dnsPolicy\":\"ClusterFirst\",\"hostNetwork\":true}", "10.96.0.10", "9.9.9.9", "corp", "timeout:1 ndots:1"},
        {"{\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"],\"searches\":[\"x\"],\"options\":[{\"name\":"
         "\"ndots\",\"value\":\"2\"},{\"name\":\"edns0\"}]}}",
         "", "1.1.1.1", "x", "ndots:2 edns0"},
        {"{\"dnsPolicy\":\"Default\",\"dnsConfig\":{\"options\":[{\"name\":\"ndots\",\"value\":\"3\"}]}}", "", "9.9.9.9", "corp",
         "timeout:1 ndots:3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STR text = {0};
        str_printf(&text, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u\"},\"spec\":%s}", rows[i].spec);
        AUTO_JSON pod = parse(str_text(&text));
        struct pod_context context = context_of(pod);
        str_list_free(&options.cluster_dns);
        str_list_split(&options.cluster_dns, rows[i].cluster, ',');
        free(options.cluster_domain);
        options.cluster_domain = alloc_string("cluster.local");
        struct runtime_sandbox_config *config = NULL;
        assert_int_equal(sandbox_config_make(&context, 0, &config, NULL), 0);
        char *servers = str_list_join(&config->dns_servers, " "), *searches = str_list_join(&config->dns_searches, " ");
        char *dns_options = str_list_join(&config->dns_options, " ");
        assert_string_equal(servers, rows[i].servers);
        assert_string_equal(searches, rows[i].searches);
        assert_string_equal(dns_options, rows[i].dns_options);
        free(servers);
        free(searches);
        free(dns_options);
        runtime_sandbox_config_free(config);
    }
    options.resolv_conf = saved;
    unlink(path);
}

static void test_image_name_errors(void **state) {
    (void)state;
    static const char format[] = "invalid reference format";
    static const char upper[] = "invalid reference format: repository name must be lowercase";
    static const char digest[] = "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const struct {
        const char *image, *error;
    } rows[] = {
        {"busybox", NULL},
        {"busybox:1.36", NULL},
        {"a/b/c-d.e_f__g--h", NULL},
        {"localhost:1/absent:1", NULL},
        {"[::1]:5000/a", NULL},
        {"Reg.io/a", NULL},
        {digest, NULL},
        {"a:t@sha256:00", format},
        {"", format},
        {"Bad Name:::", format},
        {"Busybox", upper},
        {"reg.io/Name:1", upper},
        {"a:", format},
        {"a:-x", format},
        {"a//b", format},
        {"/a", format},
        {"a/", format},
        {"a..b", format},
        {"a___b", format},
        {"a-", format},
        {"reg.io:port/a", format},
        {"-reg.io/a", format},
        {"a b", format},
        {"a@", format},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *error = images_name_error(rows[i].image);
        if (!str_equal(error, rows[i].error))
            fail_msg("\"%s\": %s", rows[i].image, error ? error : "no error");
    }
}

static void test_image_names(void **state) {
    (void)state;
    static const struct {
        const char *image, *tagged, *policy;
    } rows[] = {
        {"busybox", "busybox:latest", "Always"},
        {"busybox:1.36", "busybox:1.36", "IfNotPresent"},
        {"reg.io:5000/a/b", "reg.io:5000/a/b:latest", "Always"},
        {"reg.io:5000/a/b:latest", "reg.io:5000/a/b:latest", "Always"},
        {"a@sha256:00", "a@sha256:00", "IfNotPresent"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *tagged = images_with_tag(rows[i].image);
        assert_string_equal(tagged, rows[i].tagged);
        assert_string_equal(images_default_policy(rows[i].image), rows[i].policy);
        free(tagged);
    }
    assert_true(pull_secrets_match("https://index.docker.io/v1/", "busybox"));
    assert_true(pull_secrets_match("reg.io", "reg.io/x/y:1"));
    assert_true(pull_secrets_match("reg.io/x", "reg.io/x/y:1"));
    assert_false(pull_secrets_match("reg.io/x", "reg.io/xy:1"));
    assert_false(pull_secrets_match("reg.io", "busybox"));
}

static int tear_down(void **state) {
    (void)state;
    options_free(kubelet_option_table, &options);
    str_list_free(&host_ips);
    str_list_free(&pod_ips);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),       cmocka_unit_test(test_downward),    cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_resources),         cmocka_unit_test(test_security),    cmocka_unit_test(test_dns),
        cmocka_unit_test(test_image_name_errors), cmocka_unit_test(test_image_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
