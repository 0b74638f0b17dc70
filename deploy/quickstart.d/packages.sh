# SPDX-License-Identifier: Apache-2.0
# Debian packages that are missing, and the build.
# shellcheck shell=bash disable=SC2154

packages="gcc libc6-dev cmake ninja-build pkg-config protobuf-c-compiler libmicrohttpd-dev libjson-c-dev libyaml-dev libcurl4-gnutls-dev
libgnutls28-dev libnghttp2-dev libprotobuf-c-dev zlib1g-dev openssl curl hostname iproute2 iptables nftables procps util-linux etcd-server containerd runc
containernetworking-plugins"
policy=/usr/sbin/policy-rc.d
policy_mark='# while the quickstart installs packages'

packages_policy_remove() { ! grep -qsF "$policy_mark" "$policy" || rm -f "$policy"; }

packages_get() {
    local options=(-y -q -o DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    # an installation that was interrupted
    dpkg --configure -a || return 1
    apt-get "${options[@]}" update || return 1
    apt-get "${options[@]}" install --no-install-recommends "$@"
}

packages_install() {
    local missing=() package result=0
    # a docker.io or containerd.io of the machine brings its own containerd and runc
    for package in $packages; do
        case $package in containerd | runc) command -v "$package" > /dev/null && continue ;; esac
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get > /dev/null || die "these Debian packages are needed, and there is no apt-get: ${missing[*]}"
    step "installing ${missing[*]}"
    # Installing must not start the packages' own daemons: this cluster brings its own.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" > "$policy.new"
        chmod +x "$policy.new"
        mv "$policy.new" "$policy"
    fi
    trap packages_policy_remove EXIT
    packages_get "${missing[@]}" > "$run/logs/packages.log" 2>&1 || result=$?
    packages_policy_remove
    [ "$result" = 0 ] || { tail -n 5 "$run/logs/packages.log" >&2; die "packages were not installed; see $run/logs/packages.log"; }
}

# Whose folder it is will want to build in it, too.
as_owner() {
    local folder=$build owner
    while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
    owner=$(stat -c %U "$folder")
    if [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then runuser -u "$owner" -- "$@"; else "$@"; fi
}

build_programs() {
    as_owner cmake -S "$top" -B "$build" -G Ninja &&
        as_owner ninja -C "$build" kube-apiserver kube-scheduler kube-controller-manager kubelet cubectl
}

build_images() {
    local image
    for image in pause demo; do
        [ ! "$build/images/$image/$image" -nt "$top/deploy/images/$image.c" ] || continue
        as_owner mkdir -p "$build/images/$image" &&
            as_owner gcc -O2 -static -s -Wall -Wextra -Werror -o "$build/images/$image.new" "$top/deploy/images/$image.c" &&
            as_owner mv "$build/images/$image.new" "$build/images/$image/$image" || return 1
    done
}

build_all() {
    step "building"
    { build_programs && build_images; } > "$run/logs/build.log" 2>&1 || { tail -n 20 "$run/logs/build.log" >&2; die "the build failed; see $run/logs/build.log"; }
}
