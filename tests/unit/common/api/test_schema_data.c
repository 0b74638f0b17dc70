// SPDX-License-Identifier: Apache-2.0
// The content of the schema files: docs everywhere, well-formed columns, and the defaults and rules of single fields that upstream has.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/api/schema.h"
#include "common/base/alloc.h"
#include "common/base/macro.h"

static void every_type_and_field_has_a_doc(void **state UNUSED) {
    size_t count = 0;
    const struct schema_type *const *types = resources_types(&count);
    assert_true(count > 150);
    for (size_t i = 0; i < count; i++) {
        if (str_empty(types[i]->doc))
            fail_msg("%s has no doc", types[i]->name);
        for (size_t f = 0; f < types[i]->field_count; f++)
            if (str_empty(types[i]->fields[f].doc))
                fail_msg("%s.%s has no doc", types[i]->name, types[i]->fields[f].name);
    }
}

// Columns that a path leads to must exist in the schema.
static void columns_lead_to_fields(void **state UNUSED) {
    size_t count = 0;
    const struct resource *const *rows = resources_all(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < rows[i]->column_count; c++) {
            const struct resource_column *column = &rows[i]->columns[c];
            if (str_empty(column->doc))
                fail_msg("column %s of %s has no doc", column->name, rows[i]->plural);
            if (column->path[0] == '.' && !schema_walk(rows[i]->type, column->path + 1, NULL, NULL))
                fail_msg("column %s of %s: no field %s", column->name, rows[i]->plural, column->path);
        }
}

static void selectable_fields_exist(void **state UNUSED) {
    size_t count = 0;
    const struct resource *const *rows = resources_all(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < rows[i]->selectable_count; s++)
            if (!schema_walk(rows[i]->type, rows[i]->selectable[s].path, NULL, NULL))
                fail_msg("%s: no field %s", rows[i]->plural, rows[i]->selectable[s].path);
}

// What `kubectl get` shows, and behind the bar what -o wide adds.
static void columns_are_upstreams(void **state UNUSED) {
    static const struct {
        const char *group, *plural, *columns, *wide;
    } rows[] = {
        {"", "pods", "Name,Ready,Status,Restarts,Age", "IP,Node,Nominated Node,Readiness Gates"},
        {"", "nodes", "Name,Status,Roles,Age,Version", "Internal-IP,External-IP,OS-Image,Kernel-Version,Container-Runtime"},
        {"", "namespaces", "Name,Status,Age", ""},
        {"", "configmaps", "Name,Data,Age", ""},
        {"", "secrets", "Name,Type,Data,Age", ""},
        {"", "serviceaccounts", "Name,Secrets,Age", ""},
        {"", "events", "Last Seen,Type,Reason,Object,Message", "Subobject,Source,First Seen,Count,Name"},
        {"apps", "replicasets", "Name,Desired,Current,Ready,Age", "Containers,Images,Selector"},
        {"coordination.k8s.io", "leases", "Name,Holder,Age", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct resource *resource = resources_find(rows[i].group, "v1", rows[i].plural);
        assert_non_null(resource);
        AUTO_STR shown = {0};
        AUTO_STR wide = {0};
        for (size_t c = 0; c < resource->column_count; c++) {
            struct str *list = resource->columns[c].priority ? &wide : &shown;
            str_printf(list, "%s%s", list->len ? "," : "", resource->columns[c].name);
        }
        assert_string_equal(str_text(&shown), rows[i].columns);
        assert_string_equal(str_text(&wide), rows[i].wide);
    }
}

static struct json *parse(const char *text) {
    struct json *value = NULL;
    assert_int_equal(json_parse(text, strlen(text), NULL, &value, NULL), 0);
    return value;
}

// What the defaults make of a value of a type.
static void defaults_are_upstreams(void **state UNUSED) {
#define CORE "io.k8s.api.core.v1."
    static const struct {
        const char *type, *in, *out;
    } rows[] = {
        {CORE "PodSpec", "{'containers':[{'name':'a','image':'b'}]}",
         "{'containers':[{'name':'a','image':'b','resources':{},'terminationMessagePath':'/dev/termination-log',"
         "'terminationMessagePolicy':'File'}],'dnsPolicy':'ClusterFirst','restartPolicy':'Always',"
         "'schedulerName':'default-scheduler','securityContext':{},'terminationGracePeriodSeconds':30}"},
        {CORE "PodSpec",
         "{'containers':[],'dnsPolicy':'None','restartPolicy':'Never','schedulerName':'x','terminationGracePeriodSeconds':0,"
         "'securityContext':{'runAsUser':1}}",
         "{'containers':[],'dnsPolicy':'None','restartPolicy':'Never','schedulerName':'x','terminationGracePeriodSeconds':0,"
         "'securityContext':{'runAsUser':1}}"},
        {CORE "ContainerPort", "{'containerPort':80}", "{'containerPort':80,'protocol':'TCP'}"},
        {CORE "Probe", "{'httpGet':{'port':80}}",
         "{'httpGet':{'port':80,'path':'/','scheme':'HTTP'},'timeoutSeconds':1,'periodSeconds':10,'successThreshold':1,"
         "'failureThreshold':3}"},
        {CORE "Probe", "{'grpc':{'port':80}}",
         "{'grpc':{'port':80,'service':''},'timeoutSeconds':1,'periodSeconds':10,'successThreshold':1,'failureThreshold':3}"},
        {CORE "LifecycleHandler", "{'httpGet':{'port':80}}", "{'httpGet':{'port':80,'path':'/','scheme':'HTTP'}}"},
        {CORE "Volume", "{'name':'a','configMap':{'name':'b'}}", "{'name':'a','configMap':{'name':'b','defaultMode':420}}"},
        {CORE "Volume", "{'name':'a','secret':{'secretName':'b'}}", "{'name':'a','secret':{'secretName':'b','defaultMode':420}}"},
        {CORE "Volume", "{'name':'a','hostPath':{'path':'/b'}}", "{'name':'a','hostPath':{'path':'/b','type':''}}"},
        {CORE "Volume", "{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'b'}}]}}",
         "{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'b','expirationSeconds':3600}}],'defaultMode':420}"
         "}"},
        {CORE "Volume", "{'name':'a','downwardAPI':{'items':[{'path':'b','fieldRef':{'fieldPath':'metadata.name'}}]}}",
         "{'name':'a','downwardAPI':{'items':[{'path':'b','fieldRef':{'fieldPath':'metadata.name','apiVersion':'v1'}}],"
         "'defaultMode':420}}"},
        {CORE "EnvVarSource", "{'resourceFieldRef':{'resource':'limits.cpu'}}",
         "{'resourceFieldRef':{'resource':'limits.cpu','divisor':'0'}}"},
        {CORE "Secret", "{}", "{'type':'Opaque'}"},
        {CORE "Namespace", "{}", "{'spec':{},'status':{'phase':'Active'}}"},
        {CORE "ConfigMap", "{}", "{}"},
        {"io.k8s.api.coordination.v1.Lease", "{}", "{'spec':{}}"},
        {"io.k8s.api.apps.v1.ReplicaSetStatus", "{}", "{'replicas':0}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(free_ptr) char *in = alloc_string(rows[i].in);
        CLEANUP(free_ptr) char *out = alloc_string(rows[i].out);
        for (char *text = in; (text = strchr(text, '\'')) != NULL;)
            *text = '"';
        for (char *text = out; (text = strchr(text, '\'')) != NULL;)
            *text = '"';
        AUTO_JSON value = parse(in);
        AUTO_JSON expected = parse(out);
        const struct schema_type *type = resources_type(rows[i].type);
        assert_non_null(type);
        schema_default(type, value);
        CLEANUP(free_ptr) char *got = json_text(value);
        if (!json_equal(value, expected))
            fail_msg("%s: %s became %s", rows[i].type, rows[i].in, got);
        schema_default(type, value);
        assert_true(json_equal(value, expected));
    }
}

// Errors for single fields, in upstream's words. NULL: none.
static void rules_are_upstreams(void **state UNUSED) {
    static const struct {
        const char *type, *in, *error;
    } rows[] = {
        {CORE "Pod", "{'spec':{}}", "spec.containers: Required value"},
        {CORE "PodSpec", "{'containers':[{'name':'a','image':'b'}]}", NULL},
        {CORE "PodSpec", "{'containers':[{'name':'a'}]}", "containers[0].image: Required value"},
        {CORE "PodSpec", "{'containers':[{'image':'a'}]}", "containers[0].name: Required value"},
        {CORE "PodSpec", "{'containers':[{'name':'a','image':'b'}],'restartPolicy':'x'}",
         "restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", \"Never\""},
        {CORE "PodSpec", "{'containers':[{'name':'a','image':'b'}],'dnsPolicy':'x'}",
         "dnsPolicy: Unsupported value: \"x\": supported values: \"ClusterFirst\", \"ClusterFirstWithHostNet\", \"Default\", "
         "\"None\""},
        {CORE "PodSpec", "{'containers':[{'name':'a','image':'b'}],'activeDeadlineSeconds':0}",
         "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"},
        {CORE "Container", "{'name':'a','image':'b','imagePullPolicy':'x'}",
         "imagePullPolicy: Unsupported value: \"x\": supported values: \"Always\", \"IfNotPresent\", \"Never\""},
        {CORE "Container", "{'name':'a','image':'b','terminationMessagePolicy':'x'}",
         "terminationMessagePolicy: Unsupported value: \"x\": supported values: \"File\", \"FallbackToLogsOnError\""},
        {CORE "ContainerPort", "{}", "containerPort: Required value"},
        {CORE "ContainerPort", "{'containerPort':0}", "containerPort: Required value"},
        {CORE "ContainerPort", "{'containerPort':1,'hostPort':0}", NULL},
        {CORE "ContainerPort", "{'containerPort':1,'hostPort':-1}",
         "hostPort: Invalid value: -1: must be between 1 and 65535, inclusive"},
        {CORE "ContainerPort", "{'containerPort':65536}",
         "containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"},
        {CORE "ContainerPort", "{'containerPort':1,'protocol':'x'}",
         "protocol: Unsupported value: \"x\": supported values: \"SCTP\", \"TCP\", \"UDP\""},
        {CORE "ExecAction", "{}", "command: Required value"},
        {CORE "GRPCAction", "{'port':0}", "port: Invalid value: 0: must be between 1 and 65535, inclusive"},
        {CORE "Probe", "{'periodSeconds':-1}", "periodSeconds: Invalid value: -1: must be greater than or equal to 0"},
        {CORE "HostPathVolumeSource", "{'path':'/','type':''}", NULL},
        {CORE "HostPathVolumeSource", "{'path':'/','type':'x'}",
         "type: Unsupported value: \"x\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", "
         "\"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\""},
        {CORE "ConfigMapVolumeSource", "{}", "name: Required value"},
        {CORE "SecretVolumeSource", "{}", "secretName: Required value"},
        {CORE "VolumeMount", "{'name':'a'}", "mountPath: Required value"},
        {CORE "Taint", "{'key':'a','effect':'x'}",
         "effect: Unsupported value: \"x\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\""},
        {CORE "Toleration", "{'operator':'Exists','effect':''}", NULL},
        {CORE "Toleration", "{'operator':'x'}", "operator: Unsupported value: \"x\": supported values: \"Equal\", \"Exists\""},
        {CORE "SecurityContext", "{'runAsUser':-1}", "runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"},
        {CORE "PodStatus", "{'phase':'anything','containerStatuses':[{'name':'a'}]}", NULL},
        {"io.k8s.api.apps.v1.ReplicaSet", "{'spec':{'replicas':-1}}",
         "[spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.selector: Required value]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(free_ptr) char *in = alloc_string(rows[i].in);
        for (char *text = in; (text = strchr(text, '\'')) != NULL;)
            *text = '"';
        AUTO_JSON value = parse(in);
        AUTO_FIELD_ERRORS errors = {0};
        const struct schema_type *type = resources_type(rows[i].type);
        assert_non_null(type);
        schema_validate(type, value, &errors);
        AUTO_STR text = {0};
        if (errors.len)
            field_errors_append_text(&errors, &text);
        assert_string_equal(str_text(&text), rows[i].error ? rows[i].error : "");
    }
}

static void the_type_of_a_secret_is_immutable(void **state UNUSED) {
    AUTO_JSON old = parse("{\"type\":\"Opaque\"}");
    AUTO_JSON new = parse("{\"type\":\"a\"}");
    AUTO_FIELD_ERRORS errors = {0};
    schema_validate_update(resource_secrets()->type, new, old, &errors);
    assert_int_equal(errors.len, 1);
    assert_string_equal(errors.items[0].field, "type");
    assert_string_equal(errors.items[0].message, "Invalid value: \"a\": field is immutable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_and_field_has_a_doc),
        cmocka_unit_test(columns_lead_to_fields),
        cmocka_unit_test(selectable_fields_exist),
        cmocka_unit_test(columns_are_upstreams),
        cmocka_unit_test(defaults_are_upstreams),
        cmocka_unit_test(rules_are_upstreams),
        cmocka_unit_test(the_type_of_a_secret_is_immutable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
