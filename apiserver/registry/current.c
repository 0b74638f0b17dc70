// SPDX-License-Identifier: Apache-2.0
// The state of one object that a write starts from.
#include "apiserver/registry/current.h"

void current_free(struct current *current) {
    object_unref(current->object);
    json_unref(current->tree);
    *current = (struct current){0};
}

static void take_object(struct current *current, const struct object *take_object, bool from_cache) {
    current_free(current);
    current->object = take_object;
    current->tree = object_tree(take_object);
    current->revision = take_object->resource_version;
    current->from_cache = from_cache;
}

int current_take_item(struct current *current, const struct resource *resource, const struct storage_item *item,
                      struct error **err) {
    if (!item->key) {
        current_free(current);
        return 0;
    }
    const struct object *object = NULL;
    if (registry_object_of_item(resource, item, &object, err) < 0)
        return -1;
    take_object(current, object, false);
    return 0;
}

int current_load_stored(struct current *current, const struct registry *registry, const struct registry_request *request,
                        const char *name, struct error **err) {
    AUTO_STR key = {0};
    registry_append_key(request->resource, registry_namespace(request), name, &key);
    AUTO_STORAGE_ITEM item = {0};
    if (storage_get(registry->setup.storage, str_text(&key), request->deadline, &item, NULL, err) < 0)
        return -1;
    return current_take_item(current, request->resource, &item, err);
}

int current_load(struct current *current, const struct registry *registry, const struct registry_request *request,
                 const char *name, struct error **err) {
    struct watch_cache *cache = registry_cache(registry, request->resource);
    const struct object *object = cache ? watch_cache_get(cache, registry_namespace(request), name, NULL) : NULL;
    if (!object)
        return current_load_stored(current, registry, request, name, err);
    take_object(current, object, true);
    return 0;
}

bool current_was_stale(struct current *current, const struct registry *registry, const struct registry_request *request,
                       const char *name) {
    if (!current->from_cache)
        return false;
    uint64_t revision = current->revision;
    AUTO_ERROR failed = NULL;
    if (current_load_stored(current, registry, request, name, &failed) < 0)
        return false;
    return current->revision != revision;
}
