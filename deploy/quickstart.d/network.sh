# SPDX-License-Identifier: Apache-2.0
# Where the nodes are. One node is this machine itself. Several are network namespaces on a bridge, each a host of its own.
# shellcheck shell=bash disable=SC2154

# Different clusters on one machine ($CUBE_RUN) need different names and addresses: $CUBE_NETWORK is a number from 0 to 9.
network=${CUBE_NETWORK:-0}
bridge=cube$network
node_name() { printf 'node-%d' "$1"; }
namespace_of() { printf 'cube%d-node-%d' "$network" "$1"; }
pod_cidr() { printf '10.%d.%d.0/24' $((88 + 2 * network)) "$1"; }

host_address() {
    if [ "$node_count" -gt 1 ]; then
        printf '10.%d.0.1' $((89 + 2 * network))
    else
        local address
        address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
        printf '%s' "${address:-127.0.0.1}"
    fi
}
# How a node reaches the apiserver.
node_gateway() { if [ "$node_count" -gt 1 ]; then host_address; else printf 127.0.0.1; fi; }
node_address() { if [ "$node_count" -gt 1 ]; then printf '10.%d.0.%d' $((89 + 2 * network)) $((10 + $1)); else host_address; fi; }
# Runs a command where node I is. Not by ip netns exec: that hides /sys/fs/cgroup from what it starts.
in_node() {
    local i=$1
    shift
    if [ "$node_count" -gt 1 ]; then nsenter "--net=/run/netns/$(namespace_of "$i")" "$@"; else "$@"; fi
}

network_up() {
    local i j name address
    if [ "$node_count" -eq 1 ]; then
        remember_forwarding
        return 0
    fi
    ip link show "$bridge" > /dev/null 2>&1 || step "making $node_count network namespaces"
    ip link show "$bridge" > /dev/null 2>&1 || ip link add "$bridge" type bridge
    ip address replace "$(host_address)/24" dev "$bridge"
    ip link set "$bridge" up
    remember_forwarding
    for ((i = 1; i <= node_count; i++)); do
        name=$(namespace_of "$i")
        address=$(node_address "$i")
        if [ ! -e "/run/netns/$name" ]; then
            ip netns add "$name"
            ip link add "$bridge-$i" type veth peer name eth0 netns "$name"
            ip link set "$bridge-$i" master "$bridge" up
            ip -n "$name" address add "$address/24" dev eth0
            ip -n "$name" link set lo up
            ip -n "$name" link set eth0 up
            ip -n "$name" route add default via "$(host_address)"
            nsenter "--net=/run/netns/$name" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
        fi
        ip route replace "$(pod_cidr "$i")" via "$address"
    done
    for ((i = 1; i <= node_count; i++)); do
        for ((j = 1; j <= node_count; j++)); do
            [ "$i" = "$j" ] || ip -n "$(namespace_of "$i")" route replace "$(pod_cidr "$j")" via "$(node_address "$j")"
        done
    done
    nft list table ip "$bridge" > /dev/null 2>&1 || nft -f - <<EOF
table ip $bridge {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr 10.$((89 + 2 * network)).0.0/24 oifname != "$bridge" masquerade
    }
}
EOF
}

# Pods need forwarding; what the machine had before comes back at the end.
remember_forwarding() {
    [ -f "$run/ip_forward" ] || cat /proc/sys/net/ipv4/ip_forward > "$run/ip_forward"
    echo 1 > /proc/sys/net/ipv4/ip_forward 2>/dev/null || true
}

network_down() {
    local i
    if [ "$node_count" -gt 1 ]; then
        for ((i = 1; i <= node_count; i++)); do
            ip route del "$(pod_cidr "$i")" 2>/dev/null || true
            ip netns del "$(namespace_of "$i")" 2>/dev/null || true
            ip link del "$bridge-$i" 2>/dev/null || true
        done
        ip link del "$bridge" 2>/dev/null || true
        nft delete table ip "$bridge" 2>/dev/null || true
    fi
    ip link del "$bridge-pods" 2>/dev/null || true
    [ ! -f "$run/ip_forward" ] || cat "$run/ip_forward" > /proc/sys/net/ipv4/ip_forward 2>/dev/null || true
}
