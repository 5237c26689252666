"""The core of the proxy, and the core of load and backends."""
import contextlib
import os

ALL = sorted(os.sched_getaffinity(0))
PROXY, LOAD = ALL[0], ALL[-1]


def demand_two():
    if PROXY == LOAD:
        raise SystemExit("The parts cpu and latency need two cores: one for the proxy, one for load and backends.")


def on_all():
    """A context in which started processes may use every core."""
    return limited(ALL)


def on(core):
    """A context in which started processes inherit this core. Unlike taskset, it needs no second exec."""
    return limited([core])


@contextlib.contextmanager
def limited(chosen):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
