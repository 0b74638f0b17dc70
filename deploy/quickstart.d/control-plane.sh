# SPDX-License-Identifier: Apache-2.0
# etcd, kube-apiserver, kube-scheduler, kube-controller-manager.
# shellcheck shell=bash disable=SC2154,SC2086

api() {
    curl -sS --fail --max-time 10 --cacert "$run/pki/ca.crt" --cert "$run/pki/admin.crt" --key "$run/pki/admin.key" \
        "https://127.0.0.1:$api_port$1" "${@:2}"
}

port_is_free() { ! ss -Hltn "sport = :$1" | grep -q .; }

# need_port SERVICE PORT WHAT-TO-SET
need_port() {
    service_running "$1" || process_alive "$1" || port_is_free "$2" || die "TCP port $2, which $1 needs, is in use; set $3 to another one. $(ss -Hltnp "sport = :$2" | head -n 1 | tr -s ' ')"
}

check_ports() {
    need_port etcd "$etcd_port" CUBE_ETCD_PORT
    need_port etcd $((etcd_port + 1)) CUBE_ETCD_PORT
    need_port kube-apiserver "$api_port" CUBE_API_PORT
    need_port kube-scheduler "$scheduler_port" CUBE_SCHEDULER_PORT
    need_port kube-controller-manager "$controller_manager_port" CUBE_CONTROLLER_MANAGER_PORT
    # several nodes are in network namespaces of their own
    if [ "$node_count" -eq 1 ]; then
        need_port kubelet-node-1 "$kubelet_port" CUBE_KUBELET_PORT
        need_port kubelet-node-1 "$kubelet_healthz_port" CUBE_KUBELET_HEALTHZ_PORT
    fi
}

control_plane_up() {
    service_running etcd || step "starting etcd"
    service_start etcd etcd --name cube --data-dir "$run/etcd" --listen-client-urls "http://127.0.0.1:$etcd_port" \
        --advertise-client-urls "http://127.0.0.1:$etcd_port" --listen-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
        --initial-advertise-peer-urls "http://127.0.0.1:$((etcd_port + 1))" --initial-cluster "cube=http://127.0.0.1:$((etcd_port + 1))" \
        --logger zap --log-level warn
    wait_for 30 "etcd's answer" etcd curl -sS --fail "http://127.0.0.1:$etcd_port/health"

    service_running kube-apiserver || step "starting kube-apiserver"
    service_start kube-apiserver "$build/kube-apiserver" --bind-address 0.0.0.0 --secure-port "$api_port" \
        --advertise-address "$(host_address)" --etcd-servers "http://127.0.0.1:$etcd_port" --client-ca-file "$run/pki/ca.crt" \
        --tls-cert-file "$run/pki/apiserver.crt" --tls-private-key-file "$run/pki/apiserver.key" \
        --service-account-issuer https://kubernetes.default.svc.cluster.local --service-account-key-file "$run/pki/service-account.pub" \
        --service-account-signing-key-file "$run/pki/service-account.key" --service-cluster-ip-range 10.96.0.0/16 \
        --kubelet-client-certificate "$run/pki/apiserver-kubelet-client.crt" --kubelet-client-key "$run/pki/apiserver-kubelet-client.key" \
        --kubelet-certificate-authority "$run/pki/ca.crt" --kubelet-preferred-address-types InternalIP,Hostname ${CUBE_APISERVER_ARGS:-}
    wait_for 30 "kube-apiserver's readiness" kube-apiserver api /readyz

    service_running kube-scheduler || step "starting kube-scheduler and kube-controller-manager"
    service_start kube-scheduler "$build/kube-scheduler" --kubeconfig "$run/scheduler.kubeconfig" --bind-address 127.0.0.1 \
        --secure-port "$scheduler_port" --client-ca-file "$run/pki/ca.crt" ${CUBE_SCHEDULER_ARGS:-}
    service_start kube-controller-manager "$build/kube-controller-manager" --kubeconfig "$run/controller-manager.kubeconfig" \
        --bind-address 127.0.0.1 --secure-port "$controller_manager_port" --client-ca-file "$run/pki/ca.crt" \
        --root-ca-file "$run/pki/ca.crt" ${CUBE_CONTROLLER_MANAGER_ARGS:-}
}
