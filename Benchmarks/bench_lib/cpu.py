"""Must hold 1: CPU per proxied request, compared with the other proxies in paired rounds."""
import time

from . import cores, process, proxies, wrk
from .verdict import in_turn, quartiles

CASES = {
    "get100": {"title": "GET 100 B", "connections": 32},
    "get10k": {"title": "GET 10 KiB", "connections": 32},
    "post1k": {"title": "POST 1 KiB", "connections": 32, "body": 1024},
    "post1m": {"title": "POST 1 MiB", "connections": 8, "body": 1 << 20},
    "connect": {"title": "GET 100 B, a connection each", "path": "get100", "connections": 32, "close": True},
    "get100tls": {"title": "GET 100 B, TLS", "path": "get100", "connections": 32, "tls": True},
    "get10ktls": {"title": "GET 10 KiB, TLS", "path": "get10k", "connections": 32, "tls": True},
    "post1mtls": {"title": "POST 1 MiB, TLS", "connections": 8, "body": 1 << 20, "tls": True},
    "connecttls": {"title": "GET 100 B, a connection each, TLS", "path": "get100", "connections": 32, "close": True,
                   "tls": True},
}
# (case, the other proxy, ratio that must hold (bar), ratio that fails a build (gate), ratio to aim at (goal))
GATES = [("get100", "nginx", 1.00, 1.15, 0.90), ("get10k", "nginx", 1.00, 1.15, 0.90),
         ("post1k", "nginx", 1.00, 1.15, 0.90), ("post1m", "haproxy", 0.80, None, None),
         ("get100", "go", 0.45, None, None),
         ("get100tls", "nginx", 1.10, 1.25, 1.00), ("get10ktls", "nginx", 1.10, 1.25, 1.00)]
# The same for an f2s of another commit (--earlier): a change may not cost more than the measurement's variation.
GATES += [(case, "earlier", 1.00, 1.05, None) for case, settings in CASES.items() if not settings.get("tls")]
# The largest body that arrives in one piece with its head, so that nginx has read it before it responds.
TOGETHER_BYTES_MAX = 2048
# The rounds of a gated pair, and those of the proxies that are only shown.
ROUNDS, ROUNDS_BESIDE = 15, 5
WARM_UP_SECONDS, START_SECONDS = 1, 0.7
SHOWN = {"us": "CPU µs", "rate": "req/s", "p50": "p50 µs", "p99": "p99 µs"}


def plan(options):
    """Returns {case: {proxy: rounds}}."""
    rounds = options.rounds or ROUNDS
    counts = {}
    for case in options.cases:
        gated = {name for gate in GATES if gate[0] == case and (gate[1] != "earlier" or options.earlier)
                 for name in ("f2s", gate[1])}
        names = [name for name in options.proxies if name in proxies.TLS_NAMES or not CASES[case].get("tls")]
        counts[case] = {name: rounds if name in gated else min(rounds, ROUNDS_BESIDE) for name in names}
        if options.earlier and not CASES[case].get("tls"):
            counts[case]["earlier"] = rounds
    return counts


def seconds(options):
    samples = sum(sum(by_proxy.values()) for by_proxy in plan(options).values())
    return samples * (options.seconds + WARM_UP_SECONDS + START_SECONDS)


def run(machine, options, verdicts):
    cores.demand_two()
    for case, counts in plan(options).items():
        # {proxy: {round: sample}}, because a ratio compares samples of one round.
        results = {name: {} for name in counts}
        for round_number in range(max(counts.values())):
            for name in in_turn(list(counts), round_number):
                if round_number < counts[name]:
                    results[name][round_number] = sample(machine, name, case, options.seconds)
        show(case, results)
        for gate in GATES:
            if gate[0] == case and {"f2s", gate[1]} <= results.keys():
                judge(gate, results, verdicts)


def backend(settings):
    """Returns the kind of backend. A body that arrives after its head needs a backend that reads it."""
    return "sink" if settings.get("body", 0) > TOGETHER_BYTES_MAX else "page"


def sample(machine, name, case, length):
    settings = CASES[case]
    with machine.proxy(name, backend(settings), tls=settings.get("tls", False)) as proxy:
        wrk.drive(machine, name, case, settings, WARM_UP_SECONDS)
        before, began = process.cpu_nanoseconds(proxy.pid), time.monotonic()
        measured = wrk.drive(machine, name, case, settings, length)
        spent, took = process.cpu_nanoseconds(proxy.pid) - before, time.monotonic() - began
        if proxy.poll() is not None:
            measured["failure"] = f"{name} ended unexpectedly"
        return {**measured, "us": spent / 1000 / max(1, measured["requests"]), "busy": spent / 1e9 / took}


def ratios(results, one, other, key):
    """Returns the ratios of all rounds in which both proxies were measured."""
    both = [(results[one][number], sample) for number, sample in results[other].items() if number in results[one]]
    return [a[key] / b[key] for a, b in both if not a["failure"] and not b["failure"] and b[key]]


def show(case, results):
    titles = "".join(f"{title:>9} {'×':>5} " for title in SHOWN.values())
    print(f"\n{CASES[case]['title']}: medians, and × nginx of the same round\n"
          f"{'':8}{titles}{'core busy':>10} {'rounds':>6} {'failed':>6}")
    for name, samples in results.items():
        good = [sample for sample in samples.values() if not sample["failure"]]
        if not good:
            print(f"{name:8}every round failed: {samples[0]['failure']}")
            continue
        columns = ""
        for key in SHOWN:
            to_nginx = ratios(results, name, "nginx", key) if "nginx" in results else []
            columns += f"{quartiles([sample[key] for sample in good])[1]:9.{1 if key == 'us' else 0}f} "
            columns += f"{quartiles(to_nginx)[1]:5.2f} " if to_nginx else "    - "
        busy = quartiles([sample["busy"] for sample in good])[1]
        print(f"{name:8}{columns}{busy:10.2f} {len(samples):6} {len(samples) - len(good):6}")


def judge(gate, results, verdicts):
    case, other, bar, limit, goal = gate
    figure = f"{CASES[case]['title']}, CPU per request, f2s / {other}"
    failures = [f"round {number + 1}, {name}: {sample['failure']}" for name in ("f2s", other)
                for number, sample in results[name].items() if sample["failure"]]
    if failures:
        verdicts.fail(1, figure, f"{len(failures)} rounds failed ({failures[0]})")
        return
    low, middle, high = quartiles(ratios(results, "f2s", other, "us"))
    rounds = len(results["f2s"])
    few = "" if rounds >= ROUNDS else f", fewer than the {ROUNDS} that count"
    verdicts.judge(1, figure, middle, f"{middle:.2f} (middle half {low:.2f} to {high:.2f}, {rounds} rounds{few})",
                   bar, limit, goal)


