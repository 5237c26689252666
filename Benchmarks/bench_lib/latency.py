"""Must hold 2: latency at a rate that is easy for every proxy."""
from . import cores, h2load
from .verdict import in_turn, quartiles

RATE, ROUNDS, WARM_UP = 2_000, 7, 2_000
BAR, GATE, GOAL = 1.2, 2.4, 1.1
PERCENTILES = ["p50", "p90", "p99"]


def seconds(options):
    return (options.rounds or ROUNDS) * len(options.proxies) * (options.requests / RATE + 1.5)


def run(machine, options, verdicts):
    cores.demand_two()
    rounds = options.rounds or ROUNDS
    results = {name: [] for name in options.proxies}
    for round_number in range(rounds):
        for name in in_turn(options.proxies, round_number):
            with machine.proxy(name):
                h2load.drive(machine, name, WARM_UP)
                results[name].append(h2load.drive(machine, name, options.requests, RATE))
    show(results, options)
    figure = f"p99 at {RATE} requests/s, f2s / nginx"
    if not {"f2s", "nginx"} <= results.keys():
        return
    failures = [f"{name}: {sample['failure']}" for name in ("f2s", "nginx")
                for sample in results[name] if sample["failure"]]
    if failures:
        verdicts.fail(2, figure, f"{len(failures)} rounds failed ({failures[0]})")
        return
    few = "" if rounds >= ROUNDS else f", fewer than the {ROUNDS} that count"
    ours, theirs = middle(results["f2s"], "p99"), middle(results["nginx"], "p99")
    ratio = ours / theirs
    text = f"{ratio:.2f} ({ours:.0f} / {theirs:.0f} µs, medians of {rounds} rounds{few})"
    verdicts.judge(2, figure, ratio, text, BAR, gate=GATE, goal=GOAL)


def middle(samples, key):
    return quartiles([sample[key] for sample in samples])[1]


def show(results, options):
    print(f"\nLatency in µs at {RATE} requests/s on {h2load.CONNECTIONS} connections, medians of "
          f"{options.rounds or ROUNDS} × {options.requests} requests\n{'':8}"
          + "".join(f"{key:>7} {'×':>5} " for key in PERCENTILES) + f"{'failed':>6}")
    for name, samples in results.items():
        good = [sample for sample in samples if not sample["failure"]]
        if not good:
            print(f"{name:8}every round failed: {samples[0]['failure']}")
            continue
        beside = [sample for sample in results.get("nginx", []) if not sample["failure"]]
        columns = ""
        for key in PERCENTILES:
            ratio = f"{middle(good, key) / middle(beside, key):5.2f}" if beside else "    -"
            columns += f"{middle(good, key):7.0f} {ratio} "
        print(f"{name:8}{columns}{len(samples) - len(good):6}")
