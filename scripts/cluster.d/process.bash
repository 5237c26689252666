# Part of scripts/cluster: background processes. They are identified by id and start time, so that a later process with
# the same id is not mistaken for one of them.

# Prints the start time of a process in clock ticks since the boot, or nothing if there is no such process. A zombie
# counts as a process until its other threads have ended: until then its files are open and its ports in use.
start_of() {
    local text threads
    text=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    threads=("/proc/$1/task/"*)
    # The name in parentheses may contain any characters, so fields are counted after the last parenthesis.
    set -- ${text##*) }
    [[ $1 == Z && ${#threads[@]} -le 1 ]] || echo "${20}"
}

# launch PART COMMAND...: starts a command with its output in PART.log.
launch() {
    local part=$1
    shift
    # The mark in the environment identifies all descendants of a part.
    F2S_CLUSTER_MARK=$run setsid "$@" >>"$run/$part.log" 2>&1 </dev/null &
    echo "$! $(start_of $!)" >"$run/$part.pid"
}

# Prints the process id of a running part, else nothing.
process_of() {
    local id start
    [[ -f $run/$1.pid ]] || return 0
    read -r id start <"$run/$1.pid" || return 0
    if [[ -n $start && $(start_of "$id") == "$start" ]]; then echo "$id"; fi
}

is_running() { [[ -n $(process_of "$1") ]]; }

# await SECONDS PART WHAT COMMAND...: waits until the command succeeds. Fails at once if the part has ended.
await() {
    local seconds=$1 part=$2 what=$3
    shift 3
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if ! is_running "$part"; then
            tail -5 "$run/$part.log" >&2
            die "$part has ended: see $run/$part.log"
        fi
        ((SECONDS < end)) || die "$what was not ready in $seconds s: see $run/$part.log"
        sleep 0.1
    done
}

# end_with SIGNAL PART...: sends the signal to all parts at once, and kills those that have not ended after 10 s.
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

# free_port NAME: prints a free port: that of the variable NAME, or any one below the ranges of outgoing connections and
# Services.
free_port() {
    local port=${!1-}
    if [[ -n $port ]]; then
        is_free "$port" || die "port $port is in use: set $1 to another one, or unset it"
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
