#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A killed process is restarted with back-off; a deleted pod is replaced.
. "$(dirname "$0")/cluster.sh"
replicaset heal 2
pod=$(pods_of heal | cut -d' ' -f1)

note "killing a container's process"
kill -9 "$(container_pid "$pod")"
eventually 20 path_is pod "$pod" '{.status.containerStatuses[0].restartCount}' 1
eventually 20 path_is pod "$pod" '{.status.conditions[?(@.type=="Ready")].status}' True
equal 137 "$(path pod "$pod" '{.status.containerStatuses[0].lastState.terminated.exitCode}')"
note "killing it again: now it has to wait"
kill -9 "$(container_pid "$pod")"
eventually 10 path_is pod "$pod" '{.status.containerStatuses[0].state.waiting.reason}' CrashLoopBackOff
eventually 10 has_event "$pod" BackOff
eventually 30 path_is pod "$pod" '{.status.containerStatuses[0].restartCount}' 2
contains "$(kube logs "$pod" -p)" "listens on port"

note "deleting a pod"
kube delete pod "$pod" --wait=false
eventually 30 ready_replicas heal 2
gone() { ! kube get pod "$pod"; }
eventually 20 gone
delete_all_of() { kube delete replicaset "$1"; }
delete_all_of heal
