"""h2load sends requests at a fixed rate over HTTP/1.1. Its log contains the latency of each."""
import subprocess
import time

CONNECTIONS = 16


def command(machine, proxy, requests, log, rate=None):
    pace = ["--rps", f"{rate / CONNECTIONS:g}"] if rate else []
    return ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-n{requests}", *pace,
            "--log-file", str(log), f"http://127.0.0.1:{machine.port}{machine.path(proxy, 'get100')}"]


def drive(machine, proxy, requests, rate=None):
    """Returns percentiles in µs, and the failure that invalidates the measurement, or None."""
    log = machine.folder / "h2load.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    done = subprocess.run(command(machine, proxy, requests, log, rate), capture_output=True, text=True)
    took = time.monotonic() - began
    rows = [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []
    good = sorted(int(row[2]) for row in rows if row[1].startswith("2"))
    sample = {f"p{percent}": percentile(good, percent) for percent in (50, 90, 99)}
    sample["failure"] = None
    if done.returncode or len(good) != requests:
        sample["failure"] = f"{len(good)} of {requests} responses were 2xx"
    elif rate and took > 1.1 * requests / rate + 1:
        sample["failure"] = f"{requests} requests took {took:.1f} s: the rate of {rate}/s was not reached"
    return sample


def percentile(ordered, percent):
    """Returns the smallest value that is not exceeded by the given percentage of the values."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0
