"""Must hold 1: instructions per request in the steady state, counted by callgrind in user space. The difference of a
long and a short run leaves out the start and the end, which vary by some 3 million instructions from run to run: 80 per
request."""
import re
import subprocess

from . import cpu, wire

CASE = "get100"
# The bar is the figure of 26 November 2026 (12,522), before the limit per replica was held for abandoned invocations and
# the exchange became a state machine with several kinds of clients. The gate allows the variation.
BAR, GATE = 12_700, 13_300
# An f2s of another commit (--earlier): the ratio that must hold, and the one that fails a build.
EARLIER_BAR, EARLIER_GATE = 1.00, 1.02
SHORT, LONG = 2_000, 42_000


def seconds(options):
    return (1 + bool(options.earlier)) * 60


def run(machine, options, verdicts):
    print()
    settings = cpu.CASES[CASE]
    figure = f"{settings['title']}, instructions per request"
    counts = {}
    for name in machine.f2s:
        try:
            counts[name] = measure(machine, name, settings)
        except OSError as error:
            verdicts.fail(1, f"{figure}, {name}", str(error))
            return
    verdicts.judge(1, figure, counts["f2s"], f"{counts['f2s']:,.0f}", BAR, GATE)
    if options.earlier:
        ratio = counts["f2s"] / counts["earlier"]
        verdicts.judge(1, f"{figure}, f2s against earlier", ratio, f"{ratio:.3f} ({counts['earlier']:,.0f})",
                       EARLIER_BAR, EARLIER_GATE)


def measure(machine, name, settings):
    """Returns the instructions per request."""
    program = machine.folder / f"stripped-{name}"
    # Callgrind would read hundreds of megabytes of symbols.
    subprocess.run(["strip", "--strip-debug", "-o", program, machine.f2s[name]], check=True)
    request = wire.message(machine.path(name, CASE))
    long, short = (count(machine, name, program, request, requests) for requests in (LONG, SHORT))
    return (long - short) / (LONG - SHORT)


def count(machine, name, program, request, requests):
    """Returns the instructions of a whole run with so many requests."""
    file = machine.folder / f"callgrind-{name}-{requests}"
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}.%p", "--trace-children=no"]
    with machine.proxy(name, prefix=tool, program=program) as process:
        with wire.Bunch(machine.port, 1) as connections:
            connections.requests(request, requests)
        written = file.with_name(f"{file.name}.{process.pid}")
    found = re.search(r"^(?:summary|totals): (\d+)", written.read_text(errors="replace"), re.MULTILINE)
    if not found:
        raise OSError("callgrind has written no total")
    return int(found[1])
