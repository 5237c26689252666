"""Must hold 1: heap allocations per request in the steady state, counted with LD_PRELOAD. One run is exact enough."""
import pathlib
import shutil
import struct
import subprocess
import time

from . import cpu, wire
from .machine import ROOT

CASES = ["get100", "post1k"]
# Heap allocations per request: the gate, which fails a build, and the goal.
GATE, GOAL = 4, 0
REQUESTS, WARM_UP, CONNECTIONS = 20_000, 2_000, 16
# The start of f2s makes more allocations than this. Fewer mean that the counter was not loaded.
LEAST_AT_START = 100


def seconds(_):
    return len(CASES) * 12


def run(machine, _, verdicts):
    print()
    counter = build(machine.folder)
    for case in CASES:
        settings = cpu.CASES[case]
        figure = f"{settings['title']}, heap allocations per request"
        try:
            each, idle = measure(machine, case, settings, counter)
        except OSError as error:
            verdicts.fail(1, figure, str(error))
            continue
        verdicts.judge(1, figure, each, f"{each:.3f} ({REQUESTS} requests, without {idle:.0f}/s of an idle f2s)",
                       GATE, goal=GOAL)


def build(folder):
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        raise SystemExit("Cannot find cc or clang to compile the allocation counter: install gcc.")
    library = folder / "malloc_count.so"
    source = ROOT / "Benchmarks/malloccount/malloc_count.c"
    subprocess.run([compiler, "-O2", "-Wall", "-fPIC", "-shared", "-o", library, source, "-pthread"], check=True)
    return library


def measure(machine, case, settings, counter):
    """Returns the allocations per request, and those per second without requests."""
    prefix = machine.folder / "allocations"
    environment = {"LD_PRELOAD": str(counter), "MALLOC_COUNT_FILE": str(prefix)}
    request = wire.message(machine.path("f2s", case), b"x" * settings.get("body", 0))
    with machine.proxy("f2s", cpu.backend(settings), environment=environment) as process:
        file = pathlib.Path(f"{prefix}.{process.pid}")
        with wire.Bunch(machine.port, CONNECTIONS) as connections:
            connections.requests(request, WARM_UP)
            before, began = read(file), time.monotonic()
            requests = connections.requests(request, REQUESTS)
            after, took = read(file), time.monotonic() - began
            time.sleep(took)
            idle = read(file) - after
    return (after - before - idle) / requests, idle / took


def read(file):
    count = struct.unpack("=Q", file.read_bytes())[0] if file.exists() else 0
    if count < LEAST_AT_START:
        raise OSError(f"the counter was not loaded into f2s ({count} allocations since its start)")
    return count
