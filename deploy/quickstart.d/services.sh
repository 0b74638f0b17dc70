# SPDX-License-Identifier: Apache-2.0
# Processes that are kept running: systemd units where systemd is PID 1, else deploy/supervise in the background.
# shellcheck shell=bash disable=SC2154

unit_of() { printf 'cube-%s-%s' "$(printf '%s' "$run" | cksum | cut -d' ' -f1)" "$1"; }
has_systemd() { [ -d /run/systemd/system ]; }

# A process that has ended may stay a zombie for a while, until PID 1 looks.
alive() { [ -n "${1:-}" ] && grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

service_running() {
    if has_systemd; then
        systemctl is-active --quiet "$(unit_of "$1")"
    else
        alive "$(cat "$run/pids/$1.supervisor" 2>/dev/null)"
    fi
}

# service_start NAME COMMAND...: nothing happens if it runs.
service_start() {
    local name=$1
    shift
    service_running "$name" && return 0
    printf '%s\0' "$@" > "$run/pids/$name.command"
    service_restart "$name"
}

# Starts a process that service_start knew before.
service_restart() {
    local name=$1 command=()
    [ -f "$run/pids/$name.command" ] || die "no process \"$name\"; there are: $(cd "$run/pids" && ls ./*.command | sed 's,^\./,,; s,\.command,,' | tr '\n' ' ')"
    service_running "$name" && return 0
    mapfile -d '' -t command < "$run/pids/$name.command"
    if has_systemd; then
        systemd-run --quiet --collect --unit "$(unit_of "$name")" --property Restart=always --property RestartSec=1 \
            --property KillMode=process --property Delegate=yes --property LimitNOFILE=65536 \
            --property "StandardError=append:$run/logs/$name.log" --property "StandardOutput=append:$run/logs/$name.log" "${command[@]}"
    else
        setsid "$top/deploy/supervise" "$run" "$name" "${command[@]}" < /dev/null > /dev/null 2>&1 &
        disown
        wait_for 5 "start of $name" test -s "$run/pids/$name.supervisor"
    fi
}

service_stop() {
    local name=$1 pid i
    if has_systemd; then
        systemctl stop "$(unit_of "$name")" 2>/dev/null || true
        return 0
    fi
    pid=$(cat "$run/pids/$name.supervisor" 2>/dev/null) || return 0
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 400; i++)); do
        alive "$pid" || break
        sleep 0.05
    done
    alive "$pid" && kill -KILL "$pid" "$(cat "$run/pids/$name.pid")" 2>/dev/null
    rm -f "$run/pids/$name.supervisor" "$run/pids/$name.pid"
    return 0
}
