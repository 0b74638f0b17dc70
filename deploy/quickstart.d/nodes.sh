# SPDX-License-Identifier: Apache-2.0
# The nodes: for each a containerd of its own and a kubelet.
# shellcheck shell=bash disable=SC2154,SC2086,SC2046

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
    write_once "$folder/containerd.toml" <<EOF
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
    write_once "$folder/cni/10-pods.conflist" <<EOF
{
  "cniVersion": "0.4.0",
  "name": "$bridge-pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "$bridge-pods", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "ranges": [[{"subnet": "$(pod_cidr "$i")"}]], "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "$folder/cni-addresses"
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
EOF
}

kubelet_config() {
    local i=$1 name folder
    name=$(node_name "$i")
    folder=$run/$name
    write_once "$folder/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
port: $kubelet_port
healthzPort: $kubelet_healthz_port
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
    [ "$build/images/$image.tar" -nt "$build/images/$image/$image" ] ||
        as_owner "$top/deploy/images/build-image" "cube.local/$image:1" "$build/images/$image" "$build/images/$image.tar" "/$image" > /dev/null
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
    wait_for 30 "containerd's answer on $name" "containerd-$name" node_ctr "$i" version
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
    for ((i = 1; i <= node_count; i++)); do wait_for 60 "readiness of $(node_name "$i")" "kubelet-$(node_name "$i")" node_is_ready "$(node_name "$i")"; done
}

no_tasks() { [ -z "$(node_ctr "$1" tasks ls -q 2>/dev/null)" ]; }
no_containers() { [ -z "$(node_ctr "$1" containers ls -q 2>/dev/null)" ]; }

# Removes the network namespaces of pods of node I that nobody tore down. Their addresses tell whose they are.
remove_sandbox_networks() {
    local file prefix
    prefix=$(pod_cidr "$1")
    for file in /run/netns/cni-*; do
        nsenter "--net=$file" ip -4 -o address show dev eth0 2>/dev/null | grep -qF " inet ${prefix%.0/24}." || continue
        umount -l "$file" 2>/dev/null || true
        rm -f "$file"
    done
}

# Ends what is left in a containerd: tasks, then the containers themselves.
clear_containerd() {
    local i=$1 id
    # ctr would wait for a socket that is not there
    [ -S "$(socket_of "$i")" ] && ! no_containers "$i" || return 0
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
    for namespace in $(api /api/v1/namespaces 2>/dev/null | grep -oE '"kubernetes.io/metadata.name": ?"[^"]+"' | cut -d'"' -f4 | sort -u); do
        api "/api/v1/namespaces/$namespace/pods" -X DELETE -H 'Content-Type: application/json' \
            -d '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":1}' > /dev/null 2>&1 || true
    done
}

# Processes of a node that its containerd does not know any more, and what they were in.
sweep_node() {
    local name=$1 unit pid mount folders
    unit=$(unit_of "$name")
    folders=(-type d '(' -path "*/$unit" -o -path "*/$unit/*" ')')
    for pid in $(pgrep -f -- "-address $run/$name/containerd.sock" || true); do kill -KILL "$pid" 2>/dev/null || true; done
    find /sys/fs/cgroup "${folders[@]}" -exec cat {}/cgroup.procs ';' 2>/dev/null | sort -u | while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
    # the last mount first
    awk -v folder="$run/$name/" 'index($2, folder) == 1 {print $2}' /proc/mounts | tac | while read -r mount; do umount -l "$mount" 2>/dev/null || true; done
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        find /sys/fs/cgroup -depth "${folders[@]}" -exec rmdir {} + 2>/dev/null || true
        [ -n "$(find /sys/fs/cgroup "${folders[@]}" -print -quit 2>/dev/null)" ] || break
        sleep 0.1
    done
}

nodes_down() {
    local i j name
    step "stopping pods"
    delete_pods
    for ((i = 1; i <= node_count; i++)); do
        for ((j = 0; j < 100; j++)); do
            # without a kubelet nobody stops them in order
            service_running "kubelet-$(node_name "$i")" && ! no_tasks "$i" || break
            sleep 0.1
        done
    done
    step "stopping nodes"
    for ((i = 1; i <= node_count; i++)); do
        name=$(node_name "$i")
        service_stop "kubelet-$name"
        # it may have been killed, and with it goes the knowledge of what it made
        if [ -f "$run/pids/containerd-$name.command" ] && ! service_running "containerd-$name"; then
            (service_restart "containerd-$name"; wait_for 10 "containerd's answer on $name" "containerd-$name" node_ctr "$i" version) || true
        fi
        clear_containerd "$i"
        service_stop "containerd-$name"
        sweep_node "$name"
        remove_sandbox_networks "$i"
    done
}
