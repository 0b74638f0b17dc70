// SPDX-License-Identifier: Apache-2.0
// Validation of whole objects, created and updated: what each rule says.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/defaults.h"
#include "common/api/name_rules.h"
#include "common/api/resources.h"
#include "common/api/validation.h"
#include "common/base/alloc.h"

// Single quotes stand for double ones.
static struct json *parse(const char *text) {
    CLEANUP(free_ptr) char *copy = alloc_string(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(copy, strlen(copy), NULL, &value, &err) < 0)
        fail_msg("%s: %s", copy, error_message(err));
    return value;
}

// A pod with this spec: container `a` is added where the text has none.
static struct json *pod(const char *spec) {
    AUTO_JSON parsed = parse(spec);
    struct json *object = parse("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p','namespace':'n'}}");
    if (!json_has(parsed, "containers"))
        json_set(parsed, "containers", parse("[{'name':'a','image':'i'}]"));
    json_set(object, "spec", json_ref(parsed));
    return object;
}

static void check(const struct resource *resource, struct json *object, const struct json *old, const char *wanted) {
    AUTO_ERROR err = NULL;
    if (schema_check_and_prune(resource->type, object, NULL, &err) < 0)
        fail_msg("%s", error_message(err));
    defaults_apply(resource, object);
    AUTO_FIELD_ERRORS errors = {0};
    if (old)
        validation_update(resource, object, old, &errors);
    else
        validation_create(resource, object, &errors);
    AUTO_STR text = {0};
    if (errors.len)
        field_errors_append_text(&errors, &text);
    CLEANUP(free_ptr) char *got = alloc_string(str_text(&text));
    for (char *p = got; *p; p++)
        if (*p == '"')
            *p = '\'';
    assert_string_equal(got, wanted);
}

static const struct {
    const char *spec;
    const char *wanted;
} pods[] = {
    {"{}", ""},
    {"{'containers':[{'name':'a','image':'i'},{'name':'a','image':'i'}]}", "spec.containers[1].name: Duplicate value: 'a'"},
    {"{'initContainers':[{'name':'a','image':'i'}]}", "spec.initContainers[0].name: Duplicate value: 'a'"},
    {"{'containers':[{'name':'a','image':' i'}]}",
     "spec.containers[0].image: Invalid value: ' i': must not have leading or trailing whitespace"},
    {"{'containers':[{'name':'A','image':'i'}]}",
     "spec.containers[0].name: Invalid value: 'A': a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
     "or "
     "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
    {"{'containers':[{'name':'a','image':'i','volumeMounts':[{'name':'v','mountPath':'/x'}]}]}",
     "spec.containers[0].volumeMounts[0].name: Not found: 'v'"},
    {"{'volumes':[{'name':'v'},{'name':'v'}],'containers':[{'name':'a','image':'i','volumeMounts':[{'name':'v','mountPath':'/x'},"
     "{'name':'v','mountPath':'/x','subPath':'a/../b'}]}]}",
     "[spec.volumes[1].name: Duplicate value: 'v', spec.containers[0].volumeMounts[1].mountPath: Invalid value: '/x': must be "
     "unique, "
     "spec.containers[0].volumeMounts[1].subPath: Invalid value: 'a/../b': must not contain '..']"},
    {"{'volumes':[{'name':'v','emptyDir':{},'hostPath':{'path':'/a/..'}}]}",
     "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"},
    {"{'volumes':[{'name':'v','hostPath':{'path':'/a/..'}}]}",
     "spec.volumes[0].hostPath.path: Invalid value: '/a/..': must not contain '..'"},
    {"{'volumes':[{'name':'v','secret':{'secretName':'s','defaultMode':1000,'items':[{'key':'k','path':'/x'}]}}]}",
     "[spec.volumes[0].secret.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive, "
     "spec.volumes[0].secret.items[0].path: Invalid value: '/x': must be a relative path]"},
    {"{'containers':[{'name':'a','image':'i','livenessProbe':{}}]}",
     "spec.containers[0].livenessProbe: Required value: must specify a handler type"},
    {"{'containers':[{'name':'a','image':'i','livenessProbe':{'exec':{'command':['x']},'tcpSocket':{'port':1},'successThreshold':"
     "2}}]}",
     "[spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type, "
     "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1]"},
    {"{'initContainers':[{'name':'b','image':'i','livenessProbe':{'tcpSocket':{'port':1}}}]}",
     "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"},
    {"{'containers':[{'name':'a','image':'i','resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}}]}",
     "spec.containers[0].resources.requests: Invalid value: '2': must be less than or equal to cpu limit of 1"},
    {"{'containers':[{'name':'a','image':'i','resources':{'limits':{'memory':'-1'}}}]}",
     "[spec.containers[0].resources.limits[memory]: Invalid value: '-1': must be greater than or equal to 0, "
     "spec.containers[0].resources.requests[memory]: Invalid value: '-1': must be greater than or equal to 0]"},
    {"{'containers':[{'name':'a','image':'i','env':[{'name':'x','valueFrom':{}}]}]}",
     "spec.containers[0].env[0].valueFrom: Invalid value: '': must specify one of: `fieldRef`, `resourceFieldRef`, "
     "`configMapKeyRef` or `secretKeyRef`"},
    {"{'hostNetwork':true,'containers':[{'name':'a','image':'i','ports':[{'containerPort':1,'hostPort':2}]}]}",
     "spec.containers[0].ports[0].containerPort: Invalid value: 1: must match `hostPort` when `hostNetwork` is true"},
    {"{'containers':[{'name':'a','image':'i','ports':[{'containerPort':1,'hostPort':2},{'containerPort':3,'hostPort':2}]}]}",
     "spec.containers[0].ports[1].hostPort: Duplicate value: 'TCP//2'"},
    {"{'tolerations':[{'operator':'Equal'}]}",
     "spec.tolerations[0].operator: Invalid value: 'Equal': operator must be Exists when `key` is empty, which means 'match all "
     "values and all keys'"},
    {"{'tolerations':[{'key':'a','operator':'Exists','effect':'NoSchedule','tolerationSeconds':1}]}",
     "spec.tolerations[0].effect: Invalid value: 'NoSchedule': effect must be 'NoExecute' when `tolerationSeconds` is set"},
    {"{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':["
     "{'key':'a','operator':'In'}]}]}}}}",
     "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: "
     "Required value: must be specified when `operator` is 'In' or 'NotIn'"},
    {"{'dnsPolicy':'None'}", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
    {"{'ephemeralContainers':[{'name':'e','image':'i'}]}", "spec.ephemeralContainers: Forbidden: cannot be set on create"},
};

static void test_pods(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pods); i++) {
        AUTO_JSON object = pod(pods[i].spec);
        check(resource_pods(), object, NULL, pods[i].wanted);
    }
}

#define POD_FIELDS                                                                                                               \
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"                    \
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"                                  \
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"

static const struct {
    const char *old;
    const char *new;
    const char *wanted;
} pod_updates[] = {
    {"{}", "{}", ""},
    {"{}", "{'containers':[{'name':'a','image':'j','imagePullPolicy':'Always'}],'activeDeadlineSeconds':5}", ""},
    {"{}", "{'tolerations':[{'key':'a','operator':'Exists'}]}", ""},
    {"{}", "{'hostname':'h'}", "spec: Forbidden: " POD_FIELDS "  spec.hostname differs\n"},
    {"{'nodeName':'n'}", "{}", "spec: Forbidden: " POD_FIELDS "  spec.nodeName is gone\n"},
    {"{}", "{'containers':[{'name':'a','image':'i'},{'name':'b','image':'i'}]}",
     "spec.containers: Forbidden: pod updates may not add or remove containers"},
    {"{'activeDeadlineSeconds':5}", "{'activeDeadlineSeconds':6}",
     "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"},
    {"{'activeDeadlineSeconds':5}", "{}",
     "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"},
    {"{'tolerations':[{'key':'a','operator':'Exists'}]}", "{}",
     "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"},
};

static void test_pod_updates(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pod_updates); i++) {
        AUTO_JSON old = pod(pod_updates[i].old);
        AUTO_JSON new = pod(pod_updates[i].new);
        defaults_apply(resource_pods(), old);
        check(resource_pods(), new, old, pod_updates[i].wanted);
    }
}

static const char replicaset[] =
    "{'metadata':{'name':'r','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{"
    "'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}";

static void test_replicasets(void **state) {
    (void)state;
    AUTO_JSON good = parse(replicaset);
    check(resource_replicasets(), good, NULL, "");
    AUTO_JSON labels = parse(replicaset);
    json_put_string(labels, "spec.template.metadata.labels.a", "c");
    check(resource_replicasets(), labels, NULL,
          "spec.template.metadata.labels: Invalid value: {'a':'c'}: `selector` does not match template `labels`");
    AUTO_JSON empty = parse(replicaset);
    json_remove(json_find(empty, "spec.selector"), "matchLabels");
    check(resource_replicasets(), empty, NULL, "spec.selector: Invalid value: {}: empty selector is invalid for deployment");
    AUTO_JSON none = parse(replicaset);
    json_remove(json_find(none, "spec"), "selector");
    check(resource_replicasets(), none, NULL, "spec.selector: Required value");
    AUTO_JSON policy = parse(replicaset);
    json_put_string(policy, "spec.template.spec.restartPolicy", "Never");
    check(resource_replicasets(), policy, NULL,
          "spec.template.spec.restartPolicy: Unsupported value: 'Never': supported values: 'Always'");
    AUTO_JSON changed = parse(replicaset);
    json_put_string(changed, "spec.template.metadata.labels.z", "1");
    json_put_string(changed, "spec.selector.matchLabels.z", "1");
    check(resource_replicasets(), changed, good,
          "spec.selector: Invalid value: {'matchLabels':{'a':'b','z':'1'}}: field is immutable");
    AUTO_JSON negative = parse(replicaset);
    json_put(negative, "spec.replicas", json_new_int(-1));
    check(resource_replicasets(), negative, NULL, "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
}

static const struct {
    const struct resource *(*resource)(void);
    const char *object;
    const char *wanted;
} others[] = {
    {resource_configmaps, "{'metadata':{'namespace':'n'}}", "metadata.name: Required value: name or generateName is required"},
    {resource_configmaps, "{'metadata':{'name':'a'}}", "metadata.namespace: Required value"},
    {resource_nodes, "{'metadata':{'name':'a','namespace':'n'}}", "metadata.namespace: Forbidden: not allowed on this type"},
    {resource_configmaps,
     "{'metadata':{'name':'a','namespace':'n','annotations':{'A/b':'1'}},'data':{'a b':'x','c':'d'},'binaryData':{'c':'YQ=='}}",
     "[data[a b]: Invalid value: 'a b': a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
     "'key.name',  "
     "or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+'), data[c]: Invalid value: 'c': duplicate of "
     "key "
     "present in binaryData]"},
    {resource_configmaps, "{'metadata':{'name':'a','namespace':'n','labels':{'a':'-'}}}",
     "metadata.labels: Invalid value: '-': a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
     "or "
     "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
     "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
    {resource_configmaps, "{'metadata':{'name':'a','namespace':'n','finalizers':['x']}}",
     "metadata.finalizers[0]: Invalid value: 'x': name is neither a standard finalizer name nor is it fully qualified"},
    {resource_configmaps,
     "{'metadata':{'name':'a','namespace':'n','ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p'}]}}",
     "metadata.ownerReferences.uid: Invalid value: '': must not be empty"},
    {resource_secrets, "{'metadata':{'name':'a','namespace':'n'},'type':'kubernetes.io/tls','stringData':{'tls.crt':'x'}}",
     "data[tls.key]: Required value"},
    {resource_secrets,
     "{'metadata':{'name':'a','namespace':'n'},'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':'e30='}}", ""},
    {resource_secrets, "{'metadata':{'name':'a','namespace':'n'},'type':'kubernetes.io/service-account-token'}",
     "metadata.annotations[kubernetes.io/service-account.name]: Required value"},
    {resource_namespaces, "{'metadata':{'name':'a.b'}}",
     "metadata.name: Invalid value: 'a.b': a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
     "and "
     "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
    {resource_nodes,
     "{'metadata':{'name':'a'},'spec':{'taints':[{'key':'k','effect':'NoExecute'},{'key':'k','effect':'NoExecute'}]}}",
     "spec.taints[1]: Duplicate value: {'key':'k','effect':'NoExecute'}"},
    {resource_leases, "{'metadata':{'name':'a','namespace':'n'},'spec':{'leaseDurationSeconds':0}}",
     "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"},
    {resource_events, "{'metadata':{'name':'a','namespace':'n'},'involvedObject':{'namespace':'m'}}",
     "involvedObject.namespace: Invalid value: 'm': does not match event.namespace"},
    {resource_events, "{'metadata':{'name':'a','namespace':'default'},'involvedObject':{'kind':'Node'}}", ""},
    {resource_serviceaccounts, "{'metadata':{'generateName':'a-','name':'a-x','namespace':'n'}}", ""},
};

static void test_others(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO_JSON object = parse(others[i].object);
        check(others[i].resource(), object, NULL, others[i].wanted);
    }
}

static void test_updates(void **state) {
    (void)state;
    AUTO_JSON old = parse("{'metadata':{'name':'a','namespace':'n','uid':'1'},'immutable':true,'data':{'a':'b'}}");
    AUTO_JSON new = parse("{'metadata':{'name':'a','namespace':'n','uid':'2'},'data':{'a':'c'}}");
    check(resource_configmaps(), new, old,
          "[metadata.uid: Invalid value: '2': field is immutable, immutable: Forbidden: field is immutable when `immutable` is "
          "set, "
          "data: Forbidden: field is immutable when `immutable` is set]");
    AUTO_JSON deleting = parse("{'metadata':{'name':'a','namespace':'n','deletionTimestamp':'2026-01-01T00:00:00Z'}}");
    AUTO_JSON added =
        parse("{'metadata':{'name':'a','namespace':'n','deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['x/y']}}");
    check(resource_configmaps(), added, deleting,
          "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
          "[]string{'x/y'}");
    AUTO_JSON node_old = parse("{'metadata':{'name':'a'},'spec':{'providerID':'x','podCIDRs':['10.0.0.0/24']}}");
    AUTO_JSON node_new = parse("{'metadata':{'name':'a'},'spec':{'providerID':'y','podCIDRs':['10.0.1.0/24']}}");
    check(resource_nodes(), node_new, node_old,
          "[spec.podCIDRs: Forbidden: node updates may not change podCIDR except from '' to valid, spec.providerID: Forbidden: "
          "node "
          "updates may not change providerID except from '' to valid]");
}

static void test_status(void **state) {
    (void)state;
    AUTO_JSON old = parse(replicaset);
    AUTO_JSON new = parse(replicaset);
    json_put(new, "status.replicas", json_new_int(1));
    json_put(new, "status.readyReplicas", json_new_int(2));
    json_put(new, "spec.replicas", json_new_int(-1)); // not looked at here
    AUTO_FIELD_ERRORS errors = {0};
    validation_update_status(resource_replicasets(), new, old, &errors);
    assert_int_equal(errors.len, 1);
    assert_string_equal(errors.items[0].field, "status.readyReplicas");
    AUTO_JSON binding = parse("{'target':{'kind':'Pod'}}");
    AUTO_FIELD_ERRORS binding_errors = {0};
    validation_binding(binding, &binding_errors);
    assert_int_equal(binding_errors.len, 2);
}

static const struct {
    const char *(*check)(const char *text);
    const char *text;
    bool good;
} names[] = {
    {name_rules_dns1123_label, "a", true},
    {name_rules_dns1123_label, "a-1", true},
    {name_rules_dns1123_label, "", false},
    {name_rules_dns1123_label, "-a", false},
    {name_rules_dns1123_label, "a-", false},
    {name_rules_dns1123_label, "a.b", false},
    {name_rules_dns1123_label, "a_b", false},
    {name_rules_dns1123_subdomain, "a.b", true},
    {name_rules_dns1123_subdomain, "a..b", false},
    {name_rules_dns1123_subdomain, ".a", false},
    {name_rules_dns1035_label, "1a", false},
    {name_rules_dns1035_label, "a1", true},
    {name_rules_qualified_name, "a.b/c_D", true},
    {name_rules_qualified_name, "/a", false},
    {name_rules_qualified_name, "a/", false},
    {name_rules_qualified_name, "a/b/c", false},
    {name_rules_qualified_name, "A/b", false},
    {name_rules_label_value, "", true},
    {name_rules_label_value, "a b", false},
    {name_rules_env_var, "a.b-c d", true},
    {name_rules_env_var, "a=b", false},
    {name_rules_env_var, "", false},
    {name_rules_c_identifier, "_a1", true},
    {name_rules_c_identifier, "1a", false},
    {name_rules_config_key, "..a", false},
    {name_rules_config_key, ".a", true},
    {name_rules_port_name, "http", true},
    {name_rules_port_name, "1", false},
    {name_rules_port_name, "a--b", false},
    {name_rules_port_name, "sixteencharacter", false},
    {name_rules_ip, "10.0.0.1", true},
    {name_rules_ip, "::1", true},
    {name_rules_ip, "10.0.0.01", false},
    {name_rules_ip, "10.0.0", false},
    {name_rules_path_segment, "..", false},
    {name_rules_path_segment, "a/b", false},
};

static void test_names(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((names[i].check(names[i].text) == NULL) != names[i].good)
            fail_msg("row %zu: %s", i, names[i].text);
    char label[65];
    memset(label, 'a', 64);
    label[64] = '\0';
    assert_string_equal(name_rules_dns1123_label(label), "must be no more than 63 bytes");
    assert_string_equal(name_rules_qualified_name(label), "name part must be no more than 63 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pods),   cmocka_unit_test(test_pod_updates), cmocka_unit_test(test_replicasets),
        cmocka_unit_test(test_others), cmocka_unit_test(test_updates),     cmocka_unit_test(test_status),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
