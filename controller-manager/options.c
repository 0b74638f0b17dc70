// SPDX-License-Identifier: Apache-2.0
// The option table: each upstream flag works, or says why it does not.
#include "controller-manager/options.h"

#include <stddef.h>

#define AT(member) offsetof(struct controller_manager_options, member)
#define NO_CONTROLLER "the controller that it belongs to is not part of this build"

const struct option controller_manager_option_table[] = {
    {"kube-api-qps", 0, OPTION_DOUBLE, AT(kube_api_qps), "20", "QPS to use while talking with kubernetes apiserver.", NULL},
    {"kube-api-burst", 0, OPTION_INT, AT(kube_api_burst), "30", "Burst to use while talking with kubernetes apiserver.", NULL},
    {"secure-port", 0, OPTION_INT, AT(secure_port), "10257", "The port on which to serve HTTPS. If 0, don't serve HTTPS at all.",
     NULL},
    {"leader-elect-resource-name", 0, OPTION_STRING, AT(leading.lease_name), "kube-controller-manager", "The name of the Lease.",
     NULL},
    // controllers
    {"controllers", 0, OPTION_LIST, AT(controllers), "*",
     "Controllers to enable: '*' all on-by-default ones, 'foo' enables foo, '-foo' disables it.", NULL},
    {"concurrent-replicaset-syncs", 0, OPTION_INT, AT(concurrent_replicaset_syncs), "5", "ReplicaSets synced at the same time.",
     NULL},
    {"concurrent-namespace-syncs", 0, OPTION_INT, AT(concurrent_namespace_syncs), "10", "Namespaces synced at the same time.",
     NULL},
    {"concurrent-gc-syncs", 0, OPTION_INT, AT(concurrent_gc_syncs), "20", "Garbage collector workers.", NULL},
    {"enable-garbage-collector", 0, OPTION_BOOL, AT(enable_garbage_collector), "true",
     "Enables the garbage collector. Must be in sync with the apiserver.", NULL},
    {"root-ca-file", 0, OPTION_STRING, AT(root_ca_file), "",
     "This root certificate authority is published in the kube-root-ca.crt ConfigMap of each namespace.", NULL},
    {"node-monitor-period", 0, OPTION_DURATION, AT(node_monitor_period), "5s",
     "The period for syncing NodeStatus in the node lifecycle controller.", NULL},
    {"node-monitor-grace-period", 0, OPTION_DURATION, AT(node_monitor_grace_period), "50s",
     "How long a running node may be unresponsive before it is marked unhealthy.", NULL},
    {"node-startup-grace-period", 0, OPTION_DURATION, AT(node_startup_grace_period), "1m",
     "How long a starting node may be unresponsive before it is marked unhealthy.", NULL},
    {"node-eviction-rate", 0, OPTION_DOUBLE, AT(node_eviction_rate), "0.1",
     "Nodes per second that are tainted NoExecute while their zone is healthy.", NULL},
    {"secondary-node-eviction-rate", 0, OPTION_DOUBLE, AT(secondary_node_eviction_rate), "0.01",
     "The same while the zone is unhealthy.", NULL},
    {"unhealthy-zone-threshold", 0, OPTION_DOUBLE, AT(unhealthy_zone_threshold), "0.55",
     "The fraction of not-ready nodes that makes a zone unhealthy.", NULL},
    {"large-cluster-size-threshold", 0, OPTION_INT, AT(large_cluster_size_threshold), "50",
     "Up to this size the secondary eviction rate is 0.", NULL},
    // upstream's, without effect here
    {"use-service-account-credentials", 0, OPTION_IGNORED_BOOL, 0, NULL, "",
     "all controllers use the credentials of --kubeconfig"},
    {"service-account-private-key-file", 0, OPTION_IGNORED, 0, NULL, "", "tokens are requested, not stored in Secrets"},
    {"cluster-signing-cert-file", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"cluster-signing-key-file", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"cluster-signing-duration", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"cluster-name", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"cluster-cidr", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"allocate-node-cidrs", 0, OPTION_IGNORED_BOOL, 0, NULL, "", NO_CONTROLLER},
    {"node-cidr-mask-size", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"service-cluster-ip-range", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"terminated-pod-gc-threshold", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"concurrent-deployment-syncs", 0, OPTION_IGNORED, 0, NULL, "", NO_CONTROLLER},
    {"min-resync-period", 0, OPTION_IGNORED, 0, NULL, "", "informers follow their watch and need no resync"},
    {"feature-gates", 0, OPTION_IGNORED, 0, NULL, "", "there are no gates in this build"},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};
