# SPDX-License-Identifier: Apache-2.0
# A ReplicaSet of three small web servers, and what to type next.
# shellcheck shell=bash disable=SC2154

kube() { "$build/cubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }

three_ready() { [ "$(kube get replicaset web -o 'jsonpath={.status.readyReplicas}')" = 3 ]; }

demo_up() {
    if ! kube get replicaset web > /dev/null 2>&1; then
        step "applying a ReplicaSet of three"
        kube apply -f "$top/deploy/config/demo.yaml" > /dev/null
    fi
    wait_for 60 "readiness of three pods" three_ready
}

summary() {
    step "the cluster is there"
    echo
    if [ "$demo" = yes ]; then kube get pods -o wide; else kube get nodes; fi
    cat <<EOF

Next:
  export KUBECONFIG=$run/admin.kubeconfig PATH=$build:\$PATH
  cubectl get all -A
  cubectl scale replicaset web --replicas 5
  cubectl delete pod -l app=web --wait=false; cubectl get pods -w     # they come back
  cubectl logs -l app=web
  sudo $top/deploy/quickstart down
EOF
}
