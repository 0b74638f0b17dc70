// SPDX-License-Identifier: Apache-2.0
// Ranking and counting of a ReplicaSet's pods.
#include "controller-manager/replicaset_decide.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"

#define DELETION_COST "controller.kubernetes.io/pod-deletion-cost"

// The most restarts of one container; with init containers given only their sidecars count.
static int restarts_of(const struct json *pod, const char *list, const struct json *init_containers) {
    const struct json *statuses = json_find(pod, list);
    int64_t most = 0;
    for (size_t i = 0; i < json_len(statuses); i++) {
        const struct json *status = json_at(statuses, i);
        const char *name = json_get_text(status, "name");
        bool counts = !init_containers || pod_container_is_sidecar(json_array_find(init_containers, "name", name, NULL));
        if (counts)
            most = MAX(most, json_get_int(status, "restartCount", 0));
    }
    return (int)most;
}

struct replicaset_pod replicaset_pod_of(struct json *take_tree, int64_t min_ready_seconds, int64_t now) {
    struct replicaset_pod pod = {
        .tree = take_tree,
        .assigned = pod_is_scheduled(take_tree),
        .phase = pod_phase(take_tree),
        .ready = pod_is_ready(take_tree),
        .available = pod_is_available(take_tree, min_ready_seconds, now),
        .ready_since = pod_ready_since(take_tree),
        .created = meta_creation_time(take_tree),
        .restarts = restarts_of(take_tree, "status.containerStatuses", NULL),
        .sidecar_restarts = restarts_of(take_tree, "status.initContainerStatuses", json_find(take_tree, "spec.initContainers")),
    };
    const char *cost = meta_annotation(take_tree, DELETION_COST);
    if (cost && !str_to_int64(cost, &pod.deletion_cost))
        pod.deletion_cost = 0;
    return pod;
}

// The power of two of an age in nanoseconds; -1 for one that lies in the future.
static int age_bucket(int64_t now, int64_t since) {
    int bucket = -1;
    for (int64_t age = now - since; age > 0; age /= 2)
        bucket++;
    return bucket;
}

#define COMPARE(x, y) (((x) > (y)) - ((x) < (y)))

// Negative: the younger time goes first; a time of 0 is unknown and goes before all others. Ages count in powers of two, so that among pods
// of about the same age chance (the UID) decides, not a second's difference.
static int compare_younger(int64_t a, int64_t b, int64_t now, const char *a_uid, const char *b_uid) {
    if (a == b)
        return 0;
    if (a == 0 || b == 0)
        return a == 0 ? -1 : 1;
    int order = COMPARE(age_bucket(now, a), age_bucket(now, b));
    return order != 0 ? order : strcmp(a_uid, b_uid);
}

static int phase_rank(enum pod_phase phase) {
    return phase == POD_PENDING ? 0 : phase == POD_UNKNOWN ? 1 : 2;
}

// qsort_r comparator: negative means that a is to be deleted before b. context is the time now.
static int compare_pods(const void *left, const void *right, void *context) {
    const struct replicaset_pod *a = *(const struct replicaset_pod *const *)left;
    const struct replicaset_pod *b = *(const struct replicaset_pod *const *)right;
    int64_t now = *(const int64_t *)context;
    int order = COMPARE(a->assigned, b->assigned);
    if (order == 0)
        order = COMPARE(phase_rank(a->phase), phase_rank(b->phase));
    if (order == 0)
        order = COMPARE(a->ready, b->ready);
    if (order == 0)
        order = COMPARE(a->deletion_cost, b->deletion_cost);
    if (order == 0)
        order = COMPARE(b->neighbours, a->neighbours);
    if (order == 0 && a->ready && b->ready)
        order = compare_younger(a->ready_since, b->ready_since, now, meta_uid(a->tree), meta_uid(b->tree));
    if (order == 0)
        order = COMPARE(b->restarts, a->restarts);
    if (order == 0)
        order = COMPARE(b->sidecar_restarts, a->sidecar_restarts);
    if (order == 0)
        order = compare_younger(a->created, b->created, now, meta_uid(a->tree), meta_uid(b->tree));
    return order != 0 ? order : strcmp(meta_uid(a->tree), meta_uid(b->tree));
}

void replicaset_decide(int64_t wanted, const struct replicaset_pod *pods, size_t count, int64_t now,
                       struct replicaset_decision *ret_decision) {
    *ret_decision = (struct replicaset_decision){0};
    int64_t missing = wanted - (int64_t)count;
    if (missing >= 0) {
        ret_decision->create = (int)MIN(missing, REPLICASET_BURST);
        return;
    }
    const struct replicaset_pod **ranked = alloc_array(count, sizeof(*ranked));
    for (size_t i = 0; i < count; i++)
        ranked[i] = &pods[i];
    qsort_r(ranked, count, sizeof(*ranked), compare_pods, &now);
    ret_decision->deletes = ranked;
    ret_decision->delete_count = (size_t)MIN(-missing, REPLICASET_BURST);
}

void replicaset_decision_free(struct replicaset_decision *decision) {
    free(decision->deletes);
    *decision = (struct replicaset_decision){0};
}

// Does the pod carry all labels of the template?
static bool fully_labeled(const struct json *template_labels, const struct json *pod) {
    for (struct json_iter it = json_iter(template_labels); json_iter_next(&it);) {
        if (!str_equal(meta_label(pod, it.key), json_string(it.value)))
            return false;
    }
    return true;
}

static void set_failure(struct json *holder, const struct json *replicaset, size_t count, const struct error *manage_error,
                        int64_t now) {
    const struct json *old = json_find(replicaset, "status.conditions");
    struct json *status = json_get(holder, "status");
    if (old)
        json_set(status, "conditions", json_clone(old));
    struct json *conditions = json_get(status, "conditions");
    // A condition that is there stays as it is: messages differ from try to try, and each write would start the next sync at once.
    if (manage_error && json_array_find(conditions, "type", "ReplicaFailure", NULL))
        return;
    if (manage_error) {
        bool short_of_pods = json_find_int(replicaset, "spec.replicas", 1) > (int64_t)count;
        meta_set_condition(holder, "ReplicaFailure", "True", short_of_pods ? "FailedCreate" : "FailedDelete",
                           error_message(manage_error), now);
        return;
    }
    size_t index;
    if (conditions && json_array_find(conditions, "type", "ReplicaFailure", &index))
        json_delete(conditions, index);
    if (conditions && json_len(conditions) == 0)
        json_remove(status, "conditions");
}

static void set_count(struct json *status, const char *name, int64_t count) {
    if (count > 0)
        json_set_int(status, name, count);
}

struct json *replicaset_status(const struct json *replicaset, const struct replicaset_pod *pods, size_t count,
                               const struct error *manage_error, int64_t now) {
    const struct json *labels = json_find(replicaset, "spec.template.metadata.labels");
    int64_t labeled = 0, ready = 0, available = 0;
    for (size_t i = 0; i < count; i++) {
        labeled += fully_labeled(labels, pods[i].tree);
        ready += pods[i].ready;
        available += pods[i].available;
    }
    AUTO_JSON holder = json_new_object();
    struct json *status = json_ensure_object(holder, "status");
    json_set_int(status, "replicas", (int64_t)count);
    set_count(status, "fullyLabeledReplicas", labeled);
    set_count(status, "readyReplicas", ready);
    set_count(status, "availableReplicas", available);
    json_set_int(status, "observedGeneration", meta_generation(replicaset));
    set_failure(holder, replicaset, count, manage_error, now);
    return json_ref(status);
}
