// SPDX-License-Identifier: Apache-2.0
// JSON patches and merge patches; results and messages as upstream's library gives them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/data/json_patch.h"
#include "common/data/merge_patch.h"

static struct json *parsed(const char *text) {
    struct json *value = NULL;
    AUTO_ERROR err = NULL;
    if (json_parse(text, strlen(text), NULL, &value, &err) < 0)
        fail_msg("%s: %s", text, error_message(err));
    return value;
}

#define DOCUMENT "{\"a\":{\"b\":[1,2,3],\"c\":\"s\",\"n\":null,\"x/y\":{\"~\":1}}}"

// Applied to {"b":[1,2,3],"c":"s","n":null,"x/y":{"~":1}} under "a"; what is expected is the new value of "a", or a message.
static const struct {
    const char *patch;
    const char *result;
} patches[] = {
    {"[]", "{\"b\":[1,2,3],\"c\":\"s\",\"n\":null,\"x/y\":{\"~\":1}}"},
    {"[{\"op\":\"add\",\"path\":\"/a\",\"value\":{\"k\":[]}}]", "{\"k\":[]}"},
    {"[{\"op\":\"add\",\"path\":\"/a\"}]", "null"},
    {"[{\"op\":\"add\",\"path\":\"/a/b/-\",\"value\":4},{\"op\":\"add\",\"path\":\"/a/b/0\",\"value\":0},"
     "{\"op\":\"remove\",\"path\":\"/a/x~1y\"}]",
     "{\"b\":[0,1,2,3,4],\"c\":\"s\",\"n\":null}"},
    {"[{\"op\":\"add\",\"path\":\"/a/b/-1\",\"value\":9},{\"op\":\"copy\",\"from\":\"/a/b\",\"path\":\"/a\"}]", "[1,2,3,9]"},
    {"[{\"op\":\"remove\",\"path\":\"/a/x~1y/~0\"},{\"op\":\"move\",\"from\":\"/a/b/0\",\"path\":\"/a/b/2\"},"
     "{\"op\":\"replace\",\"path\":\"/a/c\",\"value\":\"t\"}]",
     "{\"b\":[2,3,1],\"c\":\"t\",\"n\":null,\"x/y\":{}}"},
    {"[{\"op\":\"test\",\"path\":\"/a/b\",\"value\":[1,2,3.0]},{\"op\":\"test\",\"path\":\"/a/n\",\"value\":null},"
     "{\"op\":\"test\",\"path\":\"/a/none\",\"value\":null},{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]",
     "1"},
    {"[{\"op\":\"add\",\"path\":\"/a/d/e\",\"value\":1}]",
     "add operation does not apply: doc is missing path: \"/a/d/e\": missing value"},
    {"[{\"op\":\"add\",\"path\":\"/a/c/e\",\"value\":1}]",
     "add operation does not apply: doc is missing path: \"/a/c/e\": missing value"},
    {"[{\"op\":\"add\",\"path\":\"\",\"value\":1}]", "add operation does not apply: doc is missing path: \"\": missing value"},
    {"[{\"op\":\"add\",\"path\":\"/a/b/7\",\"value\":1}]",
     "error in add for path: '/a/b/7': Unable to access invalid index: 7: invalid index referenced"},
    {"[{\"op\":\"add\",\"path\":\"/a/b/x\",\"value\":1}]",
     "error in add for path: '/a/b/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax"},
    {"[{\"op\":\"add\",\"value\":1}]", "add operation failed to decode path: missing value"},
    {"[{\"op\":\"remove\",\"path\":\"/zz\"}]",
     "error in remove for path: '/zz': Unable to remove nonexistent key: zz: missing value"},
    {"[{\"op\":\"remove\",\"path\":\"/zz/y\"}]",
     "remove operation does not apply: doc is missing path: \"/zz/y\": missing value"},
    {"[{\"op\":\"remove\",\"path\":\"/a/b/-9\"}]",
     "error in remove for path: '/a/b/-9': Unable to access invalid index: -9: invalid index referenced"},
    {"[{\"op\":\"replace\",\"path\":\"/a/b/5\",\"value\":1}]",
     "replace operation does not apply: doc is missing key: /a/b/5: missing value"},
    {"[{\"op\":\"replace\",\"path\":\"/zz/y\",\"value\":1}]",
     "replace operation does not apply: doc is missing path: /zz/y: missing value"},
    {"[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/y/z\"}]",
     "move operation does not apply: doc is missing destination path: /y/z: missing value"},
    {"[{\"op\":\"copy\",\"path\":\"/y\"}]", "copy operation failed to decode from: operation, missing from field: missing value"},
    {"[{\"op\":\"test\",\"path\":\"/a/c\",\"value\":\"t\"}]", "testing value /a/c failed: test failed"},
    {"[{\"op\":\"foo\",\"path\":\"/a/c\"}]", "Unexpected kind: foo"},
    {"[{\"path\":\"/a/c\"}]", "Unexpected kind: unknown"},
    {"[null]", "Unexpected kind: unknown"},
    {"[1]", "json: cannot unmarshal number into Go value of type jsonpatch.Operation"},
    {"{}", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
};

static void applies_json_patches(void **state UNUSED) {
    AUTO_JSON document = parsed(DOCUMENT);
    for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
        AUTO_JSON patch = parsed(patches[i].patch);
        AUTO_JSON result = NULL;
        AUTO_ERROR err = NULL;
        if (json_patch_apply(document, patch, &result, &err) < 0) {
            assert_string_equal(error_message(err), patches[i].result);
            assert_int_equal(err->code, str_starts(err->message, "json:") ? 400 : 422);
            assert_null(result);
        } else {
            CLEANUP(free_ptr) char *text = json_text(json_get(result, "a"));
            assert_string_equal(text, patches[i].result);
        }
        CLEANUP(free_ptr) char *unchanged = json_text(document);
        assert_string_equal(unchanged, DOCUMENT);
    }
}

static struct json *repeated(const char *operation, size_t count) {
    struct json *patch = json_new_array();
    for (size_t i = 0; i < count; i++)
        json_append(patch, parsed(operation));
    return patch;
}

static void bounds_json_patches(void **state UNUSED) {
    AUTO_JSON document = parsed(DOCUMENT);
    AUTO_JSON many = repeated("{\"op\":\"test\",\"path\":\"/a/c\",\"value\":\"s\"}", JSON_PATCH_MAX_OPERATIONS + 1);
    AUTO_JSON growing = repeated("{\"op\":\"copy\",\"from\":\"/a/b\",\"path\":\"/a/b/-\"}", 100);
    AUTO_JSON flat = json_new_array();
    json_append(flat, parsed("{\"op\":\"add\",\"path\":\"/l\",\"value\":[\"0123456789abcdef\"]}"));
    for (int i = 0; i < 40; i++) {
        json_append(flat, parsed("{\"op\":\"copy\",\"from\":\"/l\",\"path\":\"/m\"}"));
        json_append(flat, parsed("{\"op\":\"add\",\"path\":\"/l\",\"value\":[0,0]}"));
        json_append(flat, parsed("{\"op\":\"copy\",\"from\":\"/m\",\"path\":\"/l/0\"}"));
        json_append(flat, parsed("{\"op\":\"copy\",\"from\":\"/m\",\"path\":\"/l/1\"}"));
    }
    const struct json *bad[] = {many, flat, growing};
    static const int codes[] = {413, 413, 0};
    static const char *const starts[] = {
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        "Unable to complete the copy, the accumulated size increase of copy is ",
        "", // each copy doubles the size and adds a level: either bound may come first
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct json *result = NULL;
        AUTO_ERROR err = NULL;
        assert_int_equal(json_patch_apply(document, bad[i], &result, &err), -1);
        assert_true(str_starts(error_message(err), starts[i]));
        assert_true(codes[i] == 0 || err->code == codes[i]);
    }
}

static void writes_pointers(void **state UNUSED) {
    AUTO_STR pointer = {0};
    json_patch_append_token(&pointer, "metadata");
    json_patch_append_token(&pointer, "a~b/c");
    assert_string_equal(pointer.data, "/metadata/a~0b~1c");
}

// RFC 7386's own examples, and keys with dots.
static const struct {
    const char *target;
    const char *patch;
    const char *result;
} merges[] = {
    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
    {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
    {"{\"a\":\"foo\"}", "null", "null"},
    {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
    {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    {"{}", "{\"a.b\":{\"c.d\":1}}", "{\"a.b\":{\"c.d\":1}}"},
};

static void applies_merge_patches(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
        AUTO_JSON target = parsed(merges[i].target);
        AUTO_JSON patch = parsed(merges[i].patch);
        AUTO_JSON result = merge_patch_apply(target, patch);
        CLEANUP(free_ptr) char *text = json_text(result);
        assert_string_equal(text, merges[i].result);
    }
}

static void makes_merge_patches(void **state UNUSED) {
    AUTO_JSON original = parsed("{\"a\":1,\"b\":{\"c\":[1],\"d\":2},\"gone\":{\"x\":1},\"same\":{\"y\":{}}}");
    AUTO_JSON modified = parsed("{\"a\":2,\"b\":{\"c\":[1,2],\"d\":2},\"same\":{\"y\":{}},\"new\":{\"z\":{}}}");
    AUTO_JSON patch = merge_patch_create(original, modified);
    CLEANUP(free_ptr) char *text = json_text(patch);
    assert_string_equal(text, "{\"gone\":null,\"a\":2,\"b\":{\"c\":[1,2]},\"new\":{\"z\":{}}}");
    AUTO_JSON result = merge_patch_apply(original, patch);
    assert_true(json_equal(result, modified));
}

// Deleted is only what was applied before; what others added stays.
static void makes_three_way_patches(void **state UNUSED) {
    AUTO_JSON original = parsed("{\"spec\":{\"mine\":1,\"dropped\":1}}");
    AUTO_JSON modified = parsed("{\"spec\":{\"mine\":2,\"added\":{}}}");
    AUTO_JSON current = parsed("{\"spec\":{\"mine\":1,\"dropped\":1,\"theirs\":1},\"status\":{}}");
    AUTO_JSON patch = merge_patch_three_way(original, modified, current);
    CLEANUP(free_ptr) char *text = json_text(patch);
    assert_string_equal(text, "{\"spec\":{\"mine\":2,\"added\":{},\"dropped\":null}}");
    AUTO_JSON first = merge_patch_three_way(NULL, modified, current);
    CLEANUP(free_ptr) char *first_text = json_text(first);
    assert_string_equal(first_text, "{\"spec\":{\"mine\":2,\"added\":{}}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies_json_patches),  cmocka_unit_test(bounds_json_patches), cmocka_unit_test(writes_pointers),
        cmocka_unit_test(applies_merge_patches), cmocka_unit_test(makes_merge_patches), cmocka_unit_test(makes_three_way_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
