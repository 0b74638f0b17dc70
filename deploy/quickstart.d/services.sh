# SPDX-License-Identifier: Apache-2.0
# Processes that are kept running: systemd units where systemd is PID 1, else deploy/supervise in the background.
# shellcheck shell=bash disable=SC2154

unit_of() { printf 'cube-%s-%s' "$(printf '%s' "$run" | cksum | cut -d' ' -f1)" "$1"; }
has_systemd() { [ -d /run/systemd/system ]; }

# is_alive PID [WORD...]: a process that has ended may stay a zombie for a while, until PID 1 looks. After a reboot the number may be
# another process's: the words must be the end of the command line.
is_alive() {
    local pid=${1:-0}
    grep -qs '^State:.[^ZX]' "/proc/$pid/status" || return 1
    shift
    [ $# -eq 0 ] || ends_with <(printf '%s\0' "$@") "/proc/$pid/cmdline"
}
# ends_with LONG SHORT: whether the first file's end is the second file.
ends_with() {
    local long short
    long=$(tr '\0\n' '\n ' 2> /dev/null < "$1") short=$(tr '\0\n' '\n ' 2> /dev/null < "$2")
    [ -n "$short" ] && [[ $long = *"$short" ]]
}
pid_file() { cat "$run/pids/$1" 2> /dev/null || true; }
supervisor_alive() { local pid; pid=$(pid_file "$1.supervisor"); is_alive "$pid" && tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF "/deploy/supervise $run $1 "; }
# The process itself: what starts it may put nsenter before it.
process_alive() { local pid; pid=$(pid_file "$1.pid"); is_alive "$pid" && ends_with "$run/pids/$1.command" "/proc/$pid/cmdline"; }

unit_state() { systemctl show --property ActiveState --value "$(unit_of "$1")" 2> /dev/null; }

service_running() {
    if has_systemd; then
        # one that waits for its next start is not active
        case $(unit_state "$1") in active | activating | reloading) ;; *) return 1 ;; esac
    else
        supervisor_alive "$1"
    fi
}

service_known() {
    [ -f "$run/pids/$1.command" ] || die "no process \"$1\" in $run; there are: $(find "$run/pids" -name '*.command' -printf '%f\n' 2> /dev/null | sed 's/\.command$//' | sort | tr '\n' ' ')"
}

service_pid() {
    local pid
    if has_systemd; then pid=$(systemctl show --property MainPID --value "$(unit_of "$1")"); else pid=$(pid_file "$1.pid"); fi
    [ "${pid:-0}" != 0 ] || die "$1 does not run"
    printf '%s\n' "$pid"
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
    service_running "$name" && return 0
    mapfile -d '' -t command < "$run/pids/$name.command"
    # its supervisor may have been killed
    end_process "$name"
    if has_systemd && [ "$(systemctl show --property LoadState --value "$(unit_of "$name")")" = loaded ]; then
        # stopped, but containers are still below it
        systemctl start "$(unit_of "$name")"
    elif has_systemd; then
        # Only the process itself is signalled: containers live on below containerd's unit. It is started again without end.
        systemd-run --quiet --collect --unit "$(unit_of "$name")" --property Restart=always --property RestartSec=1 \
            --property StartLimitIntervalSec=0 --property KillMode=process --property Delegate=yes --property LimitNOFILE=65536 \
            --property TasksMax=infinity --property "StandardError=append:$run/logs/$name.log" \
            --property "StandardOutput=append:$run/logs/$name.log" "${command[@]}"
    else
        rm -f "$run/pids/$name.supervisor"
        setsid "$top/deploy/supervise" "$run" "$name" "${command[@]}" < /dev/null > /dev/null 2>&1 9<&- &
        disown
        wait_for 5 "start of $name" "$name" supervisor_alive "$name"
    fi
}

# Ends a process that nothing supervises any more.
end_process() {
    local name=$1 i pid
    pid=$(pid_file "$name.pid")
    for ((i = 0; i < 400; i++)); do
        process_alive "$name" || return 0
        [ "$i" != 0 ] || kill -TERM "$pid" 2> /dev/null || true
        sleep 0.05
    done
    kill -KILL "$pid" 2> /dev/null || true
}

service_stop() {
    local name=$1 pid i
    if has_systemd; then
        systemctl stop "$(unit_of "$name")" 2> /dev/null || true
        return 0
    fi
    if supervisor_alive "$name"; then
        pid=$(pid_file "$name.supervisor")
        kill -TERM "$pid" 2> /dev/null || true
        for ((i = 0; i < 400; i++)); do
            is_alive "$pid" || break
            sleep 0.05
        done
        ! is_alive "$pid" || kill -KILL "$pid" 2> /dev/null || true
    fi
    end_process "$name"
    rm -f "$run/pids/$name.supervisor" "$run/pids/$name.pid"
}
