// SPDX-License-Identifier: Apache-2.0
// Walks every row of the generated tables, and the ways to find one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"

static void check_type(const struct schema_type *type, const char *where, int depth) {
    assert_true(depth < 16);
    if (type->kind == SCHEMA_LIST || type->kind == SCHEMA_MAP) {
        if (!type->element)
            fail_msg("%s has no element", where);
        if (type->list_type == SCHEMA_LIST_MAP)
            for (const char *const *key = type->map_keys; *key; key++)
                if (!schema_find(type->element, *key))
                    fail_msg("%s: key %s", where, *key);
        if (!type->element->name)
            check_type(type->element, where, depth + 1);
    }
}

static void check_field(const struct schema_type *type, size_t index) {
    const struct schema_field *field = &type->fields[index];
    AUTO_STR where = {0};
    str_printf(&where, "%s.%s", type->name, field->name);
    if (index && strcmp(type->fields[index - 1].name, field->name) >= 0)
        fail_msg("%s is out of order", str_text(&where));
    if (!field->doc || !*field->doc)
        fail_msg("%s has no doc", str_text(&where));
    if (!field->type->name)
        check_type(field->type, str_text(&where), 0);
    if (field->merge_key && (field->patch & SCHEMA_PATCH_MERGE) && !schema_find(schema_object_of(field->type), field->merge_key))
        fail_msg("%s: merge key", str_text(&where));
    if (!field->default_text)
        return;
    // A default is a value that its own type takes and that validates.
    AUTO_JSON object = json_new_object();
    AUTO_JSON value = NULL;
    assert_int_equal(json_parse(field->default_text, strlen(field->default_text), NULL, &value, NULL), 0);
    json_set(object, field->name, json_ref(value));
    AUTO_ERROR err = NULL;
    if (schema_check_and_prune(type, object, NULL, &err) < 0)
        fail_msg("%s: default: %s", str_text(&where), error_message(err));
}

static void test_types(void **state) {
    (void)state;
    size_t count;
    const struct schema_type *const *types = resources_types(&count);
    assert_true(count > 150);
    for (size_t i = 0; i < count; i++) {
        if (i)
            assert_true(strcmp(types[i - 1]->name, types[i]->name) < 0);
        if (!*types[i]->doc)
            fail_msg("%s has no doc", types[i]->name);
        assert_ptr_equal(resources_type(types[i]->name), types[i]);
        for (size_t f = 0; f < types[i]->field_count; f++)
            check_field(types[i], f);
    }
    assert_null(resources_type("io.k8s.api.core.v1.Nope"));
}

static void check_columns(const struct resource *row) {
    for (size_t i = 0; i < row->column_count; i++) {
        const struct resource_column *column = &row->columns[i];
        assert_true(*column->name && *column->path && *column->doc);
        const char *path = column->path;
        // Plain paths must exist.
        if (*path == '.' && !strpbrk(path, "[?*") && !schema_walk(row->type, path + 1, NULL, NULL))
            fail_msg("%s: column %s: %s", row->plural, column->name, path);
    }
}

static void test_rows(void **state) {
    (void)state;
    size_t count;
    const struct resource *const *rows = resources_all(&count);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        const struct resource *row = rows[i];
        assert_string_equal(row->type->gvk_kind, row->kind);
        assert_string_equal(row->type->gvk_version, row->version);
        assert_true(row->verbs != 0);
        assert_true(str_starts(row->storage_prefix, "/registry/"));
        assert_ptr_equal(resources_find(row->group, row->version, row->plural), row);
        assert_ptr_equal(resources_find_kind(row->group, row->version, row->kind), row);
        assert_ptr_equal(resources_find_api_version_kind(row->api_version, row->kind), row);
        assert_ptr_equal(resources_find_typed(row->plural), row);
        assert_ptr_equal(resources_find_typed(row->singular), row);
        assert_ptr_equal(resources_find_typed(row->kind), row);
        for (const char *const *name = row->short_names; *name; name++)
            assert_ptr_equal(resources_find_typed(*name), row);
        for (size_t s = 0; s < row->selectable_count; s++)
            if (!schema_walk(row->type, row->selectable[s].path, NULL, NULL))
                fail_msg("%s: selectable %s", row->plural, row->selectable[s].field);
        assert_true((row->list_type != NULL) == resource_has_verb(row, RESOURCE_VERB_LIST));
        check_columns(row);
    }
}

static void test_groups(void **state) {
    (void)state;
    size_t count;
    const struct resource_group *groups = resources_groups(&count);
    assert_int_equal(count, 3);
    assert_string_equal(groups[0].group, "");
    assert_string_equal(groups[1].group, "apps");
    assert_string_equal(groups[2].group, "coordination.k8s.io");
    for (size_t g = 0; g < count; g++)
        for (size_t v = 0; v < groups[g].version_count; v++)
            for (size_t r = 1; r < groups[g].versions[v].resource_count; r++)
                assert_true(strcmp(groups[g].versions[v].resources[r - 1]->plural, groups[g].versions[v].resources[r]->plural) <
                            0);
    assert_null(resources_group("nope"));
}

static void test_typed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *plural; // NULL: nothing
    } rows[] = {
        {"po", "pods"},      {"PODS", "pods"},      {"Pod", "pods"}, {"rs.apps", "replicasets"}, {"rs.v1.apps", "replicasets"},
        {"pods.v1", "pods"}, {"pods.v1.", "pods"},  {"no", "nodes"}, {"pods.apps", NULL},        {"rs.v2.apps", NULL},
        {"", NULL},          {"deployments", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct resource *found = resources_find_typed(rows[i].text);
        if (!rows[i].plural ? found != NULL : !found || strcmp(found->plural, rows[i].plural) != 0)
            fail_msg("%s", rows[i].text);
    }
    const struct resource **all;
    size_t count;
    resources_in_category("all", &all, &count);
    assert_int_equal(count, 2);
    free((void *)all);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(resource_nodes()->storage_prefix, "/registry/minions");
    assert_string_equal(resource_leases()->storage_prefix, "/registry/leases");
    AUTO_STR name = {0};
    resource_append_name(resource_replicasets(), &name);
    assert_string_equal(str_text(&name), "replicasets.apps");
    const struct resource_subresource *scale = resource_subresource(resource_replicasets(), "scale");
    assert_string_equal(scale->group, "autoscaling");
    assert_string_equal(scale->version, "v1");
    assert_non_null(scale->type);
    assert_null(resource_subresource(resource_pods(), "nope"));
    assert_string_equal(resource_verb_name(RESOURCE_VERB_DELETECOLLECTION), "deletecollection");
    char *group = NULL;
    char *version = NULL;
    assert_true(resource_split_api_version("apps/v1", &group, &version));
    assert_string_equal(group, "apps");
    assert_string_equal(version, "v1");
    free(group);
    free(version);
    static const char *const bad[] = {"", "/", "a/b/c", "apps/", "/v1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(resource_split_api_version(bad[i], &group, &version));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_rows),  cmocka_unit_test(test_groups),
        cmocka_unit_test(test_typed), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
