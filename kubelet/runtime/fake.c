// SPDX-License-Identifier: Apache-2.0
// A runtime in memory: containers run until they are told to exit.
#include "kubelet/runtime/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/map.h"

#define EVENT_CHECK (100 * MILLISECOND)

struct fake_event {
    enum runtime_event_type type;
    char *id;
    struct list_node node;
};

struct fake_runtime {
    struct runtime base;
    struct clock *clock;
    struct lock lock;
    struct cond cond;
    // under lock
    struct vec sandboxes, containers; // struct runtime_sandbox, struct runtime_container
    struct str_list images;
    struct list events;
    struct map calls; // name -> count as a pointer-sized number
    unsigned next_id;
    char *fail_call, *fail_message;
    int exec_exit_code;
    char *exec_out;
};

static struct fake_runtime *fake_of(struct runtime *runtime) {
    return CONTAINER_OF(runtime, struct fake_runtime, base);
}

// Under lock: counts the call; -1 if it is to fail.
static int begin(struct fake_runtime *fake, const char *call, struct error **err) {
    map_put(&fake->calls, call, (void *)((intptr_t)map_get(&fake->calls, call) + 1));
    if (!str_equal(fake->fail_call, call))
        return 0;
    free(STEAL(fake->fail_call));
    return error_set_api(err, 0, "Unknown", "rpc error: code = Unknown desc = %s", fake->fail_message);
}

static int not_found(struct error **err, const char *what, const char *id) {
    return error_set_api(err, 0, "NotFound", "rpc error: code = NotFound desc = %s \"%s\": not found", what, id);
}

static void emit(struct fake_runtime *fake, enum runtime_event_type type, const char *id) {
    struct fake_event *event = alloc_zero(sizeof(*event));
    event->type = type;
    event->id = alloc_string(id);
    list_push_back(&fake->events, &event->node);
    cond_broadcast(&fake->cond);
}

static void copy_pairs(struct runtime_pairs *to, const struct runtime_pairs *from) {
    for (size_t i = 0; i < from->len; i++)
        runtime_pairs_set(to, from->items[i].key, from->items[i].value);
}

static struct runtime_sandbox *find_sandbox(struct fake_runtime *fake, const char *id) {
    for (size_t i = 0; i < fake->sandboxes.len; i++) {
        struct runtime_sandbox *row = VEC_AT(&fake->sandboxes, struct runtime_sandbox, i);
        if (strcmp(row->id, id) == 0)
            return row;
    }
    return NULL;
}

static struct runtime_container *find_container(struct fake_runtime *fake, const char *id) {
    for (size_t i = 0; i < fake->containers.len; i++) {
        struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
        if (strcmp(row->id, id) == 0)
            return row;
    }
    return NULL;
}

static void copy_sandbox(struct runtime_sandbox *to, const struct runtime_sandbox *from) {
    *to = (struct runtime_sandbox){.id = alloc_string(from->id),
                                   .name = alloc_string(from->name),
                                   .ns = alloc_string(from->ns),
                                   .uid = alloc_string(from->uid),
                                   .attempt = from->attempt,
                                   .ready = from->ready,
                                   .created_at = from->created_at,
                                   .host_network = from->host_network};
    copy_pairs(&to->labels, &from->labels);
    copy_pairs(&to->annotations, &from->annotations);
    for (size_t i = 0; i < from->ips.len; i++)
        str_list_add(&to->ips, from->ips.items[i]);
}

static void copy_container(struct runtime_container *to, const struct runtime_container *from) {
    *to = *from;
    to->labels = (struct runtime_pairs){0};
    to->annotations = (struct runtime_pairs){0};
    to->id = alloc_string(from->id);
    to->sandbox_id = alloc_string(from->sandbox_id);
    to->name = alloc_string(from->name);
    to->image = alloc_string(from->image);
    to->image_ref = alloc_string(from->image_ref);
    to->reason = alloc_string_or_null(from->reason);
    to->message = alloc_string_or_null(from->message);
    to->log_path = alloc_string_or_null(from->log_path);
    copy_pairs(&to->labels, &from->labels);
    copy_pairs(&to->annotations, &from->annotations);
}

// Under lock.
static void end_container(struct fake_runtime *fake, struct runtime_container *container, int exit_code) {
    container->state = RUNTIME_CONTAINER_EXITED;
    container->exit_code = exit_code;
    container->finished_at = clock_wall(fake->clock);
    free(container->reason);
    container->reason = alloc_string(exit_code == 0 ? "Completed" : "Error");
    emit(fake, RUNTIME_EVENT_STOPPED, container->id);
}

// --- status --------------------------------------------------------------------------------------------------------------------

static int fake_version(struct runtime *runtime, struct runtime_version *ret_version, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    int result = 0;
    LOCKED(&fake->lock) {
        result = begin(fake, "version", err);
    }
    if (result == 0)
        *ret_version = (struct runtime_version){
            .name = alloc_string("fake"), .version = alloc_string("1.0"), .api_version = alloc_string("v1")};
    return result;
}

static int fake_status(struct runtime *runtime, struct runtime_status *ret_status, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    int result = 0;
    LOCKED(&fake->lock) {
        result = begin(fake, "status", err);
    }
    if (result == 0)
        *ret_status = (struct runtime_status){.runtime = {.ready = true}, .network = {.ready = true}};
    return result;
}

// --- sandboxes -----------------------------------------------------------------------------------------------------------------

static int fake_run_sandbox(struct runtime *runtime, const struct runtime_sandbox_config *config, char **ret_id,
                            struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "run_sandbox", err) < 0)
            return -1;
        struct runtime_sandbox sandbox = {.name = alloc_string(config->name),
                                          .ns = alloc_string(config->ns),
                                          .uid = alloc_string(config->uid),
                                          .attempt = config->attempt,
                                          .ready = true,
                                          .created_at = clock_wall(fake->clock) + fake->next_id,
                                          .host_network = config->security.network == RUNTIME_NAMESPACE_NODE};
        sandbox.id = alloc_printf("sandbox-%u", ++fake->next_id);
        copy_pairs(&sandbox.labels, &config->labels);
        copy_pairs(&sandbox.annotations, &config->annotations);
        if (!sandbox.host_network)
            str_list_take(&sandbox.ips, alloc_printf("10.0.0.%u", fake->next_id % 250 + 1));
        *ret_id = alloc_string(sandbox.id);
        vec_push(&fake->sandboxes, &sandbox);
    }
    return 0;
}

static int fake_stop_sandbox(struct runtime *runtime, const char *id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        struct runtime_sandbox *sandbox = find_sandbox(fake, id);
        if (begin(fake, "stop_sandbox", err) < 0)
            return -1;
        for (size_t i = 0; sandbox && i < fake->containers.len; i++) {
            struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
            if (strcmp(row->sandbox_id, id) == 0 && row->state == RUNTIME_CONTAINER_RUNNING)
                end_container(fake, row, 137);
        }
        if (sandbox) {
            sandbox->ready = false;
            str_list_free(&sandbox->ips);
        }
    }
    return 0;
}

static int fake_remove_sandbox(struct runtime *runtime, const char *id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "remove_sandbox", err) < 0)
            return -1;
        for (size_t i = fake->sandboxes.len; i-- > 0;) {
            struct runtime_sandbox *row = VEC_AT(&fake->sandboxes, struct runtime_sandbox, i);
            if (strcmp(row->id, id) != 0)
                continue;
            runtime_sandbox_clear(row);
            vec_remove(&fake->sandboxes, i);
        }
    }
    return 0;
}

static int fake_sandbox_status(struct runtime *runtime, const char *id, struct runtime_sandbox *ret_sandbox, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        const struct runtime_sandbox *sandbox = find_sandbox(fake, id);
        if (begin(fake, "sandbox_status", err) < 0)
            return -1;
        if (!sandbox)
            return not_found(err, "sandbox", id);
        copy_sandbox(ret_sandbox, sandbox);
    }
    return 0;
}

static bool matches(const struct runtime_filter *filter, const char *id, const struct runtime_pairs *labels) {
    return !filter || ((!filter->id || strcmp(filter->id, id) == 0) &&
                       (!filter->pod_uid || str_equal(filter->pod_uid, runtime_pairs_get(labels, RUNTIME_LABEL_POD_UID))));
}

static int fake_list_sandboxes(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_sandboxes,
                               struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "list_sandboxes", err) < 0)
            return -1;
        struct vec list = VEC_OF(struct runtime_sandbox);
        for (size_t i = 0; i < fake->sandboxes.len; i++) {
            const struct runtime_sandbox *row = VEC_AT(&fake->sandboxes, struct runtime_sandbox, i);
            if (matches(filter, row->id, &row->labels))
                copy_sandbox(vec_push_zero(&list), row);
        }
        *ret_sandboxes = list;
    }
    return 0;
}

// --- containers ----------------------------------------------------------------------------------------------------------------

static int fake_create_container(struct runtime *runtime, const char *sandbox_id, const struct runtime_container_config *config,
                                 const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "create_container", err) < 0)
            return -1;
        if (!find_sandbox(fake, sandbox_id))
            return not_found(err, "sandbox", sandbox_id);
        struct runtime_container container = {.sandbox_id = alloc_string(sandbox_id),
                                              .name = alloc_string(config->name),
                                              .attempt = config->attempt,
                                              .image = alloc_string(config->image),
                                              .image_ref = alloc_string(config->image),
                                              .state = RUNTIME_CONTAINER_CREATED,
                                              .created_at = clock_wall(fake->clock) + fake->next_id,
                                              .log_path = alloc_printf("%s/%s", sandbox->log_directory, config->log_path)};
        container.id = alloc_printf("container-%u", ++fake->next_id);
        copy_pairs(&container.labels, &config->labels);
        copy_pairs(&container.annotations, &config->annotations);
        *ret_id = alloc_string(container.id);
        vec_push(&fake->containers, &container);
    }
    return 0;
}

static int fake_start_container(struct runtime *runtime, const char *id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        struct runtime_container *container = find_container(fake, id);
        if (!container)
            return not_found(err, "container", id);
        if (begin(fake, "start_container", err) < 0) {
            end_container(fake, container, 128);
            free(container->reason);
            free(container->message);
            container->reason = alloc_string("StartError");
            container->message = alloc_string(fake->fail_message);
            return -1;
        }
        container->state = RUNTIME_CONTAINER_RUNNING;
        container->started_at = clock_wall(fake->clock);
        emit(fake, RUNTIME_EVENT_STARTED, id);
    }
    return 0;
}

static int fake_stop_container(struct runtime *runtime, const char *id, int64_t grace_seconds, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    (void)grace_seconds;
    LOCKED(&fake->lock) {
        struct runtime_container *container = find_container(fake, id);
        if (begin(fake, "stop_container", err) < 0)
            return -1;
        if (!container)
            return not_found(err, "container", id);
        if (container->state == RUNTIME_CONTAINER_RUNNING)
            end_container(fake, container, 0);
    }
    return 0;
}

static int fake_remove_container(struct runtime *runtime, const char *id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "remove_container", err) < 0)
            return -1;
        for (size_t i = fake->containers.len; i-- > 0;) {
            struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
            if (strcmp(row->id, id) != 0)
                continue;
            runtime_container_clear(row);
            vec_remove(&fake->containers, i);
        }
    }
    return 0;
}

static int fake_container_status(struct runtime *runtime, const char *id, struct runtime_container *ret_container,
                                 struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        const struct runtime_container *container = find_container(fake, id);
        if (begin(fake, "container_status", err) < 0)
            return -1;
        if (!container)
            return not_found(err, "container", id);
        copy_container(ret_container, container);
    }
    return 0;
}

static int fake_list_containers(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_containers,
                                struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "list_containers", err) < 0)
            return -1;
        struct vec list = VEC_OF(struct runtime_container);
        for (size_t i = 0; i < fake->containers.len; i++) {
            const struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
            if (matches(filter, row->id, &row->labels))
                copy_container(vec_push_zero(&list), row);
        }
        *ret_containers = list;
    }
    return 0;
}

static int fake_exec_sync(struct runtime *runtime, const char *id, const struct str_list *command, int64_t timeout_seconds,
                          struct runtime_exec_result *ret_result, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    (void)command;
    (void)timeout_seconds;
    LOCKED(&fake->lock) {
        if (begin(fake, "exec_sync", err) < 0)
            return -1;
        if (!find_container(fake, id))
            return not_found(err, "container", id);
        struct runtime_exec_result result = {.exit_code = fake->exec_exit_code};
        str_append(&result.out, fake->exec_out ? fake->exec_out : "");
        *ret_result = result;
    }
    return 0;
}

static int fake_reopen_log(struct runtime *runtime, const char *id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    (void)id;
    LOCKED(&fake->lock) {
        return begin(fake, "reopen_log", err);
    }
    return 0;
}

static int fake_container_stats(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_stats,
                                struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "container_stats", err) < 0)
            return -1;
        struct vec list = VEC_OF(struct runtime_container_stats);
        for (size_t i = 0; i < fake->containers.len; i++) {
            const struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
            if (row->state != RUNTIME_CONTAINER_RUNNING || !matches(filter, row->id, &row->labels))
                continue;
            struct runtime_container_stats *stats = vec_push_zero(&list);
            stats->id = alloc_string(row->id);
            copy_pairs(&stats->labels, &row->labels);
            stats->timestamp = clock_wall(fake->clock);
        }
        *ret_stats = list;
    }
    return 0;
}

// --- images --------------------------------------------------------------------------------------------------------------------

static int fake_pull_image(struct runtime *runtime, const char *image, const struct runtime_auth *auth,
                           const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    (void)auth;
    (void)sandbox;
    LOCKED(&fake->lock) {
        if (begin(fake, "pull_image", err) < 0)
            return -1;
        if (!str_list_contains(&fake->images, image))
            str_list_add(&fake->images, image);
        *ret_id = alloc_string(image);
    }
    return 0;
}

static int fake_image_status(struct runtime *runtime, const char *image, struct runtime_image *ret_image, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "image_status", err) < 0)
            return -1;
        *ret_image = (struct runtime_image){0};
        if (!str_list_contains(&fake->images, image))
            return 0;
        ret_image->id = alloc_string(image);
        str_list_add(&ret_image->tags, image);
        ret_image->size = 1000;
    }
    return 0;
}

static int fake_list_images(struct runtime *runtime, struct vec *ret_images, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "list_images", err) < 0)
            return -1;
        struct vec list = VEC_OF(struct runtime_image);
        for (size_t i = 0; i < fake->images.len; i++) {
            struct runtime_image *row = vec_push_zero(&list);
            row->id = alloc_string(fake->images.items[i]);
            str_list_add(&row->tags, fake->images.items[i]);
        }
        *ret_images = list;
    }
    return 0;
}

static int fake_remove_image(struct runtime *runtime, const char *image, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "remove_image", err) < 0)
            return -1;
        str_list_remove(&fake->images, image);
    }
    return 0;
}

// --- events and life -----------------------------------------------------------------------------------------------------------

static void free_event(struct fake_event *event) {
    free(event->id);
    free(event);
}

static int fake_events(struct runtime *runtime, void (*on_ready)(void *context),
                       void (*on_event)(void *context, const struct runtime_event *event), void *context,
                       struct stream_stop *stop, struct error **err) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        if (begin(fake, "events", err) < 0)
            return -1;
    }
    on_ready(context);
    while (!stop->stopped) {
        struct fake_event *event = NULL;
        LOCKED(&fake->lock) {
            // Stopping comes without a signal, so the wait has a bound by the real clock.
            if (list_empty(&fake->events))
                clock_wait(clock_system(), &fake->cond, &fake->lock, clock_monotonic(clock_system()) + EVENT_CHECK);
            struct list_node *node = list_pop_front(&fake->events);
            event = node ? CONTAINER_OF(node, struct fake_event, node) : NULL;
        }
        if (!event)
            continue;
        const struct runtime_event shown = {.type = event->type, .id = event->id};
        on_event(context, &shown);
        free_event(event);
    }
    return 0;
}

static void fake_free(struct runtime *runtime) {
    struct fake_runtime *fake = fake_of(runtime);
    runtime_sandboxes_free(&fake->sandboxes);
    runtime_containers_free(&fake->containers);
    str_list_free(&fake->images);
    for (struct list_node *node; (node = list_pop_front(&fake->events));)
        free_event(CONTAINER_OF(node, struct fake_event, node));
    map_free(&fake->calls);
    free(fake->fail_call);
    free(fake->fail_message);
    free(fake->exec_out);
    cond_destroy(&fake->cond);
    lock_destroy(&fake->lock);
    free(fake);
}

static const struct runtime_ops fake_ops = {
    .name = "fake",
    .version = fake_version,
    .status = fake_status,
    .run_sandbox = fake_run_sandbox,
    .stop_sandbox = fake_stop_sandbox,
    .remove_sandbox = fake_remove_sandbox,
    .sandbox_status = fake_sandbox_status,
    .list_sandboxes = fake_list_sandboxes,
    .create_container = fake_create_container,
    .start_container = fake_start_container,
    .stop_container = fake_stop_container,
    .remove_container = fake_remove_container,
    .container_status = fake_container_status,
    .list_containers = fake_list_containers,
    .exec_sync = fake_exec_sync,
    .reopen_log = fake_reopen_log,
    .container_stats = fake_container_stats,
    .pull_image = fake_pull_image,
    .image_status = fake_image_status,
    .list_images = fake_list_images,
    .remove_image = fake_remove_image,
    .events = fake_events,
    .free = fake_free,
};

struct runtime *fake_runtime_new(struct clock *clock) {
    struct fake_runtime *fake = alloc_zero(sizeof(*fake));
    fake->base.ops = &fake_ops;
    fake->clock = clock;
    fake->sandboxes = VEC_OF(struct runtime_sandbox);
    fake->containers = VEC_OF(struct runtime_container);
    list_init(&fake->events);
    lock_init(&fake->lock, "fake_runtime");
    cond_init(&fake->cond);
    return &fake->base;
}

void fake_runtime_add_image(struct runtime *runtime, const char *image) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        str_list_add(&fake->images, image);
    }
}

bool fake_runtime_exit(struct runtime *runtime, const char *pod_uid, const char *container, int exit_code) {
    struct fake_runtime *fake = fake_of(runtime);
    bool found = false;
    LOCKED(&fake->lock) {
        for (size_t i = fake->containers.len; i-- > 0 && !found;) {
            struct runtime_container *row = VEC_AT(&fake->containers, struct runtime_container, i);
            if (strcmp(row->name, container) != 0 || row->state != RUNTIME_CONTAINER_RUNNING ||
                !str_equal(runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID), pod_uid))
                continue;
            end_container(fake, row, exit_code);
            found = true;
        }
    }
    return found;
}

void fake_runtime_fail_next(struct runtime *runtime, const char *call, const char *message) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        free(fake->fail_call);
        free(fake->fail_message);
        fake->fail_call = alloc_string_or_null(call);
        fake->fail_message = alloc_string_or_null(message);
    }
}

size_t fake_runtime_calls(struct runtime *runtime, const char *call) {
    struct fake_runtime *fake = fake_of(runtime);
    size_t count = 0;
    LOCKED(&fake->lock) {
        count = (size_t)(intptr_t)map_get(&fake->calls, call);
    }
    return count;
}

void fake_runtime_set_exec(struct runtime *runtime, int exit_code, const char *out) {
    struct fake_runtime *fake = fake_of(runtime);
    LOCKED(&fake->lock) {
        fake->exec_exit_code = exit_code;
        free(fake->exec_out);
        fake->exec_out = alloc_string_or_null(out);
    }
}
