// SPDX-License-Identifier: Apache-2.0
// Strategic merge patches: every directive, order, messages; three-way patches lead from current to modified.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/api/strategic_patch.h"
#include "common/base/alloc.h"

static struct json *parse(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

// All on a pod's spec; single quotes stand for double ones.
static char *quoted(const char *text) {
    char *copy = alloc_string(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static const struct {
    const char *original;
    const char *patch;
    const char *result; // or the error
} rows[] = {
    {"{'nodeName':'a'}", "{'nodeName':'b','hostNetwork':true}", "{'nodeName':'b','hostNetwork':true}"},
    {"{'nodeName':'a','hostname':'h'}", "{'nodeName':null,'x':null}", "{'hostname':'h'}"},
    {"{'nodeSelector':{'a':'1','b':'2'}}", "{'nodeSelector':{'a':null,'c':'3'}}", "{'nodeSelector':{'b':'2','c':'3'}}"},
    {"{'nodeSelector':{'a':'1'}}", "{'nodeSelector':{'$patch':'replace','b':'2'}}", "{'nodeSelector':{'b':'2'}}"},
    {"{'nodeSelector':{'a':'1'}}", "{'nodeSelector':{'$patch':'delete'}}", "{'nodeSelector':{}}"},
    // lists of objects
    {"{'containers':[{'name':'a','image':'1'},{'name':'b','image':'1'}]}", "{'containers':[{'name':'b','image':'2'}]}",
     "{'containers':[{'name':'a','image':'1'},{'name':'b','image':'2'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}", "{'containers':[{'name':'a','$patch':'delete'}]}",
     "{'containers':[{'name':'b'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}", "{'containers':[{'$patch':'replace'},{'name':'c'}]}",
     "{'containers':[{'name':'c'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}", "{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}]}",
     "{'containers':[{'name':'b'},{'name':'a'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}",
     "{'$setElementOrder/containers':[{'name':'c'},{'name':'a'}],'containers':[{'name':'c','image':'i'}]}",
     "{'containers':[{'name':'c','image':'i'},{'name':'a'},{'name':'b'}]}"},
    {"{'containers':[{'name':'a','ports':[{'containerPort':1,'name':'x'}]}]}",
     "{'containers':[{'name':'a','ports':[{'containerPort':2},{'containerPort':1,'name':null}]}]}",
     "{'containers':[{'name':'a','ports':[{'containerPort':2},{'containerPort':1}]}]}"},
    {"{}", "{'containers':[{'name':'a','command':null,'env':[{'name':'x'}],'$setElementOrder/env':[{'name':'x'}]}]}",
     "{'containers':[{'name':'a','env':[{'name':'x'}]}]}"},
    {"{}", "{'containers':[{'$patch':'replace'},{'name':'c'},{'name':'d','$patch':'delete'}]}", "{'containers':[{'name':'c'}]}"},
    // atomic lists
    {"{'tolerations':[{'key':'a'}]}", "{'tolerations':[{'key':'b'}]}", "{'tolerations':[{'key':'b'}]}"},
    // retainKeys
    {"{'volumes':[{'name':'v','emptyDir':{}}]}",
     "{'volumes':[{'name':'v','$retainKeys':['name','hostPath'],'hostPath':{'path':'/'}}]}",
     "{'volumes':[{'name':'v','hostPath':{'path':'/'}}]}"},
    // errors
    {"{'nodeSelector':{}}", "{'nodeSelector':{'$patch':'eat'}}", "unknown patch type: eat in map: {'$patch':'eat'}"},
    {"{'containers':[{'name':'a'}]}", "{'containers':[{'image':'x'}]}",
     "map: {'image':'x'} does not contain declared merge key: name"},
    {"{'containers':[{'name':'a'}]}", "{'containers':[{'$patch':'merge','name':'a'}]}",
     "merging lists cannot yet be specified in the patch"},
    {"{'volumes':[{'name':'v'}]}", "{'volumes':[{'name':'v','$retainKeys':'x'}]}", "invalid patch format of retainKeys"},
    {"{'volumes':[{'name':'v'}]}", "{'volumes':[{'name':'v','$retainKeys':['name'],'hostPath':{}}]}",
     "invalid patch format of retainKeys"},
    {"{'containers':[]}", "{'$setElementOrder/containers':1}", "invalid patch format of setElementOrder list"},
    {"{'x':['a']}", "{'$deleteFromPrimitiveList/x':1}", "invalid patch format of primitive list"},
};

static void test_apply(void **state) {
    (void)state;
    const struct schema_type *spec = NULL;
    assert_true(schema_walk(resource_pods()->type, "spec", &spec, NULL));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(free_ptr) char *original_text = quoted(rows[i].original);
        CLEANUP(free_ptr) char *patch_text = quoted(rows[i].patch);
        CLEANUP(free_ptr) char *wanted = quoted(rows[i].result);
        AUTO_JSON original = parse(original_text);
        AUTO_JSON patch = parse(patch_text);
        AUTO_JSON result = NULL;
        AUTO_ERROR err = NULL;
        if (strategic_patch_apply(spec, original, patch, &result, &err) < 0) {
            assert_string_equal(error_message(err), wanted);
            continue;
        }
        AUTO_JSON expected = *wanted == '{' ? parse(wanted) : NULL;
        CLEANUP(free_ptr) char *text = json_text(result);
        if (!expected || !json_equal(result, expected))
            fail_msg("%s + %s = %s", original_text, patch_text, text);
        // The inputs stay as they were.
        CLEANUP(free_ptr) char *patch_after = json_text(patch);
        assert_string_equal(patch_after, patch_text);
    }
}

static void test_primitives(void **state) {
    (void)state;
    AUTO_JSON original = parse("{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}");
    AUTO_JSON add = parse("{\"metadata\":{\"finalizers\":[\"c\",\"a\"]}}");
    AUTO_JSON added = NULL;
    assert_int_equal(strategic_patch_apply(resource_pods()->type, original, add, &added, NULL), 0);
    assert_int_equal(json_len(json_find(added, "metadata.finalizers")), 3);
    AUTO_JSON remove = parse("{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\"]}}");
    AUTO_JSON removed = NULL;
    assert_int_equal(strategic_patch_apply(resource_pods()->type, added, remove, &removed, NULL), 0);
    assert_int_equal(json_len(json_find(removed, "metadata.finalizers")), 2);
    assert_false(json_array_has_string(json_find(removed, "metadata.finalizers"), "a"));
}

static const struct {
    const char *original;
    const char *modified;
    const char *current;
    const char *result; // of the patch applied to current
} applies[] = {
    {"{}", "{'spec':{'nodeName':'a'}}", "{'spec':{'hostname':'h'}}", "{'spec':{'nodeName':'a','hostname':'h'}}"},
    {"{'spec':{'nodeName':'a'}}", "{'spec':{}}", "{'spec':{'nodeName':'a','hostname':'h'}}", "{'spec':{'hostname':'h'}}"},
    {"{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}", "{'spec':{'containers':[{'name':'a','image':'2'}]}}",
     "{'spec':{'containers':[{'name':'a','image':'1','tty':true},{'name':'b'},{'name':'injected'}]}}",
     "{'spec':{'containers':[{'name':'a','image':'2','tty':true},{'name':'injected'}]}}"},
    {"{}", "{'spec':{'containers':[{'name':'b'},{'name':'a'}]}}", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
     "{'spec':{'containers':[{'name':'b'},{'name':'a'}]}}"},
    {"{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}", "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'}}]}}",
     "{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}", "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'}}]}}"},
    {"{'metadata':{'finalizers':['a']}}", "{'metadata':{'finalizers':['b']}}", "{'metadata':{'finalizers':['a','x']}}",
     "{'metadata':{'finalizers':['b','x']}}"},
};

static void test_three_way(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(applies); i++) {
        CLEANUP(free_ptr) char *original_text = quoted(applies[i].original);
        CLEANUP(free_ptr) char *modified_text = quoted(applies[i].modified);
        CLEANUP(free_ptr) char *current_text = quoted(applies[i].current);
        CLEANUP(free_ptr) char *wanted_text = quoted(applies[i].result);
        AUTO_JSON original = parse(original_text);
        AUTO_JSON modified = parse(modified_text);
        AUTO_JSON current = parse(current_text);
        AUTO_JSON wanted = parse(wanted_text);
        AUTO_JSON patch = NULL;
        AUTO_JSON result = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(strategic_patch_three_way(resource_pods()->type, original, modified, current, &patch, &err), 0);
        CLEANUP(free_ptr) char *patch_text = json_text(patch);
        if (strategic_patch_apply(resource_pods()->type, current, patch, &result, &err) < 0)
            fail_msg("%s: %s", patch_text, error_message(err));
        CLEANUP(free_ptr) char *result_text = json_text(result);
        if (!json_equal(result, wanted))
            fail_msg("%s gives %s", patch_text, result_text);
        // Then there is nothing left to do.
        AUTO_JSON again = NULL;
        assert_int_equal(strategic_patch_three_way(resource_pods()->type, modified, modified, result, &again, NULL), 0);
        assert_int_equal(json_object_size(again), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_apply), cmocka_unit_test(test_primitives),
                                       cmocka_unit_test(test_three_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
