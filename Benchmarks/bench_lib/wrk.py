"""wrk sends requests at the highest rate that the proxy handles.

It is a batch process, like the backends on its core. Otherwise it preempts a backend as soon as a response arrives, and
the faster the proxy is, the more often: 0.3 times per request of 10 KiB with f2s, and hardly ever with nginx. The core
then spent 66 µs per request with f2s and 45 with nginx, and f2s slept meanwhile."""
import re
import subprocess

HEADERS = ["-H", "Authorization: Bearer 0123456789abcdef", "-H", "Accept: */*"]


def command(machine, proxy, name, case, seconds):
    script = machine.folder / f"{name}.lua"
    script.write_text(lua(case))
    path = machine.path(proxy, case.get("path", name))
    return ["chrt", "-b", "0", "wrk", "-t1", f"-c{case['connections']}", f"-d{seconds:.0f}s", "--latency", *HEADERS,
            "-s", str(script), f"http{'s' if case.get('tls') else ''}://127.0.0.1:{machine.port}{path}"]


def drive(*arguments):
    return measured(subprocess.run(command(*arguments), capture_output=True, text=True).stdout)


def measured(text):
    """Returns wrk's figures: rate, latencies in µs, and the failure that invalidates the measurement, or None."""
    return {"requests": number(r"(\d+) requests in", text), "rate": number(r"Requests/sec:\s+([\d.]+)", text),
            "p50": microseconds(50, text), "p99": microseconds(99, text), "failure": failure(text)}


def lua(case):
    """Returns wrk's script for a request that is not a plain GET."""
    lines = []
    if "body" in case:
        lines += ['wrk.method = "POST"', f'wrk.body = string.rep("x", {case["body"]})']
    if case.get("close"):
        lines += ['wrk.headers["Connection"] = "close"']
    return "\n".join(lines)


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else 0.0


def microseconds(percentile, text):
    found = re.search(rf"\s{percentile}%\s+([\d.]+)(us|ms|s|m)\b", text)
    if not found:
        return 0.0
    return float(found.group(1)) * {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000}[found.group(2)]


def failure(text):
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: (connect \d+, read \d+, write \d+, timeout \d+)", text)
    if not number(r"(\d+) requests in", text):
        return "no request was answered"
    if refused:
        return f"{refused.group(1)} responses were not 2xx"
    return f"socket errors: {errors.group(1)}" if errors else None
