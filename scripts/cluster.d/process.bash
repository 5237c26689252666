# Part of scripts/cluster: processes in the background, known by id and start, so that a later process of the same number
# is never taken for one of ours.

# When a process was started, in clock ticks since the machine was; empty when there is none. A zombie is none once its
# other threads have ended: until then its files are open and its ports taken.
start_of() {
    local text threads
    text=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    threads=("/proc/$1/task/"*)
    # The name is in parentheses and may hold anything: fields are counted from the last one.
    set -- ${text##*) }
    [[ $1 == Z && ${#threads[@]} -le 1 ]] || echo "${20}"
}

# launch PART COMMAND...: its output goes to PART.log.
launch() {
    local part=$1
    shift
    # The mark is how everything that descends from a part is found again.
    F2S_CLUSTER_MARK=$run setsid "$@" >>"$run/$part.log" 2>&1 </dev/null &
    echo "$! $(start_of $!)" >"$run/$part.pid"
}

# The process id of a part that runs; nothing otherwise.
process_of() {
    local id start
    [[ -f $run/$1.pid ]] || return 0
    read -r id start <"$run/$1.pid" || return 0
    if [[ -n $start && $(start_of "$id") == "$start" ]]; then echo "$id"; fi
}

is_running() { [[ -n $(process_of "$1") ]]; }

# await SECONDS PART WHAT COMMAND...: until the command succeeds. A part that has ended will not come up any more.
await() {
    local seconds=$1 part=$2 what=$3
    shift 3
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if ! is_running "$part"; then
            tail -5 "$run/$part.log" >&2
            die "$part has ended: $run/$part.log tells why"
        fi
        ((SECONDS < end)) || die "$what did not come up in $seconds s: see $run/$part.log"
        sleep 0.1
    done
}

# end_with SIGNAL PART...: all at once; who has not gone after 10 s is killed.
end_with() {
    local signal=$1 part id tries
    shift
    for part in "$@"; do
        id=$(process_of "$part")
        [[ -z $id ]] || kill -s "$signal" "$id" 2>/dev/null || true
    done
    for part in "$@"; do
        for ((tries = 0; tries < 100; tries++)); do
            is_running "$part" || continue 2
            sleep 0.1
        done
        id=$(process_of "$part")
        [[ -z $id ]] || kill -s KILL "$id" 2>/dev/null || true
    done
}

end() { end_with TERM "$@"; }

# free_port NAME: a port on which nobody listens: the one that the variable NAME holds, or any below those that connections
# and Services get.
free_port() {
    local port=${!1-}
    if [[ -n $port ]]; then
        is_free "$port" || die "port $port is taken: give another one in $1, or none"
        echo "$port"
        return
    fi
    until is_free "${port:=$((20000 + RANDOM % 10000))}"; do port=; done
    echo "$port"
}

is_free() {
    local hex
    printf -v hex ':%04X' "$1"
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$hex" \
        '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}
