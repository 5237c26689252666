"""Drives one proxy with one case and reads what it cost."""
import pathlib
import re
import subprocess
import time

from . import machine

CASES = {
    "get100": {"connections": 32},
    "get10k": {"connections": 32},
    "post1k": {"connections": 32, "body": 1024},
    "post1m": {"connections": 8, "body": 1 << 20},
    "connect": {"connections": 32, "close": True},
}


def cpu_nanoseconds(pid):
    """CPU of a process by the scheduler's own count, threads that have ended left out: ours last as long as the process."""
    total = 0
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(stat.read_text().split()[0])
    return total


def lua(case):
    """wrk's script for what is not a plain GET."""
    lines = []
    if "body" in case:
        lines += ['wrk.method = "POST"', f'wrk.body = string.rep("x", {case["body"]})']
    if case.get("close"):
        lines += ['wrk.headers["Connection"] = "close"']
    return "\n".join(lines)


def drive(bench, proxy, name, seconds):
    case = CASES[name]
    script = bench.folder / f"{name}.lua"
    script.write_text(lua(case))
    command = ["taskset", "-c", machine.LOAD_CORE, "wrk", "-t1", f"-c{case['connections']}", f"-d{seconds:.0f}s", "--latency",
               "-H", "Authorization: Bearer 0123456789abcdef", "-H", "Accept: */*", "-s", str(script),
               f"http://127.0.0.1:{bench.port}{bench.path(proxy, name)}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def latency(text, percentile):
    value, unit = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 1, "ms": 1000, "s": 1_000_000}[unit]


def sample(bench, proxy, name, seconds):
    with bench.proxy(proxy) as pid:
        drive(bench, proxy, name, 1)
        before, began = cpu_nanoseconds(pid), time.monotonic()
        text = drive(bench, proxy, name, seconds)
        spent, took = cpu_nanoseconds(pid) - before, time.monotonic() - began
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        lost = int(failed.group(1)) if failed else 0
        lost += sum(map(int, errors.groups())) if errors and not CASES[name].get("close") else 0
        return {"us": spent / requests / 1000, "rate": requests / took, "p50": latency(text, 50),
                "p99": latency(text, 99), "busy": spent / 1e9 / took, "lost": lost}


def run(bench, proxies, cases, rounds, seconds):
    """{case: {proxy: [sample per round]}}; odd rounds go the other way, so that drift hits both alike."""
    results = {case: {proxy: [] for proxy in proxies} for case in cases}
    for case in cases:
        for round_number in range(rounds):
            order = proxies if round_number % 2 == 0 else proxies[::-1]
            for proxy in order:
                results[case][proxy].append(sample(bench, proxy, case, seconds))
    return results
