// SPDX-License-Identifier: Apache-2.0
// Resources by name or kind, with aggregated discovery behind the built-in table.
#include "cubectl/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

#define DISCOVERY_TYPE "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

void mapping_append_kind(const struct resource *resource, struct str *out) {
    char *kind = alloc_string(resource->kind);
    str_lower(kind);
    str_append(out, kind);
    free(kind);
    if (!str_empty(resource->group))
        str_printf(out, ".%s", resource->group);
}

// --- discovery ---------------------------------------------------------------------------------------------------------

static const char *const *list_of(const struct json *array) {
    size_t len = json_len(array);
    const char **list = alloc_array(len + 1, sizeof(*list));
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        if (json_string(json_at(array, i)))
            list[count++] = alloc_string(json_string(json_at(array, i)));
    return list;
}

static void list_free(const char *const *list) {
    for (size_t i = 0; list[i]; i++)
        free((char *)list[i]);
    free((void *)list);
}

static uint32_t verbs_of(const struct json *names) {
    uint32_t verbs = 0;
    for (uint32_t verb = RESOURCE_VERB_CREATE; verb <= RESOURCE_VERB_WATCH; verb <<= 1)
        if (json_array_has_string(names, resource_verb_name((enum resource_verb)verb)))
            verbs |= verb;
    return verbs;
}

static struct resource *resource_of(const char *group, const char *version, const struct json *entry) {
    struct resource *resource = alloc_zero(sizeof(*resource));
    const char *plural = json_get_text(entry, "resource");
    const char *kind = json_find_text(entry, "responseKind.kind");
    const char *singular = json_get_text(entry, "singularResource");
    resource->group = alloc_string(group);
    resource->version = alloc_string(version);
    resource->api_version = str_empty(group) ? alloc_string(version) : alloc_printf("%s/%s", group, version);
    resource->plural = alloc_string(plural);
    resource->kind = alloc_string(kind);
    char *lower = alloc_string(str_empty(singular) ? kind : singular);
    str_lower(lower);
    resource->singular = lower;
    resource->list_kind = alloc_printf("%sList", kind);
    resource->short_names = list_of(json_get(entry, "shortNames"));
    resource->categories = list_of(json_get(entry, "categories"));
    resource->namespaced = str_equal(json_get_string(entry, "scope"), "Namespaced");
    resource->verbs = verbs_of(json_get(entry, "verbs"));
    const struct resource *known = resources_find(group, version, plural);
    if (known) {
        resource->type = known->type;
        resource->list_type = known->list_type;
    }
    return resource;
}

static void resource_free(struct resource *resource) {
    const char *const strings[] = {resource->group, resource->version,  resource->api_version, resource->plural,
                                   resource->kind,  resource->singular, resource->list_kind};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free((char *)strings[i]);
    list_free(resource->short_names);
    list_free(resource->categories);
    free(resource);
}

void mapping_free(struct session *session) {
    for (size_t i = 0; i < session->discovered.len; i++)
        resource_free(session->discovered.items[i]);
    ptr_vec_free(&session->discovered);
}

static void add_groups(struct session *session, const struct json *groups) {
    for (size_t g = 0; g < json_len(groups); g++) {
        const struct json *group = json_at(groups, g);
        const struct json *versions = json_get(group, "versions");
        for (size_t v = 0; v < json_len(versions); v++) {
            const struct json *version = json_at(versions, v);
            const struct json *resources = json_get(version, "resources");
            for (size_t r = 0; r < json_len(resources); r++)
                ptr_vec_push(&session->discovered, resource_of(json_find_text(group, "metadata.name"),
                                                               json_get_text(version, "version"), json_at(resources, r)));
        }
    }
}

static int discover(struct session *session, struct error **err) {
    static const char *const paths[] = {"/api", "/apis"};
    if (session->discovery_done)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO_JSON list = NULL;
        struct session_call call = {.path = paths[i], .accept = DISCOVERY_TYPE};
        if (session_call(session, &call, &list, err) < 0)
            return -1;
        add_groups(session, json_get(list, "items"));
    }
    session->discovery_done = true;
    return 0;
}

// The first version of a group that the server names is its preferred one.
int mapping_discover(struct session *session, struct ptr_vec *ret_resources, struct error **err) {
    if (discover(session, err) < 0)
        return -1;
    for (size_t i = 0; i < session->discovered.len; i++)
        ptr_vec_push(ret_resources, session->discovered.items[i]);
    return 0;
}

// --- lookup ------------------------------------------------------------------------------------------------------------

static bool named(const struct resource *resource, const char *name) {
    if (str_equal_nocase(resource->plural, name) || str_equal_nocase(resource->singular, name) ||
        str_equal_nocase(resource->kind, name))
        return true;
    for (size_t i = 0; resource->short_names[i]; i++)
        if (str_equal_nocase(resource->short_names[i], name))
            return true;
    return false;
}

// `name`, `name.group` or `name.version.group`.
static bool typed_as(const struct resource *resource, const char *text) {
    if (named(resource, text))
        return true;
    const char *dot = strchr(text, '.');
    if (!dot)
        return false;
    CLEANUP(free_ptr) char *name = alloc_string_n(text, (size_t)(dot - text));
    if (!named(resource, name))
        return false;
    if (str_equal(resource->group, dot + 1))
        return true;
    const char *rest = str_skip_prefix(dot + 1, resource->version);
    return rest && (*rest == '.' ? str_equal(rest + 1, resource->group) : *rest == '\0' && str_empty(resource->group));
}

int mapping_find(struct session *session, const char *text, const struct resource **ret_resource, struct error **err) {
    const struct resource *known = resources_find_typed(text);
    if (known) {
        *ret_resource = known;
        return 0;
    }
    if (discover(session, err) < 0)
        return -1;
    for (size_t i = 0; i < session->discovered.len; i++)
        if (typed_as(session->discovered.items[i], text)) {
            *ret_resource = session->discovered.items[i];
            return 0;
        }
    return error_set(err, "the server doesn't have a resource type \"%s\"", text);
}

int mapping_find_kind(struct session *session, const char *api_version, const char *kind, const struct resource **ret_resource,
                      struct error **err) {
    const struct resource *known = resources_find_api_version_kind(api_version, kind);
    if (known) {
        *ret_resource = known;
        return 0;
    }
    if (discover(session, err) < 0)
        return -1;
    for (size_t i = 0; i < session->discovered.len; i++) {
        const struct resource *resource = session->discovered.items[i];
        if (str_equal(resource->api_version, api_version) && str_equal(resource->kind, kind)) {
            *ret_resource = resource;
            return 0;
        }
    }
    return error_set(err, "no matches for kind \"%s\" in version \"%s\"", kind, api_version);
}
