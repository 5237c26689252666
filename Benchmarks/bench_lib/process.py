"""Data of the kernel about a process."""
import contextlib
import os
import pathlib
import re
import stat
import time


def cpu_nanoseconds(pid):
    """Returns the scheduler's CPU time without ended threads; the measured threads live as long as the process."""
    total = 0
    for schedstat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(FileNotFoundError):
            total += int(schedstat.read_text().split()[0])
    return total


def cpu_seconds(pid):
    """Returns the CPU time of a process in steps of 10 ms, including ended threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_anon_kib(pid):
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def settled_rss_anon_kib(pid, seconds):
    """Returns the smallest of several readings: the memory that remains when pending work is done."""
    end, smallest = time.monotonic() + seconds, rss_anon_kib(pid)
    while time.monotonic() < end:
        time.sleep(0.2)
        smallest = min(smallest, rss_anon_kib(pid))
    return smallest


def descendants(pid):
    """Returns the process ids of all descendants of a process."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(child)]
    return found


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def logged_bytes(pid):
    """Returns the size of all open regular files of a process, which grows when the process writes a log."""
    total = 0
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            status = descriptor.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
