// SPDX-License-Identifier: Apache-2.0
// What apply decides to send: by the last applied configuration, the manifest and what the server has.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/meta.h"
#include "common/data/yaml.h"
#include "cubectl/apply.h"
#include "cubectl/write_options.h"

static const struct {
    const char *name, *last, *manifest, *server, *patch; // last "": no annotation; server: without the annotation
} rows[] = {
    {"nothing changed", "{metadata: {name: a}, data: {k: v}}", "{metadata: {name: a}, data: {k: v}}",
     "{metadata: {name: a, uid: u}, data: {k: v}}", "{}"},
    {"a value changed", "{metadata: {name: a}, data: {k: v}}", "{metadata: {name: a}, data: {k: w}}",
     "{metadata: {name: a, uid: u}, data: {k: v}}", "{data: {k: w}}"},
    {"a key of ours is gone", "{metadata: {name: a}, data: {k: v, l: x}}", "{metadata: {name: a}, data: {k: v}}",
     "{metadata: {name: a}, data: {k: v, l: x}}", "{data: {l: null}}"},
    {"another's key stays", "{metadata: {name: a}, data: {k: v}}", "{metadata: {name: a}, data: {k: v}}",
     "{metadata: {name: a}, data: {k: v, other: x}}", "{}"},
    {"what others changed is set back", "{metadata: {name: a}, data: {k: v}}", "{metadata: {name: a}, data: {k: v}}",
     "{metadata: {name: a}, data: {k: theirs}}", "{data: {k: v}}"},
    {"never applied before", "", "{metadata: {name: a}, data: {k: w}}", "{metadata: {name: a}, data: {k: v, l: x}}",
     "{data: {k: w}}"},
};

static struct json *config_map(const char *yaml) {
    struct json *object = NULL;
    assert_int_equal(yaml_parse_one(yaml, strlen(yaml), "test", &object, NULL), 0);
    schema_set_kind(object, "v1", "ConfigMap");
    return object;
}

static void test_patch(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON modified = config_map(rows[i].manifest);
        AUTO_JSON current = config_map(rows[i].server);
        AUTO_JSON patch = NULL;
        AUTO_JSON expected = NULL;
        write_set_last_applied(modified);
        if (*rows[i].last) {
            AUTO_JSON last = config_map(rows[i].last);
            write_set_last_applied(last);
            meta_set_annotation(current, WRITE_LAST_APPLIED, meta_annotation(last, WRITE_LAST_APPLIED));
        }
        assert_int_equal(apply_patch(resource_configmaps(), current, modified, &patch, NULL), 0);
        // the annotation follows whatever else changes
        if (json_get(patch, "metadata"))
            json_remove(patch, "metadata");
        assert_int_equal(yaml_parse_one(rows[i].patch, strlen(rows[i].patch), "test", &expected, NULL), 0);
        if (!json_equal(patch, expected)) {
            char *text = json_text(patch);
            fail_msg("%s: %s, expected %s", rows[i].name, text, rows[i].patch);
        }
    }
}

static void test_annotation(void **state UNUSED) {
    AUTO_JSON object = config_map("{metadata: {name: a, namespace: ns}, data: {k: '<&>'}}");
    static const char expected[] = "{\"apiVersion\":\"v1\",\"data\":{\"k\":\"\\u003c\\u0026\\u003e\"},\"kind\":\"ConfigMap\","
                                   "\"metadata\":{\"annotations\":{},\"name\":\"a\",\"namespace\":\"ns\"}}\n";
    write_set_last_applied(object);
    assert_string_equal(meta_annotation(object, WRITE_LAST_APPLIED), expected);
    write_set_last_applied(object); // the annotation does not hold itself
    assert_string_equal(meta_annotation(object, WRITE_LAST_APPLIED), expected);
}

static void test_broken_annotation(void **state UNUSED) {
    AUTO_JSON modified = config_map("{metadata: {name: a}}");
    AUTO_JSON current = config_map("{metadata: {name: a}}");
    AUTO_JSON patch = NULL;
    AUTO_ERROR error = NULL;
    meta_set_annotation(current, WRITE_LAST_APPLIED, "{");
    assert_int_equal(apply_patch(resource_configmaps(), current, modified, &patch, &error), -1);
    assert_non_null(strstr(error_message(error), "last-applied-configuration"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patch),
        cmocka_unit_test(test_annotation),
        cmocka_unit_test(test_broken_annotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
