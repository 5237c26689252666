"""System calls per request. strace slows the proxy down, but does not change its work per request."""
import re
import signal
import subprocess
import time

from . import cores, wrk

SECONDS = 2
SHOWN_PER_REQUEST = 0.005


def show(pid, load):
    machine = load[0]
    summary = machine.folder / "strace.txt"
    tracer = machine.start(["strace", "-f", "-c", "-p", str(pid), "-o", str(summary)], cores.LOAD)
    until_traced(pid)
    measured = wrk.drive(*load, SECONDS)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    if measured["failure"]:
        raise SystemExit(f"The load failed, so the system calls are invalid: {measured['failure']}")
    print("\nsystem calls per request (batches are smaller than at full speed, so waits are more frequent):")
    for name, calls in counts(summary.read_text()):
        if calls / measured["requests"] >= SHOWN_PER_REQUEST:
            print(f"  {calls / measured['requests']:6.2f}  {name}")


def until_traced(pid):
    for _ in range(500):
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            if re.search(r"TracerPid:\s+[1-9]", status.read()):
                return
        time.sleep(0.01)
    raise SystemExit("strace could not attach to the proxy: it needs the right to trace (ptrace).")


def counts(summary):
    """Returns [(name, calls)] of strace's table: % time, seconds, µs per call, calls, errors if any, name."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", summary, re.MULTILINE)
    return [(name, int(calls)) for calls, name in sorted(rows, key=lambda row: -int(row[0])) if name != "total"]
