#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A deleted namespace is emptied; what has lost its owner is collected, unless it was orphaned.
. "$(dirname "$0")/cluster.sh"
kube create namespace short-lived
eventually 10 kube get serviceaccount default -n short-lived
eventually 10 kube get configmap kube-root-ca.crt -n short-lived
kube create configmap inside -n short-lived --from-literal=a=b
kube delete namespace short-lived --wait=false
gone() { ! kube get namespace short-lived; }
eventually 40 gone

replicaset owner 2
kube delete replicaset owner --cascade=orphan
equal 2 "$(pods_of owner | wc -w)"
replicaset owner 2
kube delete replicaset owner --cascade=foreground
none() { [ -z "$(pods_of owner)" ]; }
eventually 30 none
replicaset owner 2
kube delete replicaset owner
eventually 30 none
