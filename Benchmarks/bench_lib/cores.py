"""Which core is the proxy's, and which one everybody else's."""
import contextlib
import os

ALL = sorted(os.sched_getaffinity(0))
PROXY, LOAD = ALL[0], ALL[-1]


def demand_two():
    if PROXY == LOAD:
        raise SystemExit("CPU and latency need two cores: one for the proxy alone, one for load and backend.")


@contextlib.contextmanager
def on(core):
    """What is started inside inherits this core. Cheaper than taskset: no second exec before the program's own."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
