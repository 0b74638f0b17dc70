// SPDX-License-Identifier: Apache-2.0
// The schema compiler: bad rows are refused with file and line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/api/schema_compiler/schema_emit.h"
#include "common/api/schema_compiler/schema_model.h"
#include "common/base/alloc.h"
#include "common/base/file.h"

#define HEADER "group: \"\"\nversion: v1\npackage: p.v1\ngroup-priority: 1\ntypes:\n"
#define KIND "  A:\n    $type: kind | An a.\n    x: string | X.\n"

static const struct {
    const char *text;
    const char *message; // behind the path; NULL: fine
} rows[] = {
    {HEADER KIND "resources:\n  as:\n    kind: A\n    namespaced: true\n    verbs: [create]\n", NULL},
    {HEADER KIND "    yy: strin | Y.\n", ":9: A.yy: unknown type \"strin\""},
    {HEADER KIND "    yy: string requird | Y.\n", ":9: A.yy: unknown attribute \"requird\""},
    {HEADER KIND "    yy: int32 default=x | Y.\n", ":9: A.yy: default: invalid character 'x'"},
    {HEADER KIND "    yy: int32 default=\"5\" | Y.\n", ":9: A.yy: default \"5\" does not fit the type"},
    {HEADER KIND "    yy: string default=\"c\" enum=a,b | Y.\n", ":9: A.yy: default \"c\" is not in its enum"},
    {HEADER KIND "    yy: string set | Y.\n", ":9: A.yy: set and keys are for lists"},
    {HEADER KIND "    yy: int32 enum=a | Y.\n", ":9: A.yy: enum is for strings"},
    {HEADER KIND "    yy: string min=1 | Y.\n", ":9: A.yy: min and max are for numbers"},
    {HEADER KIND "    yy: list of A keys=z | Y.\n", ":9: A.yy: key \"z\" is no field of the element"},
    {HEADER KIND "    yy: string min-length=1 min-length=2 | Y.\n", ":9: A.yy: attribute \"min-length\" stands twice"},
    {HEADER KIND "    yy: [a]\n", ":9: A.yy: one line of text is needed"},
    {HEADER KIND "    yy: other_v1.B | Y.\n", ":9: A.yy: unknown type \"other_v1.B\""},
    {HEADER KIND "resources:\n  as:\n    kind: B\n    namespaced: true\n    verbs: all\n",
     ":10: resource \"as\" needs a kind that is a `kind` type of this file"},
    {HEADER KIND "resources:\n  as:\n    kind: A\n    namespaced: true\n    verbs: [eat]\n",
     ":10: resource \"as\": bad verbs \"eat\""},
    {HEADER KIND "resources:\n  as:\n    kind: A\n    verbs: [get]\n", ":10: resource \"as\": namespaced must be true or false"},
    {HEADER KIND "resources:\n  as:\n    kind: A\n    namespaced: true\n    vebs: [get]\n",
     ":13: unknown key \"vebs\" in resource \"as\""},
    {"version: v1\n", ":1: group, version and package must be given"},
};

static int compile(const char *path, struct str *out, struct error **err) {
    CLEANUP(model_free) struct model model = {0};
    if (model_read(&model, path, err) < 0 || model_resolve(&model, err) < 0)
        return -1;
    schema_emit_types(&model, out);
    return schema_emit_resources(&model, out, err);
}

static void test_rows(void **state) {
    (void)state;
    char folder[] = "/tmp/cube-schema-XXXXXX";
    assert_non_null(mkdtemp(folder));
    CLEANUP(free_ptr) char *path = alloc_printf("%s/x_v1.yaml", folder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(file_write_atomic(path, rows[i].text, strlen(rows[i].text), 0600, NULL), 0);
        AUTO_STR out = {0};
        AUTO_ERROR err = NULL;
        int result = compile(path, &out, &err);
        if (!rows[i].message) {
            assert_int_equal(result, 0);
            assert_non_null(strstr(str_text(&out), "schema_tables_resource_x_v1_as"));
            continue;
        }
        CLEANUP(free_ptr) char *wanted = alloc_printf("%s%s", path, rows[i].message);
        assert_int_equal(result, -1);
        if (!str_starts(error_message(err), wanted))
            fail_msg("row %zu: %s", i, error_message(err));
    }
    assert_int_equal(file_remove_tree(folder, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
