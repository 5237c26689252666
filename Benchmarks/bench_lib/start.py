"""Must hold 2: the time from exec to the first accepted request, and the memory of f2s at that time.

The time begins before the fork and ends when a request gets the configured response. nginx passes the request to a
backend. f2s has read its manifests and routes the request: before that it responds with 503, afterwards with 404 for a
path without a function. The API server starts in parallel; its time is printed without a bar.

f2s is a copy, as every installed program is. The file that the linker has written starts about a millisecond later.
"""
import shutil
import time

from . import backends, process, wire
from .verdict import in_turn, quartiles

STARTS = 11
RATIO_BAR, RATIO_GATE, MEMORY_BAR_MB = 2, 4, 12
ACCEPTED = {"nginx": ("/get100", 200), "f2s": ("/invoke/nothing", 404)}
API_PATH = "/functions"
# Memory still grows after the first response. It is read at once and after this pause, and the larger value counts.
PAUSE_SECONDS = 0.5


def seconds(options):
    return (options.rounds or STARTS) * 2 * (PAUSE_SECONDS + 0.3)


def run(machine, options, verdicts):
    print()
    machine.start_backends("page")
    functions = machine.folder / "none-running"
    functions.mkdir(exist_ok=True)
    (functions / "one.yaml").write_text(backends.manifest("one", "./never", 0))
    program = shutil.copy(machine.f2s["f2s"], machine.folder / "installed")
    starts = options.rounds or STARTS
    results = {name: [] for name in ACCEPTED}
    for round_number in range(starts):
        for name in in_turn(list(ACCEPTED), round_number):
            results[name].append(start(machine, name, functions, program if name == "f2s" else None))
    taken = {name: quartiles([sample[0] for sample in samples])[1] for name, samples in results.items()}
    memory = {name: quartiles([sample[2] for sample in samples])[1] * 1024 / 1e6 for name, samples in results.items()}
    api = quartiles([sample[1] for sample in results["f2s"]])[1]
    few = "" if starts >= STARTS else f", fewer than the {STARTS} that count"
    ratio = taken["f2s"] / taken["nginx"]
    text = f"{ratio:.2f} ({taken['f2s']:.1f} / {taken['nginx']:.1f} ms, medians of {starts} starts{few})"
    verdicts.judge(2, "exec to first accepted request, f2s / nginx", ratio, text, RATIO_BAR, gate=RATIO_GATE)
    print(f"exec to the API server's first response: {api:.1f} ms, {api / taken['nginx']:.2f} x nginx (no bar)")
    text = f"{memory['f2s']:.1f} (nginx {memory['nginx']:.1f})"
    verdicts.judge(2, "RssAnon at start, MB", memory["f2s"], text, MEMORY_BAR_MB)


def start(machine, name, functions, program):
    """Returns the milliseconds to the first accepted request and to the API's first response, and the anonymous memory
    in KiB."""
    began = time.monotonic()
    running = machine.launch(name, functions=functions, program=program)
    try:
        path, wanted = ACCEPTED[name]
        wire.wait_for(machine.port, path, accept=lambda status, body: status == wanted, pause=0.0005)
        accepted = (time.monotonic() - began) * 1000
        if name == "f2s":
            wire.wait_for(machine.port, API_PATH, pause=0.0005)
        answered = (time.monotonic() - began) * 1000
        kib = process.rss_anon_kib(running.pid)
        time.sleep(PAUSE_SECONDS)
        return accepted, answered, max(kib, process.rss_anon_kib(running.pid))
    finally:
        machine.stop(running)
