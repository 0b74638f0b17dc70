// SPDX-License-Identifier: Apache-2.0
// GET of one object and LIST: from the cache as fresh as asked for, from storage for exact revisions and further pages.
#include <stdlib.h>
#include <string.h>

#include "apiserver/registry/continue_token.h"
#include "apiserver/registry/list_query.h"
#include "apiserver/registry/scale.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

// Keys that one read of storage fetches when a selector may drop most of them.
#define STORAGE_PAGE 500

#define CONTINUE_EXPIRED                                                                                                         \
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "      \
    "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "  \
    "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the " \
    "first chunk was returned and now may show up in the list."

// --- how fresh -----------------------------------------------------------------------------------------------------------
enum freshness {
    FRESH_ANY,       // what the cache has
    FRESH_NEWEST,    // everything committed before the request
    FRESH_NOT_OLDER, // at least the given revision
    FRESH_EXACT,     // that revision, from storage
};

static enum freshness freshness_of(const struct list_query *query, const char *match, int64_t limit) {
    if (query->after)
        return query->continue_revision < 0 ? FRESH_NEWEST : FRESH_EXACT;
    if (!query->has_version)
        return FRESH_NEWEST;
    if (query->version == 0)
        return FRESH_ANY;
    // Without a match rule, a limit has always meant exactly this revision.
    if (str_equal(match, "Exact") || (str_empty(match) && limit > 0))
        return FRESH_EXACT;
    return FRESH_NOT_OLDER;
}

bool registry_read_blocks(const struct registry *registry, const struct resource *resource, const char *resource_version,
                          const char *resource_version_match, int64_t limit, const char *continue_token) {
    uint64_t version = 0;
    struct watch_cache *cache = registry_cache(registry, resource);
    if (!cache || !str_empty(continue_token))
        return true;
    if (str_empty(resource_version) || !str_to_uint64(resource_version, &version))
        return true;
    struct list_query query = {.version = version, .has_version = true};
    switch (freshness_of(&query, resource_version_match, limit)) {
    case FRESH_ANY:
        return false;
    case FRESH_NOT_OLDER:
        return watch_cache_revision(cache) < version;
    case FRESH_NEWEST:
    case FRESH_EXACT:
        break;
    }
    return true;
}

// Brings the cache there. *ret_cache NULL: read storage instead.
static int await(const struct registry *registry, const struct registry_request *request, enum freshness freshness,
                 uint64_t version, struct watch_cache **ret_cache, struct error **err) {
    struct watch_cache *cache = registry_cache(registry, request->resource);
    int64_t deadline = registry_deadline(registry, request->deadline);
    *ret_cache = cache;
    if (!cache || freshness == FRESH_ANY)
        return 0;
    if (freshness == FRESH_NOT_OLDER) {
        int64_t bound = clock_monotonic(registry->setup.clock) + REGISTRY_FRESHNESS_WAIT;
        return watch_cache_wait(cache, version, MIN(bound, deadline), err);
    }
    enum watch_cache_freshness fresh = WATCH_CACHE_BEHIND;
    if (watch_cache_barrier(cache, deadline, &fresh, err) < 0)
        return -1;
    if (fresh == WATCH_CACHE_BEHIND)
        *ret_cache = NULL;
    return 0;
}

// --- get -----------------------------------------------------------------------------------------------------------------
static int get_stored(const struct registry *registry, const struct registry_request *request, const struct object **ret_object,
                      struct error **err) {
    AUTO_STR key = {0};
    AUTO_STORAGE_ITEM item = {0};
    registry_append_key(request->resource, registry_namespace(request), request->name, &key);
    if (storage_get(registry->setup.storage, str_text(&key), request->deadline, &item, NULL, err) < 0)
        return -1;
    if (!item.key)
        return status_not_found(err, request->resource, request->name);
    return registry_object_of_item(request->resource, &item, ret_object, err);
}

int registry_get(struct registry *registry, const struct registry_request *request, const char *resource_version,
                 struct registry_result *ret_result, struct error **err) {
    struct list_query query = {.has_version = !str_empty(resource_version)};
    struct watch_cache *cache = NULL;
    AUTO_REGISTRY_RESULT result = {.code = 200};
    if (registry_check_name(request, err) < 0 || registry_parse_version(resource_version, &query.version, err) < 0 ||
        await(registry, request, freshness_of(&query, "", 0), query.version, &cache, err) < 0)
        return -1;
    if (cache)
        result.object = watch_cache_get(cache, registry_namespace(request), request->name, NULL);
    else if (get_stored(registry, request, &result.object, err) < 0)
        return -1;
    if (!result.object)
        return status_not_found(err, request->resource, request->name);
    if (scale_answer(request, &result, err) < 0)
        return -1;
    *ret_result = result;
    result = (struct registry_result){0};
    return 0;
}

// --- list ----------------------------------------------------------------------------------------------------------------
static bool selects(const struct list_query *query) {
    return (query->labels && !selector_is_everything(query->labels)) ||
           (query->fields && !field_selector_is_everything(query->fields));
}

// The key of an object relative to the prefix of the list.
static char *relative_key(const struct list_query *query, const struct object *object) {
    if (query->ns[0] || !object->ns[0])
        return alloc_string(object->name);
    return object_key(object);
}

static void set_more(const struct list_query *query, struct registry_list *list, size_t remaining) {
    CLEANUP(free_ptr) char *key = relative_key(query, list->items[list->len - 1]);
    list->continue_token = continue_token_encode(key, (int64_t)list->resource_version);
    // With a selector nobody knows how many of the rest match.
    if (!selects(query))
        list->remaining_item_count = (int64_t)remaining;
}

static void list_cached(struct watch_cache *cache, const struct list_query *query, int64_t limit,
                        struct registry_list *ret_list) {
    AUTO_WATCH_CACHE_LIST found = {0};
    CLEANUP(free_ptr) char *after = NULL;
    // The cache's keys have their namespace, the token's have not where the list is of one.
    if (query->after)
        after = query->ns[0] ? alloc_printf("%s/%s", query->ns, query->after) : alloc_string(query->after);
    struct watch_cache_query cache_query = {.ns = query->ns,
                                            .name = query->name,
                                            .after = after,
                                            .labels = query->labels,
                                            .fields = query->fields,
                                            .limit = (size_t)limit};
    watch_cache_list(cache, &cache_query, &found);
    ret_list->items = (const struct object **)STEAL(found.objects.items);
    ret_list->len = found.objects.len;
    found.objects = (struct ptr_vec){0};
    ret_list->resource_version = found.revision;
    if (found.more && ret_list->len)
        set_more(query, ret_list, found.remaining);
}

static int expired(const struct list_query *query, struct error **err) {
    if (!query->after)
        return status_expired(err, "The resourceVersion for the provided list is too old.");
    AUTO_ERROR error = NULL;
    status_expired(&error, "%s", CONTINUE_EXPIRED);
    error->continue_token = continue_token_encode(query->after, -1);
    return error_move(err, &error);
}

// The object of a stored item: the cache's own where that is at the same revision, else parsed.
static int object_of_item(const struct registry *registry, const struct resource *resource, const struct storage_item *item,
                          const struct object **ret_object, struct error **err) {
    struct watch_cache *cache = registry_cache(registry, resource);
    CLEANUP(free_ptr) char *ns = NULL;
    CLEANUP(free_ptr) char *name = NULL;
    const char *key = item->key + strlen(resource->storage_prefix) + 1;
    if (cache && object_key_split(key, &ns, &name)) {
        const struct object *object = watch_cache_get(cache, ns ? ns : "", name, NULL);
        if (object && object->resource_version == item->mod_revision) {
            *ret_object = object;
            return 0;
        }
        object_unref(object);
    }
    return registry_object_of_item(resource, item, ret_object, err);
}

static bool matches(const struct list_query *query, const struct object *object) {
    return (!query->name || str_equal(query->name, object->name)) &&
           (!query->labels || selector_matches_object(query->labels, object)) &&
           (!query->fields || field_selector_matches(query->fields, object));
}

// A list from storage under way.
struct stored_list {
    const struct registry *registry;
    const struct registry_request *request;
    const struct list_query *query;
    uint64_t revision;      // 0: the newest
    int64_t limit;          // 0: none
    struct ptr_vec objects; // found so far, owned
};

// Takes the matching objects of a page, at most up to the limit. Returns how many items were looked at, -1 on an error.
static long take_page(struct stored_list *stored, const struct storage_list *page, struct error **err) {
    for (size_t i = 0; i < page->len; i++) {
        const struct object *object = NULL;
        if (stored->limit > 0 && stored->objects.len == (size_t)stored->limit)
            return (long)i;
        if (object_of_item(stored->registry, stored->request->resource, &page->items[i], &object, err) < 0)
            return -1;
        if (matches(stored->query, object))
            ptr_vec_push(&stored->objects, (void *)(uintptr_t)object);
        else
            object_unref(object);
    }
    return (long)page->len;
}

static int read_stored(struct stored_list *stored, struct registry_list *list, struct error **err) {
    const struct list_query *query = stored->query;
    AUTO_STR prefix = {0};
    AUTO_STR after = {0};
    registry_append_prefix(stored->request->resource, query->ns, &prefix);
    if (query->after)
        str_printf(&after, "%s%s", str_text(&prefix), query->after);
    struct storage_list_options options = {
        .prefix = str_text(&prefix), .revision = stored->revision, .deadline = stored->request->deadline};
    options.limit = stored->limit > 0 && !selects(query) ? (size_t)stored->limit : STORAGE_PAGE;
    for (bool more = true; more;) {
        AUTO_STORAGE_LIST page = {0};
        AUTO_ERROR failed = NULL;
        options.after = after.len ? str_text(&after) : NULL;
        long seen = -1;
        if (storage_list(stored->registry->setup.storage, &options, &page, &failed) == 0)
            seen = take_page(stored, &page, &failed);
        list->items = (const struct object **)stored->objects.items;
        list->len = stored->objects.len;
        if (seen < 0)
            return error_has_code(failed, 410) ? expired(query, err) : error_move(err, &failed);
        list->resource_version = options.revision = page.revision;
        bool full = stored->limit > 0 && list->len == (size_t)stored->limit;
        if (full && ((size_t)seen < page.len || page.more)) {
            set_more(query, list, (size_t)page.total - (size_t)seen);
            return 0;
        }
        more = page.more && page.len;
        if (more) {
            str_clear(&after);
            str_append(&after, page.items[page.len - 1].key);
        }
    }
    return 0;
}

int registry_list(struct registry *registry, const struct registry_request *request, const struct registry_list_options *options,
                  struct registry_list *ret_list, struct error **err) {
    AUTO_LIST_QUERY query = {0};
    AUTO_REGISTRY_LIST list = {.remaining_item_count = -1};
    struct watch_cache *cache = NULL;
    if (list_query_parse(request, options, false, &query, err) < 0)
        return -1;
    int64_t limit = MAX(options->limit, 0);
    enum freshness freshness = freshness_of(&query, options->resource_version_match, limit);
    struct stored_list stored = {.registry = registry, .request = request, .query = &query, .limit = limit};
    if (freshness == FRESH_EXACT)
        stored.revision = query.after ? (uint64_t)query.continue_revision : query.version;
    else if (await(registry, request, freshness, query.version, &cache, err) < 0)
        return -1;
    // As upstream, resourceVersion=0 knows no pages.
    if (cache)
        list_cached(cache, &query, freshness == FRESH_ANY ? 0 : limit, &list);
    else if (read_stored(&stored, &list, err) < 0)
        return -1;
    *ret_list = list;
    list = (struct registry_list){0};
    return 0;
}
