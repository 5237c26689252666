"""10,000 declared functions under churn. The run has two equal halves, and the second must not add any resource usage.

Callers start functions that have scaled to zero, one caller calls a function that is edited all the time, and an editor
declares, edits, moves and deletes functions by file and by REST. No call may fail. Afterwards, memory, descriptors,
threads and processes must be as before, the counters must match the calls, and f2s must use no CPU.
"""
import collections
import itertools
import os
import random
import re
import threading
import time

from . import cores, process, scale, wire
from .verdict import quartiles

CALLERS = 2
CALLS_PER_SECOND = 50
EDITS_PER_SECOND = 4
# The time in which functions scale to zero and every call ends.
QUIET_SECONDS = 15
GROWTH_BAR_KIB = 2048
START_BAR_MS = 3000
# Threads of the pool end some time after their work, so a few more are allowed.
THREADS_GATE = 4
IDLE_SECONDS = 30
MORE = "maxReplicas: 1, scaling: {idle: 2s}"


def seconds(options):
    return options.churn_seconds + 2 * QUIET_SECONDS + IDLE_SECONDS + 20


def run(machine, options, verdicts):
    print()
    os.sched_setaffinity(0, cores.ALL)
    program = scale.build(machine)
    folder = machine.folder / "churn"
    (folder / "moved").mkdir(parents=True)
    names = [f"function-{number:05}" for number in range(options.functions)]
    for name in [*names, "rolled"]:
        scale.declare(folder, name, manifest(name, program))
    running = machine.serve(folder)
    try:
        wire.wait_for(machine.port, f"/invoke/{names[0]}", seconds=scale.LONGEST_SECONDS)
        scale.settle(machine, names[-1])
        churn = Churn(machine, folder, program, names, random.Random(options.seed))
        churn.called = completed(machine)
        states = []
        for _ in range(2):
            churn.run(options.churn_seconds / 2)
            states.append(settled(running.pid))
            print("  " + ", ".join(f"{what} {count}" for what, count in states[-1].items()), flush=True)
        judge(machine, running, churn, states, verdicts)
    finally:
        machine.stop(running)


def judge(machine, running, churn, states, verdicts):
    before, since = process.cpu_seconds(running.pid), time.monotonic()
    time.sleep(IDLE_SECONDS)
    used = 100 * (process.cpu_seconds(running.pid) - before) / (time.monotonic() - since)
    first, second = states
    calls = len(churn.times)
    verdicts.judge(6, f"failed of {calls} calls under churn", len(churn.failures), f"{len(churn.failures)}", 0)
    for failure, count in collections.Counter(churn.failures).most_common(5):
        print(f"  {count} x {failure}")
    verdicts.judge(6, "longest call under churn", max(churn.times), f"{max(churn.times):.0f} ms, half of them under "
                   f"{quartiles(churn.times)[1]:.1f} ms", START_BAR_MS, gate=scale.TOLERANCE * START_BAR_MS)
    for what, times in sorted(churn.edits.items()):
        verdicts.judge(4, f"{what} takes effect under churn", quartiles(times)[1],
                       f"{quartiles(times)[1]:.0f} ms, at most {max(times):.0f} ms ({len(times)})", scale.EDIT_BAR_MS,
                       gate=scale.TOLERANCE * scale.EDIT_BAR_MS)
    for what in ("descriptors", "threads", "processes"):
        verdicts.judge(6, f"{what} more after the second half", second[what] - first[what],
                       f"{second[what] - first[what]}", 0, gate=THREADS_GATE if what == "threads" else 0)
    growth = second["KiB"] - first["KiB"]
    verdicts.judge(6, "memory more after the second half", growth, f"{growth} KiB", GROWTH_BAR_KIB,
                   gate=scale.TOLERANCE * GROWTH_BAR_KIB)
    counted = completed(machine)
    verdicts.judge(6, "calls that are missing in the counters of the unchanged functions", abs(churn.called - counted),
                   f"{churn.called - counted:.0f} of {churn.called:.0f}", 0)
    verdicts.judge(1, "idle CPU after the churn", used, f"{used:.2f} % of a core", scale.IDLE_BAR_PERCENT,
                   gate=scale.TOLERANCE * scale.IDLE_BAR_PERCENT)


def manifest(name, program, path=None, environment=""):
    return f"""apiVersion: f2s.opensight.ch/v1alpha1
kind: Function
metadata: {{name: {name}}}
spec: {{endpoint: {path or "/" + name}}}
target: {{command: [{program}], {MORE}{environment}}}
"""


def settled(pid):
    """Returns memory, descriptors, threads and descendants after every call has ended."""
    smallest = process.settled_rss_anon_kib(pid, QUIET_SECONDS)
    return {"KiB": smallest, "descriptors": process.descriptors(pid),
            "threads": len(os.listdir(f"/proc/{pid}/task")), "processes": len(process.descendants(pid))}


def completed(machine):
    """Returns the number of completed invocations of the unchanged functions."""
    text = wire.wait_for(machine.operations, "/metrics", seconds=scale.LONGEST_SECONDS).decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines()
               if re.match(r'f2s_requests_completed_total\{.*function="(default/)?function-', line))


class Churn:
    def __init__(self, machine, folder, program, names, generator):
        self.machine, self.folder, self.program, self.names, self.generator = machine, folder, program, names, generator
        self.times, self.failures, self.edits, self.called = [], [], collections.defaultdict(list), 0
        self.lock, self.over, self.numbers = threading.Lock(), threading.Event(), itertools.count()

    def run(self, seconds):
        self.over.clear()
        work = [self.call_unchanged] * CALLERS + [self.call_rolled, self.edit, self.roll]
        threads = [threading.Thread(target=self.note_failures, args=(one,)) for one in work]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()

    def note_failures(self, work):
        try:
            work()
        except (OSError, SystemExit) as error:
            self.failures.append(f"{work.__name__}: {error}")
            self.over.set()

    def call(self, connection, name):
        began = time.monotonic()
        status, body = connection.request(wire.message(f"/invoke/{name}"))
        with self.lock:
            self.times.append((time.monotonic() - began) * 1000)
            if status != 200:
                self.failures.append(f"{name}: {status} {body[:200]!r}")

    def call_unchanged(self):
        connection, generator = wire.Connection(self.machine.port, timeout=30), random.Random(self.generator.random())
        while not self.over.wait(1 / CALLS_PER_SECOND):
            self.call(connection, generator.choice(self.names))
            with self.lock:
                self.called += 1
        connection.close()

    def call_rolled(self):
        connection = wire.Connection(self.machine.port, timeout=30)
        while not self.over.wait(1 / CALLS_PER_SECOND):
            self.call(connection, "rolled")
        connection.close()

    def roll(self):
        """Changes the revision of a function under load each second."""
        while not self.over.wait(1):
            text = manifest("rolled", self.program, environment=f', env: {{ROUND: "{time.monotonic_ns()}"}}')
            scale.declare(self.folder, "rolled", text)

    def edit(self):
        """Repeatedly declares a function, edits it, moves it and deletes it, by file or by REST."""
        while not self.over.wait(1 / EDITS_PER_SECOND):
            name = f"changed-{next(self.numbers)}"
            if self.generator.random() < 0.5:
                self.edit_files(name)
            else:
                self.edit_by_rest(name)

    def edit_files(self, name):
        file, moved = self.folder / f"{name}.yaml", self.folder / "moved" / f"{name}.yaml"
        self.time("new file", name, 200, lambda: scale.declare(self.folder, name, manifest(name, self.program)))
        self.time("edited file", f"{name}-2", 200,
                  lambda: scale.declare(self.folder, name, manifest(name, self.program, f"/{name}-2")))
        os.rename(file, moved)
        self.time("deleted file", f"{name}-2", 404, moved.unlink)

    def edit_by_rest(self, name):
        def send(method, path, text=""):
            head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(text)}"]
            head += ["Content-Type: application/yaml"] if text else []
            connection = wire.Connection(self.machine.port, timeout=30)
            try:
                connection.send("\r\n".join([*head, "", text]).encode())
                status = int(connection.take_until(b"\r\n\r\n")[9:12])
                if status >= 300:
                    raise OSError(f"{method} {path}: {status}")
            finally:
                connection.close()

        self.time("POST", name, 200, lambda: send("POST", "/functions", manifest(name, self.program)), once=True)
        self.time("PUT", f"{name}-2", 200,
                  lambda: send("PUT", f"/functions/{name}", manifest(name, self.program, f"/{name}-2")), once=True)
        self.time("DELETE", f"{name}-2", 404, lambda: send("DELETE", f"/functions/{name}"), once=True)

    def time(self, what, name, status, act, once=False):
        """Measures the milliseconds from a write until a call shows its effect; with `once`, the first call must."""
        began = time.monotonic()
        act()
        answers = []

        def accept(answer, body):
            answers.append(answer)
            return answer == status or once

        wire.wait_for(self.machine.port, f"/invoke/{name}", accept, seconds=30, pause=0.002)
        self.edits[what].append((time.monotonic() - began) * 1000)
        if answers[-1] != status:
            self.failures.append(f"{name} after {what}: {answers[-1]} instead of {status}")
