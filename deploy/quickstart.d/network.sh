# SPDX-License-Identifier: Apache-2.0
# Where the nodes are. One node is this machine itself. Several are network namespaces on a bridge, each a host of its own.
# shellcheck shell=bash disable=SC2154

node_name() { printf 'node-%d' "$1"; }
namespace_of() { printf 'cube%d-node-%d' "$network" "$1"; }
pod_cidr() { printf '10.%d.%d.0/24' $((88 + 2 * network)) "$1"; }

host_address_now() {
    local address
    address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    printf '%s' "${address:-127.0.0.1}"
}
host_address() {
    if [ "$node_count" -gt 1 ]; then
        printf '10.%d.0.1' $((89 + 2 * network))
    else
        # certificates hold it: it is remembered
        [ -s "$run/address" ] || host_address_now > "$run/address"
        cat "$run/address"
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
    remember_network
    if [ "$node_count" -eq 1 ]; then
        allow_forwarding "$bridge-pods"
        return 0
    fi
    ip link show "$bridge" > /dev/null 2>&1 || step "making $node_count network namespaces"
    ip link show "$bridge" > /dev/null 2>&1 || ip link add "$bridge" type bridge
    ip address replace "$(host_address)/24" dev "$bridge"
    ip link set "$bridge" up
    allow_forwarding "$bridge"
    for ((i = 1; i <= node_count; i++)); do
        name=$(namespace_of "$i")
        address=$(node_address "$i")
        # the last step below says that all were done
        if ! node_network_is_there "$name"; then
            ip netns del "$name" 2>/dev/null || true
            ip link del "$bridge-$i" 2>/dev/null || true
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

node_network_is_there() { [ "$(nsenter "--net=/run/netns/$1" cat /proc/sys/net/ipv4/ip_forward 2>/dev/null)" = 1 ]; }

# What the machine had before comes back at the end, and what it had not goes.
remember_network() {
    [ -f "$run/ip_forward" ] || write_once "$run/ip_forward" < /proc/sys/net/ipv4/ip_forward
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo 1 > /proc/sys/net/ipv4/ip_forward
    { ls -d /var/lib/cni /var/lib/cni/results /run/containerd 2>/dev/null || true; } | write_once "$run/folders-before"
    { iptables-save 2>/dev/null || true; } | sed -n 's/^:\(CNI-[A-Z-]*\) .*/\1/p' | write_once "$run/chains-before"
}

# Engines like docker let nothing be forwarded that they do not know, firewalls let nothing in.
firewall_rules() { printf '%s\n' "FORWARD -i $1" "FORWARD -o $1" "INPUT -i $1"; }
allow_forwarding() {
    local chain rest
    firewall_rules "$1" | while read -r chain rest; do
        # shellcheck disable=SC2086
        iptables -w -C "$chain" $rest -m comment --comment cube -j ACCEPT 2>/dev/null ||
            iptables -w -I "$chain" $rest -m comment --comment cube -j ACCEPT
    done
}
forbid_forwarding() {
    local chain rest
    firewall_rules "$1" | while read -r chain rest; do
        # shellcheck disable=SC2086
        while iptables -w -D "$chain" $rest -m comment --comment cube -j ACCEPT 2>/dev/null; do :; done
    done
}

# Network plug-ins keep their chains. Those that were not there before go when no container uses them any more.
remove_plugin_chains() {
    local chain rule
    [ -f "$run/chains-before" ] || return 0
    ! iptables -w -t nat -S CNI-HOSTPORT-DNAT 2>/dev/null | grep -q '^-A' || return 0
    for chain in CNI-HOSTPORT-DNAT CNI-HOSTPORT-SETMARK CNI-HOSTPORT-MASQ; do
        ! grep -qx "$chain" "$run/chains-before" || continue
        iptables -w -t nat -S 2>/dev/null | sed -n "s/^-A\(.* -j $chain\)\$/-D\1/p" | while read -r rule; do
            eval "iptables -w -t nat $rule" 2>/dev/null || true
        done
        { iptables -w -t nat -F "$chain" && iptables -w -t nat -X "$chain"; } 2>/dev/null || true
    done
}

# Rules of single containers, where the plug-in had no chance to remove them. Their comments name the network.
remove_container_rules() {
    local rule chain
    { iptables -w -t nat -S 2>/dev/null | grep -F "name: \\\"$bridge-pods\\\"" || true; } | while read -r rule; do
        chain=$(sed -n 's/.* -j \(CNI-[0-9a-f]*\|CNI-DN-[0-9a-f]*\)$/\1/p' <<< "$rule")
        eval "iptables -w -t nat ${rule/#-A/-D}" 2>/dev/null || true
        [ -z "$chain" ] || { iptables -w -t nat -F "$chain" && iptables -w -t nat -X "$chain"; } 2>/dev/null || true
    done
}

network_down() {
    local i folder
    if [ "$node_count" -gt 1 ]; then
        for ((i = 1; i <= node_count; i++)); do
            ip route del "$(pod_cidr "$i")" 2>/dev/null || true
            ip netns del "$(namespace_of "$i")" 2>/dev/null || true
            ip link del "$bridge-$i" 2>/dev/null || true
        done
        ip link del "$bridge" 2>/dev/null || true
        nft delete table ip "$bridge" 2>/dev/null || true
        forbid_forwarding "$bridge"
    else
        ip link del "$bridge-pods" 2>/dev/null || true
        forbid_forwarding "$bridge-pods"
        remove_container_rules
        remove_plugin_chains
    fi
    # another cluster's or engine's bridge needs it now
    if [ -f "$run/ip_forward" ] && [ -z "$(ip -o link show type bridge)" ]; then cat "$run/ip_forward" > /proc/sys/net/ipv4/ip_forward; fi
    [ -f "$run/folders-before" ] || return 0
    for folder in /var/lib/cni/results /var/lib/cni /run/containerd; do
        grep -qx "$folder" "$run/folders-before" || find "$folder" -depth -type d -empty -delete 2>/dev/null || true
    done
}
