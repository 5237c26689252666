"""Medians, ratios within a round, and the gates."""
import statistics

# (case, the other proxy, ratio that is aimed at, ratio that fails)
GATES = [("get100", "nginx", 1.00, 1.15), ("get10k", "nginx", 1.00, 1.15), ("post1k", "nginx", 1.00, 1.15),
         ("post1m", "haproxy", 0.80, 0.92), ("get100", "go", 0.45, 0.52)]


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


def ratios(results, case, one, other):
    pairs = zip(results[case][one], results[case][other])
    return sorted(a["us"] / b["us"] for a, b in pairs)


def show(results):
    status = 0
    for case, by_proxy in results.items():
        print(f"\n{case:8} {'CPU us/req':>10} {'x nginx':>8} {'req/s':>9} {'p50 us':>8} {'p99 us':>8} {'busy':>5} {'lost':>5}")
        for proxy, samples in by_proxy.items():
            ratio = f"{statistics.median(ratios(results, case, proxy, 'nginx')):.2f}" if "nginx" in by_proxy else "-"
            print(f"{proxy:8} {median(samples, 'us'):10.1f} {ratio:>8} {median(samples, 'rate'):9.0f} "
                  f"{median(samples, 'p50'):8.0f} {median(samples, 'p99'):8.0f} {median(samples, 'busy'):5.2f} "
                  f"{sum(sample['lost'] for sample in samples):5}")
    print()
    for case, other, aim, gate in GATES:
        if case not in results or other not in results[case] or "f2s" not in results[case]:
            continue
        all_ratios = ratios(results, case, "f2s", other)
        middle = statistics.median(all_ratios)
        quarter = len(all_ratios) // 4
        verdict = "holds" if middle <= aim else "within the gate" if middle <= gate else "MISSED"
        status |= middle > gate
        print(f"f2s / {other:7} {case:7} {middle:.2f} (middle half {all_ratios[quarter]:.2f} to {all_ratios[-1 - quarter]:.2f}, "
              f"{len(all_ratios)} rounds): aim {aim:.2f}, gate {gate:.2f}: {verdict}")
    return int(status)
