"""Prints one line per figure, with its bar and the result."""
import statistics


class Verdicts:
    def __init__(self):
        self.missed = 0

    def judge(self, hold, figure, value, text, bar, gate=None, goal=None):
        """Judges a value, of which smaller is better. `bar` must hold; `gate` fails a build (default: the bar)."""
        gate = bar if gate is None else gate
        if goal is not None and value <= goal:
            word = "holds, goal reached"
        elif value <= bar:
            word = "holds"
        elif value <= gate:
            word = "over the bar, within the gate"
        else:
            word = "MISSED"
            self.missed += 1
        limits = f"bar {bar:g}"
        limits += f", gate {gate:g}" if gate != bar else ""
        limits += f", goal {goal:g}" if goal is not None else ""
        print(f"must hold {hold}: {figure}: {text}; {limits}: {word}", flush=True)

    def hold(self, hold, figure):
        print(f"must hold {hold}: {figure}: holds", flush=True)

    def fail(self, hold, figure, reason):
        self.missed += 1
        print(f"must hold {hold}: {figure}: FAILED: {reason}", flush=True)


def quartiles(values):
    """Returns the lower quartile, the median and the upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def in_turn(names, round_number):
    """Returns the names, reversed in odd rounds, so that a drift of the machine affects all of them equally."""
    return names if round_number % 2 == 0 else names[::-1]
