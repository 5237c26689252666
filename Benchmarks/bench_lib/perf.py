"""Samples of one process under load, by part and by symbol."""
import re
import shutil
import subprocess

from . import wrk

FREQUENCY = 4000
# The Swift library is linked statically, so only its symbols distinguish it from the program: the C and C++ names of
# the runtime, and mangled names that begin with a module or a type of the library.
SWIFT_LIBRARY = re.compile(r"_?swift_|_*\$s(?:s|S|15Synchronization|17_StringProcessing)|_ZNK?5swift|_ZN12_GLOBAL__N_1")
PACKAGE = re.compile(r"_*\$s\d+(?!\d|F2S|f2s)")


def show(pid, load, seconds, top, data):
    machine = load[0]
    generator = subprocess.Popen(wrk.command(*load, seconds + 3), stdout=subprocess.PIPE, text=True)
    machine.processes.append(generator)
    subprocess.run(["perf", "record", "-q", "--no-buildid-cache", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g",
                    "-p", str(pid), "-o", str(data), "--", "sleep", str(seconds)],
                   check=True, stdout=subprocess.DEVNULL)
    failure = wrk.measured(generator.communicate()[0])["failure"]
    machine.processes.remove(generator)
    if failure:
        raise SystemExit(f"The load failed, so the profile is invalid: {failure}")
    rows = samples(data)
    parts = {}
    for share, name, symbol in rows:
        parts[part(name, symbol)] = parts.get(part(name, symbol), 0) + share
    print("share of samples, by part:")
    for name, share in sorted(parts.items(), key=lambda item: -item[1]):
        print(f"  {share:6.2f} %  {name}")
    print(f"\nshare of samples, by symbol without callees, the first {top}:")
    for (share, name, _), symbol in zip(rows[:top], readable([row[2] for row in rows[:top]])):
        print(f"  {share:6.2f} %  {name:20} {symbol}")


def samples(data):
    """Returns [(share, file, symbol)], the largest share first."""
    text = subprocess.run(["perf", "report", "-i", str(data), "--stdio", "--no-children", "-g", "none", "--no-demangle",
                           "--sort", "dso,symbol", "-t", "\t"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in text.splitlines():
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) >= 3 and columns[0].endswith("%"):
            # A prefix marks the mode: [k] in the kernel, [.] in user space.
            found.append((float(columns[0][:-1]), columns[1], columns[2].partition("] ")[2]))
    if not found:
        raise SystemExit(f"perf recorded no samples; see `perf report -i {data}`.")
    return sorted(found, reverse=True)


def part(name, symbol):
    if name.startswith("[") and name != "[vdso]":
        return "kernel"
    if name.startswith("libc.") or name.startswith("libm.") or name.startswith("ld-") or name == "[vdso]":
        return "libc"
    if name.startswith("libswift") or SWIFT_LIBRARY.match(symbol):
        return "Swift's library and runtime"
    if name.startswith("lib"):
        return "other libraries"
    return "packages" if PACKAGE.match(symbol) else "own code"


def readable(symbols):
    if not shutil.which("swift-demangle"):
        return symbols
    done = subprocess.run(["swift-demangle", "--simplified", "--compact"], input="\n".join(symbols),
                          capture_output=True, text=True, check=True)
    return [line[:160] for line in done.stdout.splitlines()]
