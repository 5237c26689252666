"""Checks that the comparison is fair: every proxy sets the same forwarding fields, keeps its connections to backends,
and writes no log. The backends return the received requests, which are checked."""
import json

from . import backends, process, wire

# The fields that f2s sets. nginx must set all of them, or it would do less work. The others may omit the last two.
ALL = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "forwarded", "traceparent"]
NEEDED = {"nginx": ALL, "f2s": ALL}
REQUESTS = 200


def seconds(options):
    return 3 * len(options.proxies)


def run(machine, options, verdicts):
    print()
    for name in options.proxies:
        figure = f"{name} sets the forwarding fields, keeps connections to backends, writes no log"
        problems = check(machine, name)
        if problems:
            verdicts.fail(1, figure, "; ".join(problems))
        else:
            verdicts.hold(1, figure)


def check(machine, name):
    request = wire.message(machine.path(name, "get100"))
    log = machine.folder / f"{name}.output"
    with open(log, "wb") as output, machine.proxy(name, "echo", output=output) as running:
        connection = wire.Connection(machine.port)
        seen = [json.loads(connection.request(request)[1]) for _ in range(REQUESTS // 2)]
        logged = process.logged_bytes(running.pid)
        seen += [json.loads(connection.request(request)[1]) for _ in range(REQUESTS // 2)]
        logged = process.logged_bytes(running.pid) - logged
        connection.close()
    missing = [field for field in NEEDED.get(name, ALL[:4]) if any(field not in one["headers"] for one in seen)]
    used = len({tuple(one["connection"]) for one in seen})
    problems = []
    if missing:
        problems.append(f"does not set {', '.join(missing)}")
    # One client sends one request at a time, so one connection to each backend is enough.
    if used > backends.COUNT:
        problems.append(f"opened {used} connections to {backends.COUNT} backends for {REQUESTS} requests in turn")
    # A line per request would be longer than this.
    if logged > REQUESTS // 2 * 10:
        problems.append(f"wrote {logged} bytes of log during {REQUESTS // 2} requests")
    return problems
