// SPDX-License-Identifier: Apache-2.0
// Finds resource rows in the generated tables.
#include "common/api/resources.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/api/schema_tables.h"
#include "common/base/alloc.h"

const struct resource *const *resources_all(size_t *ret_count) {
    *ret_count = schema_tables_resource_count;
    return schema_tables_resources;
}

const struct resource_group *resources_groups(size_t *ret_count) {
    *ret_count = schema_tables_group_count;
    return schema_tables_groups;
}

const struct resource_group *resources_group(const char *group) {
    for (size_t i = 0; i < schema_tables_group_count; i++)
        if (str_equal(schema_tables_groups[i].group, group))
            return &schema_tables_groups[i];
    return NULL;
}

const struct resource_version *resources_version(const char *group, const char *version) {
    const struct resource_group *found = resources_group(group);
    for (size_t i = 0; found && i < found->version_count; i++)
        if (str_equal(found->versions[i].version, version))
            return &found->versions[i];
    return NULL;
}

const struct resource *resources_find(const char *group, const char *version, const char *plural) {
    for (size_t i = 0; i < schema_tables_resource_count; i++) {
        const struct resource *row = schema_tables_resources[i];
        if (str_equal(row->plural, plural) && str_equal(row->group, group) && str_equal(row->version, version))
            return row;
    }
    return NULL;
}

const struct resource *resources_find_kind(const char *group, const char *version, const char *kind) {
    for (size_t i = 0; i < schema_tables_resource_count; i++) {
        const struct resource *row = schema_tables_resources[i];
        if (str_equal(row->kind, kind) && str_equal(row->group, group) && str_equal(row->version, version))
            return row;
    }
    return NULL;
}

const struct resource *resources_find_api_version_kind(const char *api_version, const char *kind) {
    for (size_t i = 0; i < schema_tables_resource_count; i++) {
        const struct resource *row = schema_tables_resources[i];
        if (str_equal(row->kind, kind) && str_equal(row->api_version, api_version))
            return row;
    }
    return NULL;
}

static bool is_named(const struct resource *row, const char *name, size_t len) {
    const char *names[] = {row->plural, row->singular, row->kind};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return true;
    for (const char *const *alias = row->short_names; *alias; alias++)
        if (strlen(*alias) == len && strncasecmp(*alias, name, len) == 0)
            return true;
    return false;
}

// What stands behind the name: nothing, "group" or "version.group".
static bool is_qualified(const struct resource *row, const char *rest) {
    if (!rest || str_equal_nocase(row->group, rest))
        return true;
    size_t len = strlen(row->version);
    return strncasecmp(rest, row->version, len) == 0 &&
           (rest[len] == '.' ? str_equal_nocase(rest + len + 1, row->group) : rest[len] == '\0' && !*row->group);
}

const struct resource *resources_find_typed(const char *text) {
    const char *dot = strchr(text, '.');
    size_t len = dot ? (size_t)(dot - text) : strlen(text);
    for (size_t i = 0; i < schema_tables_resource_count; i++) {
        const struct resource *row = schema_tables_resources[i];
        if (is_named(row, text, len) && is_qualified(row, dot ? dot + 1 : NULL))
            return row;
    }
    return NULL;
}

void resources_in_category(const char *category, const struct resource ***ret_rows, size_t *ret_count) {
    const struct resource **rows = alloc_array(schema_tables_resource_count, sizeof(*rows));
    size_t count = 0;
    for (size_t i = 0; i < schema_tables_resource_count; i++)
        for (const char *const *name = schema_tables_resources[i]->categories; *name; name++)
            if (str_equal(*name, category))
                rows[count++] = schema_tables_resources[i];
    *ret_rows = rows;
    *ret_count = count;
}

const struct resource_subresource *resource_subresource(const struct resource *resource, const char *name) {
    for (size_t i = 0; i < resource->subresource_count; i++)
        if (str_equal(resource->subresources[i].name, name))
            return &resource->subresources[i];
    return NULL;
}

bool resource_has_verb(const struct resource *resource, enum resource_verb verb) {
    return (resource->verbs & verb) != 0;
}

const struct resource_selectable *resource_selectable(const struct resource *resource, const char *field) {
    for (size_t i = 0; i < resource->selectable_count; i++)
        if (str_equal(resource->selectable[i].field, field))
            return &resource->selectable[i];
    return NULL;
}

const char *resource_verb_name(enum resource_verb verb) {
    static const char *const names[] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (verb == 1u << i)
            return names[i];
    return "unknown";
}

void resource_append_name(const struct resource *resource, struct str *out) {
    str_append(out, resource->plural);
    if (*resource->group)
        str_printf(out, ".%s", resource->group);
}

bool resource_split_api_version(const char *api_version, char **ret_group, char **ret_version) {
    const char *slash = strchr(api_version, '/');
    if (!*api_version || (slash && (strchr(slash + 1, '/') || !slash[1] || slash == api_version)))
        return false;
    *ret_group = slash ? alloc_string_n(api_version, (size_t)(slash - api_version)) : alloc_string("");
    *ret_version = alloc_string(slash ? slash + 1 : api_version);
    return true;
}

static int compare_type_name(const void *name, const void *row) {
    return strcmp(name, (*(const struct schema_type *const *)row)->name);
}

const struct schema_type *resources_type(const char *openapi_name) {
    const struct schema_type *const *row =
        bsearch(openapi_name, schema_tables_types, schema_tables_type_count, sizeof(schema_tables_types[0]), compare_type_name);
    return row ? *row : NULL;
}

const struct schema_type *const *resources_types(size_t *ret_count) {
    *ret_count = schema_tables_type_count;
    return schema_tables_types;
}

const struct resource *resource_pods(void) {
    return &schema_tables_resource_core_v1_pods;
}

const struct resource *resource_nodes(void) {
    return &schema_tables_resource_core_v1_nodes;
}

const struct resource *resource_namespaces(void) {
    return &schema_tables_resource_core_v1_namespaces;
}

const struct resource *resource_configmaps(void) {
    return &schema_tables_resource_core_v1_configmaps;
}

const struct resource *resource_secrets(void) {
    return &schema_tables_resource_core_v1_secrets;
}

const struct resource *resource_serviceaccounts(void) {
    return &schema_tables_resource_core_v1_serviceaccounts;
}

const struct resource *resource_events(void) {
    return &schema_tables_resource_core_v1_events;
}

const struct resource *resource_bindings(void) {
    return &schema_tables_resource_core_v1_bindings;
}

const struct resource *resource_replicasets(void) {
    return &schema_tables_resource_apps_v1_replicasets;
}

const struct resource *resource_leases(void) {
    return &schema_tables_resource_coordination_k8s_io_v1_leases;
}
