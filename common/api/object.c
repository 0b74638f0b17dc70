// SPDX-License-Identifier: Apache-2.0
// Objects as immutable bytes with facts, in one block of memory: [struct][labels and fields][strings][bytes].
#include "common/api/object.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"

// What the public struct does not show. The version's place in the bytes is known, so that another can be spliced in.
struct object_block {
    struct object object;
    atomic_size_t references;
    size_t size;       // of the whole block
    size_t version_at; // where `"resourceVersion":"N",` stands or would stand, right behind `"metadata":{`
    size_t version_len;
};

// Strings are collected with offsets first, as the block's place is not known yet.
struct draft {
    struct str strings;
    struct str bytes;
    size_t version_at;
    size_t version_len;
    size_t body_offset;
};

static struct object_block *block_of(const struct object *object) {
    return CONTAINER_OF((struct object *)(uintptr_t)object, struct object_block, object);
}

// --- bytes ---------------------------------------------------------------------------------------------------------------

static void write_member(struct str *out, const char *key, const struct json *value) {
    if (out->data[out->len - 1] != '{')
        str_append_char(out, ',');
    json_write_string(out, key);
    str_append_char(out, ':');
    json_write(value, out);
}

static void write_metadata(struct draft *draft, const struct json *metadata) {
    struct str *out = &draft->bytes;
    if (out->data[out->len - 1] != '{')
        str_append_char(out, ',');
    str_append(out, "\"metadata\":{");
    draft->version_at = out->len;
    const char *version = json_get_text(metadata, "resourceVersion");
    if (*version) {
        str_printf(out, "\"resourceVersion\":\"%s\"", version);
        draft->version_len = out->len - draft->version_at;
    }
    for (struct json_iter it = json_iter(metadata); json_iter_next(&it);)
        if (!str_equal(it.key, "resourceVersion"))
            write_member(out, it.key, it.value);
    if (draft->version_len && out->data[draft->version_at + draft->version_len] == ',')
        draft->version_len++;
    str_append_char(out, '}');
}

static void write_bytes(struct draft *draft, const struct json *tree, const char *kind, const char *api_version) {
    struct str *out = &draft->bytes;
    str_append_char(out, '{');
    if (*kind) {
        str_append(out, "\"kind\":");
        json_write_string(out, kind);
    }
    if (*api_version) {
        str_append(out, *kind ? ",\"apiVersion\":" : "\"apiVersion\":");
        json_write_string(out, api_version);
    }
    size_t head = out->len;
    for (struct json_iter it = json_iter(tree); json_iter_next(&it);) {
        if (str_equal(it.key, "kind") || str_equal(it.key, "apiVersion"))
            continue;
        if (str_equal(it.key, "metadata"))
            write_metadata(draft, it.value);
        else
            write_member(out, it.key, it.value);
    }
    if (*kind && *api_version)
        draft->body_offset = out->len > head ? head + 1 : head; // behind the comma
    str_append_char(out, '}');
}

// --- facts ---------------------------------------------------------------------------------------------------------------

// Offsets into draft.strings become pointers later: offset + 1 is kept in the pointer, NULL stays NULL.
static const char *keep(struct draft *draft, const char *text) {
    if (!text)
        return NULL;
    size_t offset = draft->strings.len;
    str_append_n(&draft->strings, text, strlen(text) + 1);
    return (const char *)(uintptr_t)(offset + 1);
}

static const char *placed(const char *offset, const char *base) {
    return offset ? base + ((uintptr_t)offset - 1) : NULL;
}

// The text of a selectable field: strings as they are, scalars printed, absent ones as their zero value.
static const char *keep_field(struct draft *draft, const struct resource *resource, const struct json *tree, const char *path) {
    const struct json *value = json_find(tree, path);
    if (json_is_string(value))
        return keep(draft, json_string(value));
    if (value && json_kind_of(value) != JSON_NULL) {
        CLEANUP(free_ptr) char *text = json_text(value);
        return keep(draft, text);
    }
    const struct schema_type *type = NULL;
    if (!schema_walk(resource->type, path, &type, NULL) || !type)
        return keep(draft, "");
    bool number = type->kind == SCHEMA_INT32 || type->kind == SCHEMA_INT64;
    return keep(draft, type->kind == SCHEMA_BOOL ? "false" : number ? "0" : "");
}

static void collect_facts(struct draft *draft, struct object *facts, const struct json *tree, const struct resource *resource,
                          struct object_pair *pairs) {
    facts->ns = keep(draft, meta_namespace(tree));
    facts->name = keep(draft, meta_name(tree));
    facts->uid = keep(draft, meta_uid(tree));
    const struct json *controller = meta_controller(tree);
    if (controller) {
        facts->controller_uid = keep(draft, json_get_text(controller, "uid"));
        facts->controller_kind = keep(draft, json_get_text(controller, "kind"));
        facts->controller_name = keep(draft, json_get_text(controller, "name"));
    }
    size_t n = 0;
    for (struct json_iter it = json_iter(json_find(tree, "metadata.labels")); json_iter_next(&it); n++)
        pairs[n] = (struct object_pair){keep(draft, it.key), keep(draft, json_string(it.value) ? json_string(it.value) : "")};
    facts->label_count = n;
    // Keys of fields are the resource's own text, but for objects without resource.
    static const struct resource_selectable plain[] = {{"metadata.name", ""}, {"metadata.namespace", ""}};
    const struct resource_selectable *rows = resource ? resource->selectable : plain;
    facts->field_count = resource ? resource->selectable_count : ARRAY_LEN(plain);
    for (size_t i = 0; i < facts->field_count; i++, n++) {
        pairs[n].key = rows[i].field;
        if (str_equal(rows[i].field, "metadata.name"))
            pairs[n].value = facts->name;
        else if (str_equal(rows[i].field, "metadata.namespace"))
            pairs[n].value = facts->ns;
        else
            pairs[n].value = keep_field(draft, resource, tree, rows[i].path);
    }
}

// Makes the block of a draft; kind and api_version are the resource's text where they can be, else offsets.
static struct object_block *place(const struct draft *draft, const struct object *facts, const struct object_pair *pairs,
                                  bool kind_is_const) {
    size_t pair_count = facts->label_count + facts->field_count;
    size_t pairs_size = pair_count * sizeof(*pairs);
    size_t size = sizeof(struct object_block) + pairs_size + draft->strings.len + draft->bytes.len + 1;
    struct object_block *block = alloc_zero(size);
    struct object_pair *placed_pairs = (struct object_pair *)(block + 1);
    char *strings = (char *)(placed_pairs + pair_count);
    char *bytes = strings + draft->strings.len;
    memcpy(strings, draft->strings.data, draft->strings.len);
    memcpy(bytes, draft->bytes.data, draft->bytes.len);
    block->object = *facts;
    atomic_init(&block->references, 1);
    block->size = size;
    block->version_at = draft->version_at;
    block->version_len = draft->version_len;
    struct object *object = &block->object;
    object->json = bytes;
    object->len = draft->bytes.len;
    object->body_offset = draft->body_offset;
    const char **texts[] = {&object->ns,
                            &object->name,
                            &object->uid,
                            &object->controller_uid,
                            &object->controller_kind,
                            &object->controller_name,
                            &object->kind,
                            &object->api_version};
    for (size_t i = 0; i < ARRAY_LEN(texts) - (kind_is_const ? 2 : 0); i++)
        *texts[i] = placed(*texts[i], strings);
    for (size_t i = 0; i < pair_count; i++) {
        bool label = i < facts->label_count;
        placed_pairs[i].key = label ? placed(pairs[i].key, strings) : pairs[i].key;
        placed_pairs[i].value = placed(pairs[i].value, strings);
    }
    object->labels = placed_pairs;
    object->fields = placed_pairs + facts->label_count;
    return block;
}

int object_new(const struct json *tree, const struct resource *resource, struct object **ret_object, struct error **err) {
    const struct json *metadata = json_get(tree, "metadata");
    if (!json_is_object(metadata))
        return error_set(err, "object has no metadata");
    struct object facts = {0};
    const char *version = json_get_text(metadata, "resourceVersion");
    if (*version && !str_to_uint64(version, &facts.resource_version))
        return error_set(err, "invalid resource version \"%s\"", version);
    const char *kind = json_get_text(tree, "kind");
    const char *api_version = json_get_text(tree, "apiVersion");
    if (resource && !*kind)
        kind = resource->kind;
    if (resource && !*api_version)
        api_version = resource->api_version;
    struct draft draft = {0};
    write_bytes(&draft, tree, kind, api_version);
    bool kind_is_const = resource && str_equal(kind, resource->kind) && str_equal(api_version, resource->api_version);
    facts.kind = kind_is_const ? resource->kind : keep(&draft, kind);
    facts.api_version = kind_is_const ? resource->api_version : keep(&draft, api_version);
    facts.generation = meta_generation(tree);
    facts.deleting = meta_deleting(tree);
    size_t max_pairs = json_object_size(json_get(metadata, "labels")) + (resource ? resource->selectable_count : 2);
    CLEANUP(free_ptr) struct object_pair *pairs = alloc_array(max_pairs, sizeof(*pairs));
    collect_facts(&draft, &facts, tree, resource, pairs);
    *ret_object = &place(&draft, &facts, pairs, kind_is_const)->object;
    str_free(&draft.strings);
    str_free(&draft.bytes);
    return 0;
}

int object_new_from_bytes(const char *bytes, size_t len, const struct resource *resource, struct object **ret_object,
                          struct error **err) {
    AUTO_JSON tree = NULL;
    if (json_parse(bytes, len, NULL, &tree, err) < 0)
        return -1;
    return object_new(tree, resource, ret_object, err);
}

// A pointer into the old block, moved to the new one; others (a resource's texts, NULL) stay.
static const void *moved(const void *pointer, const struct object_block *from, const struct object_block *to) {
    uintptr_t offset = (uintptr_t)pointer - (uintptr_t)from;
    return pointer && (uintptr_t)pointer >= (uintptr_t)from && offset < from->size ? (const char *)to + offset : pointer;
}

struct object *object_with_version(const struct object *object, uint64_t version) {
    const struct object_block *from = block_of(object);
    AUTO_STR text = {0};
    str_printf(&text, "\"resourceVersion\":\"%llu\"", (unsigned long long)version);
    const char *rest = object->json + from->version_at + from->version_len;
    if (*rest != '}')
        str_append_char(&text, ',');
    size_t rest_len = object->len - from->version_at - from->version_len;
    size_t bytes_at = (size_t)(object->json - (const char *)from);
    size_t len = from->version_at + text.len + rest_len;
    struct object_block *to = alloc_zero(bytes_at + len + 1);
    // All but the reference count, which others may be changing.
    to->object = from->object;
    to->version_at = from->version_at;
    memcpy(to + 1, from + 1, bytes_at + from->version_at - sizeof(*to));
    char *bytes = (char *)to + bytes_at;
    memcpy(bytes + from->version_at, text.data, text.len);
    memcpy(bytes + from->version_at + text.len, rest, rest_len);
    atomic_init(&to->references, 1);
    to->size = bytes_at + len + 1;
    to->version_len = text.len;
    struct object *copy = &to->object;
    copy->json = bytes;
    copy->len = len;
    copy->resource_version = version;
    const char **texts[] = {&copy->kind,
                            &copy->api_version,
                            &copy->ns,
                            &copy->name,
                            &copy->uid,
                            &copy->controller_uid,
                            &copy->controller_kind,
                            &copy->controller_name};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = moved(*texts[i], from, to);
    copy->labels = moved(copy->labels, from, to);
    copy->fields = moved(copy->fields, from, to);
    struct object_pair *pairs = (struct object_pair *)(uintptr_t)copy->labels;
    for (size_t i = 0; i < copy->label_count + copy->field_count; i++) {
        pairs[i].key = moved(pairs[i].key, from, to);
        pairs[i].value = moved(pairs[i].value, from, to);
    }
    return copy;
}

struct object *object_ref(const struct object *object) {
    struct object_block *block = block_of(object);
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
    return &block->object;
}

void object_unref(const struct object *object) {
    if (!object)
        return;
    struct object_block *block = block_of(object);
    size_t before = atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        free(block);
}

void object_unrefp(const struct object **object) {
    object_unref(*object);
}

struct json *object_tree(const struct object *object) {
    struct json *tree = NULL;
    AUTO_ERROR err = NULL;
    int result = json_parse(object->json, object->len, NULL, &tree, &err);
    assert(result == 0);
    (void)result;
    return tree;
}

static const char *find_pair(const struct object_pair *pairs, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (str_equal(pairs[i].key, key))
            return pairs[i].value;
    return NULL;
}

const char *object_label(const struct object *object, const char *key) {
    return find_pair(object->labels, object->label_count, key);
}

const char *object_field(const struct object *object, const char *field) {
    return find_pair(object->fields, object->field_count, field);
}

char *object_key(const struct object *object) {
    return *object->ns ? alloc_printf("%s/%s", object->ns, object->name) : alloc_string(object->name);
}

bool object_key_split(const char *key, char **ret_ns, char **ret_name) {
    const char *slash = strchr(key, '/');
    if (!*key || (slash && (strchr(slash + 1, '/') || !slash[1])))
        return false;
    *ret_ns = slash ? alloc_string_n(key, (size_t)(slash - key)) : alloc_string("");
    *ret_name = alloc_string(slash ? slash + 1 : key);
    return true;
}
