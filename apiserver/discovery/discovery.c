// SPDX-License-Identifier: Apache-2.0
// The discovery documents of the API: versions, groups and resources, plain and aggregated, as JSON text from the resource rows.
#include "apiserver/discovery/discovery.h"

#include "common/api/resources.h"
#include "common/data/json.h"

static struct json *new_kind(const char *kind, const char *api_version) {
    struct json *object = json_new_object();
    json_set_string(object, "kind", kind);
    json_set_string(object, "apiVersion", api_version);
    return object;
}

static void write_line(const struct json *value, struct str *out) {
    json_write(value, out);
    str_append_char(out, '\n');
}

void discovery_versions(const char *server_address, struct str *out) {
    AUTO_JSON answer = new_kind("APIVersions", NULL);
    struct json *versions = json_ensure_array(answer, "versions");
    const struct resource_group *core = resources_group("");
    for (size_t i = 0; core && i < core->version_count; i++)
        json_append(versions, json_new_string(core->versions[i].version));
    struct json *address = json_new_object();
    json_set_string(address, "clientCIDR", "0.0.0.0/0");
    json_set_string(address, "serverAddress", server_address);
    json_append(json_ensure_array(answer, "serverAddressByClientCIDRs"), address);
    write_line(answer, out);
}

static struct json *group_version(const char *group, const char *version) {
    AUTO_STR text = {0};
    str_printf(&text, "%s/%s", group, version);
    struct json *value = json_new_object();
    json_set_string(value, "groupVersion", str_text(&text));
    json_set_string(value, "version", version);
    return value;
}

static void fill_group(const struct resource_group *group, struct json *value) {
    json_set_string(value, "name", group->group);
    struct json *versions = json_ensure_array(value, "versions");
    for (size_t i = 0; i < group->version_count; i++)
        json_append(versions, group_version(group->group, group->versions[i].version));
    json_set(value, "preferredVersion", group_version(group->group, group->versions[0].version));
}

void discovery_groups(struct str *out) {
    AUTO_JSON answer = new_kind("APIGroupList", "v1");
    struct json *groups = json_ensure_array(answer, "groups");
    size_t count = 0;
    const struct resource_group *all = resources_groups(&count);
    for (size_t i = 0; i < count; i++) {
        if (!*all[i].group)
            continue;
        struct json *group = json_new_object();
        fill_group(&all[i], group);
        json_append(groups, group);
    }
    write_line(answer, out);
}

bool discovery_group(const char *name, struct str *out) {
    const struct resource_group *group = resources_group(name);
    if (!group || !*name)
        return false;
    AUTO_JSON answer = new_kind("APIGroup", "v1");
    fill_group(group, answer);
    write_line(answer, out);
    return true;
}

static void put_strings(struct json *object, const char *key, const char *const *texts) {
    if (!*texts)
        return;
    struct json *array = json_ensure_array(object, key);
    for (; *texts; texts++)
        json_append(array, json_new_string(*texts));
}

static void put_verbs(struct json *object, uint32_t verbs) {
    struct json *array = json_ensure_array(object, "verbs");
    for (unsigned bit = 1; bit <= RESOURCE_VERB_WATCH; bit <<= 1)
        if (verbs & bit)
            json_append(array, json_new_string(resource_verb_name((enum resource_verb)bit)));
}

// --- plain -----------------------------------------------------------------------------------------------------------------------

static struct json *plain_resource(const struct resource *resource) {
    struct json *value = json_new_object();
    json_set_string(value, "name", resource->plural);
    json_set_string(value, "singularName", resource->singular);
    json_set_bool(value, "namespaced", resource->namespaced);
    json_set_string(value, "kind", resource->kind);
    put_verbs(value, resource->verbs);
    put_strings(value, "shortNames", resource->short_names);
    put_strings(value, "categories", resource->categories);
    return value;
}

static bool foreign_kind(const struct resource *resource, const struct resource_subresource *subresource) {
    return !str_equal(subresource->group, resource->group) || !str_equal(subresource->version, resource->version);
}

static struct json *plain_subresource(const struct resource *resource, const struct resource_subresource *subresource) {
    struct json *value = json_new_object();
    AUTO_STR name = {0};
    str_printf(&name, "%s/%s", resource->plural, subresource->name);
    json_set_string(value, "name", str_text(&name));
    json_set_string(value, "singularName", "");
    json_set_bool(value, "namespaced", resource->namespaced);
    if (foreign_kind(resource, subresource)) {
        json_set_string(value, "group", subresource->group);
        json_set_string(value, "version", subresource->version);
    }
    json_set_string(value, "kind", subresource->kind);
    put_verbs(value, subresource->verbs);
    return value;
}

bool discovery_resources(const char *group, const char *version, struct str *out) {
    const struct resource_version *found = resources_version(group, version);
    if (!found)
        return false;
    AUTO_JSON answer = new_kind("APIResourceList", *group ? "v1" : NULL);
    AUTO_STR text = {0};
    str_printf(&text, "%s%s%s", group, *group ? "/" : "", version);
    json_set_string(answer, "groupVersion", str_text(&text));
    struct json *resources = json_ensure_array(answer, "resources");
    for (size_t i = 0; i < found->resource_count; i++) {
        const struct resource *resource = found->resources[i];
        json_append(resources, plain_resource(resource));
        for (size_t s = 0; s < resource->subresource_count; s++)
            json_append(resources, plain_subresource(resource, &resource->subresources[s]));
    }
    write_line(answer, out);
    return true;
}

// --- aggregated --------------------------------------------------------------------------------------------------------------------

static void put_response_kind(struct json *value, const char *group, const char *version, const char *kind) {
    struct json *response = json_new_object();
    json_set_string(response, "group", group);
    json_set_string(response, "version", version);
    json_set_string(response, "kind", kind);
    json_set(value, "responseKind", response);
}

static struct json *aggregated_resource(const struct resource *resource) {
    struct json *value = json_new_object();
    json_set_string(value, "resource", resource->plural);
    put_response_kind(value, resource->group, resource->version, resource->kind);
    json_set_string(value, "scope", resource->namespaced ? "Namespaced" : "Cluster");
    json_set_string(value, "singularResource", resource->singular);
    put_verbs(value, resource->verbs);
    put_strings(value, "shortNames", resource->short_names);
    put_strings(value, "categories", resource->categories);
    for (size_t i = 0; i < resource->subresource_count; i++) {
        const struct resource_subresource *row = &resource->subresources[i];
        struct json *subresource = json_new_object();
        json_set_string(subresource, "subresource", row->name);
        put_response_kind(subresource, row->group, row->version, row->kind);
        put_verbs(subresource, row->verbs);
        json_append(json_ensure_array(value, "subresources"), subresource);
    }
    return value;
}

static struct json *aggregated_group(const struct resource_group *group) {
    struct json *value = json_new_object();
    struct json *metadata = json_ensure_object(value, "metadata");
    if (*group->group)
        json_set_string(metadata, "name", group->group);
    json_set(metadata, "creationTimestamp", NULL);
    struct json *versions = json_ensure_array(value, "versions");
    for (size_t v = 0; v < group->version_count; v++) {
        const struct resource_version *row = &group->versions[v];
        struct json *version = json_new_object();
        json_set_string(version, "version", row->version);
        struct json *resources = json_ensure_array(version, "resources");
        for (size_t i = 0; i < row->resource_count; i++)
            json_append(resources, aggregated_resource(row->resources[i]));
        json_set_string(version, "freshness", "Current");
        json_append(versions, version);
    }
    return value;
}

void discovery_aggregated(bool core, const char *version, struct str *out) {
    AUTO_STR api_version = {0};
    str_printf(&api_version, "apidiscovery.k8s.io/%s", version);
    AUTO_JSON answer = new_kind("APIGroupDiscoveryList", str_text(&api_version));
    json_set(answer, "metadata", json_new_object());
    struct json *items = json_ensure_array(answer, "items");
    size_t count = 0;
    const struct resource_group *all = resources_groups(&count);
    for (size_t i = 0; i < count; i++)
        if (core == !*all[i].group)
            json_append(items, aggregated_group(&all[i]));
    write_line(answer, out);
}
