// SPDX-License-Identifier: Apache-2.0
// The registry's state, the reader that admission gets, and the parameters that all verbs share.
#include "apiserver/registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/registry/registry_state.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

static const struct reader_ops cache_reader;

struct registry *registry_new(const struct registry_setup *setup) {
    struct registry *registry = alloc_zero(sizeof(*registry));
    registry->setup = *setup;
    if (registry->setup.event_ttl == 0)
        registry->setup.event_ttl = HOUR;
    registry->reader.ops = &cache_reader;
    return registry;
}

void registry_free(struct registry *registry) {
    free(registry);
}

void registry_set_admission(struct registry *registry, struct admission_chain *chain) {
    registry->admission = chain;
}

struct reader *registry_reader(struct registry *registry) {
    return &registry->reader;
}

// --- the reader ----------------------------------------------------------------------------------------------------------
static int get_stored(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                      const struct object **ret_object, struct error **err) {
    struct registry *registry = CONTAINER_OF(reader, struct registry, reader);
    AUTO_STR key = {0};
    AUTO_STORAGE_ITEM item = {0};
    registry_append_key(resource, ns, name, &key);
    if (storage_get(registry->setup.storage, str_text(&key), 0, &item, NULL, err) < 0)
        return -1;
    if (!item.key)
        return status_not_found(err, resource, name);
    return registry_object_of_item(resource, &item, ret_object, err);
}

static int get_cached(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                      const struct object **ret_object, struct error **err) {
    struct watch_cache *cache = registry_cache(CONTAINER_OF(reader, struct registry, reader), resource);
    if (!cache)
        return get_stored(reader, resource, ns, name, ret_object, err);
    const struct object *object = watch_cache_get(cache, ns, name, NULL);
    if (!object)
        return status_not_found(err, resource, name);
    *ret_object = object;
    return 0;
}

static const struct reader_ops cache_reader = {.get = get_cached, .get_live = get_stored};

// --- shared by the verbs -------------------------------------------------------------------------------------------------
struct watch_cache *registry_cache(const struct registry *registry, const struct resource *resource) {
    if (!registry->setup.cache_of)
        return NULL;
    struct watch_cache *cache = registry->setup.cache_of(registry->setup.cache_context, resource);
    return cache && watch_cache_ready(cache) ? cache : NULL;
}

int64_t registry_deadline(const struct registry *registry, int64_t deadline) {
    return deadline ? deadline : clock_monotonic(registry->setup.clock) + REGISTRY_REQUEST_TIME;
}

void registry_append_prefix(const struct resource *resource, const char *ns, struct str *out) {
    str_append(out, resource->storage_prefix);
    str_append_char(out, '/');
    if (!str_empty(ns)) {
        str_append(out, ns);
        str_append_char(out, '/');
    }
}

void registry_append_key(const struct resource *resource, const char *ns, const char *name, struct str *out) {
    registry_append_prefix(resource, resource->namespaced ? ns : "", out);
    str_append(out, name);
}

int registry_parse_version(const char *text, uint64_t *ret_version, struct error **err) {
    if (str_empty(text)) {
        *ret_version = 0;
        return 0;
    }
    if (!str_to_uint64(text, ret_version))
        return status_bad_request(
            err, "resourceVersion: Invalid value: \"%s\": strconv.ParseUint: parsing \"%s\": invalid syntax", text, text);
    return 0;
}

const char *registry_namespace(const struct registry_request *request) {
    return request->resource->namespaced && request->ns ? request->ns : "";
}

const char *registry_subresource(const struct registry_request *request) {
    return request->subresource ? request->subresource : "";
}

int registry_check_name(const struct registry_request *request, struct error **err) {
    const char *name = request->name ? request->name : "";
    AUTO_STR problems = {0};
    if (str_equal(name, ".") || str_equal(name, ".."))
        str_printf(&problems, "may not be '%s'", name);
    for (const char *bad = "/%"; *bad; bad++)
        if (strchr(name, *bad))
            str_printf(&problems, "%smay not contain '%c'", problems.len ? ";" : "", *bad);
    if (problems.len == 0)
        return 0;
    return status_bad_request(err, "Name parameter invalid: \"%s\": %s", name, str_text(&problems));
}

int registry_object_of_item(const struct resource *resource, const struct storage_item *item, const struct object **ret_object,
                            struct error **err) {
    struct object *stored = NULL;
    AUTO_ERROR broken = NULL;
    if (object_new_from_bytes(item->bytes, item->len, resource, &stored, &broken) < 0)
        return status_internal(err, "unable to decode object \"%s\" from storage: %s", item->key, error_message(broken));
    *ret_object = object_with_version(stored, item->mod_revision);
    object_unref(stored);
    return 0;
}

// --- parameters ----------------------------------------------------------------------------------------------------------
int registry_field_validation_parse(const char *text, const char *kind, enum registry_field_validation *ret_validation,
                                    struct error **err) {
    static const char *const names[] = {"Ignore", "Strict", "Warn", NULL};
    if (str_empty(text) || str_equal(text, "Warn"))
        *ret_validation = REGISTRY_VALIDATION_WARN;
    else if (str_equal(text, "Ignore"))
        *ret_validation = REGISTRY_VALIDATION_IGNORE;
    else if (str_equal(text, "Strict"))
        *ret_validation = REGISTRY_VALIDATION_STRICT;
    else {
        AUTO_FIELD_ERRORS errors = {0};
        field_errors_not_supported(&errors, "fieldValidation", text, names);
        return status_invalid_kind(err, "meta.k8s.io", kind, "", &errors);
    }
    return 0;
}

int registry_dry_run_parse(const char *text, const char *kind, bool *ret_dry_run, struct error **err) {
    static const char *const names[] = {"All", NULL};
    *ret_dry_run = str_equal(text, "All");
    if (str_empty(text) || *ret_dry_run)
        return 0;
    AUTO_FIELD_ERRORS errors = {0};
    field_errors_not_supported(&errors, "dryRun", text, names);
    return status_invalid_kind(err, "meta.k8s.io", kind, "", &errors);
}

int registry_patch_type_parse(const char *content_type, enum registry_patch_type *ret_type, struct error **err) {
    static const struct {
        const char *content_type;
        enum registry_patch_type type;
    } rows[] = {
        {"application/json-patch+json", REGISTRY_PATCH_JSON},
        {"application/merge-patch+json", REGISTRY_PATCH_MERGE},
        {"application/strategic-merge-patch+json", REGISTRY_PATCH_STRATEGIC},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_equal(content_type, rows[i].content_type)) {
            *ret_type = rows[i].type;
            return 0;
        }
    }
    return status_unsupported_media_type(
        err, "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
             "application/merge-patch+json, application/strategic-merge-patch+json");
}

void registry_result_free(struct registry_result *result) {
    object_unref(result->object);
    free(result->status);
    *result = (struct registry_result){0};
}

void registry_list_free(struct registry_list *list) {
    for (size_t i = 0; i < list->len; i++)
        object_unref(list->items[i]);
    free(list->items);
    free(list->continue_token);
    *list = (struct registry_list){0};
}
