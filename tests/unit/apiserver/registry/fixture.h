// SPDX-License-Identifier: Apache-2.0
// A registry over the memory store with a clock that stands still, and a small language of steps: verb, object, body, expected answer.
#ifndef CUBE_TESTS_UNIT_APISERVER_REGISTRY_FIXTURE_H
#define CUBE_TESTS_UNIT_APISERVER_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/registry/registry.h"
#include "apiserver/storage/memory.h"
#include "apiserver/storage/watch_feed.h"
#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/random.h"

#define FIXTURE_START (INT64_C(1700000000) * SECOND) // 2023-11-14T22:13:20Z

struct fixture {
    struct clock *clock;
    struct random *random;
    struct storage *storage;
    struct watch_feed *feed; // NULL: reads go to storage
    struct registry *registry;
    struct admission_chain *chain;
};

static struct watch_cache *fixture_cache_of(void *context, const struct resource *resource) {
    struct fixture *fixture = context;
    return fixture->feed ? watch_feed_cache(fixture->feed, resource) : NULL;
}

static void fixture_start_feed(struct fixture *fixture) {
    struct watch_feed_config config = {.storage = fixture->storage, .clock = fixture->clock, .random = fixture->random};
    size_t count;
    const struct resource *const *all = resources_all(&count);
    fixture->feed = watch_feed_new(&config);
    for (size_t i = 0; i < count; i++) {
        struct watch_cache *cache;
        if (all[i]->list_type)
            assert_int_equal(watch_feed_add(fixture->feed, all[i], 0, &cache, NULL), 0);
    }
    watch_feed_start(fixture->feed);
    assert_true(watch_feed_wait_ready(fixture->feed, TIME_NEVER));
}

static struct fixture *fixture_new(bool cached) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    AUTO_ERROR err = NULL;
    fixture->clock = clock_fake_new(FIXTURE_START);
    fixture->random = random_seeded_new(7);
    fixture->storage = memory_storage_new(fixture->clock);
    if (cached)
        fixture_start_feed(fixture);
    struct registry_setup setup = {.storage = fixture->storage,
                                   .cache_of = fixture_cache_of,
                                   .cache_context = fixture,
                                   .clock = fixture->clock,
                                   .random = fixture->random};
    fixture->registry = registry_new(&setup);
    struct admission_setup admission = {.reader = registry_reader(fixture->registry),
                                        .clock = fixture->clock,
                                        .default_not_ready_toleration_seconds = 300,
                                        .default_unreachable_toleration_seconds = 300};
    assert_int_equal(admission_chain_new(&admission, &fixture->chain, &err), 0);
    registry_set_admission(fixture->registry, fixture->chain);
    if (registry_ensure_system_namespaces(fixture->registry, &err) < 0)
        fail_msg("%s", error_message(err));
    return fixture;
}

static void fixture_free(struct fixture *fixture) {
    if (fixture->feed) {
        watch_feed_stop(fixture->feed);
        watch_feed_free(fixture->feed);
    }
    registry_free(fixture->registry);
    admission_chain_free(fixture->chain);
    storage_free(fixture->storage);
    random_seeded_free(fixture->random);
    clock_fake_free(fixture->clock);
    free(fixture);
}

// One request. object is "resource[/subresource]"; at is "namespace/name", "namespace/", "/name" or "/". expect lists what the answer must
// hold, "path=value" with ";" between, "path!" for absent ones; for errors it is the exact message. RV in bodies stands for the version that
// the last successful answer had.
struct step {
    const char *
        verb; // create update get delete json merge strategic strict (create with Strict) dry (create with dryRun) wait (seconds)
    const char *object;
    const char *at;
    const char *body;
    int code;
    const char *reason; // of errors
    const char *expect;
};

struct fixture_request {
    struct registry_request request;
    char *plural;
    char *subresource;
    char *ns;
    char *name;
};

static void split(const char *text, char **ret_first, char **ret_second) {
    const char *slash = strchr(text, '/');
    *ret_first = slash ? alloc_string_n(text, (size_t)(slash - text)) : alloc_string(text);
    *ret_second = alloc_string(slash ? slash + 1 : "");
}

static const struct resource *fixture_resource(const char *plural) {
    static const char *const groups[][2] = {{"", "v1"}, {"apps", "v1"}, {"coordination.k8s.io", "v1"}};
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct resource *found = resources_find(groups[i][0], groups[i][1], plural);
        if (found)
            return found;
    }
    fail_msg("no resource %s", plural);
    return NULL;
}

static void fixture_request_make(struct fixture_request *made, const struct step *step, struct str_list *warnings) {
    split(step->object, &made->plural, &made->subresource);
    split(step->at, &made->ns, &made->name);
    made->request = (struct registry_request){.resource = fixture_resource(made->plural),
                                              .subresource = made->subresource,
                                              .ns = made->ns,
                                              .name = made->name,
                                              .dry_run = str_equal(step->verb, "dry"),
                                              .warnings = warnings};
    if (str_equal(step->verb, "strict"))
        made->request.field_validation = REGISTRY_VALIDATION_STRICT;
}

static void fixture_request_free(struct fixture_request *made) {
    free(made->plural);
    free(made->subresource);
    free(made->ns);
    free(made->name);
}

static char *with_version(const char *body, const char *version) {
    AUTO_STR text = {0};
    const char *at;
    while (body && (at = strstr(body, "RV"))) {
        str_append_n(&text, body, (size_t)(at - body));
        str_append(&text, version);
        body = at + 2;
    }
    str_append(&text, body ? body : "");
    return str_take(&text);
}

static int fixture_send(struct fixture *fixture, const struct step *step, const struct registry_request *request,
                        const struct registry_body *body, struct registry_result *result, struct error **err) {
    static const struct {
        const char *verb;
        enum registry_patch_type type;
    } patches[] = {{"json", REGISTRY_PATCH_JSON}, {"merge", REGISTRY_PATCH_MERGE}, {"strategic", REGISTRY_PATCH_STRATEGIC}};
    for (size_t i = 0; i < ARRAY_LEN(patches); i++)
        if (str_equal(step->verb, patches[i].verb))
            return registry_patch(fixture->registry, request, patches[i].type, body, result, err);
    if (str_equal(step->verb, "get"))
        return registry_get(fixture->registry, request, "", result, err);
    if (str_equal(step->verb, "update"))
        return registry_update(fixture->registry, request, body, result, err);
    if (str_equal(step->verb, "delete")) {
        AUTO_REGISTRY_DELETE_OPTIONS options = REGISTRY_DELETE_OPTIONS_NONE;
        struct registry_delete_query query = {0};
        if (registry_delete_options_parse(body, &query, &options, err) < 0)
            return -1;
        return registry_delete(fixture->registry, request, &options, result, err);
    }
    return registry_create(fixture->registry, request, body, result, err);
}

static void check_expect(const struct step *step, const struct json *answer, const char *text) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, step->expect ? step->expect : "", ';');
    for (size_t i = 0; i < parts.len; i++) {
        char *part = parts.items[i];
        char *equals = strchr(part, '=');
        if (!equals) {
            part[strlen(part) - 1] = '\0';
            if (json_find(answer, part))
                fail_msg("%s %s %s: %s is there: %s", step->verb, step->object, step->at, part, text);
            continue;
        }
        *equals = '\0';
        const struct json *value = json_find(answer, part);
        CLEANUP(free_ptr) char *found = json_is_string(value) ? alloc_string(json_string(value)) : json_text(value);
        if (!str_equal(found, equals + 1))
            fail_msg("%s %s %s: %s is %s, not %s: %s", step->verb, step->object, step->at, part, found, equals + 1, text);
    }
}

static void check_failed(struct fixture *fixture, const struct step *step, const struct error *error, uint64_t revision_before) {
    uint64_t revision;
    assert_int_equal(storage_revision(fixture->storage, 0, &revision, NULL), 0);
    if (error->code != step->code || !str_equal(error->reason, step->reason) ||
        (step->expect && !str_equal(error->message, step->expect)))
        fail_msg("%s %s %s %s: %d %s: %s\n  wanted %d %s: %s", step->verb, step->object, step->at, step->body ? step->body : "",
                 error->code, error->reason, error->message, step->code, step->reason, step->expect);
    if (revision != revision_before)
        fail_msg("%s %s %s failed, but something was written", step->verb, step->object, step->at);
}

static void fixture_step(struct fixture *fixture, const struct step *step, char **version) {
    AUTO_STR_LIST warnings = {0};
    AUTO_ERROR err = NULL;
    AUTO_REGISTRY_RESULT result = {0};
    struct fixture_request made = {0};
    uint64_t revision;
    if (str_equal(step->verb, "wait")) {
        clock_fake_advance(fixture->clock, step->code * SECOND);
        return;
    }
    CLEANUP(free_ptr) char *text = with_version(step->body, *version);
    struct registry_body body = {.bytes = text, .len = strlen(text)};
    assert_int_equal(storage_revision(fixture->storage, 0, &revision, NULL), 0);
    fixture_request_make(&made, step, &warnings);
    int failed = fixture_send(fixture, step, &made.request, &body, &result, &err);
    if (failed) {
        check_failed(fixture, step, err, revision);
    } else {
        if (result.code != step->code || step->reason)
            fail_msg("%s %s %s %s: %d, not %d: %s", step->verb, step->object, step->at, text, result.code, step->code,
                     result.object ? result.object->json : result.status);
        const char *bytes = result.object ? result.object->json : result.status;
        AUTO_JSON answer = NULL;
        assert_int_equal(json_parse(bytes, strlen(bytes), NULL, &answer, NULL), 0);
        check_expect(step, answer, bytes);
        if (json_find_string(answer, "metadata.resourceVersion")) {
            free(*version);
            *version = alloc_string(json_find_string(answer, "metadata.resourceVersion"));
        }
    }
    fixture_request_free(&made);
}

// Each table runs twice, over the store alone and over the caches.
static UNUSED void fixture_run(const struct step *steps, size_t count) {
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = fixture_new(cached);
        CLEANUP(free_ptr) char *version = alloc_string("");
        for (size_t i = 0; i < count; i++)
            fixture_step(fixture, &steps[i], &version);
        fixture_free(fixture);
    }
}

#endif
