# SPDX-License-Identifier: Apache-2.0
# Debian packages that are missing, and the build.
# shellcheck shell=bash disable=SC2154

packages="gcc libc6-dev cmake ninja-build pkg-config protobuf-c-compiler libmicrohttpd-dev libjson-c-dev libyaml-dev libcurl4-gnutls-dev
libgnutls28-dev libnghttp2-dev libprotobuf-c-dev zlib1g-dev openssl curl iproute2 iptables nftables procps util-linux etcd-server containerd runc
containernetworking-plugins"

packages_install() {
    local missing=() package
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    step "installing ${missing[*]}"
    {
        apt-get update
        # Installing must not start the packages' own daemons: this cluster brings its own.
        printf '#!/bin/sh\nexit 101\n' > "$run/policy-rc.d"
        chmod +x "$run/policy-rc.d"
        [ -e /usr/sbin/policy-rc.d ] || { cp "$run/policy-rc.d" /usr/sbin/policy-rc.d; made_policy=yes; }
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" || failed=yes
        [ "${made_policy:-no}" = no ] || rm -f /usr/sbin/policy-rc.d
        rm -f "$run/policy-rc.d"
    } > "$run/logs/packages.log" 2>&1
    [ "${failed:-no}" = no ] || { tail -n 5 "$run/logs/packages.log" >&2; die "packages were not installed; see $run/logs/packages.log"; }
}

build_all() {
    step "building"
    {
        [ -f "$build/build.ninja" ] || cmake -S "$top" -B "$build" -G Ninja
        ninja -C "$build" kube-apiserver kube-scheduler kube-controller-manager kubelet cubectl
    } > "$run/logs/build.log" 2>&1 || { tail -n 20 "$run/logs/build.log" >&2; die "the build failed; see $run/logs/build.log"; }
    local image
    mkdir -p "$build/images"
    for image in pause demo; do
        [ "$build/images/$image/$image" -nt "$top/deploy/images/$image.c" ] && continue
        mkdir -p "$build/images/$image"
        gcc -O2 -static -s -Wall -Wextra -Werror -o "$build/images/$image/$image" "$top/deploy/images/$image.c"
    done
}
