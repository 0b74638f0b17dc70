// SPDX-License-Identifier: Apache-2.0
// The schemas of an OpenAPI v3 document: every type that a group version's resources lead to.
#include "apiserver/discovery/openapi_schemas.h"

#include <string.h>

#include "common/api/schema.h"
#include "common/base/map.h"
#include "common/base/vec.h"

// Scalar types that upstream names.
static const struct {
    enum schema_kind kind;
    const char *name;
    const char *schema;
} named_scalars[] = {
    {SCHEMA_INT_OR_STRING, "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
     "{\"description\":\"A number or a text, such as a port or a percentage.\",\"format\":\"int-or-string\","
     "\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}"},
    {SCHEMA_QUANTITY, "io.k8s.apimachinery.pkg.api.resource.Quantity",
     "{\"description\":\"A number with a suffix: 100m, 1.5Gi, 3e2.\",\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}"},
    {SCHEMA_TIME, "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
     "{\"description\":\"A time in RFC 3339, to the second.\",\"type\":\"string\",\"format\":\"date-time\"}"},
    {SCHEMA_MICROTIME, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
     "{\"description\":\"A time in RFC 3339, to the microsecond.\",\"type\":\"string\",\"format\":\"date-time\"}"},
};

static const char *const extra_types[] = {OPENAPI_META "DeleteOptions", OPENAPI_META "Status", OPENAPI_META "ListMeta"};

struct json *openapi_schemas_reference(const char *name) {
    AUTO_STR reference = {0};
    str_append(&reference, "#/components/schemas/");
    str_append(&reference, name);
    struct json *value = json_new_object();
    json_set_string(value, "$ref", str_text(&reference));
    return value;
}

static const char *reference_name(const struct schema_type *type) {
    for (size_t i = 0; i < ARRAY_LEN(named_scalars); i++)
        if (type->kind == named_scalars[i].kind)
            return named_scalars[i].name;
    return type->name;
}

// --- what a document needs ---------------------------------------------------------------------------------------------------

struct collection {
    struct map seen; // names
    struct ptr_vec types;
    struct ptr_vec waiting; // types whose fields have not been looked at
};

static void collect(struct collection *collection, const struct schema_type *type) {
    if (!type)
        return;
    if (type->name) {
        if (map_has(&collection->seen, type->name))
            return;
        map_put(&collection->seen, type->name, (void *)(uintptr_t)type);
        ptr_vec_push(&collection->types, (void *)(uintptr_t)type);
    }
    ptr_vec_push(&collection->waiting, (void *)(uintptr_t)type);
}

static void collect_all(struct collection *collection) {
    while (collection->waiting.len) {
        const struct schema_type *type = ptr_vec_pop(&collection->waiting);
        collect(collection, type->element);
        for (size_t i = 0; i < type->field_count; i++)
            collect(collection, type->fields[i].type);
    }
}

static void collect_roots(struct collection *collection, const struct resource_version *version) {
    for (size_t i = 0; i < version->resource_count; i++) {
        const struct resource *resource = version->resources[i];
        collect(collection, resource->type);
        collect(collection, resource->list_type);
        for (size_t s = 0; s < resource->subresource_count; s++)
            collect(collection, resource->subresources[s].type);
    }
    for (size_t i = 0; i < ARRAY_LEN(extra_types); i++)
        collect(collection, resources_type(extra_types[i]));
    collect_all(collection);
}

static int compare_names(const void *left, const void *right) {
    const struct schema_type *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

// --- a type as a schema ------------------------------------------------------------------------------------------------------

static struct json *type_schema(const struct schema_type *type);

// What stands where a type is used: a reference to a named type, else the type itself.
static struct json *use_of(const struct schema_type *type) {
    const char *name = reference_name(type);
    return name ? openapi_schemas_reference(name) : type_schema(type);
}

static void set_type(struct json *schema, const char *type, const char *format) {
    json_set_string(schema, "type", type);
    json_set_string(schema, "format", format);
}

static void set_constraints(struct json *schema, const struct schema_type *type) {
    if (type->enum_values) {
        struct json *values = json_ensure_array(schema, "enum");
        for (const char *const *value = type->enum_values; *value; value++)
            json_append(values, json_new_string(*value));
    }
    json_set_string(schema, "pattern", type->pattern);
    if (type->nullable)
        json_set_bool(schema, "nullable", true);
    if (type->has_minimum)
        json_set_int(schema, "minimum", type->minimum);
    if (type->has_maximum)
        json_set_int(schema, "maximum", type->maximum);
}

static void set_list_type(struct json *schema, const struct schema_type *type) {
    if (type->list_type == SCHEMA_LIST_SET)
        json_set_string(schema, "x-kubernetes-list-type", "set");
    if (type->list_type != SCHEMA_LIST_MAP)
        return;
    json_set_string(schema, "x-kubernetes-list-type", "map");
    struct json *keys = json_ensure_array(schema, "x-kubernetes-list-map-keys");
    for (const char *const *key = type->map_keys; key && *key; key++)
        json_append(keys, json_new_string(*key));
}

static void set_kind(struct json *schema, const struct schema_type *type) {
    switch (type->kind) {
    case SCHEMA_STRING:
        set_type(schema, "string", type->format);
        break;
    case SCHEMA_BYTES:
        set_type(schema, "string", "byte");
        break;
    case SCHEMA_INT32:
        set_type(schema, "integer", "int32");
        break;
    case SCHEMA_INT64:
        set_type(schema, "integer", "int64");
        break;
    case SCHEMA_NUMBER:
        set_type(schema, "number", "double");
        break;
    case SCHEMA_BOOL:
        set_type(schema, "boolean", NULL);
        break;
    case SCHEMA_LIST:
        set_type(schema, "array", NULL);
        json_set(schema, "items", use_of(type->element));
        set_list_type(schema, type);
        break;
    case SCHEMA_MAP:
        set_type(schema, "object", NULL);
        json_set(schema, "additionalProperties", use_of(type->element));
        break;
    case SCHEMA_OBJECT:
    case SCHEMA_ANY:
        set_type(schema, "object", NULL);
        break;
    case SCHEMA_INT_OR_STRING:
    case SCHEMA_QUANTITY:
    case SCHEMA_TIME:
    case SCHEMA_MICROTIME:
        break; // always used by reference
    }
}

static void set_patch(struct json *schema, const struct schema_field *field) {
    static const char *const strategies[] = {
        [SCHEMA_PATCH_MERGE] = "merge",
        [SCHEMA_PATCH_RETAIN_KEYS] = "retainKeys",
        [SCHEMA_PATCH_MERGE | SCHEMA_PATCH_RETAIN_KEYS] = "merge,retainKeys",
    };
    json_set_string(schema, "x-kubernetes-patch-merge-key", field->merge_key);
    if (field->patch < ARRAY_LEN(strategies) && strategies[field->patch])
        json_set_string(schema, "x-kubernetes-patch-strategy", strategies[field->patch]);
}

static struct json *field_schema(const struct schema_field *field) {
    struct json *schema = NULL;
    if (reference_name(field->type)) {
        // A reference takes no siblings.
        schema = json_new_object();
        json_append(json_ensure_array(schema, "allOf"), openapi_schemas_reference(reference_name(field->type)));
    } else {
        schema = type_schema(field->type);
    }
    json_set_string(schema, "description", *field->doc ? field->doc : NULL);
    if (field->default_text) {
        struct json *value = NULL;
        if (json_parse(field->default_text, strlen(field->default_text), NULL, &value, NULL) == 0)
            json_set(schema, "default", value);
    }
    set_patch(schema, field);
    return schema;
}

static void set_fields(struct json *schema, const struct schema_type *type) {
    if (!type->field_count)
        return;
    struct json *properties = json_ensure_object(schema, "properties");
    for (size_t i = 0; i < type->field_count; i++) {
        json_set(properties, type->fields[i].name, field_schema(&type->fields[i]));
        if (type->fields[i].required)
            json_append(json_ensure_array(schema, "required"), json_new_string(type->fields[i].name));
    }
}

static struct json *type_schema(const struct schema_type *type) {
    struct json *schema = json_new_object();
    json_set_string(schema, "description", str_empty(type->doc) ? NULL : type->doc);
    set_kind(schema, type);
    set_constraints(schema, type);
    set_fields(schema, type);
    if (type->atomic)
        json_set_string(schema, "x-kubernetes-map-type", "atomic");
    if (type->preserve_unknown)
        json_set_bool(schema, "x-kubernetes-preserve-unknown-fields", true);
    if (type->embedded)
        json_set_bool(schema, "x-kubernetes-embedded-resource", true);
    if (type->gvk_kind) {
        struct json *kind = json_new_object();
        json_set_string(kind, "group", type->gvk_group);
        json_set_string(kind, "kind", type->gvk_kind);
        json_set_string(kind, "version", type->gvk_version);
        json_append(json_ensure_array(schema, "x-kubernetes-group-version-kind"), kind);
    }
    return schema;
}

static void write_named(const char *name, const char *schema, struct str *out) {
    if (out->data[out->len - 1] != '{')
        str_append_char(out, ',');
    json_write_string(out, name);
    str_append_char(out, ':');
    str_append(out, schema);
}

void openapi_schemas_write(const struct resource_version *version, struct str *out) {
    struct collection collection = {0};
    collect_roots(&collection, version);
    ptr_vec_sort(&collection.types, compare_names);
    for (size_t i = 0; i < ARRAY_LEN(named_scalars); i++)
        write_named(named_scalars[i].name, named_scalars[i].schema, out);
    write_named(OPENAPI_META "Patch",
                "{\"description\":\"A patch in the form that its content type names.\",\"type\":\"object\"}", out);
    for (size_t i = 0; i < collection.types.len; i++) {
        const struct schema_type *type = collection.types.items[i];
        if (reference_name(type) != type->name || str_equal(type->name, OPENAPI_META "Patch"))
            continue;
        AUTO_JSON schema = type_schema(type);
        AUTO_STR text = {0};
        json_write(schema, &text);
        write_named(type->name, str_text(&text), out);
    }
    map_free(&collection.seen);
    ptr_vec_free(&collection.types);
    ptr_vec_free(&collection.waiting);
}
