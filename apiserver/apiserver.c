// SPDX-License-Identifier: Apache-2.0
// The apiserver's core: a request in, a response out, with everything that it depends on handed in.
#include "apiserver/apiserver.h"

#include <stdlib.h>

#include "apiserver/authentication/authenticator.h"
#include "apiserver/discovery/openapi.h"
#include "apiserver/filters.h"
#include "apiserver/handlers.h"
#include "apiserver/proxy_stream.h"
#include "apiserver/server_state.h"
#include "apiserver/watch_timers.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/log.h"

#define PREFIX "/registry/"
#define ADD_DEADLINE (10 * SECOND)
#define UPKEEP_INTERVAL (60 * SECOND)
#define UPKEEP_RETRY (100 * MILLISECOND)
#define UPKEEP_RETRY_MAX (5 * SECOND)

static void set_default(int64_t *value, int64_t fallback) {
    if (*value == 0)
        *value = fallback;
}

static void fill_defaults(struct apiserver_config *config) {
    set_default(&config->request_timeout, 60 * SECOND);
    set_default(&config->min_watch_timeout, 1800 * SECOND);
    set_default(&config->default_not_ready_toleration_seconds, 300);
    set_default(&config->default_unreachable_toleration_seconds, 300);
    if (!config->max_in_flight)
        config->max_in_flight = 400;
    if (!config->max_mutating_in_flight)
        config->max_mutating_in_flight = 200;
}

static void copy_address_types(struct apiserver *server, const char *const *types) {
    static const char *const defaults[] = {"Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP", NULL};
    size_t count = 0;
    types = types ? types : defaults;
    while (types[count])
        count++;
    server->kubelet_address_types = alloc_array(count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        server->kubelet_address_types[i] = alloc_string(types[i]);
}

static struct watch_cache *cache_of(void *context, const struct resource *resource) {
    struct apiserver *server = context;
    return watch_feed_cache(server->feed, resource);
}

static int add_caches(struct apiserver *server, struct error **err) {
    size_t count = 0;
    const struct resource *const *resources = resources_all(&count);
    int64_t deadline = clock_monotonic(server->config.clock) + ADD_DEADLINE;
    for (size_t i = 0; i < count; i++) {
        struct watch_cache *cache = NULL;
        if (resource_has_verb(resources[i], RESOURCE_VERB_WATCH) &&
            watch_feed_add(server->feed, resources[i], deadline, &cache, err) < 0)
            return -1;
    }
    return 0;
}

static int make_admission(struct apiserver *server, struct error **err) {
    const struct apiserver_config *config = &server->config;
    struct admission_setup setup = {
        .reader = registry_reader(server->registry),
        .clock = config->clock,
        .enable = config->enable_admission,
        .disable = config->disable_admission,
        .default_not_ready_toleration_seconds = config->default_not_ready_toleration_seconds,
        .default_unreachable_toleration_seconds = config->default_unreachable_toleration_seconds,
    };
    if (admission_chain_new(&setup, &server->admission, err) < 0)
        return -1;
    registry_set_admission(server->registry, server->admission);
    return 0;
}

int apiserver_new(const struct apiserver_config *config, struct apiserver **ret_server, struct error **err) {
    struct apiserver *server = alloc_zero(sizeof(*server));
    server->config = *config;
    fill_defaults(&server->config);
    server->storage = config->take_storage;
    server->authenticator = config->take_authenticator;
    server->advertise_address = alloc_string(config->advertise_address ? config->advertise_address : "");
    copy_address_types(server, config->kubelet_address_types);
    lock_init(&server->lock, "apiserver");
    cond_init(&server->wake);

    struct watch_feed_config feed = {
        .storage = server->storage, .clock = config->clock, .random = config->random, .prefix = PREFIX};
    server->feed = watch_feed_new(&feed);
    struct registry_setup registry = {.storage = server->storage,
                                      .cache_of = cache_of,
                                      .cache_context = server,
                                      .clock = config->clock,
                                      .random = config->random,
                                      .event_ttl = config->event_ttl};
    server->registry = registry_new(&registry);
    server->openapi = openapi_cache_new();
    server->timers = watch_timers_new(config->clock);
    if (add_caches(server, err) < 0 || make_admission(server, err) < 0) {
        apiserver_free(server);
        return -1;
    }
    *ret_server = server;
    return 0;
}

// --- upkeep: the system namespaces are made at start, and again when somebody has removed one ---------------------------------

static bool make_namespaces(struct apiserver *server, bool complain) {
    AUTO_ERROR error = NULL;
    if (registry_ensure_system_namespaces(server->registry, &error) == 0) {
        server->namespaces_made = true;
        return true;
    }
    if (complain)
        log_warning("making the system namespaces failed, trying again", "err", error_message(error), NULL);
    return false;
}

static void upkeep(void *argument) {
    struct apiserver *server = argument;
    int64_t retry = UPKEEP_RETRY;
    bool stopping = false;
    while (!stopping) {
        bool made = make_namespaces(server, retry > SECOND);
        int64_t delay = made ? UPKEEP_INTERVAL : retry;
        retry = made ? UPKEEP_RETRY : MIN(2 * retry, UPKEEP_RETRY_MAX);
        int64_t deadline = clock_monotonic(server->config.clock) + delay;
        LOCKED(&server->lock) {
            while (!server->stopping && clock_wait(server->config.clock, &server->wake, &server->lock, deadline))
                ;
            stopping = server->stopping;
        }
    }
}

int apiserver_start(struct apiserver *server, struct error **err UNUSED) {
    watch_feed_start(server->feed);
    if (server->config.compaction_interval > 0)
        server->compaction = compaction_start(server->storage, server->config.clock, server->config.compaction_interval,
                                              watch_feed_progress_key(server->feed));
    server->upkeep = thread_start("upkeep", upkeep, server);
    server->started = true;
    return 0;
}

bool apiserver_wait_ready(struct apiserver *server, int64_t deadline) {
    if (!watch_feed_wait_ready(server->feed, deadline))
        return false;
    while (!server->namespaces_made) {
        bool in_time = true;
        LOCKED(&server->lock) {
            int64_t step = clock_monotonic(server->config.clock) + MILLISECOND;
            clock_wait(server->config.clock, &server->wake, &server->lock, MIN(step, deadline));
            in_time = clock_monotonic(server->config.clock) < deadline;
        }
        if (!in_time)
            return server->namespaces_made;
    }
    return true;
}

void apiserver_begin_shutdown(struct apiserver *server) {
    server->shutting_down = true;
}

void apiserver_end_watches(struct apiserver *server) {
    server->watches_ended = true;
    watch_timers_expire_all(server->timers);
}

void apiserver_stop(struct apiserver *server) {
    if (!server->started)
        return;
    server->started = false;
    apiserver_begin_shutdown(server);
    apiserver_end_watches(server);
    LOCKED(&server->lock) {
        server->stopping = true;
        cond_broadcast(&server->wake);
    }
    thread_join(server->upkeep);
    compaction_stop(server->compaction);
    watch_feed_stop(server->feed);
    proxy_stream_wait_all();
}

void apiserver_free(struct apiserver *server) {
    if (!server)
        return;
    apiserver_stop(server);
    watch_timers_free(server->timers);
    openapi_cache_free(server->openapi);
    registry_free(server->registry);
    admission_chain_free(server->admission);
    watch_feed_free(server->feed);
    authenticator_free(server->authenticator);
    storage_free(server->storage);
    for (char **type = server->kubelet_address_types; *type; type++)
        free(*type);
    free(server->kubelet_address_types);
    free(server->advertise_address);
    cond_destroy(&server->wake);
    lock_destroy(&server->lock);
    free(server);
}

int64_t apiserver_now(const struct apiserver *server) {
    return clock_monotonic(server->config.clock);
}

void apiserver_handle(struct apiserver *server, const struct api_request *request, struct api_response *response) {
    struct api_call call = {.server = server, .request = request, .response = response, .started = request->received};
    if (call.started == 0)
        call.started = apiserver_now(server);
    filters_run(&call);
}

bool apiserver_answers_at_once(struct apiserver *server, const struct api_request *request) {
    struct request_info info = {0};
    if (request->body_too_large)
        return true;
    if (request_info_parse(request->method, request->target, &info, NULL) < 0)
        return true;
    bool at_once = handlers_answer_at_once(server, &info);
    request_info_free(&info);
    return at_once;
}
