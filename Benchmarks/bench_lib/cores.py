"""Which core is the proxy's, and which one everybody else's."""
import contextlib
import os

ALL = sorted(os.sched_getaffinity(0))
PROXY, LOAD = ALL[0], ALL[-1]


def demand_two():
    if PROXY == LOAD:
        raise SystemExit("CPU and latency need two cores: one for the proxy alone, one for load and backend.")


def on_all():
    """What is started inside may use every core."""
    return limited(ALL)


def on(core):
    """What is started inside inherits this core. Cheaper than taskset: no second exec before the program's own."""
    return limited([core])


@contextlib.contextmanager
def limited(chosen):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
