// SPDX-License-Identifier: Apache-2.0
// The acting half of starting: volumes, sandbox, image, container, post-start hook.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/time_format.h"
#include "kubelet/container_config.h"
#include "kubelet/handler.h"
#include "kubelet/pod_decide.h"
#include "kubelet/pod_worker.h"
#include "kubelet/pull_secrets.h"
#include "kubelet/sandbox_config.h"
#include "kubelet/volume/volumes.h"

#define RETRY (10 * SECOND)             // upstream's back-off of a sync that failed
#define START_FAILURE_SHOWN SECOND      // RunContainerError is seen before CrashLoopBackOff takes its place
#define PULL_FAILURE_SHOWN (5 * SECOND) // ErrImagePull before ImagePullBackOff
#define REMOVE_RETRY (200 * MILLISECOND)
#define MOUNT_RETRY (500 * MILLISECOND)
#define MOUNT_RETRY_MAX (122 * SECOND)

// --- volumes -------------------------------------------------------------------------------------------------------------------

bool pod_start_volumes(struct pod_sync_state *sync) {
    struct pod_worker *worker = sync->worker;
    struct clock *clock = worker->pods->config.clock;
    if (sync->volumes_ready)
        return true;
    AUTO_ERROR failure = NULL;
    map_clear(&sync->volume_paths);
    if (file_make_directories(worker->folder, 0750, &failure) == 0 &&
        file_make_directories(worker->log_folder, 0755, &failure) == 0 &&
        volumes_set_up(sync->context.objects, sync->pod, worker->folder, &sync->volume_paths, &failure) == 0) {
        sync->volumes_ready = true;
        worker->mount_failures = 0;
        return true;
    }
    int64_t delay = MIN(MOUNT_RETRY << MIN(worker->mount_failures, 8), MOUNT_RETRY_MAX);
    worker->mount_failures++;
    pod_event_warning(worker, sync->object, NULL, "FailedMount", "%s", error_message(failure));
    pod_worker_wake_at(worker, clock_monotonic(clock) + delay);
    return false;
}

// --- sandbox -------------------------------------------------------------------------------------------------------------------

static bool sandbox_failed(struct pod_sync_state *sync, const struct error *failure) {
    struct pod_worker *worker = sync->worker;
    pod_event_warning(worker, sync->object, NULL, "FailedCreatePodSandBox", "Failed to create pod sandbox: %s",
                      error_message(failure));
    int64_t at = clock_wall(worker->pods->config.clock) + RETRY;
    LOCKED(&worker->lock) {
        worker->memory.sandbox_retry_at = at;
    }
    return true; // the next round plans the wake-up
}

bool pod_start_sandbox(struct pod_sync_state *sync, uint32_t attempt) {
    struct pod_worker *worker = sync->worker;
    struct runtime *runtime = worker->pods->config.runtime;
    if (!worker->cgroup_made)
        cgroups_add_pod(worker->pods->config.cgroups, sync->pod);
    worker->cgroup_made = true;
    if (sandbox_config_lacks_dns(&sync->context) && worker->pods->config.options->cluster_domain[0])
        pod_event_warning(
            worker, sync->object, NULL, "MissingClusterDNS",
            "pod: \"%s_%s(%s)\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" "
            "policy. Falling back to \"Default\" policy.",
            worker->name, worker->ns, worker->uid);
    if (attempt > 0)
        pod_event_normal(worker, sync->object, NULL, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *config = NULL;
    CLEANUP(free_ptr) char *id = NULL;
    AUTO_ERROR failure = NULL;
    // A new sandbox has a new address: the hosts file is written again.
    AUTO_STR hosts = {0};
    str_printf(&hosts, "%s/etc-hosts", worker->folder);
    unlink(str_text(&hosts));
    if (sandbox_config_make(&sync->context, attempt, &config, &failure) < 0 ||
        runtime->ops->run_sandbox(runtime, config, &id, &failure) < 0)
        return sandbox_failed(sync, failure);
    pod_worker_know(worker, id);
    return true;
}

// --- images --------------------------------------------------------------------------------------------------------------------

// What a pull on another thread needs when it ends.
struct pull_context {
    struct pod_worker *worker;
    const struct object *object;
    char *container, *image;
};

static void fail_start(struct pod_sync_state *sync, const struct pod_action *action, const char *reason, const char *message,
                       int64_t retry_after) {
    struct pod_worker *worker = sync->worker;
    int64_t now = clock_wall(worker->pods->config.clock);
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, action->name);
        pod_memory_waiting(memory, reason, message);
        memory->retry_at = now + retry_after;
    }
}

static void pull_done(void *context, struct images_result *result) {
    struct pull_context *pull = context;
    struct pod_worker *worker = pull->worker;
    int64_t now = clock_wall(worker->pods->config.clock);
    if (result->error) {
        pod_event_warning(worker, pull->object, pull->container, "Failed", "Failed to pull image \"%s\": %s", pull->image,
                          error_message(result->error));
        pod_event_warning(worker, pull->object, pull->container, "Failed", "Error: ErrImagePull");
    } else {
        char took[TIME_TEXT_SIZE], waited[TIME_TEXT_SIZE];
        int64_t milli = MILLISECOND;
        pod_event_normal(worker, pull->object, pull->container, "Pulled",
                         "Successfully pulled image \"%s\" in %s (%s including waiting). Image size: %" PRIu64 " bytes.",
                         pull->image, duration_format(result->duration / milli * milli, took),
                         duration_format(result->waited / milli * milli, waited), result->size);
    }
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, pull->container);
        memory->pulling = false;
        if (result->error) {
            pod_memory_waiting(memory, "ErrImagePull", error_message(result->error));
            memory->retry_at = now + PULL_FAILURE_SHOWN;
        } else {
            free(memory->image_id);
            memory->image_id = alloc_string(result->image_id);
            memory->image_announced = true;
            memory->retry_at = 0;
            pod_memory_waiting(memory, NULL, NULL);
        }
    }
    object_unref(pull->object);
    free(pull->container);
    free(pull->image);
    free(pull);
    pod_worker_end(worker);
}

static void start_pull(struct pod_sync_state *sync, const struct pod_action *action, const char *image) {
    struct pod_worker *worker = sync->worker;
    struct pull_context *pull = alloc_zero(sizeof(*pull));
    pull->worker = worker;
    pull->object = object_ref(sync->object);
    pull->container = alloc_string(action->name);
    pull->image = alloc_string(json_get_text(action->container, "image"));
    pod_event_normal(worker, sync->object, action->name, "Pulling", "Pulling image \"%s\"", pull->image);
    LOCKED(&worker->lock) {
        pod_memory_container(&worker->memory, action->name)->pulling = true;
    }
    CLEANUP(pull_secrets_freep) struct pull_secret *secret = pull_secrets_find(&sync->context, image);
    pod_worker_begin(worker);
    images_pull(worker->pods->images, image, secret ? &secret->auth : NULL, pull_done, pull);
}

// Reads the image; ret_image->id stays NULL while it is not there (a pull was started or failed lately, memory says which).
static void find_image(struct pod_sync_state *sync, const struct pod_action *action, struct runtime_image *ret_image) {
    struct pod_worker *worker = sync->worker;
    struct runtime *runtime = worker->pods->config.runtime;
    const char *named = json_get_text(action->container, "image");
    if (images_name_error(named)) {
        CLEANUP(free_ptr)
        char *message = alloc_printf("Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": %s", named,
                                     named, images_name_error(named));
        pod_event_warning(worker, sync->object, action->name, "InspectFailed", "%s", message);
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: InvalidImageName");
        fail_start(sync, action, "InvalidImageName", message, RETRY);
        return;
    }
    CLEANUP(free_ptr) char *image = images_with_tag(named);
    const char *policy = json_get_string(action->container, "imagePullPolicy");
    if (str_empty(policy))
        policy = images_default_policy(named);
    CLEANUP(free_ptr) char *pulled = NULL;
    LOCKED(&worker->lock) {
        pulled = STEAL(pod_memory_container(&worker->memory, action->name)->image_id);
    }
    AUTO_ERROR failure = NULL;
    if (runtime->ops->image_status(runtime, pulled ? pulled : image, ret_image, &failure) < 0) {
        fail_start(sync, action, "ImageInspectError", error_message(failure), RETRY);
        pod_event_warning(worker, sync->object, action->name, "InspectFailed", "Failed to inspect image \"%s\": %s", named,
                          error_message(failure));
        return;
    }
    if (pulled && ret_image->id)
        return;
    bool always = str_equal(policy, "Always");
    if (ret_image->id && !always) {
        pod_event_normal(worker, sync->object, action->name, "Pulled", "Container image \"%s\" already present on machine",
                         named);
        return;
    }
    runtime_image_clear(ret_image);
    if (str_equal(policy, "Never")) {
        CLEANUP(free_ptr) char *message = alloc_printf("Container image \"%s\" is not present with pull policy of Never", named);
        pod_event_warning(worker, sync->object, action->name, "ErrImageNeverPull", "%s", message);
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: ErrImageNeverPull");
        fail_start(sync, action, "ErrImageNeverPull", message, RETRY);
        return;
    }
    CLEANUP(free_ptr) char *last = NULL;
    int64_t now = clock_wall(worker->pods->config.clock);
    int64_t at = images_retry_at(worker->pods->images, image, &last);
    if (at > now) {
        CLEANUP(free_ptr)
        char *message = alloc_printf("Back-off pulling image \"%s\": ErrImagePull: %s", named, last ? last : "");
        fail_start(sync, action, "ImagePullBackOff", message, at - now);
        pod_event_normal(worker, sync->object, action->name, "BackOff", "Back-off pulling image \"%s\"", named);
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: ImagePullBackOff");
        return;
    }
    start_pull(sync, action, image);
}

// --- hooks ---------------------------------------------------------------------------------------------------------------------

struct hook_context {
    struct pod_worker *worker;
    const struct object *object;
    char *container, *container_id, *pod_ip;
};

static void run_post_start(void *argument) {
    struct hook_context *hook = argument;
    struct pod_worker *worker = hook->worker;
    AUTO_JSON pod = object_tree(hook->object);
    const struct json *container = json_array_find(json_find(pod, "spec.containers"), "name", hook->container, NULL);
    if (!container)
        container = json_array_find(json_find(pod, "spec.initContainers"), "name", hook->container, NULL);
    const struct handler_target target = {.runtime = worker->pods->config.runtime,
                                          .container = container,
                                          .container_id = hook->container_id,
                                          .pod_ip = hook->pod_ip};
    AUTO_STR message = {0};
    bool passed = handler_run(&target, json_find(container, "lifecycle.postStart"), &message);
    if (!passed)
        pod_event_warning(worker, hook->object, hook->container, "FailedPostStartHook", "PostStartHook failed: %s",
                          str_text(&message));
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, hook->container);
        memory->post_start_pending = false;
        memory->post_start_failed = !passed;
    }
    object_unref(hook->object);
    free(hook->container);
    free(hook->container_id);
    free(hook->pod_ip);
    free(hook);
    pod_worker_end(worker);
}

static void start_hook(struct pod_sync_state *sync, const struct pod_action *action, const char *id) {
    struct pod_worker *worker = sync->worker;
    struct hook_context *hook = alloc_zero(sizeof(*hook));
    hook->worker = worker;
    hook->object = object_ref(sync->object);
    hook->container = alloc_string(action->name);
    hook->container_id = alloc_string(id);
    hook->pod_ip = alloc_string(sync->pod_ips.len > 0 ? sync->pod_ips.items[0] : "");
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, action->name);
        // What is remembered is of this container from now on, so that the next look does not forget the hook's result.
        free(memory->running_id);
        memory->running_id = alloc_string(id);
        memset(memory->probes, 0, sizeof(memory->probes));
        memory->post_start_pending = true;
        memory->post_start_failed = false;
    }
    pod_worker_begin(worker);
    if (!thread_pool_submit(worker->pods->pool, run_post_start, hook))
        run_post_start(hook);
}

// --- container -----------------------------------------------------------------------------------------------------------------

// /var/log/containers/<pod>_<namespace>_<container>-<id>.log, which log collectors follow.
static void link_log(struct pod_sync_state *sync, const char *log_path, const char *name, const char *id) {
    struct pod_worker *worker = sync->worker;
    const char *folder = worker->pods->config.options->container_logs_dir;
    AUTO_STR link = {0}, target = {0};
    AUTO_ERROR failure = NULL;
    str_printf(&link, "%s/%s_%s_%s-%s.log", folder, worker->name, worker->ns, name, id);
    str_printf(&target, "%s/%s", worker->log_folder, log_path);
    if (file_make_directories(folder, 0755, &failure) < 0)
        log_warning("log link was not made, ignoring", "err", error_message(failure), NULL);
    else if (symlink(str_text(&target), str_text(&link)) < 0 && errno != EEXIST)
        log_warning("log link was not made, ignoring", "link", str_text(&link), "err", strerror(errno), NULL);
}

static bool run_container(struct pod_sync_state *sync, const struct pod_action *action,
                          const struct runtime_container_config *config) {
    struct pod_worker *worker = sync->worker;
    struct runtime *runtime = worker->pods->config.runtime;
    const struct runtime_sandbox *sandbox = pod_observed_sandbox(&sync->observed);
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *parent = NULL;
    CLEANUP(free_ptr) char *id = NULL;
    AUTO_ERROR failure = NULL;
    if (sandbox_config_make(&sync->context, sandbox->attempt, &parent, &failure) < 0 ||
        runtime->ops->create_container(runtime, sandbox->id, config, parent, &id, &failure) < 0) {
        const char *text = runtime_error_text(failure);
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: %s", text);
        fail_start(sync, action, "CreateContainerError", text, RETRY);
        return false;
    }
    pod_event_normal(worker, sync->object, action->name, "Created", "Created container: %s", action->name);
    pod_worker_know(worker, id);
    if (runtime->ops->start_container(runtime, id, &failure) < 0) {
        const char *text = runtime_error_text(failure);
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: %s", text);
        fail_start(sync, action, "RunContainerError", text, START_FAILURE_SHOWN);
        pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + START_FAILURE_SHOWN);
        return true;
    }
    pod_event_normal(worker, sync->object, action->name, "Started", "Started container %s", action->name);
    link_log(sync, config->log_path, action->name, id);
    LOCKED(&worker->lock) {
        struct pod_container_memory *memory = pod_memory_container(&worker->memory, action->name);
        memory->retry_at = 0;
        pod_memory_waiting(memory, NULL, NULL);
    }
    if (json_find(action->container, "lifecycle.postStart"))
        start_hook(sync, action, id);
    return true;
}

bool pod_start_container(struct pod_sync_state *sync, const struct pod_action *action) {
    struct pod_worker *worker = sync->worker;
    const struct runtime_container *before = pod_observed_container(&sync->observed, action->name, 0);
    if (!pod_start_volumes(sync))
        return false;
    struct runtime_image image = {0};
    find_image(sync, action, &image);
    if (!image.id)
        return true; // the next round sees what find_image remembered
    const struct container_config_request request = {.context = &sync->context,
                                                     .container = action->container,
                                                     .image = &image,
                                                     .attempt = action->attempt,
                                                     .least_oom_score = worker->pods->config.facts->least_oom_score};
    CLEANUP(runtime_container_config_freep) struct runtime_container_config *config = NULL;
    AUTO_ERROR failure = NULL;
    int made = container_config_make(&request, &config, &failure);
    runtime_image_clear(&image);
    if (made < 0) {
        pod_event_warning(worker, sync->object, action->name, "Failed", "Error: %s", error_message(failure));
        fail_start(sync, action, "CreateContainerConfigError", error_message(failure), RETRY);
        return true;
    }
    // The runtime may still be giving up the start of one that never ran: then it can be removed a little later.
    if (action->id && !pod_kill_remove_container(worker, before)) {
        pod_worker_wake_at(worker, clock_monotonic(worker->pods->config.clock) + REMOVE_RETRY);
        return false;
    }
    if (!action->id && before && before->state == RUNTIME_CONTAINER_EXITED) {
        int64_t now = clock_wall(worker->pods->config.clock);
        LOCKED(&worker->lock) {
            pod_decide_note_restart(pod_memory_container(&worker->memory, action->name), before->finished_at, now);
        }
    }
    return run_container(sync, action, config);
}
