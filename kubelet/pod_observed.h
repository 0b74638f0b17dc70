// SPDX-License-Identifier: Apache-2.0
// What the runtime shows of one pod, and what the kubelet remembers of it: the two inputs of deciding besides the pod itself.
#ifndef CUBE_KUBELET_POD_OBSERVED_H
#define CUBE_KUBELET_POD_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/vec.h"
#include "common/data/json.h"
#include "kubelet/runtime/runtime.h"

// The first sandbox carries its addresses; all containers their full status. What is newer is told by the count of attempts: wall
// clocks jump.
struct pod_observed {
    struct vec sandboxes;  // struct runtime_sandbox, newest first
    struct vec containers; // struct runtime_container, by name, newest first
};

int pod_observed_read(struct runtime *runtime, const char *pod_uid, struct pod_observed *ret_observed,
                      struct error **err) MUST_CHECK;
void pod_observed_free(struct pod_observed *observed);
// The newest container of this name; skip 1: the one before it. NULL if there is none.
const struct runtime_container *pod_observed_container(const struct pod_observed *observed, const char *name, size_t skip);
const struct runtime_container *pod_observed_by_id(const struct pod_observed *observed, const char *id);
const struct runtime_sandbox *pod_observed_sandbox(const struct pod_observed *observed); // the newest; NULL if none
bool pod_observed_any_running(const struct pod_observed *observed);
int64_t pod_observed_restart_count(const struct runtime_container *container);
// It was made, but whoever started it went away (kill -9) before its process began: it is replaced without counting as a restart.
bool pod_observed_never_ran(const struct runtime_container *container);

enum pod_probe { POD_PROBE_STARTUP, POD_PROBE_LIVENESS, POD_PROBE_READINESS, POD_PROBE_COUNT };
enum pod_probe_result { POD_PROBE_UNKNOWN, POD_PROBE_SUCCESS, POD_PROBE_FAILURE };
extern const char *const pod_probe_fields[POD_PROBE_COUNT]; // "startupProbe", ...

// What is remembered of one container by name.
struct pod_container_memory {
    char *name;
    // Restart back-off, as client-go's flowcontrol.Backoff keeps it. Wall nanoseconds; 0: no entry.
    int64_t backoff, backoff_updated;
    // The last failure to start: shown as waiting until it starts. NULL: none.
    char *waiting_reason, *waiting_message;
    int64_t retry_at; // wall; not started again before
    // The image pull.
    bool pulling;
    char *image_id; // of the image that was found or pulled; NULL: not known yet
    bool image_announced;
    // The container that probes and kills speak of.
    char *running_id;
    bool post_start_pending; // its hook runs: it does not count as running yet
    bool post_start_failed;
    char *killing_id; // a kill is under way
    int64_t kill_deadline;
    enum pod_probe_result probes[POD_PROBE_COUNT];
};

// What is remembered of one pod.
struct pod_memory {
    struct vec containers;  // struct pod_container_memory
    bool terminating;       // never taken back
    int64_t grace_seconds;  // while terminating
    char *reason, *message; // why the kubelet itself ended it ("DeadlineExceeded", "Evicted"); NULL
    int64_t sandbox_retry_at;
    int64_t start_time; // when the kubelet first saw it
    bool volumes_ready;
    int64_t volumes_retry_at;
};
struct pod_container_memory *pod_memory_container(struct pod_memory *memory, const char *name); // made if absent
const struct pod_container_memory *pod_memory_find(const struct pod_memory *memory, const char *name);
void pod_memory_waiting(struct pod_container_memory *memory, const char *reason, const char *message); // NULL reason: none
void pod_memory_free(struct pod_memory *memory);

#endif
