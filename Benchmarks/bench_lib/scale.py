"""The cost of declared functions: idle CPU, memory, cold starts, edits and lists, with 1, 1,000 and 10,000 functions.

Every function is the same static C program and does not run before its first request. f2s and its callers share all
cores, as on a usual machine. The bars are those of issue 5. A figure fails at twice its bar, because these are times.
"""
import os
import pathlib
import select
import socket
import subprocess
import time

from . import cores, process, wire
from .verdict import quartiles

COUNTS = [1, 1_000, 10_000]
COLD_STARTS = 50
AT_ONCE = 200
EDITS = 9
IDLE_SECONDS = 60
# The time in which the statuses of new functions are written. Afterwards f2s is idle.
SETTLE_SECONDS = 5
LONGEST_SECONDS = 120

IDLE_BAR_PERCENT = 1
SERVING_BAR_SECONDS = 2.5
FUNCTION_BAR_KIB = 4
COLD_START_BAR_MS = 3
COLD_START_RATIO_BAR = 1.3
STARTS_BAR = 400
EDIT_BAR_MS = 300
TOLERANCE = 2


def seconds(options):
    return len(COUNTS) * (min(IDLE_SECONDS, options.idle_seconds) + SETTLE_SECONDS + 30)


def run(machine, options, verdicts):
    print()
    os.sched_setaffinity(0, cores.ALL)
    program = build(machine)
    bare = quartiles([bare_start(program) for _ in range(COLD_STARTS)])[1]
    print(f"bare fork, exec, connect and response of the function: {bare:.2f} ms (median of {COLD_STARTS})", flush=True)
    results = {}
    for count in COUNTS:
        results[count] = measure(machine, program, count, options.idle_seconds)
        show(count, results[count])
    judge(results, bare, verdicts)


def judge(results, bare, verdicts):
    few, many = results[COUNTS[0]], results[COUNTS[-1]]
    count = COUNTS[-1]

    def at_most(hold, figure, value, bar, unit):
        verdicts.judge(hold, f"{figure} with {count} functions", value, f"{value:.2f} {unit}", bar, gate=bar * TOLERANCE)

    at_most(1, "idle CPU", many["idle"], IDLE_BAR_PERCENT, "% of a core")
    at_most(1, "exec to the first function's response", many["serving"], SERVING_BAR_SECONDS, "s")
    each = (many["kib"] - few["kib"]) / (count - COUNTS[0])
    at_most(1, "memory of a function", each, FUNCTION_BAR_KIB, "KiB")
    ratio = many["cold"] / few["cold"]
    at_most(2, "cold start relative to that with 1", ratio, COLD_START_RATIO_BAR, "times")
    verdicts.judge(2, "cold start with 1 function", few["cold"],
                   f"{few['cold']:.2f} ms, {few['cold'] / bare:.2f} x bare (goal 2)", COLD_START_BAR_MS,
                   gate=COLD_START_BAR_MS * TOLERANCE)
    starts = many["starts"]
    verdicts.judge(3, f"{AT_ONCE} cold functions called at once, seconds per start", 1 / starts,
                   f"{starts:.0f} starts/s (bar {STARTS_BAR})", 1 / STARTS_BAR, gate=TOLERANCE / STARTS_BAR)
    for what in ("new", "edited", "deleted", "posted"):
        at_most(4, f"{what} declaration takes effect", many[what], EDIT_BAR_MS, "ms")


def show(count, result):
    print(f"{count:6} functions: idle {result['idle']:.2f} % of a core; serving after {result['serving']:.2f} s; "
          f"RssAnon {result['kib'] / 1024:.1f} MiB; cold start {result['cold']:.2f} ms; "
          f"{result['starts']:.0f} starts/s; new {result['new']:.0f}, edited {result['edited']:.0f}, "
          f"deleted {result['deleted']:.0f}, POST {result['posted']:.0f} ms; "
          f"GET /functions {result['list']:.0f} ms; GET /metrics {result['metrics']} bytes", flush=True)


def measure(machine, program, count, idle_seconds):
    folder = machine.folder / f"scale-{count}"
    folder.mkdir()
    names = [f"function-{number:05}" for number in range(count)]
    for name in names:
        declare(folder, name, manifest(name, program))
    began = time.monotonic()
    running = machine.serve(folder)
    try:
        wire.wait_for(machine.port, f"/invoke/{names[0]}", seconds=LONGEST_SECONDS, pause=0.002)
        result = {"serving": time.monotonic() - began}
        settle(machine, names[-1])
        result["kib"] = process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
        before, since = process.cpu_seconds(running.pid), time.monotonic()
        time.sleep(idle_seconds)
        result["idle"] = 100 * (process.cpu_seconds(running.pid) - before) / (time.monotonic() - since)
        result.update(changes(machine, folder, program))
        result["cold"] = cold_starts(machine, folder, program, names)
        result["starts"] = at_once(machine, folder, program, names)
        began = time.monotonic()
        wire.wait_for(machine.port, "/functions", seconds=LONGEST_SECONDS)
        result["list"] = (time.monotonic() - began) * 1000
        result["metrics"] = len(wire.wait_for(machine.operations, "/metrics", seconds=LONGEST_SECONDS))
        return result
    finally:
        machine.stop(running)


def settle(machine, name):
    """Waits until the last function's status is written."""
    wire.wait_for(machine.port, f"/functions/{name}", lambda status, body: b"ScaledToZero" in body,
                  seconds=LONGEST_SECONDS, pause=0.1)


def declare(folder, name, text):
    """Replaces a manifest as an editor does."""
    part = folder / f".{name}.part"
    part.write_text(text)
    part.rename(folder / f"{name}.yaml")


def manifest(name, program, more=""):
    return f"""apiVersion: f2s.opensight.ch/v1alpha1
kind: Function
metadata: {{name: {name}}}
spec: {{endpoint: /{name}{more}}}
target: {{command: [{program}], maxReplicas: 1}}
"""


def changes(machine, folder, program):
    """Returns the milliseconds from the write of a file until it takes effect, and from a POST until its function has
    responded."""
    times = {"new": [], "edited": [], "deleted": [], "posted": []}
    for number in range(EDITS):
        name = f"changed-{number}"
        path = f"/invoke/{name}"
        times["new"].append(until(machine, path, 200, lambda: declare(folder, name, manifest(name, program))))
        times["edited"].append(until(machine, path + "-2", 200, lambda: declare(folder, name, manifest(name, program, "-2"))))
        times["deleted"].append(until(machine, path + "-2", 404, (folder / f"{name}.yaml").unlink))
        times["posted"].append(posted(machine, f"posted-{number}", program))
    return {what: quartiles(values)[1] for what, values in times.items()}


def until(machine, path, wanted, act):
    began = time.monotonic()
    act()
    wire.wait_for(machine.port, path, lambda status, body: status == wanted, seconds=LONGEST_SECONDS, pause=0.002)
    return (time.monotonic() - began) * 1000


def posted(machine, name, program):
    """Declares a function by POST and calls it once. The first call after the POST must succeed."""
    body = (f'{{"apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": {{"name": "{name}"}}, "spec": {{"endpoint": "/{name}"}}, '
            f'"target": {{"command": ["{program}"], "maxReplicas": 1}}}}').encode()
    request = wire.message("/functions", body).replace(b"Accept:", b"Content-Type: application/json\r\nAccept:", 1)
    connection = wire.Connection(machine.port, timeout=LONGEST_SECONDS)
    try:
        began = time.monotonic()
        expect(connection.request(request), 201)
        expect(connection.request(wire.message(f"/invoke/{name}")), 200)
        return (time.monotonic() - began) * 1000
    finally:
        connection.close()


def expect(answer, wanted):
    if answer[0] != wanted:
        raise SystemExit(f"A response with status {answer[0]} instead of {wanted}: {answer[1][:300]!r}")


def cold_starts(machine, folder, program, names):
    """Returns the median milliseconds of a call that starts a function for the first time. With few declared functions,
    each call declares a new one."""
    times = []
    for number in range(COLD_STARTS):
        if len(names) > COLD_STARTS:
            name = names[number + 1]
        else:
            name = f"cold-{number}"
            declare(folder, name, manifest(name, program))
            wait_for_declaration(machine, name)
        times.append(call(machine.port, f"/invoke/{name}"))
        if len(names) <= COLD_STARTS:
            (folder / f"{name}.yaml").unlink()
        # The machine becomes idle between two calls.
        time.sleep(0.02)
    return quartiles(times)[1]


def wait_for_declaration(machine, name):
    wire.wait_for(machine.port, f"/functions/{name}", lambda status, body: b"ScaledToZero" in body,
                  seconds=LONGEST_SECONDS, pause=0.01)


def call(port, path):
    """Returns the milliseconds of one call on an open connection."""
    connection = wire.Connection(port, timeout=LONGEST_SECONDS)
    try:
        began = time.monotonic()
        expect(connection.request(wire.message(path)), 200)
        return (time.monotonic() - began) * 1000
    finally:
        connection.close()


def at_once(machine, folder, program, names):
    """Returns the starts per second when many functions that have never run are called at the same time."""
    if len(names) > COLD_STARTS + AT_ONCE:
        chosen = names[-AT_ONCE:]
    else:
        chosen = [f"burst-{number}" for number in range(AT_ONCE)]
        for name in chosen:
            declare(folder, name, manifest(name, program))
        for name in chosen:
            wait_for_declaration(machine, name)
    connections = [wire.Connection(machine.port, timeout=LONGEST_SECONDS) for _ in chosen]
    try:
        began = time.monotonic()
        for connection, name in zip(connections, chosen):
            connection.send(wire.message(f"/invoke/{name}"))
        answers = []
        for connection in connections:
            answers.append(connection.receive())
            expect(answers[-1], 200)
        took = time.monotonic() - began
    finally:
        for connection in connections:
            connection.close()
    if len({body for _, body in answers}) != len(chosen):
        raise SystemExit("One process served two functions.")
    return len(chosen) / took


def build(machine):
    program = machine.folder / "coldfunction"
    source = pathlib.Path(__file__).resolve().parents[1] / "coldfunction" / "main.c"
    subprocess.run(["gcc", "-O2", "-static", "-o", program, source], check=True)
    return program


def bare_start(program):
    """Returns the milliseconds of a start without F2S: start the program, connect until it listens, call it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    running = subprocess.Popen([program], env={**os.environ, "PORT": str(port)}, stdin=subprocess.DEVNULL,
                               close_fds=False)
    try:
        while True:
            try:
                connection = wire.Connection(port)
                break
            except ConnectionRefusedError:
                select.select([], [], [], 0.0001)
        with connection.socket:
            connection.request(wire.message("/"))
        return (time.monotonic() - began) * 1000
    finally:
        running.kill()
        running.wait()
