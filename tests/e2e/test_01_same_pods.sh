#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo runs, answers over the pod network, and stock kubectl shows what cubectl shows.
. "$(dirname "$0")/cluster.sh"
eventually 60 ready_replicas web 3
pod=$(pods_of web | cut -d' ' -f1)
node=$(path pod "$pod" '{.spec.nodeName}')
ip=$(path pod "$pod" '{.status.podIP}')
contains "$(curl -sS --max-time 5 "http://$ip:8080/hello")" "Hello from $pod"
contains "$(kube logs "$pod")" "GET /hello"
contains "$(kube describe pod "$pod" | tr -s " ")" "Node: $node/"
equal 5 "$(kube scale replicaset web --replicas 5 > /dev/null; path replicaset web '{.spec.replicas}')"
eventually 30 ready_replicas web 5
kube scale replicaset web --replicas 3
eventually 30 ready_replicas web 3
eventually 30 count_is web 3
if [ -z "$stock" ]; then note "no stock kubectl here, comparison skipped"; exit 0; fi
without_age() { sed -E 's/[0-9]+(s|m|m[0-9]+s|h)( ago)?//g; s/ +/ /g; s/ +$//'; }
for arguments in "get pods" "get pods -o wide" "get pods -A -o name" "get nodes" "get replicasets -o wide" "get namespaces --show-labels" "get pods -o yaml" \
    "get pod $pod -o json" "get configmaps -A" "get serviceaccounts -A" "get leases -A -o name" "get pods -l app=web --no-headers"; do
    # shellcheck disable=SC2086
    equal "$($stock $arguments | without_age)" "$(kube $arguments | without_age)" "\"$arguments\" differs"
done
assigned() { $stock describe pod "$pod" | grep "Successfully assigned default/$pod to $node"; }
eventually 10 assigned
contains "$($stock logs "$pod")" "listens on port 8080"
$stock scale replicaset web --replicas 4
$stock wait --for=jsonpath='{.status.readyReplicas}'=4 replicaset/web --timeout=30s
$stock scale replicaset web --replicas 3
