# SPDX-License-Identifier: Apache-2.0
# What a cluster was made with: remembered in run/settings, so that later calls need no variables and cannot contradict it.
# shellcheck shell=bash disable=SC2034,SC2154

# name of the shell variable, name for users, default
settings_rows="node_count --node-count 1
network CUBE_NETWORK 0
api_port CUBE_API_PORT 6443
etcd_port CUBE_ETCD_PORT 23790
scheduler_port CUBE_SCHEDULER_PORT 10259
controller_manager_port CUBE_CONTROLLER_MANAGER_PORT 10257
kubelet_port CUBE_KUBELET_PORT 10250
kubelet_healthz_port CUBE_KUBELET_HEALTHZ_PORT 10248"

# Sockets, mounts and units carry the folder's name; and down removes the folder, so it must be a cluster's.
run_folder_check() {
    local longest=$run/node-99/containerd.sock.ttrpc entry
    [[ $run =~ ^[A-Za-z0-9/._+@-]+$ ]] ||
        die "\"$run\" has characters that sockets, mounts and units cannot have; set CUBE_RUN to a folder of letters, digits and ._+@-"
    # containerd's limit; the kernel's is 107
    [ ${#longest} -le 104 ] || die "\"$run\" is $((${#longest} - 104)) characters too long for the names of sockets; set CUBE_RUN to a shorter folder"
    [ ! -e "$run" ] || [ -d "$run" ] || die "\"$run\" is no folder"
    [ -d "$run" ] && [ ! -f "$run/settings" ] || return 0
    for entry in "$run"/* "$run"/.[!.]*; do
        case ${entry#"$run/"} in '*' | '.[!.]*' | logs | pids | settings.new) ;; *) die "\"$run\" has other things in it ($entry); set CUBE_RUN to a folder of its own" ;; esac
    done
}

# Until this process ends. Daemons do not inherit the lock; a killed call's compiler or apt-get does, and is waited for.
one_at_a_time() {
    exec 9< "$run"
    flock -n 9 || { step "waiting for another quickstart in $run"; flock -w 300 9 || die "another quickstart is at work in $run"; }
    [ -d "$run" ] || die "$run was removed meanwhile"
}

# settings_load up|down: from what was given, what is remembered and the defaults, in this order.
settings_load() {
    local name public default given kept
    while read -r name public default; do
        case $public in CUBE_*) given=${!public:-} ;; *) given=${!name} ;; esac
        kept=$(sed -n "s/^$name=//p" "$run/settings" 2> /dev/null || true)
        if [ "$1" = up ] && [ -n "$given" ] && [ -n "$kept" ] && [ "$given" != "$kept" ]; then
            die "a cluster with $public $kept is there already, $given was asked for; first: $0 down"
        fi
        printf -v "$name" '%s' "${kept:-${given:-$default}}"
        [[ ${!name} =~ ^[0-9]{1,5}$ ]] || die "$public: \"${!name}\" is no number"
    done <<< "$settings_rows"
    [ "$network" -le 9 ] || die "CUBE_NETWORK: \"$network\" is no number from 0 to 9"
    bridge=cube$network
    [ "$1" = down ] || while read -r name public default; do printf '%s=%s\n' "$name" "${!name}"; done <<< "$settings_rows" | write_once "$run/settings"
}
