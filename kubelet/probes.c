// SPDX-License-Identifier: Apache-2.0
// Liveness, readiness and startup probes: when each is due and what its results mean.
//
// A probe belongs to one container id. It is in the heap while it waits; while it runs it is only in the list of its pod, marked
// running, and whoever removes it then marks it dead: the run frees it.
#include "kubelet/probes.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/heap.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "kubelet/handler.h"

struct probe {
    struct probes *probes;
    // constant
    void *owner;
    char *key, *container, *container_id, *pod_ip;
    char *spec; // the container's JSON
    enum pod_probe kind;
    int64_t period, timeout;
    int success_threshold, failure_threshold;
    // under probes->lock
    struct heap_node node; // in the heap while it waits
    struct list_node all;
    int64_t due;              // monotonic
    bool running, dead, held; // held: waits for the startup probe
    int streak;               // successes (> 0) or failures (< 0) in a row
    enum pod_probe_result result;
};

struct probes {
    // constant
    struct probes_config config;
    struct lock lock;
    struct cond cond;
    // under lock
    struct heap waiting;
    struct list all;
    struct thread *thread; // started with the first probe
    bool stopping;
};

static bool due_before(const struct heap_node *a, const struct heap_node *b) {
    return CONTAINER_OF(a, const struct probe, node)->due < CONTAINER_OF(b, const struct probe, node)->due;
}

struct probes *probes_new(const struct probes_config *config) {
    struct probes *probes = alloc_zero(sizeof(*probes));
    probes->config = *config;
    probes->waiting.before = due_before;
    list_init(&probes->all);
    lock_init(&probes->lock, "probes");
    cond_init(&probes->cond);
    return probes;
}

static void probe_free(struct probe *probe) {
    free(probe->key);
    free(probe->container);
    free(probe->container_id);
    free(probe->pod_ip);
    free(probe->spec);
    free(probe);
}

// Under lock.
static void drop(struct probe *probe) {
    list_remove(&probe->all);
    heap_remove(&probe->probes->waiting, &probe->node);
    if (probe->running)
        probe->dead = true;
    else
        probe_free(probe);
}

// Under lock: the startup probe has passed, the others of its container begin.
static void release_held(struct probes *probes, const struct probe *startup) {
    int64_t now = clock_monotonic(probes->config.clock);
    LIST_FOREACH(node, &probes->all) {
        struct probe *other = CONTAINER_OF(node, struct probe, all);
        if (!other->held || strcmp(other->container_id, startup->container_id) != 0)
            continue;
        other->held = false;
        other->due = MAX(other->due, now);
        heap_push(&probes->waiting, &other->node);
    }
    cond_signal(&probes->cond);
}

// Under lock. true: a threshold was crossed.
static bool note(struct probe *probe, bool passed) {
    probe->streak = passed ? MAX(probe->streak, 0) + 1 : MIN(probe->streak, 0) - 1;
    enum pod_probe_result result = probe->result;
    if (passed && probe->streak >= probe->success_threshold)
        result = POD_PROBE_SUCCESS;
    else if (!passed && -probe->streak >= probe->failure_threshold)
        result = POD_PROBE_FAILURE;
    else if (!passed && probe->kind == POD_PROBE_READINESS && probe->result == POD_PROBE_UNKNOWN)
        result = POD_PROBE_FAILURE;
    bool crossed = result != probe->result;
    probe->result = result;
    return crossed;
}

static void run_probe(void *argument) {
    struct probe *probe = argument;
    struct probes *probes = probe->probes;
    AUTO_JSON container = NULL;
    AUTO_STR message = {0};
    bool passed = false;
    if (json_parse(probe->spec, strlen(probe->spec), NULL, &container, NULL) == 0) {
        const struct handler_target target = {.runtime = probes->config.runtime,
                                              .container = container,
                                              .container_id = probe->container_id,
                                              .pod_ip = probe->pod_ip,
                                              .timeout = probe->timeout};
        passed = handler_run(&target, json_get(container, pod_probe_fields[probe->kind]), &message);
    }
    void *owner = probe->owner;
    bool crossed = false, dead = false;
    enum pod_probe_result result = POD_PROBE_UNKNOWN;
    LOCKED(&probes->lock) {
        dead = probe->dead || probes->stopping;
        if (!probe->dead)
            crossed = note(probe, passed);
        result = probe->result;
    }
    if (!dead)
        probes->config.report(owner, &(struct probes_outcome){.container = probe->container,
                                                              .container_id = probe->container_id,
                                                              .probe = probe->kind,
                                                              .crossed = crossed,
                                                              .result = result,
                                                              .message = passed ? NULL : str_text(&message)});
    LOCKED(&probes->lock) {
        probe->running = false;
        bool over = probe->kind == POD_PROBE_STARTUP && probe->result != POD_PROBE_UNKNOWN;
        if (probe->dead) {
            probe_free(probe);
        } else {
            if (over && probe->result == POD_PROBE_SUCCESS)
                release_held(probes, probe);
            if (!over) {
                probe->due = clock_monotonic(probes->config.clock) + probe->period;
                heap_push(&probes->waiting, &probe->node);
                cond_signal(&probes->cond);
            }
        }
    }
    probes->config.release(owner);
}

static void dispatch(void *argument) {
    struct probes *probes = argument;
    LOCKED(&probes->lock) {
        while (!probes->stopping) {
            struct heap_node *first = heap_peek(&probes->waiting);
            struct probe *probe = first ? CONTAINER_OF(first, struct probe, node) : NULL;
            if (!probe || probe->due > clock_monotonic(probes->config.clock)) {
                clock_wait(probes->config.clock, &probes->cond, &probes->lock, probe ? probe->due : TIME_NEVER);
                continue;
            }
            heap_remove(&probes->waiting, &probe->node);
            probe->running = true;
            void *owner = probe->owner;
            // The owner's lock must not be taken under ours.
            lock_release(&probes->lock);
            probes->config.hold(owner);
            bool taken = thread_pool_submit(probes->config.pool, run_probe, probe);
            if (!taken)
                probes->config.release(owner);
            lock_acquire(&probes->lock);
            if (!taken) {
                probe->running = false;
                if (probe->dead)
                    probe_free(probe);
            }
        }
    }
}

void probes_stop(struct probes *probes) {
    struct thread *thread = NULL;
    LOCKED(&probes->lock) {
        probes->stopping = true;
        cond_broadcast(&probes->cond);
        thread = STEAL(probes->thread);
    }
    if (thread)
        thread_join(thread);
}

void probes_free(struct probes *probes) {
    if (!probes)
        return;
    probes_stop(probes);
    heap_free(&probes->waiting); // its nodes live in the probes
    LIST_FOREACH(node, &probes->all) {
        list_remove(node);
        probe_free(CONTAINER_OF(node, struct probe, all));
    }
    cond_destroy(&probes->cond);
    lock_destroy(&probes->lock);
    free(probes);
}

static struct probe *make(struct probes *probes, const struct json *spec, enum pod_probe kind, int64_t first_due) {
    struct probe *probe = alloc_zero(sizeof(*probe));
    probe->probes = probes;
    probe->kind = kind;
    probe->node.index = HEAP_NONE;
    probe->period = MAX(json_get_int(spec, "periodSeconds", 10), 1) * SECOND;
    probe->timeout = MAX(json_get_int(spec, "timeoutSeconds", 1), 1) * SECOND;
    probe->success_threshold = (int)MAX(json_get_int(spec, "successThreshold", 1), 1);
    probe->failure_threshold = (int)MAX(json_get_int(spec, "failureThreshold", 3), 1);
    probe->due = first_due;
    return probe;
}

void probes_add(struct probes *probes, const struct probes_subject *subject) {
    const struct json *container = subject->container;
    const char *name = json_get_text(container, "name");
    probes_remove(probes, subject->key, name);
    bool has_startup = json_get(container, "startupProbe") != NULL;
    int64_t since = MAX(clock_wall(probes->config.clock) - subject->started_at, 0); // the clock may have been set back
    for (enum pod_probe kind = POD_PROBE_STARTUP; kind < POD_PROBE_COUNT; kind++) {
        const struct json *spec = json_get(container, pod_probe_fields[kind]);
        if (!spec)
            continue;
        int64_t delay = MAX(json_get_int(spec, "initialDelaySeconds", 0) * SECOND - since, 0);
        struct probe *probe = make(probes, spec, kind, clock_monotonic(probes->config.clock) + delay);
        probe->owner = subject->owner;
        probe->key = alloc_string(subject->key);
        probe->container = alloc_string(name);
        probe->container_id = alloc_string(subject->container_id);
        probe->pod_ip = alloc_string(subject->pod_ip);
        probe->spec = json_text(container);
        probe->held = has_startup && kind != POD_PROBE_STARTUP;
        LOCKED(&probes->lock) {
            list_push_back(&probes->all, &probe->all);
            if (!probe->held)
                heap_push(&probes->waiting, &probe->node);
            if (!probes->thread && !probes->stopping)
                probes->thread = thread_start("probes", dispatch, probes);
            cond_signal(&probes->cond);
        }
    }
}

void probes_remove(struct probes *probes, const char *key, const char *container) {
    LOCKED(&probes->lock) {
        LIST_FOREACH(node, &probes->all) {
            struct probe *probe = CONTAINER_OF(node, struct probe, all);
            if (strcmp(probe->key, key) == 0 && (!container || strcmp(probe->container, container) == 0))
                drop(probe);
        }
    }
}

bool probes_has(struct probes *probes, const char *key, const char *container, const char *container_id) {
    bool found = false;
    LOCKED(&probes->lock) {
        LIST_FOREACH(node, &probes->all) {
            const struct probe *probe = CONTAINER_OF(node, struct probe, all);
            if (strcmp(probe->key, key) == 0 && strcmp(probe->container, container) == 0 &&
                strcmp(probe->container_id, container_id) == 0)
                found = true;
        }
    }
    return found;
}
