# SPDX-License-Identifier: Apache-2.0
# The vocabulary of the end-to-end tests: one cluster of two nodes, and words to look at it.
# shellcheck shell=bash
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${CUBE_BUILD:-$top/build}
export CUBE_BUILD=$build CUBE_RUN=${CUBE_RUN:-$build/e2e} CUBE_NETWORK=${CUBE_NETWORK:-7}
export CUBE_API_PORT=${CUBE_API_PORT:-16443} CUBE_ETCD_PORT=${CUBE_ETCD_PORT:-23700}
export CUBE_SCHEDULER_PORT=${CUBE_SCHEDULER_PORT:-20259} CUBE_CONTROLLER_MANAGER_PORT=${CUBE_CONTROLLER_MANAGER_PORT:-20257}
# Short times, so that a lost node is noticed within seconds.
export CUBE_APISERVER_ARGS="--default-unreachable-toleration-seconds=2 --default-not-ready-toleration-seconds=2"
export CUBE_CONTROLLER_MANAGER_ARGS="--node-monitor-grace-period=16s --node-monitor-period=1s"
run=$CUBE_RUN

# Containers need root. Without it the scenario runs itself through sudo, or is skipped.
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2> /dev/null || { echo "needs root, or a sudo that asks nothing"; exit 77; }
    kept=()
    for name in PATH "${!CUBE_@}"; do kept+=("$name=${!name}"); done
    exec sudo -n env "${kept[@]}" "$0" "$@"
fi
export KUBECONFIG=$run/admin.kubeconfig

quickstart() { "$top/deploy/quickstart" "$@"; }
kube() { "$build/cubectl" "$@"; }
# Stock kubectl, if the machine has one; its path was looked up once.
stock=$(command -v kubectl || true)

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
note() { printf '%s  %s\n' "$(date +%T)" "$*"; }

# eventually SECONDS COMMAND...: succeeds as soon as the command does.
eventually() {
    local seconds=$1 ends
    shift
    ends=$(($(date +%s) + seconds))
    while [ "$(date +%s)" -le "$ends" ]; do
        "$@" > /dev/null 2>&1 && return 0
        sleep 0.2
    done
    "$@" || fail "not within $seconds s: $*"
}
equal() { [ "$1" = "$2" ] || fail "${3:-values differ}: wanted \"$1\", got \"$2\""; }
contains() { case $1 in *"$2"*) ;; *) fail "\"$2\" is missing in: $1" ;; esac; }

path() { kube get "$1" "$2" -n "${4:-default}" -o "jsonpath=$3"; }
path_is() { [ "$(path "$1" "$2" "$3" "${5:-default}")" = "$4" ]; }
ready_replicas() { path_is replicaset "$1" '{.status.readyReplicas}' "$2"; }
pods_of() { kube get pods -l "app=$1" -o 'jsonpath={.items[*].metadata.name}'; }
count_is() { [ "$(pods_of "$1" | wc -w)" = "$2" ]; }
restarts_of() { kube get pods -l "app=$1" -o 'jsonpath={.items[*].status.containerStatuses[*].restartCount}'; }
has_event() { kube get events -o 'jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.message}{"\n"}{end}' | grep -E "^$1 $2 "; }

# replicaset NAME COUNT [NODE]: applies a ReplicaSet of demo pods and waits for it.
replicaset() {
    kube apply -f - <<EOF
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: main
        image: cube.local/demo:1
EOF
    eventually 60 ready_replicas "$1" "$2"
}

# pod NAME, with the rest of its spec on standard input (YAML, indented by two).
pod() { { printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {app: %s}}\nspec:\n  terminationGracePeriodSeconds: 1\n' "$1" "$1"; cat; } | kube apply -f -; }

node_number() { printf '%s' "${1#node-}"; }
# The process number of a pod's container.
container_pid() {
    local pod=$1 node id
    node=$(path pod "$pod" '{.spec.nodeName}')
    id=$(path pod "$pod" '{.status.containerStatuses[0].containerID}')
    ctr --address "$run/$node/containerd.sock" -n k8s.io tasks ls | awk -v id="${id#containerd://}" '$1 == id {print $2}'
}
component_pid() { quickstart pid "$1" 2> /dev/null; }
component_alive() { grep -qs '^State:.[^ZX]' "/proc/$(component_pid "$1")/status"; }
# kill -9, and wait until the supervisor has started it again.
kill_component() {
    local before
    before=$(component_pid "$1")
    kill -9 "$before"
    eventually 15 component_changed "$1" "$before"
}
component_changed() { component_alive "$1" && [ "$(component_pid "$1")" != "$2" ]; }

delete_all() { kube delete replicasets,pods --all --wait=false > /dev/null 2>&1 || true; eventually 40 no_pods; }
no_pods() { [ -z "$(kube get pods -o name)" ]; }
