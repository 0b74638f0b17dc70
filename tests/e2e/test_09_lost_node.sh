#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One of two kubelets stops: its pods are replaced on the other node. It comes back: the node is ready again.
. "$(dirname "$0")/cluster.sh"
replicaset roam 4
on_node() { kube get pods -l app=roam -o 'jsonpath={range .items[*]}{.spec.nodeName} {.metadata.deletionTimestamp}{"\n"}{end}' | grep -c "^node-$1 \$"; }
[ "$(on_node 2 || true)" -ge 1 ] || fail "the pods are not spread: $(kube get pods -o wide)"
quickstart stop kubelet-node-2
note "kubelet of node-2 is stopped"
eventually 60 path_is node node-2 '{.status.conditions[?(@.type=="Ready")].status}' Unknown
all_on_one() { [ "$(on_node 1)" = 4 ]; }
eventually 60 all_on_one
eventually 60 ready_replicas roam 4
quickstart start kubelet-node-2
eventually 60 path_is node node-2 '{.status.conditions[?(@.type=="Ready")].status}' True
untainted() { [ -z "$(path node node-2 '{.spec.taints}')" ]; }
eventually 30 untainted
only_four() { [ "$(pods_of roam | wc -w)" = 4 ]; }
eventually 60 only_four
kube delete replicaset roam
