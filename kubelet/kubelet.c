// SPDX-License-Identifier: Apache-2.0
// The kubelet as a whole: its parts, in the order in which they start.
#include "kubelet/kubelet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/thread.h"
#include "common/client/events.h"
#include "common/client/informer.h"
#include "common/client/rest.h"
#include "common/component/version.h"
#include "kubelet/cgroup.h"
#include "kubelet/log_rotate.h"
#include "kubelet/node.h"
#include "kubelet/pods.h"
#include "kubelet/server.h"
#include "kubelet/status_writer.h"

#define NODE_TIMEOUT (10 * SECOND) // of the node's own requests: its Lease must not wait for a lost connection
#define RELIST (5 * MINUTE)        // the safety net under events
#define RELIST_WITHOUT_EVENTS (5 * SECOND)
#define EVENTS_RETRY SECOND
#define ROUND (10 * SECOND)
#define LEAST_WATCHDOG (20 * SECOND)

struct kubelet {
    // constant after kubelet_start
    struct kubelet_config config;
    struct node_facts facts;
    bool facts_read;
    struct rest *rest, *node_rest;
    struct event_recorder *recorder;
    struct cgroups *cgroups;
    struct informer *informer;
    struct status_writer *statuses;
    struct pods *pods;
    struct server *server;
    struct node *node;
    struct thread *events, *orphans, *rounds;
    struct stream_stop stop;
    struct lock lock;
    struct cond cond;
    // under lock
    bool stopping;
    bool events_flow, relist_soon;
    // owned by the thread of the rounds
    int64_t relisted_at;
    uint64_t seen_updates, trimmed_updates; // of pods, at the last round and when memory was last given back
    bool watchdog;                          // the service manager wants to be told that all is well
};

struct kubelet *kubelet_new(const struct kubelet_config *config) {
    struct kubelet *kubelet = alloc_zero(sizeof(*kubelet));
    kubelet->config = *config;
    kubelet->trimmed_updates = UINT64_MAX;
    lock_init(&kubelet->lock, "kubelet");
    cond_init(&kubelet->cond);
    return kubelet;
}

// --- the host ------------------------------------------------------------------------------------------------------------------

// The kernel settings that upstream's kubelet wants. Written if they differ; a kernel that refuses is no reason not to start.
static int kernel_settings(const struct kubelet_options *options, struct error **err) {
    static const struct {
        const char *path, *value;
    } settings[] = {
        {"/proc/sys/vm/overcommit_memory", "1"},
        {"/proc/sys/vm/panic_on_oom", "0"},
        {"/proc/sys/kernel/panic", "10"},
        {"/proc/sys/kernel/panic_on_oops", "1"},
        {"/proc/sys/kernel/keys/root_maxkeys", "1000000"},
        {"/proc/sys/kernel/keys/root_maxbytes", "25000000"},
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        AUTO_STR present = {0};
        if (file_read(settings[i].path, 64, &present, NULL) < 0)
            continue;
        present.data[strcspn(present.data, "\n")] = '\0';
        if (str_equal(present.data, settings[i].value))
            continue;
        if (options->protect_kernel_defaults)
            return error_set(err, "invalid kernel flag: %s, expected value: %s, actual value: %s", settings[i].path,
                             settings[i].value, present.data);
        AUTO_FD fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, settings[i].value, strlen(settings[i].value)) < 0)
            log_v(1, "kernel setting was not changed, ignoring", "setting", settings[i].path, "err", strerror(errno), NULL);
    }
    return 0;
}

static void set_own_oom_score(int64_t score) {
    AUTO_STR text = {0};
    str_append_int(&text, score);
    AUTO_FD fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text.data, text.len) < 0)
        log_v(1, "own oom_score_adj was not set, ignoring", "wanted", str_text(&text), "err", strerror(errno), NULL);
}

static int check_host(struct kubelet *kubelet, struct error **err) {
    const struct kubelet_options *options = kubelet->config.options;
    if (options->fail_swap_on && node_facts_swap_on())
        return error_set(
            err, "failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on "
                 "flag to false");
    if (file_make_directories(options->root_dir, 0750, err) < 0 || kernel_settings(options, err) < 0 ||
        node_facts_read(options, kubelet->config.runtime, &kubelet->facts, err) < 0)
        return -1;
    kubelet->facts_read = true;
    kubelet->cgroups = cgroups_new(options, NULL);
    if (options->fail_cgroup_v1 && !cgroups_is_v2(kubelet->cgroups))
        return error_set(err,
                         "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is in maintenance mode");
    for (size_t i = 0; i < options->enforce_node_allocatable.len; i++) {
        if (str_equal(options->enforce_node_allocatable.items[i], "pods"))
            cgroups_start(kubelet->cgroups, &kubelet->facts.allocatable);
    }
    set_own_oom_score(options->oom_score_adj);
    return 0;
}

// --- the API -------------------------------------------------------------------------------------------------------------------

static void start_api(struct kubelet *kubelet) {
    const struct kubelet_config *config = &kubelet->config;
    if (!config->transport)
        return;
    CLEANUP(free_ptr) char *agent = version_user_agent("kubelet");
    struct rest_config rest = {.transport = config->transport,
                               .clock = config->clock,
                               .user_agent = agent,
                               .qps = config->options->api_qps,
                               .burst = (int)config->options->api_burst};
    kubelet->rest = rest_new(&rest);
    rest.qps = 0; // the node's few requests never wait behind others
    rest.timeout = NODE_TIMEOUT;
    kubelet->node_rest = rest_new(&rest);
    kubelet->recorder = event_recorder_new(&(struct event_recorder_config){.rest = kubelet->rest,
                                                                           .clock = config->clock,
                                                                           .random = config->random,
                                                                           .component = "kubelet",
                                                                           .host = kubelet->facts.name});
    CLEANUP(free_ptr) char *selector = alloc_printf("spec.nodeName=%s", kubelet->facts.name);
    kubelet->informer = informer_new(&(struct informer_config){.rest = kubelet->rest,
                                                               .clock = config->clock,
                                                               .random = config->random,
                                                               .resource = resource_pods(),
                                                               .field_selector = selector});
}

static void on_pod(void *context, const struct object *old, const struct object *new) {
    struct kubelet *kubelet = context;
    // Deleted and made again under the same name while we did not look: the old one is gone.
    if (old && (!new || !str_equal(old->uid, new->uid)))
        pods_removed(kubelet->pods, old);
    if (new)
        pods_update(kubelet->pods, new);
}

// --- runtime events ------------------------------------------------------------------------------------------------------------

static void set_flow(struct kubelet *kubelet, bool flow) {
    LOCKED(&kubelet->lock) {
        kubelet->events_flow = flow;
        kubelet->relist_soon = true; // what happened while events were not followed
    }
}

static void events_ready(void *context) {
    struct kubelet *kubelet = context;
    set_flow(kubelet, true);
    pods_wake_all(kubelet->pods);
}

static void on_runtime_event(void *context, const struct runtime_event *event) {
    struct kubelet *kubelet = context;
    pods_runtime_event(kubelet->pods, event);
}

static void follow_events(void *argument) {
    struct kubelet *kubelet = argument;
    struct runtime *runtime = kubelet->config.runtime;
    while (!kubelet->stop.stopped) {
        AUTO_ERROR failure = NULL;
        int result = runtime->ops->events(runtime, events_ready, on_runtime_event, kubelet, &kubelet->stop, &failure);
        set_flow(kubelet, false);
        if (result < 0 && runtime_error_is(failure, "Unimplemented")) {
            log_warning("the runtime has no events; pods are looked at every few seconds", NULL);
            return;
        }
        if (kubelet->stop.stopped)
            return;
        log_warning("the runtime's events ended, will follow again", "err", error_message(failure), NULL);
        int64_t until = clock_monotonic(kubelet->config.clock) + EVENTS_RETRY;
        LOCKED(&kubelet->lock) {
            while (!kubelet->stopping && clock_wait(kubelet->config.clock, &kubelet->cond, &kubelet->lock, until))
                continue;
        }
    }
}

// --- slow rounds ---------------------------------------------------------------------------------------------------------------

static void one_round(struct kubelet *kubelet) {
    int64_t now = clock_monotonic(kubelet->config.clock);
    bool flow = false, soon = false;
    if (kubelet->watchdog && pods_healthy(kubelet->pods))
        process_notify("WATCHDOG=1");
    // What only the start, or a burst of pods, needed goes once nothing has changed for a while.
    uint64_t updates = pods_updates(kubelet->pods);
    if (updates == kubelet->seen_updates && updates != kubelet->trimmed_updates) {
        process_trim_resident();
        kubelet->trimmed_updates = updates;
    }
    kubelet->seen_updates = updates;
    LOCKED(&kubelet->lock) {
        flow = kubelet->events_flow;
        soon = kubelet->relist_soon;
        kubelet->relist_soon = false;
    }
    if (soon || now - kubelet->relisted_at >= (flow ? RELIST : RELIST_WITHOUT_EVENTS)) {
        kubelet->relisted_at = now;
        pods_wake_all(kubelet->pods);
    }
    log_rotate_all(kubelet->config.options, kubelet->config.runtime, kubelet->config.clock);
}

static void run_rounds(void *argument) {
    struct kubelet *kubelet = argument;
    struct clock *clock = kubelet->config.clock;
    for (;;) {
        bool stop = false;
        int64_t next = clock_monotonic(clock) + ROUND;
        LOCKED(&kubelet->lock) {
            while (!kubelet->stopping && clock_wait(clock, &kubelet->cond, &kubelet->lock, next))
                continue;
            stop = kubelet->stopping;
        }
        if (stop)
            return;
        one_round(kubelet);
    }
}

// Rounds come every ten seconds: a watchdog that barks sooner would bark at a healthy kubelet.
static void read_watchdog(struct kubelet *kubelet) {
    int64_t microseconds = 0;
    const char *text = getenv("WATCHDOG_USEC");
    if (!text || !str_to_int64(text, &microseconds) || microseconds <= 0)
        return;
    kubelet->watchdog = true;
    if (microseconds * MICROSECOND < LEAST_WATCHDOG)
        log_warning("WatchdogSec is too short: health is reported every ten seconds", "usec", text, NULL);
}

static void clean_orphans(void *argument) {
    struct kubelet *kubelet = argument;
    if (informer_wait_synced(kubelet->informer, TIME_NEVER))
        pods_clean_orphans(kubelet->pods);
}

static void on_ended(void *context, const char *container_id) {
    struct kubelet *kubelet = context;
    if (kubelet->server)
        server_container_ended(kubelet->server, container_id);
}

// --- life ----------------------------------------------------------------------------------------------------------------------

static void make_parts(struct kubelet *kubelet) {
    const struct kubelet_config *config = &kubelet->config;
    if (kubelet->rest)
        kubelet->statuses = status_writer_new(
            &(struct status_writer_config){.rest = kubelet->rest, .clock = config->clock, .pods = kubelet->informer});
    kubelet->pods = pods_new(&(struct pods_config){.options = config->options,
                                                   .facts = &kubelet->facts,
                                                   .runtime = config->runtime,
                                                   .rest = kubelet->rest,
                                                   .clock = config->clock,
                                                   .recorder = kubelet->recorder,
                                                   .statuses = kubelet->statuses,
                                                   .cgroups = kubelet->cgroups,
                                                   .on_ended = on_ended,
                                                   .context = kubelet});
}

int kubelet_start(struct kubelet *kubelet, struct error **err) {
    const struct kubelet_config *config = &kubelet->config;
    if (check_host(kubelet, err) < 0)
        return -1;
    read_watchdog(kubelet);
    start_api(kubelet);
    make_parts(kubelet);
    // The server first: a port in use must end the start before anything is promised to the API.
    if (server_start(&(struct server_config){.options = config->options,
                                             .facts = &kubelet->facts,
                                             .runtime = config->runtime,
                                             .rest = kubelet->rest,
                                             .clock = config->clock,
                                             .pods = kubelet->pods},
                     &kubelet->server, err) < 0)
        return error_prefix(err, "failed to run Kubelet");
    pods_start(kubelet->pods);
    if (kubelet->statuses)
        status_writer_start(kubelet->statuses);
    kubelet->events = thread_start("cri-events", follow_events, kubelet);
    kubelet->rounds = thread_start("rounds", run_rounds, kubelet);
    if (kubelet->informer) {
        kubelet->node = node_new(&(struct node_config){.options = config->options,
                                                       .facts = &kubelet->facts,
                                                       .runtime = config->runtime,
                                                       .rest = kubelet->node_rest,
                                                       .clock = config->clock,
                                                       .recorder = kubelet->recorder,
                                                       .port = server_port(kubelet->server)});
        node_start(kubelet->node);
        informer_add_handler(kubelet->informer, (struct informer_handler){.on_event = on_pod, .context = kubelet});
        informer_start(kubelet->informer);
        kubelet->orphans = thread_start("orphans", clean_orphans, kubelet);
    }
    return 0;
}

void kubelet_stop(struct kubelet *kubelet) {
    kubelet->stop.stopped = true;
    LOCKED(&kubelet->lock) {
        kubelet->stopping = true;
        cond_broadcast(&kubelet->cond);
    }
    if (kubelet->informer)
        informer_stop(kubelet->informer);
    if (kubelet->orphans)
        thread_join(STEAL(kubelet->orphans));
    if (kubelet->node)
        node_stop(kubelet->node);
    if (kubelet->events)
        thread_join(STEAL(kubelet->events));
    if (kubelet->rounds)
        thread_join(STEAL(kubelet->rounds));
    if (kubelet->pods)
        pods_stop(kubelet->pods);
    server_stop(STEAL(kubelet->server));
    if (kubelet->statuses)
        status_writer_stop(kubelet->statuses);
}

void kubelet_free(struct kubelet *kubelet) {
    if (!kubelet)
        return;
    kubelet_stop(kubelet);
    node_free(kubelet->node);
    pods_free(kubelet->pods);
    status_writer_free(kubelet->statuses);
    if (kubelet->informer)
        informer_free(kubelet->informer);
    if (kubelet->recorder)
        event_recorder_free(kubelet->recorder);
    if (kubelet->rest)
        rest_free(kubelet->rest);
    if (kubelet->node_rest)
        rest_free(kubelet->node_rest);
    cgroups_free(kubelet->cgroups);
    node_facts_free(&kubelet->facts);
    cond_destroy(&kubelet->cond);
    lock_destroy(&kubelet->lock);
    free(kubelet);
}

bool kubelet_busy(struct kubelet *kubelet) {
    return kubelet->pods && pods_busy(kubelet->pods);
}

uint16_t kubelet_port(const struct kubelet *kubelet) {
    return kubelet->server ? server_port(kubelet->server) : 0;
}

uint16_t kubelet_healthz_port(const struct kubelet *kubelet) {
    return kubelet->server ? server_healthz_port(kubelet->server) : 0;
}

size_t kubelet_pod_count(struct kubelet *kubelet) {
    return pods_len(kubelet->pods);
}
