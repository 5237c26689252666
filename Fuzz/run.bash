# For scripts/fuzz and scripts/soak, which run in the project's folder: how the fuzzer is built and run.

scratch=${FUZZ_BUILD:-.build-fuzz}
fuzzer=$scratch/release/CodecFuzz
# Swift's own crash reporter would take the signals that libFuzzer saves an input for.
export SWIFT_BACKTRACE=enable=no

# A build of its own, because the fuzzer's instruments are in everything.
build() {
    local log=$scratch/build.log
    mkdir -p "$scratch"
    if ! swift build -c release --package-path Fuzz --scratch-path "$scratch" --product CodecFuzz \
        --sanitize fuzzer >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

# fuzz PROCESSES ARGUMENT...: runs until the argument says that it is enough, then prints one line with what was done.
fuzz() {
    local processes=$1 pids=() failed=0 found
    shift
    found=$(mktemp -d "$scratch/found.XXXXXX")
    mkdir -p "$scratch/corpus"
    # What remembers every allocation's origin takes a tenth of the time; scripts/fuzz FILE tells it.
    export ASAN_OPTIONS=malloc_context_size=0
    for ((n = 0; n < processes; n++)); do
        # New inputs go into the first folder, which the processes share and which is kept for the next time.
        "$fuzzer" -dict=Fuzz/http.dict -max_len=1200 -timeout=10 -reload=1 -print_final_stats=1 \
            -artifact_prefix="$found/" "$@" "$scratch/corpus" Fuzz/corpus >"$found/log-$n" 2>&1 &
        pids+=($!)
    done
    # One that is interrupted must not leave the others behind.
    trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
    for _ in "${pids[@]}"; do
        wait -n || failed=1
        ((!failed)) || break
    done
    if ((failed)); then
        kill "${pids[@]}" 2>/dev/null || true
        wait
        show "$found" >&2
        return 1
    fi
    awk '
        $1 == "stat::number_of_executed_units:" { runs += $2 }
        $1 == "stat::average_exec_per_sec:" { rate += $2 }
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:" && $(i + 1) > coverage) coverage = $(i + 1) }
        END { printf "fuzz: %d runs, %d per second, %d edges covered, nothing found\n", runs, rate, coverage }
    ' "$found"/log-*
    rm -r "$found"
}

# What was found, where it lies, and how to see it again.
show() {
    local log input
    for log in "$1"/log-*; do
        if grep -q -a '^FINDING' "$log"; then
            # Up to libFuzzer's own report, which is about the harness.
            sed -n '/^FINDING/,/^==/{/^==/!p}' "$log"
        else
            grep -a -A 30 -m 1 -E '^==[0-9]+== ?ERROR|Fatal error' "$log" || true
        fi
    done
    for input in "$1"/{crash,timeout,oom,leak}-*; do
        [[ -e $input ]] || continue
        printf '\nThe input, escaped:\n'
        LC_ALL=C sed -n 'l 0' "$input"
        printf 'It is saved. To see it again: scripts/fuzz %s\n' "$input"
    done
}
