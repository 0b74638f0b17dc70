// SPDX-License-Identifier: Apache-2.0
// WATCH: where it starts, by upstream's rules of resourceVersion and sendInitialEvents.
#include "apiserver/registry/list_query.h"
#include "common/api/status.h"

static enum watch_cache_start start_of(const struct list_query *query, const struct registry_list_options *options) {
    if (options->send_initial_events)
        return options->allow_bookmarks ? WATCH_CACHE_START_STATE_AND_BOOKMARK : WATCH_CACHE_START_STATE;
    if (query->version > 0)
        return WATCH_CACHE_START_REVISION;
    return options->send_initial_events_given ? WATCH_CACHE_START_NOW : WATCH_CACHE_START_STATE;
}

// Initial state as fresh as asked for.
static int await(struct registry *registry, const struct registry_request *request, struct watch_cache *cache,
                 const struct list_query *query, struct error **err) {
    int64_t deadline = registry_deadline(registry, request->deadline);
    if (!query->has_version) {
        enum watch_cache_freshness freshness = WATCH_CACHE_FRESH;
        if (watch_cache_barrier(cache, deadline, &freshness, err) < 0)
            return -1;
        if (freshness == WATCH_CACHE_BEHIND)
            return status_timeout(err, "the watch cache did not catch up with storage in time", 1);
        return 0;
    }
    if (query->version == 0)
        return 0;
    int64_t bound = clock_monotonic(registry->setup.clock) + REGISTRY_FRESHNESS_WAIT;
    return watch_cache_wait(cache, query->version, MIN(bound, deadline), err);
}

int registry_watch(struct registry *registry, const struct registry_request *request, const struct registry_list_options *options,
                   struct watch_cache_watcher **ret_watcher, struct error **err) {
    AUTO_LIST_QUERY query = {0};
    if (list_query_parse(request, options, true, &query, err) < 0)
        return -1;
    struct watch_cache *cache = registry_cache(registry, request->resource);
    if (!cache)
        return status_too_many_requests(err, "storage is (re)initializing", 1);
    enum watch_cache_start start = start_of(&query, options);
    // Without sendInitialEvents a watch begins with what the cache has, however old: as upstream, and it must not wait on an I/O thread.
    bool initial = options->send_initial_events || options->send_initial_events_given;
    if (initial && start != WATCH_CACHE_START_REVISION && await(registry, request, cache, &query, err) < 0)
        return -1;
    struct watch_cache_watch_options watch = {
        .ns = query.ns,
        .name = query.name,
        .take_labels = STEAL(query.labels),
        .take_fields = STEAL(query.fields),
        .start = start,
        .revision = query.version,
        .bookmarks = options->allow_bookmarks,
        .deadline = options->watch_deadline,
    };
    return watch_cache_watch(cache, &watch, ret_watcher, err);
}
