# SPDX-License-Identifier: Apache-2.0
# A ReplicaSet of three small web servers, and what to type next.
# shellcheck shell=bash disable=SC2154

kube() { "$build/cubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }

# Once: afterwards it is the user's to scale or to delete.
demo_is_ready() { [ "$(kube get replicaset web -o 'jsonpath={.spec.replicas} {.status.readyReplicas}')" = "3 3" ]; }

demo_up() {
    [ ! -f "$run/demo" ] || return 0
    step "applying a ReplicaSet of three"
    kube apply -f "$top/deploy/config/demo.yaml" > "$run/logs/demo.log" 2>&1 || { cat "$run/logs/demo.log" >&2; die "the ReplicaSet was refused"; }
    wait_for 60 "readiness of three pods" kubelet-node-1 demo_is_ready
    : > "$run/demo"
}

summary() {
    local environment=''
    [ "$run" = "$top/run" ] || environment+="CUBE_RUN=$run "
    [ "$build" = "$top/build" ] || environment+="CUBE_BUILD=$(printf '%q' "$build") "
    step "the cluster is there"
    echo
    if [ -f "$run/demo" ]; then kube get pods -o wide; else kube get nodes; fi
    cat <<EOF

Next:
  export KUBECONFIG=$run/admin.kubeconfig PATH=$(printf '%q' "$build"):\$PATH
  cubectl get all -A
EOF
    [ ! -f "$run/demo" ] || cat <<EOF
  cubectl scale replicaset web --replicas 5
  cubectl delete pod -l app=web --wait=false; cubectl get pods -w     # they come back
  cubectl logs -l app=web
EOF
    printf '  sudo %s%q down\n' "$environment" "$top/deploy/quickstart"
}
