// SPDX-License-Identifier: Apache-2.0
// Reads what the runtime shows of one pod and keeps what is remembered of it.
#include "kubelet/pod_observed.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

const char *const pod_probe_fields[POD_PROBE_COUNT] = {"startupProbe", "livenessProbe", "readinessProbe"};

static int newest_sandbox_first(const void *a, const void *b) {
    const struct runtime_sandbox *left = a, *right = b;
    if (left->attempt != right->attempt)
        return left->attempt < right->attempt ? 1 : -1;
    return (left->created_at < right->created_at) - (left->created_at > right->created_at);
}

static int newest_container_first(const void *a, const void *b) {
    const struct runtime_container *left = a, *right = b;
    int names = strcmp(left->name, right->name);
    int64_t left_count = pod_observed_restart_count(left), right_count = pod_observed_restart_count(right);
    if (names != 0)
        return names;
    if (left_count != right_count)
        return left_count < right_count ? 1 : -1;
    return (left->created_at < right->created_at) - (left->created_at > right->created_at);
}

// Something listed may be gone when it is asked for: it is left out then.
static int read_containers(struct runtime *runtime, struct vec *listed, struct vec *out, struct error **err) {
    for (size_t i = 0; i < listed->len; i++) {
        const struct runtime_container *row = VEC_AT(listed, struct runtime_container, i);
        struct runtime_container full = {0};
        AUTO_ERROR failure = NULL;
        if (runtime->ops->container_status(runtime, row->id, &full, &failure) < 0) {
            if (runtime_error_is(failure, "NotFound"))
                continue;
            return error_move(err, &failure);
        }
        if (!full.sandbox_id)
            full.sandbox_id = alloc_string(row->sandbox_id);
        vec_push(out, &full);
    }
    return 0;
}

int pod_observed_read(struct runtime *runtime, const char *pod_uid, struct pod_observed *ret_observed, struct error **err) {
    struct pod_observed observed = {.sandboxes = VEC_OF(struct runtime_sandbox), .containers = VEC_OF(struct runtime_container)};
    const struct runtime_filter filter = {.pod_uid = pod_uid};
    if (runtime->ops->list_sandboxes(runtime, &filter, &observed.sandboxes, err) < 0)
        return -1;
    vec_sort(&observed.sandboxes, newest_sandbox_first);
    if (observed.sandboxes.len > 0) {
        struct runtime_sandbox *newest = VEC_AT(&observed.sandboxes, struct runtime_sandbox, 0);
        struct runtime_sandbox full = {0};
        AUTO_ERROR failure = NULL;
        if (runtime->ops->sandbox_status(runtime, newest->id, &full, &failure) == 0) {
            runtime_sandbox_clear(newest);
            *newest = full;
        } else if (!runtime_error_is(failure, "NotFound")) {
            runtime_sandboxes_free(&observed.sandboxes);
            return error_move(err, &failure);
        }
    }
    struct vec listed = VEC_OF(struct runtime_container);
    int result = runtime->ops->list_containers(runtime, &filter, &listed, err);
    if (result == 0) {
        result = read_containers(runtime, &listed, &observed.containers, err);
        runtime_containers_free(&listed);
    }
    if (result < 0) {
        pod_observed_free(&observed);
        return -1;
    }
    vec_sort(&observed.containers, newest_container_first);
    *ret_observed = observed;
    return 0;
}

void pod_observed_free(struct pod_observed *observed) {
    runtime_sandboxes_free(&observed->sandboxes);
    runtime_containers_free(&observed->containers);
}

const struct runtime_container *pod_observed_container(const struct pod_observed *observed, const char *name, size_t skip) {
    for (size_t i = 0; i < observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&observed->containers, struct runtime_container, i);
        if (strcmp(row->name, name) == 0 && skip-- == 0)
            return row;
    }
    return NULL;
}

const struct runtime_container *pod_observed_by_id(const struct pod_observed *observed, const char *id) {
    for (size_t i = 0; i < observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&observed->containers, struct runtime_container, i);
        if (str_equal(row->id, id))
            return row;
    }
    return NULL;
}

const struct runtime_sandbox *pod_observed_sandbox(const struct pod_observed *observed) {
    return observed->sandboxes.len > 0 ? VEC_AT(&observed->sandboxes, struct runtime_sandbox, 0) : NULL;
}

bool pod_observed_any_running(const struct pod_observed *observed) {
    for (size_t i = 0; i < observed->containers.len; i++) {
        if (VEC_AT(&observed->containers, struct runtime_container, i)->state == RUNTIME_CONTAINER_RUNNING)
            return true;
    }
    return false;
}

int64_t pod_observed_restart_count(const struct runtime_container *container) {
    const char *text = container ? runtime_pairs_get(&container->annotations, RUNTIME_ANNOTATION_RESTART_COUNT) : NULL;
    int64_t count = 0;
    if (text && str_to_int64(text, &count))
        return count;
    return container ? container->attempt : 0;
}

bool pod_observed_never_ran(const struct runtime_container *container) {
    if (!container || container->state == RUNTIME_CONTAINER_CREATED)
        return container != NULL;
    // The runtime gives up a start whose caller is gone, and says so in one of these ways.
    const char *why = container->message;
    if (container->state != RUNTIME_CONTAINER_EXITED || container->started_at != 0 || !why)
        return false;
    return strstr(why, "context canceled") || (strstr(why, "failed to start shim") && strstr(why, "signal: killed"));
}

const struct pod_container_memory *pod_memory_find(const struct pod_memory *memory, const char *name) {
    for (size_t i = 0; i < memory->containers.len; i++) {
        const struct pod_container_memory *row = VEC_AT(&memory->containers, struct pod_container_memory, i);
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

struct pod_container_memory *pod_memory_container(struct pod_memory *memory, const char *name) {
    const struct pod_container_memory *found = pod_memory_find(memory, name);
    if (found)
        return (struct pod_container_memory *)(uintptr_t)found;
    if (memory->containers.element_size == 0)
        memory->containers = VEC_OF(struct pod_container_memory);
    struct pod_container_memory *row = vec_push_zero(&memory->containers);
    row->name = alloc_string(name);
    return row;
}

void pod_memory_waiting(struct pod_container_memory *memory, const char *reason, const char *message) {
    char *new_reason = alloc_string_or_null(reason);
    char *new_message = alloc_string_or_null(message);
    free(memory->waiting_reason);
    free(memory->waiting_message);
    memory->waiting_reason = new_reason;
    memory->waiting_message = new_message;
}

void pod_memory_free(struct pod_memory *memory) {
    for (size_t i = 0; i < memory->containers.len; i++) {
        struct pod_container_memory *row = VEC_AT(&memory->containers, struct pod_container_memory, i);
        free(row->name);
        free(row->waiting_reason);
        free(row->waiting_message);
        free(row->image_id);
        free(row->running_id);
        free(row->killing_id);
    }
    vec_free(&memory->containers);
    free(memory->reason);
    free(memory->message);
    *memory = (struct pod_memory){0};
}
