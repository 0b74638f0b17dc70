// SPDX-License-Identifier: Apache-2.0
// Writes pod statuses to the API: the latest one of each pod, as the smallest strategic merge patch.
//
// What a patch is computed against is the informer's copy, or the answer to our own last patch while the informer has not caught up.
#include "kubelet/status_writer.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"
#include "kubelet/pod_status.h"

#define RETRY_START (500 * MILLISECOND)
#define RETRY_MAX (30 * SECOND)

struct status_entry {
    char *uid, *ns, *name;
    char *pending; // JSON of the status to write; NULL: nothing to do
    bool delete_after;
    bool deleted;
    const struct object *answer; // to our last patch
    int64_t retry_at, retry_delay;
    struct list_node node; // in queue while pending
};

struct status_writer {
    // constant
    struct rest *rest;
    struct clock *clock;
    struct informer *pods;
    struct thread *thread;
    struct lock lock;
    struct cond cond;
    // under lock
    struct map entries; // uid -> status_entry, owned
    struct list queue;
    bool stopping;
};

static void entry_free(void *pointer) {
    struct status_entry *entry = pointer;
    list_remove(&entry->node);
    free(entry->uid);
    free(entry->ns);
    free(entry->name);
    free(entry->pending);
    object_unref(entry->answer);
    free(entry);
}

struct status_writer *status_writer_new(const struct status_writer_config *config) {
    struct status_writer *writer = alloc_zero(sizeof(*writer));
    writer->rest = config->rest;
    writer->clock = config->clock;
    writer->pods = config->pods;
    lock_init(&writer->lock, "status_writer");
    cond_init(&writer->cond);
    writer->entries = MAP_OWNING(entry_free);
    list_init(&writer->queue);
    return writer;
}

// --- the patch -----------------------------------------------------------------------------------------------------------------

static const char *const own_members[] = {"phase",
                                          "reason",
                                          "message",
                                          "hostIP",
                                          "hostIPs",
                                          "podIP",
                                          "podIPs",
                                          "startTime",
                                          "qosClass",
                                          "initContainerStatuses",
                                          "containerStatuses"};

static struct json *condition_patch(const struct json *old, const struct json *new, int64_t now) {
    static const char *const texts[] = {"status", "reason", "message"};
    bool same = old != NULL;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        same = same && str_equal(json_get_text(old, texts[i]), json_get_text(new, texts[i]));
    if (same)
        return NULL;
    struct json *patch = json_clone(new);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (json_get(old, texts[i]) && !json_get(new, texts[i]))
            json_set(patch, texts[i], NULL);
    }
    bool moved = !old || !str_equal(json_get_text(old, "status"), json_get_text(new, "status"));
    char text[TIME_TEXT_SIZE];
    const char *since = json_get_string(old, "lastTransitionTime");
    json_set_string(patch, "lastTransitionTime", moved || !since ? time_format_seconds(now, text) : since);
    return patch;
}

static void patch_conditions(const struct json *base, const struct json *status, int64_t now, struct json *patch) {
    const struct json *list = json_get(status, "conditions");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct json *change = condition_patch(meta_condition(base, json_get_text(row, "type")), row, now);
        if (change)
            json_append(json_ensure_array(patch, "conditions"), change);
    }
}

struct json *status_writer_patch(const struct json *base, const struct json *status, int64_t now) {
    const struct json *old = json_get(base, "status");
    AUTO_JSON changes = json_new_object();
    for (size_t i = 0; i < ARRAY_LEN(own_members); i++) {
        const char *name = own_members[i];
        const struct json *before = json_get(old, name), *after = json_get(status, name);
        if (json_equal(before, after))
            continue;
        struct json *value = after ? json_clone(after) : NULL;
        // Lists with a merge key would keep what is gone.
        if (before && after && (strcmp(name, "podIPs") == 0 || strcmp(name, "hostIPs") == 0)) {
            struct json *directive = json_new_object();
            json_set_string(directive, "$patch", "replace");
            json_insert(value, 0, directive);
        }
        json_set(changes, name, value);
    }
    patch_conditions(base, status, now, changes);
    if (json_object_size(changes) == 0)
        return NULL;
    struct json *patch = json_new_object();
    json_put_string(patch, "metadata.uid", meta_uid(base));
    json_set(patch, "status", STEAL(changes));
    return patch;
}

// --- writing -------------------------------------------------------------------------------------------------------------------

// What one round works on, taken out of the entry so that no lock is held meanwhile.
struct status_job {
    char *uid, *ns, *name, *status;
    bool then_delete;
    const struct object *answer;
};

static void job_clear(struct status_job *job) {
    free(job->uid);
    free(job->ns);
    free(job->name);
    free(job->status);
    object_unref(job->answer);
    *job = (struct status_job){0};
}

// The pod as the API has it, a new tree; NULL with success: it is gone.
static int read_base(struct status_writer *writer, const struct status_job *job, const struct rest_target *target,
                     struct json **ret_base, struct error **err) {
    AUTO_OBJECT known = NULL;
    if (writer->pods) {
        CLEANUP(free_ptr) char *key = alloc_printf("%s/%s", job->ns, job->name);
        known = informer_get(writer->pods, key);
        if (known && !str_equal(known->uid, job->uid))
            return 0;
    }
    if (job->answer && (!known || job->answer->resource_version > known->resource_version)) {
        *ret_base = object_tree(job->answer);
        return 0;
    }
    if (known) {
        *ret_base = object_tree(known);
        return 0;
    }
    AUTO_ERROR failure = NULL;
    AUTO_JSON tree = NULL;
    if (rest_get(writer->rest, target, &tree, &failure) < 0)
        return error_is(failure, "NotFound") ? 0 : error_move(err, &failure);
    if (str_equal(meta_uid(tree), job->uid))
        *ret_base = STEAL(tree);
    return 0;
}

static int write_status(struct status_writer *writer, struct status_job *job, struct error **err) {
    struct rest_target target = {.resource = resource_pods(), .ns = job->ns, .name = job->name, .subresource = NULL};
    AUTO_JSON base = NULL;
    AUTO_JSON status = NULL;
    AUTO_JSON answer = NULL;
    if (read_base(writer, job, &target, &base, err) < 0 || json_parse(job->status, strlen(job->status), NULL, &status, err) < 0)
        return -1;
    if (!base)
        return 0;
    AUTO_JSON patch = status_writer_patch(base, status, clock_wall(writer->clock));
    if (patch) {
        if (log_enabled(6)) {
            CLEANUP(free_ptr) char *text = json_text(patch);
            log_v(6, "patching status", "pod", job->name, "patch", text, NULL);
        }
        target.subresource = "status";
        if (rest_patch(writer->rest, &target, REST_PATCH_STRATEGIC, patch, &answer, err) < 0)
            return -1;
        const char *before = json_find_text(base, "status.phase"), *after = json_get_text(status, "phase");
        log_v(2, "status for pod updated successfully", "pod", job->name, "namespace", job->ns, "podUID", job->uid, "oldPhase",
              before, "phase", after, NULL);
        struct object *object = NULL;
        if (object_new(answer, resource_pods(), &object, err) < 0)
            return -1;
        object_unref(job->answer);
        job->answer = object;
    }
    if (!job->then_delete)
        return 0;
    target.subresource = NULL;
    const struct rest_delete_options options = {.grace_period_seconds = 0, .precondition_uid = job->uid};
    return rest_delete(writer->rest, &target, &options, err);
}

// Under lock. The first entry whose time has come; *ret_wait is when the next one's comes.
static struct status_entry *next_entry(struct status_writer *writer, int64_t now, int64_t *ret_wait) {
    *ret_wait = TIME_NEVER;
    LIST_FOREACH(node, &writer->queue) {
        struct status_entry *entry = CONTAINER_OF(node, struct status_entry, node);
        if (entry->retry_at <= now)
            return entry;
        *ret_wait = MIN(*ret_wait, entry->retry_at);
    }
    return NULL;
}

static void take_job(struct status_entry *entry, struct status_job *job) {
    *job = (struct status_job){.uid = alloc_string(entry->uid),
                               .ns = alloc_string(entry->ns),
                               .name = alloc_string(entry->name),
                               .status = STEAL(entry->pending),
                               .then_delete = entry->delete_after,
                               .answer = entry->answer ? object_ref(entry->answer) : NULL};
    list_remove(&entry->node);
}

// Under lock: puts the outcome back, and the job into the queue again if it failed for now.
static void finish_job(struct status_writer *writer, struct status_job *job, bool retry) {
    struct status_entry *entry = map_get(&writer->entries, job->uid);
    if (!entry)
        return;
    object_unref(entry->answer);
    entry->answer = STEAL(job->answer);
    if (!retry) {
        entry->retry_delay = 0;
        entry->retry_at = 0;
        entry->deleted = entry->deleted || job->then_delete;
        return;
    }
    entry->retry_delay = entry->retry_delay ? MIN(entry->retry_delay * 2, RETRY_MAX) : RETRY_START;
    entry->retry_at = clock_monotonic(writer->clock) + entry->retry_delay;
    if (!entry->pending) {
        entry->pending = STEAL(job->status);
        list_push_back(&writer->queue, &entry->node);
    }
}

// What the server will never take is not tried again.
static bool is_final(const struct error *error) {
    return error->code == 404 || error->code == 409 || error->code == 422 || error->code == 400;
}

static void write_job(struct status_writer *writer, struct status_job *job) {
    AUTO_ERROR failure = NULL;
    bool retry = false;
    if (write_status(writer, job, &failure) < 0) {
        retry = !is_final(failure);
        if (!error_is(failure, "NotFound"))
            log_warning("failed to update status for pod, ignoring", "pod", job->name, "namespace", job->ns, "err",
                        error_message(failure), NULL);
    }
    LOCKED(&writer->lock) {
        finish_job(writer, job, retry);
    }
    job_clear(job);
}

static void run(void *argument) {
    struct status_writer *writer = argument;
    for (;;) {
        struct status_job job = {0};
        bool stop = false;
        LOCKED(&writer->lock) {
            int64_t wait = TIME_NEVER;
            struct status_entry *entry;
            while (!(entry = next_entry(writer, clock_monotonic(writer->clock), &wait)) && !writer->stopping)
                clock_wait(writer->clock, &writer->cond, &writer->lock, wait);
            if (entry)
                take_job(entry, &job);
            else
                stop = true;
        }
        if (stop)
            return;
        write_job(writer, &job);
    }
}

void status_writer_start(struct status_writer *writer) {
    writer->thread = thread_start("status", run, writer);
}

void status_writer_put(struct status_writer *writer, const struct object *pod, const struct json *status, bool then_delete) {
    char *text = json_text(status);
    LOCKED(&writer->lock) {
        struct status_entry *entry = map_get(&writer->entries, pod->uid);
        if (!entry) {
            entry = alloc_zero(sizeof(*entry));
            entry->uid = alloc_string(pod->uid);
            entry->ns = alloc_string(pod->ns);
            entry->name = alloc_string(pod->name);
            map_put(&writer->entries, pod->uid, entry);
        }
        if (!entry->deleted) {
            free(entry->pending);
            entry->pending = STEAL(text);
            entry->delete_after = entry->delete_after || then_delete;
            if (!list_linked(&entry->node))
                list_push_back(&writer->queue, &entry->node);
            cond_signal(&writer->cond);
        }
    }
    free(text);
}

void status_writer_forget(struct status_writer *writer, const char *uid) {
    LOCKED(&writer->lock) {
        struct status_entry *entry = map_remove(&writer->entries, uid);
        if (entry)
            entry_free(entry);
    }
}

void status_writer_stop(struct status_writer *writer) {
    LOCKED(&writer->lock) {
        writer->stopping = true;
        cond_broadcast(&writer->cond);
    }
    if (writer->thread)
        thread_join(writer->thread);
    writer->thread = NULL;
}

void status_writer_free(struct status_writer *writer) {
    if (!writer)
        return;
    map_free(&writer->entries);
    cond_destroy(&writer->cond);
    lock_destroy(&writer->lock);
    free(writer);
}
