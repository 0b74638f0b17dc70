// SPDX-License-Identifier: Apache-2.0
// The event recorder: a bounded queue, one sending thread that starts with the first event, and what was sent lately.
//
// An event that was seen lately (same subject, type, reason, message) is patched with a higher count instead of created.
#include "common/client/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"

#define QUEUE_MAX 1000
#define RECENT_MAX 4096
#define RECENT_TIME (10 * MINUTE)
#define SUBJECT_BURST 25
#define SUBJECT_REFILL (5 * MINUTE) // one more event per subject in this time
#define FREE_PATIENCE (2 * SECOND)
#define ATTEMPTS 3

// An event on its way; identity is what makes two events equal.
struct pending {
    struct list_node node;
    struct json *object; // owned by whoever holds the pending; handed from thread to thread whole
    char *identity;
    char *subject;
};

// An event that was sent.
struct recent {
    char *name;
    int64_t count;
    int64_t seen_at; // monotonic
};

struct budget {
    double tokens;
    int64_t filled_at;
};

struct event_recorder {
    // constant
    struct event_recorder_config config;
    char *component, *host;

    // under lock
    struct lock lock;
    struct cond changed;
    struct list queue;
    size_t queue_len;
    bool stopping;
    bool busy;
    struct thread *thread;
    int64_t last_named; // the time in the newest event's name

    // owned by the sending thread
    struct map recent;  // identity -> struct recent
    struct map budgets; // subject -> struct budget
};

static void recent_free(void *value) {
    struct recent *recent = value;
    free(recent->name);
    free(recent);
}

static void pending_free(struct pending *pending) {
    json_unref(pending->object);
    free(pending->identity);
    free(pending->subject);
    free(pending);
}

struct event_recorder *event_recorder_new(const struct event_recorder_config *config) {
    struct event_recorder *recorder = alloc_zero(sizeof(*recorder));
    recorder->config = *config;
    recorder->component = alloc_string(config->component);
    recorder->host = alloc_string_or_null(config->host);
    lock_init(&recorder->lock, "events");
    cond_init(&recorder->changed);
    list_init(&recorder->queue);
    recorder->recent = MAP_OWNING(recent_free);
    recorder->budgets = MAP_OWNING(free);
    return recorder;
}

// --- sending -----------------------------------------------------------------------------------------------------------

// Forgets what is older than the correlation window, when the tables have grown.
static void forget_old(struct event_recorder *recorder, int64_t now) {
    if (recorder->recent.len < RECENT_MAX && recorder->budgets.len < RECENT_MAX)
        return;
    for (struct map_iter it = {.map = &recorder->recent}; map_next(&it);) {
        const struct recent *recent = it.value;
        if (now - recent->seen_at > RECENT_TIME)
            recent_free(map_iter_remove(&recorder->recent, &it));
    }
    for (struct map_iter it = {.map = &recorder->budgets}; map_next(&it);) {
        const struct budget *budget = it.value;
        if (now - budget->filled_at > RECENT_TIME)
            free(map_iter_remove(&recorder->budgets, &it));
    }
    if (recorder->recent.len >= RECENT_MAX)
        map_clear(&recorder->recent);
    if (recorder->budgets.len >= RECENT_MAX)
        map_clear(&recorder->budgets);
}

static bool within_budget(struct event_recorder *recorder, const char *subject, int64_t now) {
    struct budget *budget = map_get(&recorder->budgets, subject);
    if (!budget) {
        budget = alloc_zero(sizeof(*budget));
        *budget = (struct budget){.tokens = SUBJECT_BURST, .filled_at = now};
        map_put(&recorder->budgets, subject, budget);
    }
    budget->tokens = MIN(budget->tokens + (double)(now - budget->filled_at) / SUBJECT_REFILL, (double)SUBJECT_BURST);
    budget->filled_at = now;
    if (budget->tokens < 1)
        return false;
    budget->tokens -= 1;
    return true;
}

// 0: sent, or refused for good.
static int send_new(struct event_recorder *recorder, const struct pending *pending, struct error **err) {
    struct rest_target target = {.resource = resource_events(), .ns = meta_namespace(pending->object)};
    struct json *created = NULL;
    if (rest_create(recorder->config.rest, &target, pending->object, &created, err) < 0)
        return -1;
    struct recent *recent = alloc_zero(sizeof(*recent));
    recent->name = alloc_string(meta_name(created));
    recent->count = 1;
    recent->seen_at = clock_monotonic(recorder->config.clock);
    map_put(&recorder->recent, pending->identity, recent);
    json_unref(created);
    return 0;
}

static int send_again(struct event_recorder *recorder, const struct pending *pending, struct recent *recent, struct error **err) {
    struct rest_target target = {.resource = resource_events(), .ns = meta_namespace(pending->object), .name = recent->name};
    AUTO_JSON patch = json_new_object();
    json_set_int(patch, "count", recent->count + 1);
    json_set_string(patch, "lastTimestamp", json_get_string(pending->object, "lastTimestamp"));
    if (rest_patch(recorder->config.rest, &target, REST_PATCH_STRATEGIC, patch, NULL, err) < 0)
        return -1;
    recent->count++;
    recent->seen_at = clock_monotonic(recorder->config.clock);
    return 0;
}

static void send_pending(struct event_recorder *recorder, const struct pending *pending) {
    int64_t now = clock_monotonic(recorder->config.clock);
    forget_old(recorder, now);
    if (!within_budget(recorder, pending->subject, now))
        return;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        AUTO_ERROR err = NULL;
        struct recent *recent = map_get(&recorder->recent, pending->identity);
        bool repeated = recent && now - recent->seen_at <= RECENT_TIME;
        int result = repeated ? send_again(recorder, pending, recent, &err) : send_new(recorder, pending, &err);
        if (result == 0)
            return;
        if (repeated && error_is(err, "NotFound")) { // it has expired: make a new one
            recent_free(map_remove(&recorder->recent, pending->identity));
            continue;
        }
        if (err->code != 0 || attempt == ATTEMPTS - 1) {
            log_v(2, "event not sent, ignoring", "event", json_find_text(pending->object, "reason"), "err", error_message(err),
                  NULL);
            return;
        }
        LOCKED(&recorder->lock) {
            int64_t until = clock_monotonic(recorder->config.clock) + SECOND;
            while (!recorder->stopping && clock_monotonic(recorder->config.clock) < until)
                clock_wait(recorder->config.clock, &recorder->changed, &recorder->lock, until);
        }
    }
}

static struct pending *next_pending(struct event_recorder *recorder) {
    struct pending *pending = NULL;
    LOCKED(&recorder->lock) {
        recorder->busy = false;
        cond_broadcast(&recorder->changed);
        while (list_empty(&recorder->queue) && !recorder->stopping)
            cond_wait(&recorder->changed, &recorder->lock);
        if (list_empty(&recorder->queue) || recorder->stopping)
            return NULL;
        pending = CONTAINER_OF(list_pop_front(&recorder->queue), struct pending, node);
        recorder->queue_len--;
        recorder->busy = true;
    }
    return pending;
}

static void run(void *argument) {
    struct event_recorder *recorder = argument;
    for (struct pending *pending; (pending = next_pending(recorder));) {
        send_pending(recorder, pending);
        pending_free(pending);
    }
}

void event_recorder_free(struct event_recorder *recorder) {
    if (!recorder)
        return;
    LOCKED(&recorder->lock) {
        int64_t until = clock_monotonic(recorder->config.clock) + FREE_PATIENCE;
        while (recorder->thread && (recorder->busy || !list_empty(&recorder->queue)) &&
               clock_monotonic(recorder->config.clock) < until)
            clock_wait(recorder->config.clock, &recorder->changed, &recorder->lock, until);
        recorder->stopping = true;
        cond_broadcast(&recorder->changed);
    }
    if (recorder->thread)
        thread_join(recorder->thread);
    for (struct list_node *node; (node = list_pop_front(&recorder->queue));)
        pending_free(CONTAINER_OF(node, struct pending, node));
    map_free(&recorder->recent);
    map_free(&recorder->budgets);
    cond_destroy(&recorder->changed);
    lock_destroy(&recorder->lock);
    free(recorder->component);
    free(recorder->host);
    free(recorder);
}

// --- recording ---------------------------------------------------------------------------------------------------------

static struct json *involved_object(const struct event_subject *subject) {
    struct json *object = json_new_object();
    json_set_string(object, "kind", subject->kind);
    json_set_string(object, "namespace", str_empty(subject->ns) ? NULL : subject->ns);
    json_set_string(object, "name", subject->name);
    json_set_string(object, "uid", str_empty(subject->uid) ? NULL : subject->uid);
    json_set_string(object, "apiVersion", subject->api_version);
    json_set_string(object, "resourceVersion", str_empty(subject->resource_version) ? NULL : subject->resource_version);
    json_set_string(object, "fieldPath", str_empty(subject->field_path) ? NULL : subject->field_path);
    return object;
}

// Names carry the time; two events of the same instant must not have the same name.
static int64_t unique_time(struct event_recorder *recorder, int64_t now) {
    int64_t unique = now;
    LOCKED(&recorder->lock) {
        unique = recorder->last_named = MAX(now, recorder->last_named + 1);
    }
    return unique;
}

static struct json *event_object(struct event_recorder *recorder, const struct event_subject *subject, const char *type,
                                 const char *reason, const char *message) {
    int64_t now = clock_wall(recorder->config.clock);
    char when[TIME_TEXT_SIZE];
    time_format_seconds(now, when);
    struct json *event = json_new_object();
    json_set_string(event, "kind", "Event");
    json_set_string(event, "apiVersion", "v1");
    char *name = alloc_printf("%s.%" PRIx64, subject->name, (uint64_t)unique_time(recorder, now));
    json_put_string(event, "metadata.name", name);
    free(name);
    json_put_string(event, "metadata.namespace", str_empty(subject->ns) ? "default" : subject->ns);
    json_set(event, "involvedObject", involved_object(subject));
    json_set_string(event, "reason", reason);
    json_set_string(event, "message", message);
    struct json *source = json_ensure_object(event, "source");
    json_set_string(source, "component", recorder->component);
    json_set_string(source, "host", recorder->host);
    json_set_string(event, "firstTimestamp", when);
    json_set_string(event, "lastTimestamp", when);
    json_set_int(event, "count", 1);
    json_set_string(event, "type", type);
    json_set_string(event, "reportingComponent", recorder->component);
    json_set_string(event, "reportingInstance", recorder->host ? recorder->host : "");
    return event;
}

void event_record(struct event_recorder *recorder, const struct event_subject *subject, const char *type, const char *reason,
                  const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *message = alloc_vprintf(format, args);
    va_end(args);
    struct pending *pending = alloc_zero(sizeof(*pending));
    pending->object = event_object(recorder, subject, type, reason, message);
    pending->subject = alloc_printf("%s/%s/%s/%s", subject->kind, subject->ns ? subject->ns : "", subject->name,
                                    subject->uid ? subject->uid : "");
    pending->identity =
        alloc_printf("%s/%s/%s/%s/%s", pending->subject, subject->field_path ? subject->field_path : "", type, reason, message);
    free(message);
    LOCKED(&recorder->lock) {
        if (recorder->queue_len >= QUEUE_MAX || recorder->stopping)
            break;
        list_push_back(&recorder->queue, &STEAL(pending)->node);
        recorder->queue_len++;
        if (!recorder->thread)
            recorder->thread = thread_start("events", run, recorder);
        cond_broadcast(&recorder->changed);
    }
    if (pending) // the queue is full
        pending_free(pending);
}

struct event_subject event_subject_of(const struct object *object) {
    return (struct event_subject){
        .api_version = object->api_version, .kind = object->kind, .ns = object->ns, .name = object->name, .uid = object->uid};
}

struct event_subject event_subject_of_tree(const struct json *tree) {
    return (struct event_subject){.api_version = json_get_text(tree, "apiVersion"),
                                  .kind = json_get_text(tree, "kind"),
                                  .ns = meta_namespace(tree),
                                  .name = meta_name(tree),
                                  .uid = meta_uid(tree),
                                  .resource_version = meta_resource_version(tree)};
}
