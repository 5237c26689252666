"""Must hold 3: the anonymous resident memory of an idle connection and of a declared function."""
import resource
import statistics

from . import backends, process, wire

CONNECTIONS, CONNECTION_BAR_KIB, CONNECTION_GOAL_KIB = 10_000, 7, 1
FUNCTIONS, FUNCTION_BAR_KIB = 1_000, 4
STARTS = 5
WARM_UP, WARM_UP_CONNECTIONS = 2_000, 16
SETTLE_SECONDS = 4
# f2s accepts 20,000 connections by default; nginx and this process get the same number of descriptors.
DESCRIPTORS = CONNECTIONS * 2


def seconds(_):
    return 2 * (2 * SETTLE_SECONDS + 8) + 2 * STARTS * (SETTLE_SECONDS + 2)


def run(machine, _, verdicts):
    print()
    raise_descriptors()
    connections(machine, verdicts)
    functions(machine, verdicts)


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else max(hard, DESCRIPTORS)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, wanted))
    except (ValueError, OSError) as error:
        raise SystemExit(f"This needs `ulimit -n {DESCRIPTORS}`, and the hard limit is {hard}.") from error


def connections(machine, verdicts):
    figure = f"{CONNECTIONS} idle connections, KiB of RssAnon each"
    try:
        each = {name: idle_connection_kib(machine, name) for name in ("nginx", "f2s")}
    except OSError as error:
        verdicts.fail(3, figure, str(error))
        return
    verdicts.judge(3, figure, each["f2s"], f"{each['f2s']:.2f} (nginx {each['nginx']:.2f})", CONNECTION_BAR_KIB,
                   goal=CONNECTION_GOAL_KIB)


def idle_connection_kib(machine, name):
    """Returns the memory per connection: the difference between a warm proxy without connections and the same proxy
    with many connections, each after one request."""
    request = wire.message(machine.path(name, "get100"))
    opened = []
    with machine.proxy(name, connections=DESCRIPTORS) as running:
        try:
            with wire.Bunch(machine.port, WARM_UP_CONNECTIONS) as warm:
                warm.requests(request, WARM_UP)
            before = process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
            for number in range(CONNECTIONS):
                # Use four source addresses, because one alone would use a third of its ephemeral ports.
                opened.append(wire.Connection(machine.port, source=f"127.0.0.{2 + number % 4}"))
                expect_200(opened[-1].request(request))
            after = process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
            held = process.descriptors(running.pid)
            if held < CONNECTIONS:
                raise OSError(f"{name} has only {held} descriptors: it has closed connections")
            for connection in opened[::100]:
                expect_200(connection.request(request))
        finally:
            for connection in opened:
                connection.close()
    return (after - before) / CONNECTIONS


def expect_200(answer):
    if answer[0] != 200:
        raise OSError(f"a response with status {answer[0]} instead of 200")


def functions(machine, verdicts):
    few, many = median_declared_kib(machine, 1), median_declared_kib(machine, FUNCTIONS)
    each = (many - few) / (FUNCTIONS - 1)
    verdicts.judge(3, f"{FUNCTIONS} functions, KiB of RssAnon each", each,
                   f"{each:.2f} ({many / 1024:.1f} MiB with {FUNCTIONS}, {few / 1024:.1f} with 1, medians of {STARTS} "
                   "starts)", FUNCTION_BAR_KIB)


def median_declared_kib(machine, count):
    """Returns the median of several starts with this number of functions. Starts differ by 0.2 MiB, because the heap
    is laid out differently in each."""
    folder = machine.folder / f"functions-{count}"
    folder.mkdir()
    for number in range(count):
        name = f"function-{number:04}"
        (folder / f"{name}.yaml").write_text(backends.manifest(name, "./never", 0))
    return statistics.median(declared_kib(machine, folder, count) for _ in range(STARTS))


def declared_kib(machine, folder, count):
    """Returns the memory of an f2s that serves this folder of functions, none of them running."""
    running = machine.launch("f2s", functions=folder)
    try:
        wire.wait_for(machine.port, "/functions", lambda status, body: body.count(b'"kind":"Function"') == count)
        return process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
    finally:
        machine.stop(running)
