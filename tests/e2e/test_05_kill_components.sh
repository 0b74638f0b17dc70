#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 each component in turn under a running ReplicaSet: nothing is lost, no container restarts.
. "$(dirname "$0")/cluster.sh"
replicaset steady 4
before=$(pods_of steady)
for component in kube-scheduler kube-controller-manager kubelet-node-1 kubelet-node-2 kube-apiserver etcd containerd-node-1; do
    note "killing $component"
    kill_component "$component"
    eventually 30 kube get --raw /readyz
    sleep 1
    # The control loop works again: one more pod comes, and goes.
    kube scale replicaset steady --replicas 5
    eventually 60 ready_replicas steady 5
    kube scale replicaset steady --replicas 4
    eventually 60 ready_replicas steady 4
done
eventually 30 count_is steady 4
# Scaling down may take any of the five; those that are still there must never have been restarted.
for restarts in $(restarts_of steady); do equal 0 "$restarts" "a container was restarted"; done
kept=0
for name in $before; do case " $(pods_of steady) " in *" $name "*) kept=$((kept + 1)) ;; esac; done
[ "$kept" -ge 1 ] || fail "no pod has survived: before $before, now $(pods_of steady)"
kube delete replicaset steady
