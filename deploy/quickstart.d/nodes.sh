# SPDX-License-Identifier: Apache-2.0
# The nodes: for each a containerd of its own and a kubelet.
# shellcheck shell=bash disable=SC2154,SC2086

socket_of() { printf '%s/node-%d/containerd.sock' "$run" "$1"; }
node_ctr() {
    local i=$1
    shift
    ctr --address "$(socket_of "$i")" -n k8s.io "$@"
}

# overlayfs where the file system below allows it (on another overlay it does not), else plain copies.
snapshotter() {
    local probe=$run/overlay-probe kind=native
    mkdir -p "$probe"/{lower,upper,work,merged}
    if mount -t overlay overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged" 2>/dev/null; then
        umount "$probe/merged"
        kind=overlayfs
    fi
    rm -rf "$probe"
    printf '%s' "$kind"
}

containerd_config() {
    local i=$1 folder=$run/node-$1
    [ -f "$folder/containerd.toml" ] || cat > "$folder/containerd.toml" <<EOF
version = 2
root = "$folder/containerd"
state = "$folder/containerd-state"
[grpc]
  address = "$(socket_of "$i")"
[ttrpc]
  address = "$(socket_of "$i").ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$folder/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "cube.local/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$folder/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$(snapshotter)"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
EOF
    mkdir -p "$folder/cni"
    [ -f "$folder/cni/10-pods.conflist" ] || cat > "$folder/cni/10-pods.conflist" <<EOF
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "$bridge-pods", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "ranges": [[{"subnet": "$(pod_cidr "$i")"}]], "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "$folder/cni-addresses"
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}},
    {"type": "firewall"}
  ]
}
EOF
}

kubelet_config() {
    local i=$1 name folder
    name=$(node_name "$i")
    folder=$run/$name
    [ -f "$folder/kubelet.yaml" ] || cat > "$folder/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $run/pki/ca.crt}
authorization: {mode: AlwaysAllow}
tlsCertFile: $run/pki/$name.crt
tlsPrivateKeyFile: $run/pki/$name.key
cgroupDriver: cgroupfs
cgroupRoot: /$(unit_of "$name")
containerRuntimeEndpoint: unix://$(socket_of "$i")
failSwapOn: false
podLogsDir: $folder/pod-logs
resolvConf: /etc/resolv.conf
EOF
}

import_image() {
    local i=$1 image=$2
    node_ctr "$i" images ls -q | grep -qx "cube.local/$image:1" && return 0
    [ -f "$build/images/$image.tar" ] && [ "$build/images/$image.tar" -nt "$build/images/$image/$image" ] ||
        "$top/deploy/images/build-image" "cube.local/$image:1" "$build/images/$image" "$build/images/$image.tar" "/$image" > /dev/null
    node_ctr "$i" images import "$build/images/$image.tar" > /dev/null
}

# Commands of a node run in its network namespace, if it has one.
prefix_of() { if [ "$node_count" -gt 1 ]; then printf 'nsenter --net=/run/netns/%s' "$(namespace_of "$1")"; fi; }

node_up() {
    local i=$1 name
    name=$(node_name "$i")
    service_running "kubelet-$name" || step "starting $name"
    containerd_config "$i"
    kubelet_config "$i"
    service_start "containerd-$name" $(prefix_of "$i") containerd --config "$run/$name/containerd.toml" --log-level warn
    wait_for 30 "containerd's answer on $name" node_ctr "$i" version
    import_image "$i" pause
    import_image "$i" demo
    service_start "kubelet-$name" $(prefix_of "$i") "$build/kubelet" --config "$run/$name/kubelet.yaml" \
        --kubeconfig "$run/$name/kubeconfig" --hostname-override "$name" --node-ip "$(node_address "$i")" --root-dir "$run/$name/kubelet" \
        --cert-dir "$run/$name/kubelet/pki" ${CUBE_KUBELET_ARGS:-}
}

node_is_ready() {
    [ "$("$build/cubectl" --kubeconfig "$run/admin.kubeconfig" get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

nodes_up() {
    local i
    for ((i = 1; i <= node_count; i++)); do node_up "$i"; done
    for ((i = 1; i <= node_count; i++)); do wait_for 60 "readiness of $(node_name "$i")" node_is_ready "$(node_name "$i")"; done
}

no_tasks() { [ -z "$(node_ctr "$1" tasks ls -q 2>/dev/null)" ]; }

# Ends what is left in a containerd: tasks, then the containers themselves.
clear_containerd() {
    local i=$1 id
    for id in $(node_ctr "$i" tasks ls -q 2>/dev/null); do node_ctr "$i" tasks kill -s KILL "$id" > /dev/null 2>&1 || true; done
    for _ in $(seq 40); do
        for id in $(node_ctr "$i" tasks ls -q 2>/dev/null); do node_ctr "$i" tasks delete "$id" > /dev/null 2>&1 || true; done
        no_tasks "$i" && break
        sleep 0.1
    done
    for id in $(node_ctr "$i" containers ls -q 2>/dev/null); do node_ctr "$i" containers delete "$id" > /dev/null 2>&1 || true; done
}

# All pods go by way of the API, so that the network plug-ins free what they hold.
delete_pods() {
    local namespace
    for namespace in $("$build/cubectl" --kubeconfig "$run/admin.kubeconfig" get namespaces -o 'jsonpath={.items[*].metadata.name}' 2>/dev/null); do
        api "/api/v1/namespaces/$namespace/pods" -X DELETE -H 'Content-Type: application/json' \
            -d '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":1}' > /dev/null 2>&1 || true
    done
}

nodes_down() {
    local i j name
    step "stopping pods"
    delete_pods
    for ((i = 1; i <= node_count; i++)); do
        for ((j = 0; j < 100; j++)); do
            no_tasks "$i" && break
            sleep 0.1
        done
    done
    step "stopping nodes"
    for ((i = 1; i <= node_count; i++)); do
        name=$(node_name "$i")
        service_stop "kubelet-$name"
        clear_containerd "$i"
        service_stop "containerd-$name"
        { grep -oE " $run/$name/[^ ]+" /proc/mounts || true; } | tac | while read -r mount; do umount -l "$mount" 2>/dev/null || true; done
        find /sys/fs/cgroup -depth -type d -path "*/$(unit_of "$name")*" -exec rmdir {} \; 2>/dev/null || true
    done
}
