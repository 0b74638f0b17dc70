// SPDX-License-Identifier: Apache-2.0
// The runtime over a CRI v1 socket: each operation is one gRPC call.
//
// Events: CRI's own stream where the runtime has it; containerd before 1.7 has not, so containerd's event service is used there.
#include "kubelet/runtime/cri.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/grpc.h"
#include "kubelet/runtime/cri_messages.h"

#define STATUS_TIMEOUT (30 * SECOND) // as long as upstream trusts an old answer: then the node is not ready
#define RUNTIME_METHOD "/runtime.v1.RuntimeService/"
#define TASK_METHOD "/containerd.services.tasks.v1.Tasks/"
#define IMAGE_METHOD "/runtime.v1.ImageService/"

// Constant after cri_new. images == runtime where both services share an endpoint.
struct cri {
    struct runtime base;
    struct grpc_client *runtime;
    struct grpc_client *images;
    int64_t timeout;
};

static struct cri *cri_of(struct runtime *runtime) {
    return CONTAINER_OF(runtime, struct cri, base);
}

// What every error of this file carries as its reason, so that callers need not know gRPC.
static int named_error(struct error **err, struct error **from) {
    if (*from) {
        const char *code = grpc_code_name(grpc_error_code(*from));
        free((*from)->reason);
        (*from)->reason = alloc_string(code);
    }
    return error_move(err, from);
}

// A call to make.
struct rpc {
    struct grpc_client *client;
    const char *method;
    int64_t timeout;
    const ProtobufCMessage *request;
};

// One unary call. descriptor NULL: the reply is not looked at.
static int call(const struct rpc *rpc, const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_reply,
                struct error **err) {
    AUTO_STR packed = {0};
    size_t size = protobuf_c_message_get_packed_size(rpc->request);
    str_reserve(&packed, size + 1);
    packed.len = protobuf_c_message_pack(rpc->request, (uint8_t *)packed.data);
    AUTO_STR reply = {0};
    AUTO_ERROR failure = NULL;
    const struct grpc_request sent = {.method = rpc->method, .message = packed.data, .len = packed.len, .timeout = rpc->timeout};
    if (grpc_client_call(rpc->client, &sent, &reply, &failure) < 0) {
        struct error *taken = STEAL(failure);
        return named_error(err, &taken);
    }
    if (!descriptor)
        return 0;
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, reply.len, (const uint8_t *)str_text(&reply));
    if (!message)
        return error_set(err, "%s: the reply is no message of type %s", rpc->method,
                         descriptor->c_name ? descriptor->c_name : "CRI");
    *ret_reply = message;
    return 0;
}

static void free_message(void *pointer_to_message) {
    ProtobufCMessage **message = pointer_to_message;
    if (*message)
        protobuf_c_message_free_unpacked(*message, NULL);
}
#define AUTO_MESSAGE CLEANUP(free_message) ProtobufCMessage *

static char *words(const char *value) {
    return (char *)(uintptr_t)value;
}

// --- version and status --------------------------------------------------------------------------------------------------------

static int cri_version(struct runtime *runtime, struct runtime_version *ret_version, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__VersionRequest request = CRI__VERSION_REQUEST__INIT;
    request.version = words("0.1.0");
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "Version", cri->timeout, &request.base},
             &cri__version_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__VersionResponse *reply = (const Cri__VersionResponse *)message;
    *ret_version = (struct runtime_version){.name = alloc_string(reply->runtime_name),
                                            .version = alloc_string(reply->runtime_version),
                                            .api_version = alloc_string(reply->runtime_api_version)};
    return 0;
}

static int cri_status(struct runtime *runtime, struct runtime_status *ret_status, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__StatusRequest request = CRI__STATUS_REQUEST__INIT;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "Status", MIN(cri->timeout, STATUS_TIMEOUT), &request.base},
             &cri__status_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__StatusResponse *reply = (const Cri__StatusResponse *)message;
    struct runtime_status status = {0};
    for (size_t i = 0; reply->status && i < reply->status->n_conditions; i++) {
        const Cri__RuntimeCondition *row = reply->status->conditions[i];
        struct runtime_condition *to = strcmp(row->type, "RuntimeReady") == 0   ? &status.runtime
                                       : strcmp(row->type, "NetworkReady") == 0 ? &status.network
                                                                                : NULL;
        if (!to || to->reason)
            continue;
        *to = (struct runtime_condition){
            .ready = row->status, .reason = alloc_string(row->reason), .message = alloc_string(row->message)};
    }
    *ret_status = status;
    return 0;
}

// --- sandboxes -----------------------------------------------------------------------------------------------------------------

static int cri_run_sandbox(struct runtime *runtime, const struct runtime_sandbox_config *config, char **ret_id,
                           struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__RunPodSandboxRequest request = CRI__RUN_POD_SANDBOX_REQUEST__INIT;
    request.config = cri_messages_sandbox_config(&arena, config);
    request.runtime_handler = words(config->handler ? config->handler : "");
    AUTO_MESSAGE message = NULL;
    // Twice the usual time, as upstream: setting up the network may be slow.
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "RunPodSandbox", 2 * cri->timeout, &request.base},
             &cri__run_pod_sandbox_response__descriptor, &message, err) < 0)
        return -1;
    *ret_id = alloc_string(((const Cri__RunPodSandboxResponse *)message)->pod_sandbox_id);
    return 0;
}

static int sandbox_call(struct runtime *runtime, const char *method, const char *id, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__PodSandboxRequest request = CRI__POD_SANDBOX_REQUEST__INIT;
    request.pod_sandbox_id = words(id);
    return call(&(struct rpc){cri->runtime, method, cri->timeout, &request.base}, NULL, NULL, err);
}

static int cri_stop_sandbox(struct runtime *runtime, const char *id, struct error **err) {
    return sandbox_call(runtime, RUNTIME_METHOD "StopPodSandbox", id, err);
}

static int cri_remove_sandbox(struct runtime *runtime, const char *id, struct error **err) {
    return sandbox_call(runtime, RUNTIME_METHOD "RemovePodSandbox", id, err);
}

static int cri_sandbox_status(struct runtime *runtime, const char *id, struct runtime_sandbox *ret_sandbox, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__PodSandboxRequest request = CRI__POD_SANDBOX_REQUEST__INIT;
    request.pod_sandbox_id = words(id);
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "PodSandboxStatus", cri->timeout, &request.base},
             &cri__pod_sandbox_status_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__PodSandboxStatusResponse *reply = (const Cri__PodSandboxStatusResponse *)message;
    if (!reply->status)
        return error_set(err, "status of sandbox \"%s\": empty answer", id);
    struct runtime_sandbox sandbox = {0};
    cri_messages_take_sandbox_status(&sandbox, reply->status);
    *ret_sandbox = sandbox;
    return 0;
}

static void uid_selector(struct cri_arena *arena, const char *pod_uid, size_t *ret_len, Cri__Pair ***ret_pairs) {
    struct runtime_pair pair = {.key = words(RUNTIME_LABEL_POD_UID), .value = words(pod_uid)};
    struct runtime_pairs pairs = {.items = &pair, .len = pod_uid ? 1 : 0};
    cri_messages_pairs(arena, &pairs, ret_len, ret_pairs);
}

static int cri_list_sandboxes(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_sandboxes,
                              struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__PodSandboxFilter selector = CRI__POD_SANDBOX_FILTER__INIT;
    if (filter && filter->id)
        selector.id = words(filter->id);
    uid_selector(&arena, filter ? filter->pod_uid : NULL, &selector.n_label_selector, &selector.label_selector);
    Cri__ListPodSandboxRequest request = CRI__LIST_POD_SANDBOX_REQUEST__INIT;
    request.filter = &selector;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "ListPodSandbox", cri->timeout, &request.base},
             &cri__list_pod_sandbox_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ListPodSandboxResponse *reply = (const Cri__ListPodSandboxResponse *)message;
    struct vec list = VEC_OF(struct runtime_sandbox);
    for (size_t i = 0; i < reply->n_items; i++)
        cri_messages_take_sandbox(vec_push_zero(&list), reply->items[i]);
    *ret_sandboxes = list;
    return 0;
}

// --- containers ----------------------------------------------------------------------------------------------------------------

static int cri_create_container(struct runtime *runtime, const char *sandbox_id, const struct runtime_container_config *config,
                                const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__CreateContainerRequest request = CRI__CREATE_CONTAINER_REQUEST__INIT;
    request.pod_sandbox_id = words(sandbox_id);
    request.config = cri_messages_container_config(&arena, config);
    request.sandbox_config = cri_messages_sandbox_config(&arena, sandbox);
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "CreateContainer", cri->timeout, &request.base},
             &cri__create_container_response__descriptor, &message, err) < 0)
        return -1;
    *ret_id = alloc_string(((const Cri__CreateContainerResponse *)message)->container_id);
    return 0;
}

static int container_call(struct runtime *runtime, const char *method, const char *id, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ContainerRequest request = CRI__CONTAINER_REQUEST__INIT;
    request.container_id = words(id);
    return call(&(struct rpc){cri->runtime, method, cri->timeout, &request.base}, NULL, NULL, err);
}

static int cri_start_container(struct runtime *runtime, const char *id, struct error **err) {
    return container_call(runtime, RUNTIME_METHOD "StartContainer", id, err);
}

// A start that was broken off by kill -9 may leave a task that containerd's CRI does not know of: for it the container has ended,
// and yet can't be removed because of that task. containerd's own service knows it. What fails here shows in the next removal.
static void end_unknown_task(struct cri *cri, const char *id) {
    Cri__TaskRequest request = CRI__TASK_REQUEST__INIT;
    request.container_id = words(id);
    request.signal = SIGKILL;
    request.all = true;
    AUTO_ERROR killed = NULL;
    AUTO_ERROR deleted = NULL;
    if (call(&(struct rpc){cri->runtime, TASK_METHOD "Kill", cri->timeout, &request.base}, NULL, NULL, &killed) < 0)
        log_v(2, "task was not killed, ignoring", "container", id, "err", error_message(killed), NULL);
    request = (Cri__TaskRequest)CRI__TASK_REQUEST__INIT;
    request.container_id = words(id);
    if (call(&(struct rpc){cri->runtime, TASK_METHOD "Delete", cri->timeout, &request.base}, NULL, NULL, &deleted) < 0)
        log_v(2, "task was not deleted, ignoring", "container", id, "err", error_message(deleted), NULL);
}

static int cri_remove_container(struct runtime *runtime, const char *id, struct error **err) {
    AUTO_ERROR failure = NULL;
    if (container_call(runtime, RUNTIME_METHOD "RemoveContainer", id, &failure) == 0)
        return 0;
    if (!runtime_error_is(failure, "FailedPrecondition") || !strstr(error_message(failure), "cannot delete running task"))
        return error_move(err, &failure);
    end_unknown_task(cri_of(runtime), id);
    return container_call(runtime, RUNTIME_METHOD "RemoveContainer", id, err);
}

static int cri_reopen_log(struct runtime *runtime, const char *id, struct error **err) {
    return container_call(runtime, RUNTIME_METHOD "ReopenContainerLog", id, err);
}

// The time a call may take that itself waits for `seconds`.
static int64_t timeout_with(const struct cri *cri, int64_t seconds) {
    return seconds > INT_MAX ? 0 : cri->timeout + seconds * SECOND;
}

static int cri_stop_container(struct runtime *runtime, const char *id, int64_t grace_seconds, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__StopContainerRequest request = CRI__STOP_CONTAINER_REQUEST__INIT;
    request.container_id = words(id);
    request.timeout = grace_seconds;
    return call(&(struct rpc){cri->runtime, RUNTIME_METHOD "StopContainer", timeout_with(cri, grace_seconds), &request.base},
                NULL, NULL, err);
}

static int cri_container_status(struct runtime *runtime, const char *id, struct runtime_container *ret_container,
                                struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ContainerRequest request = CRI__CONTAINER_REQUEST__INIT;
    request.container_id = words(id);
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "ContainerStatus", cri->timeout, &request.base},
             &cri__container_status_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ContainerStatusResponse *reply = (const Cri__ContainerStatusResponse *)message;
    if (!reply->status)
        return error_set(err, "status of container \"%s\": empty answer", id);
    struct runtime_container container = {0};
    cri_messages_take_container_status(&container, reply->status);
    *ret_container = container;
    return 0;
}

static int cri_list_containers(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_containers,
                               struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__ContainerFilter selector = CRI__CONTAINER_FILTER__INIT;
    if (filter && filter->id)
        selector.id = words(filter->id);
    if (filter && filter->sandbox_id)
        selector.pod_sandbox_id = words(filter->sandbox_id);
    uid_selector(&arena, filter ? filter->pod_uid : NULL, &selector.n_label_selector, &selector.label_selector);
    Cri__ListContainersRequest request = CRI__LIST_CONTAINERS_REQUEST__INIT;
    request.filter = &selector;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "ListContainers", cri->timeout, &request.base},
             &cri__list_containers_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ListContainersResponse *reply = (const Cri__ListContainersResponse *)message;
    struct vec list = VEC_OF(struct runtime_container);
    for (size_t i = 0; i < reply->n_containers; i++)
        cri_messages_take_container(vec_push_zero(&list), reply->containers[i]);
    *ret_containers = list;
    return 0;
}

static int cri_exec_sync(struct runtime *runtime, const char *id, const struct str_list *command, int64_t timeout_seconds,
                         struct runtime_exec_result *ret_result, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ExecSyncRequest request = CRI__EXEC_SYNC_REQUEST__INIT;
    request.container_id = words(id);
    request.n_cmd = command->len;
    request.cmd = command->items;
    request.timeout = timeout_seconds;
    AUTO_MESSAGE message = NULL;
    int64_t timeout = timeout_seconds > 0 ? timeout_with(cri, timeout_seconds) : 0;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "ExecSync", timeout, &request.base}, &cri__exec_sync_response__descriptor,
             &message, err) < 0)
        return -1;
    const Cri__ExecSyncResponse *reply = (const Cri__ExecSyncResponse *)message;
    struct runtime_exec_result result = {.exit_code = reply->exit_code};
    str_append_n(&result.out, reply->stdout.data, reply->stdout.len);
    str_append_n(&result.errors, reply->stderr.data, reply->stderr.len);
    *ret_result = result;
    return 0;
}

static int cri_container_stats(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_stats,
                               struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__ContainerStatsFilter selector = CRI__CONTAINER_STATS_FILTER__INIT;
    if (filter && filter->id)
        selector.id = words(filter->id);
    uid_selector(&arena, filter ? filter->pod_uid : NULL, &selector.n_label_selector, &selector.label_selector);
    Cri__ListContainerStatsRequest request = CRI__LIST_CONTAINER_STATS_REQUEST__INIT;
    request.filter = &selector;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->runtime, RUNTIME_METHOD "ListContainerStats", cri->timeout, &request.base},
             &cri__list_container_stats_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ListContainerStatsResponse *reply = (const Cri__ListContainerStatsResponse *)message;
    struct vec list = VEC_OF(struct runtime_container_stats);
    for (size_t i = 0; i < reply->n_stats; i++)
        cri_messages_take_stats(vec_push_zero(&list), reply->stats[i]);
    *ret_stats = list;
    return 0;
}

// --- images --------------------------------------------------------------------------------------------------------------------

static int cri_pull_image(struct runtime *runtime, const char *image, const struct runtime_auth *auth,
                          const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err) {
    struct cri *cri = cri_of(runtime);
    AUTO_CRI_ARENA arena = {0};
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;
    spec.image = words(image);
    Cri__AuthConfig credentials = CRI__AUTH_CONFIG__INIT;
    Cri__PullImageRequest request = CRI__PULL_IMAGE_REQUEST__INIT;
    request.image = &spec;
    if (auth) {
        credentials.username = words(auth->username ? auth->username : "");
        credentials.password = words(auth->password ? auth->password : "");
        credentials.auth = words(auth->auth ? auth->auth : "");
        credentials.server_address = words(auth->server_address ? auth->server_address : "");
        credentials.identity_token = words(auth->identity_token ? auth->identity_token : "");
        credentials.registry_token = words(auth->registry_token ? auth->registry_token : "");
        request.auth = &credentials;
    }
    if (sandbox)
        request.sandbox_config = cri_messages_sandbox_config(&arena, sandbox);
    AUTO_MESSAGE message = NULL;
    // No bound of ours: the runtime itself gives up on a pull without progress.
    if (call(&(struct rpc){cri->images, IMAGE_METHOD "PullImage", 0, &request.base}, &cri__pull_image_response__descriptor,
             &message, err) < 0)
        return -1;
    *ret_id = alloc_string(((const Cri__PullImageResponse *)message)->image_ref);
    return 0;
}

static int cri_image_status(struct runtime *runtime, const char *image, struct runtime_image *ret_image, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;
    spec.image = words(image);
    Cri__ImageRequest request = CRI__IMAGE_REQUEST__INIT;
    request.image = &spec;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->images, IMAGE_METHOD "ImageStatus", cri->timeout, &request.base},
             &cri__image_status_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ImageStatusResponse *reply = (const Cri__ImageStatusResponse *)message;
    struct runtime_image found = {0};
    if (reply->image)
        cri_messages_take_image(&found, reply->image);
    *ret_image = found;
    return 0;
}

static int cri_list_images(struct runtime *runtime, struct vec *ret_images, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ListImagesRequest request = CRI__LIST_IMAGES_REQUEST__INIT;
    AUTO_MESSAGE message = NULL;
    if (call(&(struct rpc){cri->images, IMAGE_METHOD "ListImages", MIN(cri->timeout, STATUS_TIMEOUT), &request.base},
             &cri__list_images_response__descriptor, &message, err) < 0)
        return -1;
    const Cri__ListImagesResponse *reply = (const Cri__ListImagesResponse *)message;
    struct vec list = VEC_OF(struct runtime_image);
    for (size_t i = 0; i < reply->n_images; i++)
        cri_messages_take_image(vec_push_zero(&list), reply->images[i]);
    *ret_images = list;
    return 0;
}

static int cri_remove_image(struct runtime *runtime, const char *image, struct error **err) {
    struct cri *cri = cri_of(runtime);
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;
    spec.image = words(image);
    Cri__ImageRequest request = CRI__IMAGE_REQUEST__INIT;
    request.image = &spec;
    return call(&(struct rpc){cri->images, IMAGE_METHOD "RemoveImage", cri->timeout, &request.base}, NULL, NULL, err);
}

// --- events --------------------------------------------------------------------------------------------------------------------

// Who gets what a stream brings.
struct subscriber {
    grpc_message_handler handler;
    void (*on_event)(void *context, const struct runtime_event *event);
    void *context;
};

static bool take_cri_event(void *context, const char *bytes, size_t len) {
    static const enum runtime_event_type types[] = {RUNTIME_EVENT_CREATED, RUNTIME_EVENT_STARTED, RUNTIME_EVENT_STOPPED,
                                                    RUNTIME_EVENT_DELETED};
    const struct subscriber *subscriber = context;
    Cri__ContainerEventResponse *message = cri__container_event_response__unpack(NULL, len, (const uint8_t *)bytes);
    if (!message)
        return true;
    if (message->container_event_type >= 0 && message->container_event_type < (int32_t)ARRAY_LEN(types)) {
        struct runtime_event event = {.type = types[message->container_event_type], .id = message->container_id};
        subscriber->on_event(subscriber->context, &event);
    }
    cri__container_event_response__free_unpacked(message, NULL);
    return true;
}

static const struct {
    const char *topic;
    enum runtime_event_type type;
} containerd_topics[] = {
    {"/tasks/start", RUNTIME_EVENT_STARTED},
    {"/tasks/exit", RUNTIME_EVENT_STOPPED},
    {"/tasks/oom", RUNTIME_EVENT_OOM},
};

static bool take_containerd_event(void *context, const char *bytes, size_t len) {
    const struct subscriber *subscriber = context;
    Cri__Envelope *envelope = cri__envelope__unpack(NULL, len, (const uint8_t *)bytes);
    if (!envelope)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(containerd_topics); i++) {
        if (strcmp(envelope->topic, containerd_topics[i].topic) != 0 || !envelope->event)
            continue;
        Cri__TaskEvent *task = cri__task_event__unpack(NULL, envelope->event->value.len, envelope->event->value.data);
        if (!task)
            break;
        struct runtime_event event = {.type = containerd_topics[i].type, .id = task->container_id};
        subscriber->on_event(subscriber->context, &event);
        cri__task_event__free_unpacked(task, NULL);
    }
    cri__envelope__free_unpacked(envelope, NULL);
    return true;
}

static int stream(struct cri *cri, const char *method, const ProtobufCMessage *request, struct subscriber *subscriber,
                  struct stream_stop *stop, struct error **err) {
    AUTO_STR packed = {0};
    str_reserve(&packed, protobuf_c_message_get_packed_size(request) + 1);
    packed.len = protobuf_c_message_pack(request, (uint8_t *)packed.data);
    struct error *failure = NULL;
    const struct grpc_request sent = {.method = method, .message = packed.data, .len = packed.len};
    if (grpc_client_stream(cri->runtime, &sent, subscriber->handler, subscriber, stop, &failure) == 0)
        return 0;
    return named_error(err, &failure);
}

static int cri_events(struct runtime *runtime, void (*on_ready)(void *context),
                      void (*on_event)(void *context, const struct runtime_event *event), void *context, struct stream_stop *stop,
                      struct error **err) {
    struct cri *cri = cri_of(runtime);
    struct subscriber subscriber = {.handler = take_cri_event, .on_event = on_event, .context = context};
    Cri__GetEventsRequest own = CRI__GET_EVENTS_REQUEST__INIT;
    AUTO_ERROR failure = NULL;
    // Neither service says when it has begun: what happens in between is for the caller's relist.
    on_ready(context);
    if (stream(cri, RUNTIME_METHOD "GetContainerEvents", &own.base, &subscriber, stop, &failure) == 0)
        return 0;
    if (!runtime_error_is(failure, "Unimplemented"))
        return error_move(err, &failure);
    char *filters[] = {words("namespace==k8s.io,topic~=\"^/tasks/(start|exit|oom)$\"")};
    Cri__SubscribeRequest request = CRI__SUBSCRIBE_REQUEST__INIT;
    request.n_filters = ARRAY_LEN(filters);
    request.filters = filters;
    subscriber.handler = take_containerd_event;
    on_ready(context);
    return stream(cri, "/containerd.services.events.v1.Events/Subscribe", &request.base, &subscriber, stop, err);
}

// --- life ----------------------------------------------------------------------------------------------------------------------

static void cri_free(struct runtime *runtime) {
    struct cri *cri = cri_of(runtime);
    if (cri->images != cri->runtime)
        grpc_client_free(cri->images);
    grpc_client_free(cri->runtime);
    free(cri);
}

static const struct runtime_ops cri_ops = {
    .name = "cri",
    .version = cri_version,
    .status = cri_status,
    .run_sandbox = cri_run_sandbox,
    .stop_sandbox = cri_stop_sandbox,
    .remove_sandbox = cri_remove_sandbox,
    .sandbox_status = cri_sandbox_status,
    .list_sandboxes = cri_list_sandboxes,
    .create_container = cri_create_container,
    .start_container = cri_start_container,
    .stop_container = cri_stop_container,
    .remove_container = cri_remove_container,
    .container_status = cri_container_status,
    .list_containers = cri_list_containers,
    .exec_sync = cri_exec_sync,
    .reopen_log = cri_reopen_log,
    .container_stats = cri_container_stats,
    .pull_image = cri_pull_image,
    .image_status = cri_image_status,
    .list_images = cri_list_images,
    .remove_image = cri_remove_image,
    .events = cri_events,
    .free = cri_free,
};

int cri_new(const struct cri_config *config, struct runtime **ret_runtime, struct error **err) {
    struct cri *cri = alloc_zero(sizeof(*cri));
    cri->base.ops = &cri_ops;
    cri->timeout = config->timeout > 0 ? config->timeout : 2 * MINUTE;
    // Of no meaning to CRI; containerd's own services want to know where its CRI keeps containers.
    static const struct http_header containerd = {.name = "containerd-namespace", .value = "k8s.io"};
    struct grpc_client_config client = {.socket_path = config->runtime_endpoint, .metadata = &containerd, .metadata_count = 1};
    if (grpc_client_new(&client, &cri->runtime, err) < 0) {
        free(cri);
        return -1;
    }
    cri->images = cri->runtime;
    if (!str_empty(config->image_endpoint) && strcmp(config->image_endpoint, config->runtime_endpoint) != 0) {
        client.socket_path = config->image_endpoint;
        if (grpc_client_new(&client, &cri->images, err) < 0) {
            cri->images = cri->runtime;
            cri_free(&cri->base);
            return -1;
        }
    }
    *ret_runtime = &cri->base;
    return 0;
}
