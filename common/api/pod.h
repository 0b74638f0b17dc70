// SPDX-License-Identifier: Apache-2.0
// Facts about a pod: phase, readiness, requests, ports, tolerations, and the typed view that schedulers and controllers keep.
#ifndef CUBE_COMMON_API_POD_H
#define CUBE_COMMON_API_POD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/api/resource_amounts.h"
#include "common/base/str.h"
#include "common/data/json.h"

enum pod_phase { POD_PENDING, POD_RUNNING, POD_SUCCEEDED, POD_FAILED, POD_UNKNOWN };
enum pod_qos { POD_QOS_GUARANTEED, POD_QOS_BURSTABLE, POD_QOS_BEST_EFFORT };

enum pod_phase pod_phase(const struct json *pod); // absent: POD_PENDING
const char *pod_phase_name(enum pod_phase phase);
enum pod_phase pod_phase_parse(const char *text);
bool pod_is_terminal(const struct json *pod); // Succeeded or Failed
bool pod_is_ready(const struct json *pod);    // condition Ready is True
bool pod_is_available(const struct json *pod, int64_t min_ready_seconds, int64_t now);
int64_t pod_ready_since(const struct json *pod); // lastTransitionTime of a true Ready; 0 if it is not ready
bool pod_is_scheduled(const struct json *pod);   // spec.nodeName is set
// Adds the pod's effective requests (limits): containers, restartable init containers (sidecars), the largest init container step, and
// overhead, by upstream's rules.
void pod_requests(const struct json *pod, struct resource_amounts *ret_amounts);
void pod_limits(const struct json *pod, struct resource_amounts *ret_amounts);
enum pod_qos pod_qos(const struct json *pod);
const char *pod_qos_name(enum pod_qos qos);
int pod_restart_count(const struct json *pod); // the largest of its containers'
// The name a container has in statuses; NULL if there is none. which: "containerStatuses", "initContainerStatuses".
struct json *pod_container_status(const struct json *pod, const char *which, const char *name);
bool pod_container_is_sidecar(const struct json *init_container); // restartPolicy: Always

// --- taints and tolerations ------------------------------------------------------------------------------------------------
struct pod_toleration {
    char *key; // "" with Exists: every key
    char *value;
    char *effect; // "": every effect
    bool exists;  // operator Exists
    bool has_seconds;
    int64_t seconds;
};
struct pod_taint {
    char *key;
    char *value;
    char *effect;
};
bool pod_toleration_matches(const struct pod_toleration *toleration, const struct pod_taint *taint);
// On trees: does this toleration entry (spec.tolerations[i]) tolerate this taint entry (spec.taints[i])?
bool pod_tolerates(const struct json *toleration, const struct json *taint);

// --- the view ----------------------------------------------------------------------------------------------------------------
struct pod_port {
    char *ip; // "0.0.0.0" where none is given
    char *protocol;
    int32_t port; // host port
};

// Constant once made; one owner. Everything lives as long as the view, which keeps its object.
struct pod_view {
    const struct object *object; // with labels, controller, namespace, name, uid
    const char *node_name;       // "" if not bound
    const char *scheduler_name;
    const char *nominated_node;
    enum pod_phase phase;
    bool ready;
    bool host_network;
    bool has_affinity; // spec.affinity is there: take object_tree() for it
    bool has_spread;   // topologySpreadConstraints
    bool gated;        // schedulingGates is not empty
    int32_t priority;
    int64_t creation_time;
    struct resource_amounts requests;
    int64_t nonzero_cpu_milli; // with upstream's assumption (100m, 200 MB) for containers that ask for none
    int64_t nonzero_memory;
    struct pod_port *host_ports;
    size_t host_port_count;
    struct pod_toleration *tolerations;
    size_t toleration_count;
    struct object_pair *node_selector;
    size_t node_selector_count;
    const char *const *images; // of its containers, NULL-ended
    struct str_list strings;   // owns what the members above point to
};

struct pod_view *pod_view_new(const struct object *object); // takes a reference
void pod_view_free(struct pod_view *view);
bool pod_view_tolerates(const struct pod_view *view, const struct pod_taint *taint);

#endif
