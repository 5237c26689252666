"""Must hold 2: from exec to the first answer, and what f2s holds in memory then.

The same for both: from before the fork until a connection is accepted and a request on it answered 200. nginx passes it
to a backend that runs; f2s passes it to its API server (`/functions`), so its control plane runs too.
"""
import time

from . import backends, process, wire
from .verdict import in_turn, quartiles

STARTS = 11
RATIO_BAR, MEMORY_BAR_MB = 2, 12
PATHS = {"nginx": "/get100", "f2s": "/functions"}
# Memory still grows right after the first answer: it is read then and after this pause, and the larger counts.
PAUSE_SECONDS = 0.5


def seconds(options):
    return (options.rounds or STARTS) * 2 * (PAUSE_SECONDS + 0.3)


def run(machine, options, verdicts):
    print()
    machine.start_backends("page")
    functions = machine.folder / "none-running"
    functions.mkdir(exist_ok=True)
    (functions / "one.yaml").write_text(backends.manifest("one", "./never", 0))
    starts = options.rounds or STARTS
    results = {name: [] for name in PATHS}
    for round_number in range(starts):
        for name in in_turn(list(PATHS), round_number):
            results[name].append(start(machine, name, functions))
    taken = {name: quartiles([milliseconds for milliseconds, _ in samples])[1] for name, samples in results.items()}
    memory = {name: quartiles([kib for _, kib in samples])[1] * 1024 / 1e6 for name, samples in results.items()}
    few = "" if starts >= STARTS else f", fewer than the {STARTS} that count"
    ratio = taken["f2s"] / taken["nginx"]
    text = f"{ratio:.2f} ({taken['f2s']:.1f} / {taken['nginx']:.1f} ms, medians of {starts} starts{few})"
    verdicts.judge(2, "exec to first answer, f2s / nginx", ratio, text, RATIO_BAR)
    text = f"{memory['f2s']:.1f} (nginx {memory['nginx']:.1f})"
    verdicts.judge(2, "RssAnon at start, MB", memory["f2s"], text, MEMORY_BAR_MB)


def start(machine, name, functions):
    """Milliseconds to the first answer, and KiB of anonymous memory."""
    began = time.monotonic()
    running = machine.launch(name, functions=functions)
    try:
        wire.wait_for(machine.port, PATHS[name], pause=0.0005)
        taken = (time.monotonic() - began) * 1000
        kib = process.rss_anon_kib(running.pid)
        time.sleep(PAUSE_SECONDS)
        return taken, max(kib, process.rss_anon_kib(running.pid))
    finally:
        machine.stop(running)
