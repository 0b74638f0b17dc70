// SPDX-License-Identifier: Apache-2.0
// Dispatch tables: what is filled, what is left alone, and how wrong types are named.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/data/json_dispatch.h"

struct view {
    char *name;
    int64_t generation;
    int priority;
    double weight;
    bool ready;
    struct str_list args;
    int64_t port_sum;
    struct str_list labels;
    size_t raw_len;
};

static const struct json_dispatch_row port_rows[] = {{"port", JSON_DISPATCH_INT64, 0, NULL}};

static int add_port(void *member, const struct json *value, const char *key, const char *path, struct error **err) {
    int64_t port = 0;
    assert_null(key);
    if (json_dispatch(value, path, port_rows, ARRAY_LEN(port_rows), &port, err) < 0)
        return -1;
    *(int64_t *)member += port;
    return 0;
}

static int add_label(void *member, const struct json *value, const char *key, const char *path, struct error **err) {
    if (!json_is_string(value))
        return json_dispatch_type_error(path, "a string", value, err);
    AUTO_STR pair = {0};
    str_printf(&pair, "%s=%s", key, json_string(value));
    str_list_add(member, pair.data);
    return 0;
}

static int measure(void *member, const struct json *value, const char *key UNUSED, const char *path UNUSED,
                   struct error **err UNUSED) {
    *(size_t *)member = json_len(value);
    return 0;
}

static const struct json_dispatch_row rows[] = {
    {"metadata.name", JSON_DISPATCH_STRING, offsetof(struct view, name), NULL},
    {"metadata.generation", JSON_DISPATCH_INT64, offsetof(struct view, generation), NULL},
    {"metadata.labels", JSON_DISPATCH_EACH_MEMBER, offsetof(struct view, labels), add_label},
    {"spec.priority", JSON_DISPATCH_INT, offsetof(struct view, priority), NULL},
    {"spec.weight", JSON_DISPATCH_DOUBLE, offsetof(struct view, weight), NULL},
    {"spec.args", JSON_DISPATCH_STRING_LIST, offsetof(struct view, args), NULL},
    {"spec.ports", JSON_DISPATCH_EACH, offsetof(struct view, port_sum), add_port},
    {"spec.raw", JSON_DISPATCH_VALUE, offsetof(struct view, raw_len), measure},
    {"status.ready", JSON_DISPATCH_BOOL, offsetof(struct view, ready), NULL},
};

static void view_free(struct view *view) {
    free(view->name);
    str_list_free(&view->args);
    str_list_free(&view->labels);
}

static struct json *parsed(const char *text) {
    struct json *value = NULL;
    assert_int_equal(json_parse(text, strlen(text), NULL, &value, NULL), 0);
    return value;
}

static void fills_all_types(void **state UNUSED) {
    AUTO_JSON value =
        parsed("{\"metadata\":{\"name\":\"web\",\"generation\":7,\"labels\":{\"a\":\"b\",\"c.d/e\":\"f\"}},"
               "\"spec\":{\"priority\":-3,\"weight\":2,\"args\":[\"x\",\"y\"],\"ports\":[{\"port\":80},{\"port\":443}],"
               "\"raw\":[1,2]},\"status\":{\"ready\":true}}");
    CLEANUP(view_free) struct view view = {.name = alloc_string("old")};
    AUTO_ERROR err = NULL;
    assert_int_equal(json_dispatch(value, NULL, rows, ARRAY_LEN(rows), &view, &err), 0);
    assert_string_equal(view.name, "web");
    assert_int_equal(view.generation, 7);
    assert_int_equal(view.priority, -3);
    assert_true(view.weight == 2.0);
    assert_true(view.ready);
    assert_int_equal(view.port_sum, 523);
    assert_int_equal(view.raw_len, 2);
    CLEANUP(free_ptr) char *args = str_list_join(&view.args, " ");
    CLEANUP(free_ptr) char *labels = str_list_join(&view.labels, " ");
    assert_string_equal(args, "x y");
    assert_string_equal(labels, "a=b c.d/e=f");
}

static void leaves_defaults(void **state UNUSED) {
    AUTO_JSON value = parsed("{\"metadata\":null,\"spec\":{\"priority\":null}}");
    CLEANUP(view_free) struct view view = {.name = alloc_string("default"), .priority = 9};
    assert_int_equal(json_dispatch(value, NULL, rows, ARRAY_LEN(rows), &view, NULL), 0);
    assert_int_equal(json_dispatch(NULL, NULL, rows, ARRAY_LEN(rows), &view, NULL), 0);
    assert_string_equal(view.name, "default");
    assert_int_equal(view.priority, 9);
}

static const struct {
    const char *text;
    const char *message;
} wrong[] = {
    {"{\"metadata\":{\"name\":1}}", "p.metadata.name: expected a string, got an integer"},
    {"{\"metadata\":{\"name\":\"a\\u0000b\"}}", "p.metadata.name: the string holds a NUL character"},
    {"{\"metadata\":{\"generation\":\"1\"}}", "p.metadata.generation: expected an integer, got a string"},
    {"{\"metadata\":{\"generation\":1.5}}", "p.metadata.generation: expected an integer, got a number"},
    {"{\"metadata\":{\"labels\":{\"a\":1}}}", "p.metadata.labels.a: expected a string, got an integer"},
    {"{\"metadata\":{\"labels\":[]}}", "p.metadata.labels: expected an object, got a list"},
    {"{\"metadata\":[]}", "p.metadata: expected an object, got a list"},
    {"[]", "p: expected an object, got a list"},
    {"{\"spec\":{\"priority\":3000000000}}", "p.spec.priority: 3000000000 is out of range"},
    {"{\"spec\":{\"weight\":true}}", "p.spec.weight: expected a number, got a boolean"},
    {"{\"spec\":{\"args\":[\"a\",null]}}", "p.spec.args[1]: expected a string, got null"},
    {"{\"spec\":{\"args\":{}}}", "p.spec.args: expected a list, got an object"},
    {"{\"spec\":{\"ports\":[{\"port\":1},{\"port\":\"x\"}]}}", "p.spec.ports[1].port: expected an integer, got a string"},
    {"{\"status\":{\"ready\":\"true\"}}", "p.status.ready: expected a boolean, got a string"},
};

static void names_wrong_types(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_JSON value = parsed(wrong[i].text);
        CLEANUP(view_free) struct view view = {0};
        AUTO_ERROR err = NULL;
        assert_int_equal(json_dispatch(value, "p", rows, ARRAY_LEN(rows), &view, &err), -1);
        assert_string_equal(error_message(err), wrong[i].message);
    }
}

static void lists_unknown_members(void **state UNUSED) {
    AUTO_JSON value =
        parsed("{\"metadata\":{\"name\":\"x\",\"nam\":1,\"labels\":{\"any\":1}},\"spec\":{\"raw\":{\"q\":1},\"x.y\":1},"
               "\"spec.raw\":1,\"extra\":{}}");
    AUTO_STR_LIST unknown = {0};
    json_dispatch_unknown(value, "", rows, ARRAY_LEN(rows), &unknown);
    CLEANUP(free_ptr) char *text = str_list_join(&unknown, " ");
    assert_string_equal(text, "metadata.nam spec.x.y spec.raw extra");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_all_types),
        cmocka_unit_test(leaves_defaults),
        cmocka_unit_test(names_wrong_types),
        cmocka_unit_test(lists_unknown_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
