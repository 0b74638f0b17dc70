// SPDX-License-Identifier: Apache-2.0
// All pods of the node: who runs when. One sync of a pod at a time, on a pool of threads that come and go; timers on one thread.
#include "kubelet/pods.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/client/informer.h"
#include "kubelet/pod_worker.h"
#include "kubelet/volume/volumes.h"

#define POOL_MAX 256
#define POOL_IDLE_SECONDS 5
#define DEFAULT_ORPHAN_GRACE_SECONDS 30

void pods_log_folder(const struct kubelet_options *options, const char *ns, const char *name, const char *uid, struct str *out) {
    str_printf(out, "%s/%s_%s_%s", options->pod_logs_dir, ns, name, uid);
}

// --- workers -------------------------------------------------------------------------------------------------------------------

static void worker_free(void *pointer) {
    struct pod_worker *worker = pointer;
    object_unref(worker->object);
    free(worker->uid);
    free(worker->ns);
    free(worker->name);
    free(worker->folder);
    free(worker->log_folder);
    str_list_free(&worker->ids);
    str_list_free(&worker->exited);
    pod_memory_free(&worker->memory);
    lock_destroy(&worker->lock);
    free(worker);
}

static bool timer_before(const struct heap_node *a, const struct heap_node *b) {
    const struct pod_worker *left = CONTAINER_OF(a, const struct pod_worker, timer);
    const struct pod_worker *right = CONTAINER_OF(b, const struct pod_worker, timer);
    return left->wake_at < right->wake_at;
}

// Under pods->lock.
static struct pod_worker *new_worker(struct pods *pods, const char *uid, const char *ns, const char *name) {
    struct pod_worker *worker = alloc_zero(sizeof(*worker));
    worker->pods = pods;
    worker->uid = alloc_string(uid);
    worker->ns = alloc_string(ns);
    worker->name = alloc_string(name);
    worker->folder = alloc_printf("%s/pods/%s", pods->config.options->root_dir, uid);
    AUTO_STR logs = {0};
    pods_log_folder(pods->config.options, ns, name, uid, &logs);
    worker->log_folder = str_take(&logs);
    worker->timer.index = HEAP_NONE;
    worker->wake_at = TIME_NEVER;
    lock_init(&worker->lock, "pod_worker");
    worker->memory.start_time = clock_wall(pods->config.clock);
    map_put(&pods->workers, uid, worker);
    return worker;
}

static void run_worker(void *argument);

// Under pods->lock.
static void queue_worker(struct pod_worker *worker) {
    struct pods *pods = worker->pods;
    heap_remove(&pods->timers, &worker->timer);
    worker->wake_at = TIME_NEVER;
    if (worker->state == POD_WORKER_RUNNING) {
        worker->again = true;
    } else if (worker->state == POD_WORKER_IDLE && !pods->stopping) {
        worker->state = POD_WORKER_QUEUED;
        if (!thread_pool_submit(pods->pool, run_worker, worker))
            worker->state = POD_WORKER_IDLE;
    }
}

// Under pods->lock: frees a worker that has nothing left to do.
static bool drop_if_finished(struct pod_worker *worker) {
    struct pods *pods = worker->pods;
    if (!worker->finished || worker->operations > 0 || worker->state != POD_WORKER_IDLE)
        return false;
    heap_remove(&pods->timers, &worker->timer);
    for (size_t i = 0; i < worker->ids.len; i++) {
        if (map_get(&pods->by_id, worker->ids.items[i]) == worker)
            map_remove(&pods->by_id, worker->ids.items[i]);
    }
    map_remove(&pods->workers, worker->uid);
    // A sync that ran while the pod was removed may have put one more status.
    if (pods->config.statuses)
        status_writer_forget(pods->config.statuses, worker->uid);
    worker_free(worker);
    return true;
}

static void run_worker(void *argument) {
    struct pod_worker *worker = argument;
    struct pods *pods = worker->pods;
    bool run = false;
    LOCKED(&pods->lock) {
        worker->state = pods->stopping ? POD_WORKER_IDLE : POD_WORKER_RUNNING;
        worker->again = false;
        run = worker->state == POD_WORKER_RUNNING;
    }
    if (!run)
        return;
    pod_sync(worker);
    LOCKED(&pods->lock) {
        worker->state = POD_WORKER_IDLE;
        if (!drop_if_finished(worker) && worker->again)
            queue_worker(worker);
    }
}

void pod_worker_wake(struct pod_worker *worker) {
    LOCKED(&worker->pods->lock) {
        queue_worker(worker);
    }
}

void pod_worker_wake_at(struct pod_worker *worker, int64_t monotonic) {
    struct pods *pods = worker->pods;
    LOCKED(&pods->lock) {
        if (monotonic < worker->wake_at) {
            heap_remove(&pods->timers, &worker->timer);
            worker->wake_at = monotonic;
            heap_push(&pods->timers, &worker->timer);
            if (heap_peek(&pods->timers) == &worker->timer)
                cond_signal(&pods->cond);
        }
    }
}

void pod_worker_begin(struct pod_worker *worker) {
    LOCKED(&worker->pods->lock) {
        worker->operations++;
    }
}

void pod_worker_end(struct pod_worker *worker) {
    LOCKED(&worker->pods->lock) {
        worker->operations--;
        if (!drop_if_finished(worker))
            queue_worker(worker);
    }
}

void pod_worker_know(struct pod_worker *worker, const char *id) {
    LOCKED(&worker->pods->lock) {
        str_list_add(&worker->ids, id);
        map_put(&worker->pods->by_id, id, worker);
    }
}

static void dispatch(void *argument) {
    struct pods *pods = argument;
    LOCKED(&pods->lock) {
        while (!pods->stopping) {
            int64_t now = clock_monotonic(pods->config.clock);
            struct heap_node *first = heap_peek(&pods->timers);
            struct pod_worker *worker = first ? CONTAINER_OF(first, struct pod_worker, timer) : NULL;
            if (worker && worker->wake_at <= now)
                queue_worker(worker);
            else
                clock_wait(pods->config.clock, &pods->cond, &pods->lock, worker ? worker->wake_at : TIME_NEVER);
        }
    }
}

// --- probes --------------------------------------------------------------------------------------------------------------------

static void hold_worker(void *owner) {
    pod_worker_begin(owner);
}

static void release_worker(void *owner) {
    struct pod_worker *worker = owner;
    LOCKED(&worker->pods->lock) {
        worker->operations--;
        drop_if_finished(worker);
    }
}

static const char *const probe_words[POD_PROBE_COUNT] = {"Startup", "Liveness", "Readiness"};

static void probe_reported(void *owner, const struct probes_outcome *outcome) {
    struct pod_worker *worker = owner;
    bool changed = false;
    if (outcome->message) {
        AUTO_OBJECT object = NULL;
        LOCKED(&worker->pods->lock) {
            object = worker->object ? object_ref(worker->object) : NULL;
        }
        if (object)
            pod_event_warning(worker, object, outcome->container, "Unhealthy", "%s probe failed: %s", probe_words[outcome->probe],
                              outcome->message);
    }
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, outcome->container);
        if (outcome->crossed && str_equal(memory->running_id, outcome->container_id) &&
            memory->probes[outcome->probe] != outcome->result) {
            memory->probes[outcome->probe] = outcome->result;
            changed = true;
        }
    }
    if (changed)
        pod_worker_wake(worker);
}

// --- life ----------------------------------------------------------------------------------------------------------------------

struct pods *pods_new(const struct pods_config *config) {
    struct pods *pods = alloc_zero(sizeof(*pods));
    pods->config = *config;
    pods->workers = MAP_OWNING(worker_free);
    pods->timers.before = timer_before;
    lock_init(&pods->lock, "pods");
    cond_init(&pods->cond);
    pods->pool = thread_pool_new("pod", POOL_MAX, POOL_IDLE_SECONDS);
    size_t parallel = config->options->serialize_image_pulls ? 1 : (size_t)MAX(config->options->max_parallel_pulls, 0);
    pods->images = images_new(
        &(struct images_config){.runtime = config->runtime, .clock = config->clock, .pool = pods->pool, .parallel = parallel});
    pods->probes = probes_new(&(struct probes_config){.runtime = config->runtime,
                                                      .clock = config->clock,
                                                      .pool = pods->pool,
                                                      .report = probe_reported,
                                                      .hold = hold_worker,
                                                      .release = release_worker});
    return pods;
}

void pods_start(struct pods *pods) {
    pods->dispatcher = thread_start("pods", dispatch, pods);
}

void pods_stop(struct pods *pods) {
    LOCKED(&pods->lock) {
        pods->stopping = true;
        cond_broadcast(&pods->cond);
    }
    if (pods->dispatcher)
        thread_join(pods->dispatcher);
    pods->dispatcher = NULL;
    probes_stop(pods->probes);
    if (pods->pool)
        thread_pool_stop(pods->pool);
    pods->pool = NULL;
}

void pods_free(struct pods *pods) {
    if (!pods)
        return;
    pods_stop(pods);
    probes_free(pods->probes);
    images_free(pods->images);
    map_free(&pods->by_id);
    heap_free(&pods->timers); // its nodes live in the workers
    map_free(&pods->workers);
    cond_destroy(&pods->cond);
    lock_destroy(&pods->lock);
    free(pods);
}

// --- input ---------------------------------------------------------------------------------------------------------------------

void pods_update(struct pods *pods, const struct object *pod) {
    LOCKED(&pods->lock) {
        struct pod_worker *worker = map_get(&pods->workers, pod->uid);
        if (!worker)
            worker = new_worker(pods, pod->uid, pod->ns, pod->name);
        object_unref(worker->object);
        worker->object = object_ref(pod);
        pods->updates++;
        queue_worker(worker);
    }
}

void pods_removed(struct pods *pods, const struct object *pod) {
    LOCKED(&pods->lock) {
        struct pod_worker *worker = map_get(&pods->workers, pod->uid);
        if (worker) {
            worker->gone = true;
            pods->updates++;
            queue_worker(worker);
        }
    }
    if (pods->config.statuses)
        status_writer_forget(pods->config.statuses, pod->uid);
}

void pods_runtime_event(struct pods *pods, const struct runtime_event *event) {
    LOCKED(&pods->lock) {
        struct pod_worker *worker = map_get(&pods->by_id, event->id);
        if (worker) {
            if (event->type == RUNTIME_EVENT_STOPPED) {
                LOCKED(&worker->lock) {
                    if (!str_list_contains(&worker->exited, event->id))
                        str_list_add(&worker->exited, event->id);
                }
            }
            if (event->type == RUNTIME_EVENT_STOPPED || event->type == RUNTIME_EVENT_DELETED)
                queue_worker(worker);
        }
    }
}

void pods_wake_all(struct pods *pods) {
    LOCKED(&pods->lock) {
        for (struct map_iter it = {.map = &pods->workers}; map_next(&it);)
            queue_worker(it.value);
    }
}

// --- orphans -------------------------------------------------------------------------------------------------------------------

// A pod that only the runtime knows: a worker is made for it, which ends and removes it. Its object is made of the labels.
static void adopt_orphan(struct pods *pods, const char *uid, const char *ns, const char *name, const char *grace) {
    int64_t seconds = DEFAULT_ORPHAN_GRACE_SECONDS;
    if (grace && !str_to_int64(grace, &seconds))
        seconds = DEFAULT_ORPHAN_GRACE_SECONDS;
    AUTO_JSON tree = json_new_object();
    json_set_string(tree, "kind", "Pod");
    json_set_string(tree, "apiVersion", "v1");
    json_put_string(tree, "metadata.name", name);
    json_put_string(tree, "metadata.namespace", ns);
    json_put_string(tree, "metadata.uid", uid);
    json_put(tree, "spec.terminationGracePeriodSeconds", json_new_int(seconds));
    json_put(tree, "spec.containers", json_new_array());
    struct object *object = NULL;
    AUTO_ERROR failure = NULL;
    if (object_new(tree, NULL, &object, &failure) < 0) {
        log_error("can't clean up a pod that the API does not know, ignoring", "podUID", uid, "err", error_message(failure),
                  NULL);
        return;
    }
    log_info("cleaning up orphaned pod", "pod", name, "namespace", ns, "podUID", uid, NULL);
    LOCKED(&pods->lock) {
        if (!map_has(&pods->workers, uid)) {
            struct pod_worker *worker = new_worker(pods, uid, ns, name);
            worker->object = object_ref(object);
            worker->gone = true;
            queue_worker(worker);
        }
    }
    object_unref(object);
}

static void orphans_in_runtime(struct pods *pods) {
    struct runtime *runtime = pods->config.runtime;
    struct vec sandboxes = VEC_OF(struct runtime_sandbox), containers = VEC_OF(struct runtime_container);
    AUTO_ERROR failure = NULL;
    if (runtime->ops->list_sandboxes(runtime, NULL, &sandboxes, &failure) < 0 ||
        runtime->ops->list_containers(runtime, NULL, &containers, &failure) < 0) {
        log_error("can't list what the runtime has; orphans stay until the next start", "err", error_message(failure), NULL);
        runtime_sandboxes_free(&sandboxes);
        return;
    }
    for (size_t i = 0; i < containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&containers, struct runtime_container, i);
        const char *uid = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID);
        const char *name = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_NAME);
        const char *ns = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_NAMESPACE);
        bool known = true;
        LOCKED(&pods->lock) {
            known = uid && map_has(&pods->workers, uid);
        }
        if (uid && name && ns && !known)
            adopt_orphan(pods, uid, ns, name, runtime_pairs_get(&row->annotations, RUNTIME_ANNOTATION_GRACE_PERIOD));
    }
    for (size_t i = 0; i < sandboxes.len; i++) {
        const struct runtime_sandbox *row = VEC_AT(&sandboxes, struct runtime_sandbox, i);
        const char *label = runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID);
        bool known = true;
        LOCKED(&pods->lock) {
            known = !label || map_has(&pods->workers, label);
        }
        if (!known)
            adopt_orphan(pods, label, row->ns, row->name, NULL);
    }
    runtime_sandboxes_free(&sandboxes);
    runtime_containers_free(&containers);
}

static bool is_known(struct pods *pods, const char *uid) {
    bool known = false;
    LOCKED(&pods->lock) {
        known = map_has(&pods->workers, uid);
    }
    return known;
}

// Folders in `parent` named after a pod that nobody knows: <UID>, or of logs <namespace>_<name>_<UID>.
static void orphaned_folders(struct pods *pods, const char *parent, bool logs) {
    AUTO_STR_LIST folders = {0};
    if (!file_is_directory(parent) || file_list(parent, &folders, NULL) < 0)
        return;
    for (size_t i = 0; i < folders.len; i++) {
        const char *underscore = strrchr(folders.items[i], '_');
        if (logs && !underscore)
            continue;
        AUTO_STR path = {0};
        AUTO_ERROR failure = NULL;
        str_printf(&path, "%s/%s", parent, folders.items[i]);
        if (!is_known(pods, logs ? underscore + 1 : folders.items[i]) && volumes_tear_down(str_text(&path), &failure) < 0)
            log_warning("orphaned pod's folder was not removed, ignoring", "path", str_text(&path), "err", error_message(failure),
                        NULL);
    }
}

// Links to logs of this kubelet's that are there no more.
static void orphaned_links(const struct kubelet_options *options) {
    AUTO_STR_LIST links = {0};
    AUTO_STR own = {0};
    str_printf(&own, "%s/", options->pod_logs_dir);
    if (!file_is_directory(options->container_logs_dir) || file_list(options->container_logs_dir, &links, NULL) < 0)
        return;
    for (size_t i = 0; i < links.len; i++) {
        AUTO_STR path = {0};
        char target[PATH_MAX];
        str_printf(&path, "%s/%s", options->container_logs_dir, links.items[i]);
        ssize_t len = readlink(str_text(&path), target, sizeof(target) - 1);
        if (len <= 0)
            continue;
        target[len] = '\0';
        if (str_starts(target, str_text(&own)) && access(target, F_OK) < 0 && errno == ENOENT)
            unlink(str_text(&path));
    }
}

void pods_clean_orphans(struct pods *pods) {
    const struct kubelet_options *options = pods->config.options;
    orphans_in_runtime(pods);
    AUTO_STR folder = {0};
    AUTO_STR_LIST groups = {0};
    str_printf(&folder, "%s/pods", options->root_dir);
    orphaned_folders(pods, str_text(&folder), false);
    orphaned_folders(pods, options->pod_logs_dir, true);
    orphaned_links(options);
    cgroups_pods(pods->config.cgroups, &groups);
    for (size_t i = 0; i < groups.len; i++) {
        if (!is_known(pods, groups.items[i]))
            cgroups_remove_pod(pods->config.cgroups, groups.items[i]);
    }
}

// --- questions -----------------------------------------------------------------------------------------------------------------

uint64_t pods_updates(struct pods *pods) {
    uint64_t updates = 0;
    LOCKED(&pods->lock) {
        updates = pods->updates;
    }
    return updates;
}

size_t pods_len(struct pods *pods) {
    size_t len = 0;
    LOCKED(&pods->lock) {
        len = pods->workers.len;
    }
    return len;
}

const struct object *pods_get(struct pods *pods, const char *ns, const char *name) {
    const struct object *found = NULL;
    LOCKED(&pods->lock) {
        for (struct map_iter it = {.map = &pods->workers}; map_next(&it);) {
            const struct pod_worker *worker = it.value;
            if (strcmp(worker->ns, ns) != 0 || strcmp(worker->name, name) != 0 || !worker->object)
                continue;
            // An old pod of this name may still be ending: the one that the API has wins.
            if (found && worker->gone)
                continue;
            object_unref(found);
            found = object_ref(worker->object);
        }
    }
    return found;
}

void pods_list(struct pods *pods, struct ptr_vec *out) {
    LOCKED(&pods->lock) {
        for (struct map_iter it = {.map = &pods->workers}; map_next(&it);) {
            const struct pod_worker *worker = it.value;
            if (worker->object && !worker->gone)
                ptr_vec_push(out, (void *)(uintptr_t)object_ref(worker->object));
        }
    }
}

bool pods_busy(struct pods *pods) {
    size_t operations = 0;
    LOCKED(&pods->lock) {
        for (struct map_iter it = {.map = &pods->workers}; map_next(&it);)
            operations += ((const struct pod_worker *)it.value)->operations;
    }
    return operations > 0;
}

bool pods_healthy(struct pods *pods) {
    // The dispatcher sleeps while nothing is due, so being able to take the lock and having no overdue timer is what counts.
    bool healthy = true;
    LOCKED(&pods->lock) {
        const struct heap_node *first = heap_peek(&pods->timers);
        const struct pod_worker *worker = first ? CONTAINER_OF(first, const struct pod_worker, timer) : NULL;
        healthy = !worker || worker->wake_at + MINUTE > clock_monotonic(pods->config.clock);
    }
    return healthy;
}
