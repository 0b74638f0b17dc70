// SPDX-License-Identifier: Apache-2.0
// The paths of an OpenAPI v3 document: each resource's collection, items and subresources with their operations.
#include "apiserver/discovery/openapi_paths.h"

#include <string.h>

#include "apiserver/discovery/openapi_schemas.h"
#include "common/data/json.h"

// Query parameters, and which verbs take them.
static const struct parameter {
    const char *name;
    const char *type;
    uint32_t verbs;
    const char *doc;
} parameters[] = {
    {"allowWatchBookmarks", "boolean", RESOURCE_VERB_LIST, "Bookmark events are welcome in a watch."},
    {"continue", "string", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "The token of the page before."},
    {"dryRun", "string",
     RESOURCE_VERB_CREATE | RESOURCE_VERB_UPDATE | RESOURCE_VERB_PATCH | RESOURCE_VERB_DELETE | RESOURCE_VERB_DELETECOLLECTION,
     "All: everything is checked, nothing is stored."},
    {"fieldManager", "string", RESOURCE_VERB_CREATE | RESOURCE_VERB_UPDATE | RESOURCE_VERB_PATCH,
     "The name under which changes are recorded."},
    {"fieldSelector", "string", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "Only objects whose fields match."},
    {"fieldValidation", "string", RESOURCE_VERB_CREATE | RESOURCE_VERB_UPDATE | RESOURCE_VERB_PATCH,
     "What happens to unknown and duplicate fields: Ignore, Warn or Strict."},
    {"force", "boolean", RESOURCE_VERB_PATCH, "An apply takes fields over from other managers."},
    {"gracePeriodSeconds", "integer", RESOURCE_VERB_DELETE | RESOURCE_VERB_DELETECOLLECTION,
     "Seconds before the object is deleted for good."},
    {"labelSelector", "string", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "Only objects whose labels match."},
    {"limit", "integer", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "At most so many objects in one page."},
    {"orphanDependents", "boolean", RESOURCE_VERB_DELETE | RESOURCE_VERB_DELETECOLLECTION, "Deprecated: use propagationPolicy."},
    {"propagationPolicy", "string", RESOURCE_VERB_DELETE | RESOURCE_VERB_DELETECOLLECTION,
     "What happens to dependents: Orphan, Background or Foreground."},
    {"resourceVersion", "string", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "From which version on."},
    {"resourceVersionMatch", "string", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION,
     "How resourceVersion is meant: NotOlderThan or Exact."},
    {"sendInitialEvents", "boolean", RESOURCE_VERB_LIST, "A watch begins with what is there."},
    {"timeoutSeconds", "integer", RESOURCE_VERB_LIST | RESOURCE_VERB_DELETECOLLECTION, "The call ends after so many seconds."},
    {"watch", "boolean", RESOURCE_VERB_LIST, "Changes instead of the list."},
};

static const struct operation {
    enum resource_verb verb;
    const char *method;
    const char *action;
    const char *prefix; // of the operation's id and description
    bool collection;
} operations[] = {
    {RESOURCE_VERB_LIST, "get", "list", "list", true},
    {RESOURCE_VERB_CREATE, "post", "post", "create", true},
    {RESOURCE_VERB_DELETECOLLECTION, "delete", "deletecollection", "delete collection", true},
    {RESOURCE_VERB_GET, "get", "get", "read", false},
    {RESOURCE_VERB_UPDATE, "put", "put", "replace", false},
    {RESOURCE_VERB_PATCH, "patch", "patch", "patch", false},
    {RESOURCE_VERB_DELETE, "delete", "delete", "delete", false},
};

static const char *const patch_types[] = {
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
};

// What a path's operations work on.
struct target {
    const char *group, *version, *kind;
    const struct schema_type *type;
    const struct schema_type *list_type;
};

static struct json *parameter_object(const char *name, const char *place, const char *type, const char *doc) {
    struct json *parameter = json_new_object();
    json_set_string(parameter, "name", name);
    json_set_string(parameter, "in", place);
    json_set_string(parameter, "description", doc);
    if (str_equal(place, "path"))
        json_set_bool(parameter, "required", true);
    json_put_string(parameter, "schema.type", type);
    json_put(parameter, "schema.uniqueItems", json_new_bool(true));
    return parameter;
}

static struct json *media(const char *schema_name) {
    struct json *value = json_new_object();
    json_set(value, "schema", openapi_schemas_reference(schema_name));
    return value;
}

static void set_request_body(struct json *operation, enum resource_verb verb, const struct target *target) {
    struct json *content = json_new_object();
    if (verb == RESOURCE_VERB_PATCH) {
        for (size_t i = 0; i < ARRAY_LEN(patch_types); i++)
            json_set(content, patch_types[i], media(OPENAPI_META "Patch"));
    } else if (verb == RESOURCE_VERB_DELETE || verb == RESOURCE_VERB_DELETECOLLECTION) {
        json_set(content, "*/*", media(OPENAPI_META "DeleteOptions"));
    } else if ((verb == RESOURCE_VERB_CREATE || verb == RESOURCE_VERB_UPDATE) && target->type && target->type->name) {
        json_set(content, "*/*", media(target->type->name));
    } else {
        json_unref(content);
        return;
    }
    struct json *body = json_new_object();
    json_set(body, "content", content);
    if (verb != RESOURCE_VERB_DELETE && verb != RESOURCE_VERB_DELETECOLLECTION)
        json_set_bool(body, "required", true);
    json_set(operation, "requestBody", body);
}

static void set_responses(struct json *operation, enum resource_verb verb, const struct target *target) {
    const struct schema_type *type = verb == RESOURCE_VERB_LIST ? target->list_type : target->type;
    const char *name = type ? type->name : NULL;
    if (verb == RESOURCE_VERB_DELETECOLLECTION || (verb == RESOURCE_VERB_DELETE && !name))
        name = OPENAPI_META "Status";
    struct json *ok = json_new_object();
    json_set_string(ok, "description", "OK");
    if (name) {
        struct json *content = json_new_object();
        json_set(content, "application/json", media(name));
        json_set(content, "application/yaml", media(name));
        json_set(ok, "content", content);
    }
    struct json *responses = json_ensure_object(operation, "responses");
    json_set(responses, "200", ok);
    struct json *unauthorized = json_new_object();
    json_set_string(unauthorized, "description", "Unauthorized");
    json_set(responses, "401", unauthorized);
}

static struct json *operation_object(const struct operation *row, const char *id, const struct target *target) {
    struct json *operation = json_new_object();
    AUTO_STR text = {0};
    str_printf(&text, "%s %s", row->prefix, target->kind);
    json_set_string(operation, "description", str_text(&text));
    json_set_string(operation, "operationId", id);
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
        if (parameters[i].verbs & row->verb)
            json_append(json_ensure_array(operation, "parameters"),
                        parameter_object(parameters[i].name, "query", parameters[i].type, parameters[i].doc));
    set_request_body(operation, row->verb, target);
    set_responses(operation, row->verb, target);
    json_set_string(operation, "x-kubernetes-action", row->action);
    struct json *kind = json_new_object();
    json_set_string(kind, "group", target->group);
    json_set_string(kind, "kind", target->kind);
    json_set_string(kind, "version", target->version);
    json_set(operation, "x-kubernetes-group-version-kind", kind);
    return operation;
}

// One path with the operations that `verbs` allows; nothing if there are none.
static void write_path(const char *path, uint32_t verbs, bool collection, const struct target *target, struct str *out) {
    AUTO_JSON item = json_new_object();
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        const struct operation *row = &operations[i];
        if (!(verbs & row->verb) || row->collection != collection || json_has(item, row->method))
            continue;
        AUTO_STR id = {0};
        for (const char *c = row->prefix; *c; c++)
            if (*c != ' ')
                str_append_char(&id, *c);
        str_append(&id, path);
        for (size_t c = 0; c < id.len; c++)
            if (id.data[c] == '/' || id.data[c] == '.' || id.data[c] == '{' || id.data[c] == '}')
                id.data[c] = '_';
        json_set(item, row->method, operation_object(row, str_text(&id), target));
        any = true;
    }
    if (!any)
        return;
    struct json *shared = json_ensure_array(item, "parameters");
    if (strstr(path, "/{name}"))
        json_append(shared, parameter_object("name", "path", "string", "Name of the object."));
    if (strstr(path, "/{namespace}"))
        json_append(shared, parameter_object("namespace", "path", "string", "Namespace of the object."));
    json_append(shared, parameter_object("pretty", "query", "string", "Indented output."));
    if (out->data[out->len - 1] != '{')
        str_append_char(out, ',');
    json_write_string(out, path);
    str_append_char(out, ':');
    json_write(item, out);
}

static void write_subresource(const struct resource *resource, const struct resource_subresource *row, const char *item_path,
                              struct str *out) {
    AUTO_STR path = {0};
    str_printf(&path, "%s/%s", item_path, row->name);
    struct target target = {row->group, row->version, row->kind, row->type, NULL};
    if (!target.type && str_equal(row->kind, resource->kind) && !str_equal(row->name, "log"))
        target.type = resource->type;
    // A POST to a subresource goes to one object.
    bool collection = row->verbs == RESOURCE_VERB_CREATE;
    write_path(str_text(&path), row->verbs, collection, &target, out);
}

void openapi_paths_write(const struct resource *resource, struct str *out) {
    AUTO_STR base = {0};
    AUTO_STR collection = {0};
    AUTO_STR item = {0};
    struct target target = {resource->group, resource->version, resource->kind, resource->type, resource->list_type};

    str_printf(&base, "%s%s/%s", *resource->group ? "/apis/" : "/api", resource->group, resource->version);
    str_printf(&collection, "%s%s/%s", str_text(&base), resource->namespaced ? "/namespaces/{namespace}" : "", resource->plural);
    str_printf(&item, "%s/{name}", str_text(&collection));
    write_path(str_text(&collection), resource->verbs, true, &target, out);
    write_path(str_text(&item), resource->verbs, false, &target, out);
    for (size_t i = 0; i < resource->subresource_count; i++)
        write_subresource(resource, &resource->subresources[i], str_text(&item), out);
    if (resource->namespaced) {
        AUTO_STR all = {0};
        str_printf(&all, "%s/%s", str_text(&base), resource->plural);
        write_path(str_text(&all), resource->verbs & RESOURCE_VERB_LIST, true, &target, out);
    }
}
