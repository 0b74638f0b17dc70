// SPDX-License-Identifier: Apache-2.0
// Pod start: the bare CRI calls (run sandbox, create and start a container) against create-to-Ready through the API, on the same node.
//
//   bench_pod_start CONTAINERD-SOCKET URL CA CERTIFICATE KEY COUNT
// Prints "<bare median ms> <API median ms>".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/client/rest.h"
#include "common/net/http_client.h"
#include "kubelet/runtime/cri.h"

#define IMAGE "cube.local/demo:1"

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static double milliseconds_since(int64_t started) {
    return (double)(clock_monotonic(clock_system()) - started) / MILLISECOND;
}

// --- bare --------------------------------------------------------------------------------------------------------------

static int start_bare(struct runtime *runtime, double *ret_milliseconds, struct error **err) {
    char uid[UUID_TEXT_SIZE];
    random_uuid(random_system(), uid);
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *sandbox = runtime_sandbox_config_new();
    sandbox->name = alloc_printf("bare-%.8s", uid);
    sandbox->ns = alloc_string("bench");
    sandbox->uid = alloc_string(uid);
    sandbox->log_directory = alloc_string("/tmp");
    CLEANUP(runtime_container_config_freep) struct runtime_container_config *container = runtime_container_config_new();
    container->name = alloc_string("main");
    container->image = alloc_string(IMAGE);
    container->log_path = alloc_printf("cube-bench-%.8s.log", uid);
    char *sandbox_id = NULL, *container_id = NULL;
    int64_t started = clock_monotonic(clock_system());
    int result = runtime->ops->run_sandbox(runtime, sandbox, &sandbox_id, err);
    if (result == 0)
        result = runtime->ops->create_container(runtime, sandbox_id, container, sandbox, &container_id, err);
    if (result == 0)
        result = runtime->ops->start_container(runtime, container_id, err);
    *ret_milliseconds = milliseconds_since(started);
    if (sandbox_id) {
        struct error *ignored = NULL;
        if (runtime->ops->stop_sandbox(runtime, sandbox_id, &ignored) < 0 ||
            runtime->ops->remove_sandbox(runtime, sandbox_id, &ignored) < 0)
            fprintf(stderr, "sandbox not removed: %s\n", error_message(ignored));
        error_free(ignored);
    }
    CLEANUP(free_ptr) char *log = alloc_printf("/tmp/cube-bench-%.8s.log", uid);
    remove(log);
    free(sandbox_id);
    free(container_id);
    return result;
}

// --- through the API ---------------------------------------------------------------------------------------------------

static bool until_ready(void *context, enum rest_event event, const struct object *object) {
    bool *ready = context;
    if (event == REST_BOOKMARK)
        return true;
    AUTO_JSON pod = object_tree(object);
    *ready = pod_is_ready(pod);
    return !*ready;
}

static struct json *pod_named(const char *name) {
    struct json *pod = json_new_object();
    json_set_string(pod, "apiVersion", "v1");
    json_set_string(pod, "kind", "Pod");
    json_put_string(pod, "metadata.name", name);
    json_put(pod, "spec.terminationGracePeriodSeconds", json_new_int(0));
    struct json *container = json_new_object();
    json_set_string(container, "name", "main");
    json_set_string(container, "image", IMAGE);
    json_append(json_ensure_array(pod, "spec.containers"), container);
    return pod;
}

static int start_by_api(struct rest *rest, double *ret_milliseconds, struct error **err) {
    char uid[UUID_TEXT_SIZE];
    random_uuid(random_system(), uid);
    CLEANUP(free_ptr) char *name = alloc_printf("bench-%.8s", uid);
    CLEANUP(free_ptr) char *field = alloc_printf("metadata.name=%s", name);
    struct rest_target all = {.resource = resource_pods(), .ns = "default"};
    struct rest_target one = {.resource = resource_pods(), .ns = "default", .name = name};
    AUTO_JSON pod = pod_named(name);
    AUTO_JSON created = NULL;
    int64_t started = clock_monotonic(clock_system());
    if (rest_create(rest, &all, pod, &created, err) < 0)
        return -1;
    bool ready = false;
    struct rest_watch_options options = {
        .field_selector = field, .resource_version = meta_resource_version(created), .timeout_seconds = 30};
    int result = rest_watch(rest, &all, &options, until_ready, &ready, err);
    *ret_milliseconds = milliseconds_since(started);
    if (result == 0 && !ready)
        result = error_set(err, "pod %s was not ready within 30 s", name);
    struct rest_delete_options now = {.grace_period_seconds = 0};
    struct error *ignored = NULL;
    if (rest_delete(rest, &one, &now, &ignored) < 0)
        fprintf(stderr, "pod not deleted: %s\n", error_message(ignored));
    error_free(ignored);
    return result;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: %s CONTAINERD-SOCKET URL CA CERTIFICATE KEY COUNT\n", argv[0]);
        return 2;
    }
    size_t count = strtoul(argv[6], NULL, 10);
    struct error *err = NULL;
    struct runtime *runtime = NULL;
    struct transport *transport = NULL;
    CLEANUP(free_ptr) char *endpoint = alloc_printf("unix://%s", argv[1]);
    const char *const endpoints[] = {argv[2], NULL};
    struct cri_config cri = {.runtime_endpoint = endpoint};
    struct http_client_config http = {
        .endpoints = endpoints, .ca_file = argv[3], .certificate_file = argv[4], .key_file = argv[5]};
    if (cri_new(&cri, &runtime, &err) < 0 || http_client_new(&http, &transport, &err) < 0) {
        fprintf(stderr, "%s\n", error_message(err));
        return 1;
    }
    struct rest_config config = {.transport = transport, .clock = clock_system()};
    struct rest *rest = rest_new(&config);
    double *bare = alloc_array(count, sizeof(double)), *api = alloc_array(count, sizeof(double));
    int result = 0;
    // Alternating, so that both see the same machine.
    for (size_t i = 0; i < count && result == 0; i++) {
        result = start_bare(runtime, &bare[i], &err);
        if (result == 0)
            result = start_by_api(rest, &api[i], &err);
    }
    if (result == 0)
        printf("%.1f %.1f\n", median(bare, count), median(api, count));
    else
        fprintf(stderr, "%s\n", error_message(err));
    free(bare);
    free(api);
    rest_free(rest);
    transport_free(transport);
    runtime_free(runtime);
    return result == 0 ? 0 : 1;
}
