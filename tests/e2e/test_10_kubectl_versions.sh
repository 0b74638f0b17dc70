#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stock kubectl of each version that is installed: apply, get, describe, logs, scale, wait and delete work, and print what cubectl prints.
. "$(dirname "$0")/cluster.sh"
[ -n "$stock" ] || { note "no stock kubectl here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=$(dirname "$(readlink -f "$stock")")

manifest() {
    cat <<EOT
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: $1, labels: {app: $1}}
spec:
  replicas: 2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}, annotations: {note: $2}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "cube.local/demo:1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: $1}
data: {colour: $2}
EOT
}

# everything NAME KUBECTL
everything() {
    local name=$1 program=$2 pod old=()
    # far older ones ask for /openapi/v2, which is not there
    case $2 in *.1.27 | *.1.28) old=(--validate=false --openapi-patch=false) ;; esac
    k() { "$program" --cache-dir "$work/cache-$name" "$@"; }
    manifest "$name" blue > "$work/$name.yaml"
    contains "$(k apply "${old[@]}" -f "$work/$name.yaml")" "replicaset.apps/$name created"
    contains "$(k apply "${old[@]}" -f "$work/$name.yaml")" "configmap/$name unchanged"
    k wait --for=jsonpath='{.status.readyReplicas}'=2 "replicaset/$name" --timeout=40s
    k wait --for=condition=Ready pod -l "app=$name" --timeout=20s
    manifest "$name" green > "$work/$name.yaml"
    [ ${#old[@]} -gt 0 ] || contains "$(k diff -f "$work/$name.yaml" || true)" "+  colour: green"
    contains "$(k apply "${old[@]}" -f "$work/$name.yaml")" "configmap/$name configured"
    equal green "$(k get configmap "$name" -o 'jsonpath={.data.colour}')"
    pod=$(k get pods -l "app=$name" -o name | sed -n 1p)
    equal "$(k get pods -l "app=$name" --no-headers | awk '{print $1, $2, $3, $4}')" "$(kube get pods -l "app=$name" --no-headers | awk '{print $1, $2, $3, $4}')"
    assigned() { k describe "$pod" | grep "Successfully assigned default/${pod#pod/} to node-"; }
    eventually 10 assigned
    contains "$(k describe "replicaset/$name" | tr -s ' ')" "Replicas: 2 current / 2 desired"
    contains "$(k describe node node-1 | tr -s ' ')" "Allocated resources:"
    contains "$(k logs "$pod")" "listens on port 8080"
    [ ${#old[@]} -gt 0 ] || contains "$(k explain replicaset.spec.replicas)" "replicas"
    k scale replicaset "$name" --replicas 3
    k wait --for=jsonpath='{.status.readyReplicas}'=3 "replicaset/$name" --timeout=40s
    k label "$pod" extra=yes
    k annotate configmap "$name" extra=yes
    equal "$pod" "$(k get pods -l extra=yes -o name)"
    k patch configmap "$name" -p '{"data":{"more":"x"}}'
    k delete "$pod" --wait=false
    k wait --for=delete "$pod" --timeout=40s
    k delete -f "$work/$name.yaml" --timeout=60s
    contains "$(k get replicaset "$name" 2>&1 || true)" "not found"
}

found=0
for version in 1.27 1.28 1.29 1.30 1.31 1.32 1.33; do
    if [ ! -x "$home/kubectl.$version" ]; then
        note "no kubectl $version beside $stock, skipped"
        continue
    fi
    found=$((found + 1))
    note "kubectl $version"
    everything "by-${version/./-}" "$home/kubectl.$version"
done
if [ "$found" = 0 ]; then everything by-stock "$stock"; fi
