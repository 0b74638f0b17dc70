// SPDX-License-Identifier: Apache-2.0
// The election loop, as client-go's leaderelection: observe the lease, wait out its duration by the local clock, take it, renew it.
#include "common/client/leader.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"

#define HEALTH_TOLERANCE (20 * SECOND)

struct leader {
    // constant
    struct leader_config config;
    char *identity;
    struct thread *thread;

    // owned by the election's thread (and leader_stop after it has ended)
    char *observed; // the lease's resourceVersion that was seen last
    int64_t observed_at;
    struct json *lease; // as last read or written; NULL if there is none

    // under lock
    struct lock lock;
    struct cond changed;
    bool stopping;
    bool leading;
    int64_t renewed_at; // monotonic
};

struct leader *leader_new(const struct leader_config *config) {
    struct leader *leader = alloc_zero(sizeof(*leader));
    leader->config = *config;
    leader->identity = alloc_string(config->identity);
    lock_init(&leader->lock, "leader");
    cond_init(&leader->changed);
    return leader;
}

static int64_t now_of(struct leader *leader) {
    return clock_monotonic(leader->config.clock);
}

// --- the lease ---------------------------------------------------------------------------------------------------------

static struct rest_target target_of(const struct leader *leader, const char *name) {
    return (struct rest_target){.resource = resource_leases(), .ns = leader->config.ns, .name = name};
}

// Remembers the lease that the server has; a change of its version restarts the wait for its expiry.
static void observe(struct leader *leader, struct json *take_lease) {
    if (!str_equal(leader->observed, meta_resource_version(take_lease))) {
        free(leader->observed);
        leader->observed = alloc_string(meta_resource_version(take_lease));
        leader->observed_at = now_of(leader);
    }
    json_unref(leader->lease);
    leader->lease = take_lease;
}

static void fill_spec(struct leader *leader, struct json *spec, bool taking_over) {
    char when[TIME_TEXT_SIZE];
    time_format_micro(clock_wall(leader->config.clock), when);
    if (taking_over) {
        json_set_string(spec, "acquireTime", when);
        json_set_int(spec, "leaseTransitions",
                     json_get_int(spec, "leaseTransitions", 0) + (json_has(spec, "holderIdentity") ? 1 : 0));
    }
    json_set_string(spec, "holderIdentity", leader->identity);
    json_set_int(spec, "leaseDurationSeconds", MAX(leader->config.lease_duration / SECOND, 1));
    json_set_string(spec, "renewTime", when);
}

static int create_lease(struct leader *leader, struct error **err) {
    AUTO_JSON lease = json_new_object();
    json_set_string(lease, "apiVersion", "coordination.k8s.io/v1");
    json_set_string(lease, "kind", "Lease");
    json_put_string(lease, "metadata.name", leader->config.name);
    json_put_string(lease, "metadata.namespace", leader->config.ns);
    fill_spec(leader, json_ensure_object(lease, "spec"), true);
    struct rest_target target = target_of(leader, NULL);
    struct json *created = NULL;
    if (rest_create(leader->config.rest, &target, lease, &created, err) < 0)
        return -1;
    observe(leader, created);
    return 0;
}

static int update_lease(struct leader *leader, const struct json *lease, struct error **err) {
    struct rest_target target = target_of(leader, leader->config.name);
    struct json *updated = NULL;
    if (rest_update(leader->config.rest, &target, lease, &updated, err) < 0)
        return -1;
    observe(leader, updated);
    return 0;
}

static int read_lease(struct leader *leader, struct error **err) {
    struct rest_target target = target_of(leader, leader->config.name);
    struct json *lease = NULL;
    if (rest_get(leader->config.rest, &target, &lease, err) < 0)
        return -1;
    observe(leader, lease);
    return 0;
}

static bool held_by_other(struct leader *leader) {
    const char *holder = json_find_text(leader->lease, "spec.holderIdentity");
    if (str_empty(holder) || str_equal(holder, leader->identity))
        return false;
    int64_t duration = json_find_int(leader->lease, "spec.leaseDurationSeconds", leader->config.lease_duration / SECOND) * SECOND;
    return now_of(leader) < leader->observed_at + duration;
}

// One attempt to take or renew the lease. 0: it is ours now; 1: somebody else holds it; -1: the server did not answer.
static int try_acquire_or_renew(struct leader *leader, struct error **err) {
    struct error *failure = NULL;
    // A leader that knows the lease's version writes at once; anything unexpected makes it read first.
    bool ours = str_equal(json_find_string(leader->lease, "spec.holderIdentity"), leader->identity);
    if (!ours && read_lease(leader, &failure) < 0) {
        if (!error_is(failure, "NotFound"))
            return error_move(err, &failure);
        error_free(failure);
        return create_lease(leader, err);
    }
    if (held_by_other(leader))
        return 1;
    ours = str_equal(json_find_string(leader->lease, "spec.holderIdentity"), leader->identity);
    AUTO_JSON lease = json_clone(leader->lease);
    fill_spec(leader, json_ensure_object(lease, "spec"), !ours);
    if (update_lease(leader, lease, err) == 0)
        return 0;
    json_unref(leader->lease);
    leader->lease = NULL; // read it the next time
    return -1;
}

// --- the loop ----------------------------------------------------------------------------------------------------------

// Waits until the time has come; false: stopped.
static bool wait_until(struct leader *leader, int64_t until) {
    bool stopping = false;
    LOCKED(&leader->lock) {
        while (!leader->stopping && now_of(leader) < until)
            clock_wait(leader->config.clock, &leader->changed, &leader->lock, until);
        stopping = leader->stopping;
    }
    return !stopping;
}

// A request gets half of the renew deadline, so that a lost one can be tried again, and never more than is left of it.
static void bound_request(struct leader *leader, int64_t left) {
    rest_set_timeout(leader->config.rest, MIN(MAX(leader->config.renew_deadline / 2, MILLISECOND), MAX(left, MILLISECOND)));
}

static void set_leading(struct leader *leader, bool leading) {
    LOCKED(&leader->lock) {
        if (leader->leading != leading)
            log_info(leading ? "became leader" : "no longer leader", "lease", leader->config.name, "identity", leader->identity,
                     NULL);
        leader->leading = leading;
        leader->renewed_at = now_of(leader);
    }
}

// *ret_started: when the request that got the lease was sent. false: stopped.
static bool acquire(struct leader *leader, int64_t *ret_started) {
    for (;;) {
        AUTO_ERROR err = NULL;
        bound_request(leader, TIME_NEVER);
        *ret_started = now_of(leader);
        int result = try_acquire_or_renew(leader, &err);
        if (result == 0)
            return true;
        if (result < 0 && !error_is(err, "Conflict") && !error_is(err, "AlreadyExists"))
            log_warning("lease not acquired, retrying", "lease", leader->config.name, "err", error_message(err), NULL);
        // client-go's jitter: candidates do not all ask at the same time
        double factor = 1 + 1.2 * random_unit(leader->config.random);
        if (!wait_until(leader, now_of(leader) + (int64_t)((double)leader->config.retry_period * factor)))
            return false;
    }
}

// Renews until it is stopped (true), or the renew deadline has passed without success or somebody else holds the lease (false). The
// deadline counts from the beginning of the last request that succeeded: others can't have seen it earlier.
static bool keep_renewing(struct leader *leader, int64_t renewed_at) {
    for (;;) {
        int64_t deadline = renewed_at + leader->config.renew_deadline;
        if (!wait_until(leader, MIN(now_of(leader) + leader->config.retry_period, deadline)))
            return true;
        AUTO_ERROR err = NULL;
        int64_t started = now_of(leader);
        bound_request(leader, deadline - started);
        int result = started < deadline ? try_acquire_or_renew(leader, &err) : -1;
        if (result > 0)
            return false;
        if (result == 0) {
            renewed_at = started;
            set_leading(leader, true);
        } else if (now_of(leader) >= deadline) {
            log_error("lease not renewed in time", "lease", leader->config.name, "err", error_message(err), NULL);
            return false;
        }
    }
}

static void run(void *argument) {
    struct leader *leader = argument;
    int64_t acquired_at;
    if (!acquire(leader, &acquired_at))
        return;
    set_leading(leader, true);
    leader->config.on_started(leader->config.context);
    if (!keep_renewing(leader, acquired_at)) {
        set_leading(leader, false);
        leader->config.on_lost(leader->config.context);
    }
}

void leader_start(struct leader *leader) {
    leader->thread = thread_start("leader", run, leader);
}

static void release(struct leader *leader) {
    AUTO_ERROR err = NULL;
    AUTO_JSON lease = json_clone(leader->lease);
    struct json *spec = json_ensure_object(lease, "spec");
    fill_spec(leader, spec, false);
    json_set_string(spec, "holderIdentity", "");
    json_set_int(spec, "leaseDurationSeconds", 1);
    if (update_lease(leader, lease, &err) < 0)
        log_warning("lease not released, ignoring", "lease", leader->config.name, "err", error_message(err), NULL);
}

void leader_stop(struct leader *leader, bool give_up) {
    bool leading = false;
    LOCKED(&leader->lock) {
        leader->stopping = true;
        cond_broadcast(&leader->changed);
    }
    if (leader->thread)
        thread_join(STEAL(leader->thread));
    LOCKED(&leader->lock) {
        leading = leader->leading;
        leader->leading = false;
    }
    if (leading && give_up && leader->lease)
        release(leader);
}

void leader_free(struct leader *leader) {
    if (!leader)
        return;
    if (leader->thread)
        leader_stop(leader, false);
    json_unref(leader->lease);
    free(leader->observed);
    free(leader->identity);
    cond_destroy(&leader->changed);
    lock_destroy(&leader->lock);
    free(leader);
}

bool leader_is_leader(struct leader *leader) {
    bool leading = false;
    LOCKED(&leader->lock) {
        leading = leader->leading;
    }
    return leading;
}

bool leader_healthy(struct leader *leader) {
    bool healthy = true;
    LOCKED(&leader->lock) {
        healthy = !leader->leading || now_of(leader) - leader->renewed_at < leader->config.lease_duration + HEALTH_TOLERANCE;
    }
    return healthy;
}
