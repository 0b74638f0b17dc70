// SPDX-License-Identifier: Apache-2.0
// Decides what to do for one pod, without doing anything.
#include "kubelet/pod_decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/hash.h"

#define BACKOFF_START (10 * SECOND)
#define BACKOFF_MAX (300 * SECOND)
#define DEFAULT_GRACE_SECONDS 30

// The inputs and the result under construction, handed through.
struct deciding {
    const struct json *pod;
    const struct pod_observed *observed;
    const struct pod_memory *memory;
    int64_t now;
    struct pod_decision *decision;
};

static struct pod_action *add(struct deciding *d, struct pod_action action) {
    return vec_push(&d->decision->actions, &action);
}

static void wake(struct deciding *d, int64_t at) {
    d->decision->wake_at = MIN(d->decision->wake_at, at);
}

const char *pod_decide_hash(const struct json *container, char buffer[17]) {
    // As upstream since 1.31: only what can't change without a new container, which is its name and image.
    AUTO_STR text = {0};
    str_printf(&text, "%s\n%s", json_get_text(container, "name"), json_get_text(container, "image"));
    snprintf(buffer, 17, "%x", hash_fnv1a_32(text.data, text.len));
    return buffer;
}

int64_t pod_decide_grace_seconds(const struct json *pod) {
    int64_t grace = json_find_int(pod, "spec.terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS);
    grace = json_find_int(pod, "metadata.deletionGracePeriodSeconds", grace);
    return MAX(grace, 1);
}

static const char *restart_policy(const struct json *pod) {
    const char *policy = json_find_text(pod, "spec.restartPolicy");
    return *policy ? policy : "Always";
}

bool pod_decide_should_restart(const struct json *pod, const struct json *container, bool init,
                               const struct pod_observed *observed, const struct pod_memory *memory) {
    if (memory->terminating || meta_deleting(pod))
        return false;
    const struct runtime_container *latest = pod_observed_container(observed, json_get_text(container, "name"), 0);
    if (!latest)
        return true;
    if (latest->state == RUNTIME_CONTAINER_RUNNING)
        return false;
    if (latest->state != RUNTIME_CONTAINER_EXITED || pod_observed_never_ran(latest))
        return true;
    if (init && pod_container_is_sidecar(container))
        return true;
    const char *policy = restart_policy(pod);
    if (str_equal(policy, "Never"))
        return false;
    return latest->exit_code != 0 || (!init && str_equal(policy, "Always"));
}

// --- back-off ------------------------------------------------------------------------------------------------------------------

static bool backoff_expired(const struct pod_container_memory *memory, int64_t event) {
    return memory->backoff == 0 || event - memory->backoff_updated > 2 * BACKOFF_MAX;
}

void pod_decide_note_restart(struct pod_container_memory *memory, int64_t finished_at, int64_t now) {
    if (backoff_expired(memory, finished_at))
        memory->backoff = BACKOFF_START;
    else
        memory->backoff = MIN(memory->backoff * 2, BACKOFF_MAX);
    memory->backoff_updated = now;
}

// When the container may start; now or earlier: at once.
static int64_t restart_time(const struct deciding *d, const char *name) {
    const struct pod_container_memory *memory = pod_memory_find(d->memory, name);
    const struct runtime_container *latest = pod_observed_container(d->observed, name, 0);
    if (!memory || !latest || latest->state != RUNTIME_CONTAINER_EXITED || backoff_expired(memory, latest->finished_at))
        return d->now;
    if (pod_observed_never_ran(latest) || latest->finished_at > d->now) // the latter: the clock was set back
        return d->now;
    return latest->finished_at + memory->backoff;
}

// Whether a time to try again is still to come. One that is too far away is from before the clock was set back.
static bool is_ahead(const struct deciding *d, int64_t at) {
    return at > d->now && at <= d->now + BACKOFF_MAX;
}

static void start(struct deciding *d, const struct json *container, bool init) {
    const char *name = json_get_text(container, "name");
    const struct pod_container_memory *memory = pod_memory_find(d->memory, name);
    if (memory && (memory->pulling || memory->killing_id))
        return;
    if (memory && is_ahead(d, memory->retry_at)) {
        wake(d, memory->retry_at);
        return;
    }
    const struct runtime_container *latest = pod_observed_container(d->observed, name, 0);
    struct pod_action action = {.container = container, .name = name, .init = init};
    int64_t at = restart_time(d, name);
    if (at > d->now) {
        action.type = POD_ACTION_BACK_OFF;
        action.retry_at = at;
        wake(d, at);
    } else {
        action.type = POD_ACTION_START;
        if (pod_observed_never_ran(latest)) {
            action.attempt = (uint32_t)pod_observed_restart_count(latest);
            action.id = latest->id;
        } else if (latest) {
            action.attempt = (uint32_t)pod_observed_restart_count(latest) + 1;
        } else {
            // Its record is gone from the runtime: go on counting from what the API remembers.
            struct json *known = pod_container_status(d->pod, init ? "initContainerStatuses" : "containerStatuses", name);
            bool ran =
                known && (json_get(json_get(known, "state"), "terminated") || json_get(json_get(known, "state"), "running"));
            action.attempt = ran ? (uint32_t)json_get_int(known, "restartCount", 0) + 1 : 0;
        }
    }
    add(d, action);
}

static void kill_container(struct deciding *d, const struct json *container, bool init, const struct runtime_container *running,
                           char *take_message) {
    const struct pod_container_memory *memory = pod_memory_find(d->memory, running->name);
    int64_t grace = d->memory->terminating ? d->memory->grace_seconds : pod_decide_grace_seconds(d->pod);
    bool under_way = memory && str_equal(memory->killing_id, running->id);
    // A second kill only where it ends sooner than the first.
    if (under_way && d->now + grace * SECOND >= memory->kill_deadline) {
        free(take_message);
        return;
    }
    add(d, (struct pod_action){.type = POD_ACTION_KILL,
                               .container = container,
                               .name = running->name,
                               .id = running->id,
                               .init = init,
                               .grace_seconds = grace,
                               .message = take_message});
}

// --- running -------------------------------------------------------------------------------------------------------------------

// Why a running container must be replaced; NULL: it need not. malloc'd.
static char *replace_reason(const struct deciding *d, const struct json *container, const struct runtime_container *running) {
    const char *name = json_get_text(container, "name");
    char hash[17];
    const char *made_from = runtime_pairs_get(&running->annotations, RUNTIME_ANNOTATION_HASH);
    if (made_from && strcmp(made_from, pod_decide_hash(container, hash)) != 0)
        return alloc_printf("Container %s definition changed", name);
    const struct pod_container_memory *memory = pod_memory_find(d->memory, name);
    if (!memory || !str_equal(memory->running_id, running->id))
        return NULL;
    if (memory->probes[POD_PROBE_LIVENESS] == POD_PROBE_FAILURE)
        return alloc_printf("Container %s failed liveness probe", name);
    if (memory->probes[POD_PROBE_STARTUP] == POD_PROBE_FAILURE)
        return alloc_printf("Container %s failed startup probe", name);
    if (memory->post_start_failed)
        return alloc_string("FailedPostStartHook");
    return NULL;
}

// Kills it if it must be replaced. true: it stays.
static bool keep_running(struct deciding *d, const struct json *container, bool init, const struct runtime_container *running) {
    char *reason = replace_reason(d, container, running);
    if (!reason)
        return true;
    bool again = !str_equal(restart_policy(d->pod), "Never") || pod_container_is_sidecar(container);
    char *message = alloc_printf("%s%s", reason, again && !str_equal(reason, "FailedPostStartHook") ? ", will be restarted" : "");
    free(reason);
    kill_container(d, container, init, running, message);
    return false;
}

// The newest container of this name in the present sandbox: a new sandbox begins with the init containers again.
static const struct runtime_container *in_this_sandbox(const struct deciding *d, const char *name) {
    const struct runtime_container *latest = pod_observed_container(d->observed, name, 0);
    const struct runtime_sandbox *sandbox = pod_observed_sandbox(d->observed);
    return latest && sandbox && str_equal(latest->sandbox_id, sandbox->id) ? latest : NULL;
}

static bool any_regular_container_made(const struct deciding *d) {
    const struct json *containers = json_find(d->pod, "spec.containers");
    for (size_t i = 0; i < json_len(containers); i++) {
        const char *name = json_get_text(json_at(containers, i), "name");
        if (in_this_sandbox(d, name))
            return true;
        // Known from the API to have started once: initialisation is not repeated because a record was cleaned up.
        struct json *known = pod_container_status(d->pod, "containerStatuses", name);
        if (known && (json_get(json_get(known, "state"), "terminated") || json_get(json_get(known, "lastState"), "terminated")) &&
            pod_observed_sandbox(d->observed) && pod_observed_sandbox(d->observed)->attempt == 0)
            return true;
    }
    return false;
}

enum init_step { INIT_DONE, INIT_WAIT, INIT_FAILED };

// The newest init container with a record decides: is it done (then the next one comes), running, or to be started again?
static enum init_step step_of_init(struct deciding *d, const struct json *container, const struct runtime_container *latest) {
    bool sidecar = pod_container_is_sidecar(container);
    const struct pod_container_memory *memory = pod_memory_find(d->memory, json_get_text(container, "name"));
    switch (latest->state) {
    case RUNTIME_CONTAINER_RUNNING:
        if (!keep_running(d, container, true, latest) || !sidecar)
            return INIT_WAIT;
        if (memory && memory->post_start_pending)
            return INIT_WAIT;
        if (!json_get(container, "startupProbe"))
            return INIT_DONE;
        return memory && str_equal(memory->running_id, latest->id) && memory->probes[POD_PROBE_STARTUP] == POD_PROBE_SUCCESS
                   ? INIT_DONE
                   : INIT_WAIT;
    case RUNTIME_CONTAINER_EXITED:
        if (!sidecar && latest->exit_code == 0)
            return INIT_DONE;
        if (!sidecar && !pod_observed_never_ran(latest) && str_equal(restart_policy(d->pod), "Never"))
            return INIT_FAILED;
        start(d, container, true);
        return INIT_WAIT;
    default:
        if (latest->state == RUNTIME_CONTAINER_UNKNOWN)
            kill_container(d, container, true, latest, NULL);
        start(d, container, true);
        return INIT_WAIT;
    }
}

static enum init_step decide_init(struct deciding *d) {
    const struct json *list = json_find(d->pod, "spec.initContainers");
    size_t count = json_len(list);
    bool initialised = any_regular_container_made(d);
    enum init_step result = initialised || count == 0 ? INIT_DONE : INIT_WAIT;
    bool passed = initialised; // everything further up was done before
    for (size_t i = count; i-- > 0;) {
        const struct json *container = json_at(list, i);
        const struct runtime_container *latest = in_this_sandbox(d, json_get_text(container, "name"));
        if (passed) {
            if (!pod_container_is_sidecar(container))
                continue;
            if (!latest || latest->state != RUNTIME_CONTAINER_RUNNING)
                start(d, container, true);
            else
                keep_running(d, container, true, latest);
            continue;
        }
        if (!latest)
            continue;
        passed = true;
        enum init_step step = step_of_init(d, container, latest);
        if (step == INIT_FAILED)
            return INIT_FAILED;
        if (step == INIT_DONE && i + 1 < count)
            start(d, json_at(list, i + 1), true);
        else if (step == INIT_DONE)
            result = INIT_DONE;
    }
    if (!passed && count > 0)
        start(d, json_at(list, 0), true);
    return result;
}

// Returns how many containers run or are about to.
static size_t decide_containers(struct deciding *d) {
    const struct json *list = json_find(d->pod, "spec.containers");
    size_t alive = 0;
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *container = json_at(list, i);
        const struct runtime_container *latest = pod_observed_container(d->observed, json_get_text(container, "name"), 0);
        if (latest && latest->state == RUNTIME_CONTAINER_RUNNING) {
            keep_running(d, container, false, latest);
            alive++;
        } else if (pod_decide_should_restart(d->pod, container, false, d->observed, d->memory)) {
            if (latest && latest->state == RUNTIME_CONTAINER_UNKNOWN)
                kill_container(d, container, false, latest, NULL);
            start(d, container, false);
            alive++;
        }
    }
    return alive;
}

// --- ending --------------------------------------------------------------------------------------------------------------------

static const struct json *spec_entry(const struct json *pod, const char *list, const char *name) {
    return json_array_find(json_find(pod, list), "name", name, NULL);
}

// Kills what runs: containers first, sidecars after them from the last to the first.
static void decide_end(struct deciding *d) {
    d->decision->outcome = POD_OUTCOME_END;
    bool regular_running = false;
    const struct runtime_container *last_sidecar = NULL;
    const struct json *init = json_find(d->pod, "spec.initContainers");
    size_t last_index = 0;
    for (size_t i = 0; i < d->observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&d->observed->containers, struct runtime_container, i);
        if (row->state != RUNTIME_CONTAINER_RUNNING && row->state != RUNTIME_CONTAINER_UNKNOWN)
            continue;
        size_t index = 0;
        const struct json *entry = json_array_find(init, "name", row->name, &index);
        if (entry && pod_container_is_sidecar(entry)) {
            if (!last_sidecar || index >= last_index) {
                last_sidecar = row;
                last_index = index;
            }
            continue;
        }
        regular_running = true;
        kill_container(d, entry ? entry : spec_entry(d->pod, "spec.containers", row->name), entry != NULL, row, NULL);
    }
    if (regular_running)
        return;
    if (last_sidecar) {
        kill_container(d, json_at(init, last_index), true, last_sidecar, NULL);
        return;
    }
    for (size_t i = 0; i < d->observed->sandboxes.len; i++) {
        const struct runtime_sandbox *sandbox = VEC_AT(&d->observed->sandboxes, struct runtime_sandbox, i);
        if (sandbox->ready)
            add(d, (struct pod_action){.type = POD_ACTION_STOP_SANDBOX, .id = sandbox->id});
    }
    if (d->decision->actions.len == 0)
        d->decision->outcome = POD_OUTCOME_ENDED;
}

// --- sandbox -------------------------------------------------------------------------------------------------------------------

// true: a new sandbox is needed.
static bool sandbox_changed(const struct deciding *d, uint32_t *ret_attempt) {
    const struct runtime_sandbox *newest = pod_observed_sandbox(d->observed);
    *ret_attempt = newest ? newest->attempt + 1 : 0;
    if (!newest || !newest->ready)
        return true;
    bool host_network = json_find_bool(d->pod, "spec.hostNetwork", false);
    if (newest->host_network != host_network)
        return true;
    if (!host_network && newest->ips.len == 0)
        return true;
    return d->observed->sandboxes.len > 1 && VEC_AT(&d->observed->sandboxes, struct runtime_sandbox, 1)->ready;
}

// Whether anything would run in a new sandbox.
static bool wants_new_sandbox(const struct deciding *d, uint32_t attempt) {
    const char *policy = restart_policy(d->pod);
    if (str_equal(policy, "Never") && attempt != 0 && d->observed->containers.len > 0)
        return false;
    const struct json *list = json_find(d->pod, "spec.containers");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct runtime_container *latest = pod_observed_container(d->observed, json_get_text(json_at(list, i), "name"), 0);
        bool succeeded = latest && latest->state == RUNTIME_CONTAINER_EXITED && latest->exit_code == 0;
        if (!str_equal(policy, "OnFailure") || !succeeded)
            return true;
    }
    return false;
}

// A sandbox that is gone, or must be: what is left of it is killed first, then a new one is made.
static void decide_sandbox(struct deciding *d, uint32_t attempt) {
    bool left = false;
    for (size_t i = 0; i < d->observed->containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&d->observed->containers, struct runtime_container, i);
        if (row->state != RUNTIME_CONTAINER_RUNNING)
            continue;
        left = true;
        kill_container(d, spec_entry(d->pod, "spec.containers", row->name), false, row, NULL);
    }
    for (size_t i = 0; !left && i < d->observed->sandboxes.len; i++) {
        const struct runtime_sandbox *sandbox = VEC_AT(&d->observed->sandboxes, struct runtime_sandbox, i);
        if (sandbox->ready) {
            left = true;
            add(d, (struct pod_action){.type = POD_ACTION_STOP_SANDBOX, .id = sandbox->id});
        }
    }
    if (left)
        return;
    if (is_ahead(d, d->memory->sandbox_retry_at))
        wake(d, d->memory->sandbox_retry_at);
    else
        add(d, (struct pod_action){.type = POD_ACTION_CREATE_SANDBOX, .attempt = attempt});
}

void pod_decide(const struct json *pod, const struct pod_observed *observed, const struct pod_memory *memory, int64_t now,
                struct pod_decision *ret_decision) {
    *ret_decision =
        (struct pod_decision){.outcome = POD_OUTCOME_RUN, .actions = VEC_OF(struct pod_action), .wake_at = TIME_NEVER};
    struct deciding d = {.pod = pod, .observed = observed, .memory = memory, .now = now, .decision = ret_decision};
    if (memory->terminating || meta_deleting(pod) || pod_is_terminal(pod)) {
        decide_end(&d);
        return;
    }
    uint32_t attempt = 0;
    if (sandbox_changed(&d, &attempt)) {
        if (wants_new_sandbox(&d, attempt))
            decide_sandbox(&d, attempt);
        else
            decide_end(&d);
        return;
    }
    enum init_step initialised = decide_init(&d);
    if (initialised == INIT_FAILED)
        decide_end(&d);
    else if (initialised == INIT_DONE && decide_containers(&d) == 0)
        decide_end(&d);
}

void pod_decision_free(struct pod_decision *decision) {
    for (size_t i = 0; i < decision->actions.len; i++)
        free(VEC_AT(&decision->actions, struct pod_action, i)->message);
    vec_free(&decision->actions);
}
