"""The folder, the ports and the processes of one run. All processes are stopped at its end."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

from . import backends, cores, proxies, wire

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_ports(count):
    """Returns free ports below the ephemeral range."""
    sockets = []
    port = 21000 + os.getpid() % 5000
    while len(sockets) < count:
        port += 1
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", port))
            sockets.append((candidate, port))
        except OSError:
            candidate.close()
    for candidate, _ in sockets:
        candidate.close()
    return [port for _, port in sockets]


def leave(number, _):
    """Handles a signal by an exception, so that every `finally` runs."""
    raise SystemExit(f"Stopped by {signal.Signals(number).name}.")


class Machine:
    def __init__(self, f2s, earlier=None):
        # The f2s programs by the name of the proxy.
        self.f2s = {"f2s": pathlib.Path(f2s).resolve()}
        if earlier:
            self.f2s["earlier"] = pathlib.Path(earlier).resolve()
        self.processes = []
        # True while the proxies speak TLS to their clients.
        self.has_tls = False
        self.stack = contextlib.ExitStack()
        self.running_backends = set()

    def __enter__(self):
        for program in self.f2s.values():
            if not os.access(program, os.X_OK):
                raise SystemExit(f"{program} is not a program. Build it with `make bench`, or name one with --f2s.")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
        # This process waits, reads /proc and sends requests, so it uses the core of the load.
        os.sched_setaffinity(0, {cores.LOAD})
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="f2s-bench-")))
        ports = free_ports(len(backends.KINDS) * backends.COUNT + 2)
        self.port, self.operations = ports.pop(), ports.pop()
        self.backend_ports = {kind: [ports.pop() for _ in range(backends.COUNT)] for kind in backends.KINDS}
        backends.write(self.folder, self.folder / "sink")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", "/CN=localhost", "-keyout", self.folder / "tls.key", "-out",
                        self.folder / "tls.crt"], check=True, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *error):
        # A second Ctrl-C must not leave processes behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while self.processes:
            self.stop(self.processes[-1])
        self.stack.close()

    def start(self, command, core, environment=None, output=subprocess.DEVNULL):
        with cores.on(core) if core is not None else cores.on_all():
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       start_new_session=True, env={**os.environ, **(environment or {})})
        self.processes.append(process)
        return process

    def serve(self, functions):
        """Starts f2s with a folder of manifests on all cores and does not wait for it."""
        proxies.write(self, self.backend_ports["page"], 4096)
        return self.start(proxies.command(self, "f2s", [], functions), None)

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.remove(process)

    def build_go(self, program):
        """Builds one of the Go programs in Benchmarks, once per run."""
        if not (self.folder / program).exists():
            subprocess.run(["go", "build", "-o", self.folder / program, "."], cwd=ROOT / "Benchmarks" / program,
                           check=True)

    def start_backends(self, kind):
        if kind == "sink":
            self.build_go("sink")
        if kind in self.running_backends:
            return
        self.running_backends.add(kind)
        for port in self.backend_ports[kind]:
            self.start([str(backends.script(self.folder, kind))], cores.LOAD, {"PORT": str(port)})
        for port in self.backend_ports[kind]:
            wire.wait_for(port, "/get100")

    def path(self, proxy, case):
        return f"/invoke/bench/{case}" if proxy in self.f2s else f"/{case}"

    def launch(self, name, backend="page", functions=None, connections=4096, prefix=(), program=None, **options):
        """Starts one proxy on the proxy's core and does not wait for it.

        `prefix` is a command that runs it, and `program` a copy of it.
        """
        proxies.write(self, self.backend_ports[backend], connections)
        functions = functions or backends.functions(self.folder, backend)
        if name == "go":
            self.build_go("goproxy")
            options["environment"] = {**options.get("environment", {}), "GOMAXPROCS": "1"}
        command = proxies.command(self, name, self.backend_ports[backend], functions)
        if program:
            command[0] = str(program)
        return self.start([*prefix, *command], cores.PROXY, **options)

    @contextlib.contextmanager
    def proxy(self, name, backend="page", tls=False, **options):
        """Runs one proxy in front of ten backends of a kind, and yields the process to measure."""
        self.start_backends(backend)
        self.has_tls = tls
        process = self.launch(name, backend, **options)
        try:
            if name in self.f2s:
                ready = f'"readyReplicas":{backends.COUNT}'.encode()
                wire.wait_for(self.port, "/functions/bench", lambda status, body: ready in body, tls=tls)
            wire.wait_for(self.port, self.path(name, "get100"), tls=tls)
            yield process
        finally:
            self.has_tls = False
            self.stop(process)
