"""Starts and stops what is measured: one backend, and one proxy at a time."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXIES = ["nginx", "haproxy", "go", "f2s"]
PROXY_CORE, LOAD_CORE = "0", "1"
BACKENDS = 10


def free_ports(count):
    """Ports below the ephemeral range that nobody listens on now."""
    sockets = []
    port = 21000 + os.getpid() % 5000
    while len(sockets) < count:
        port += 1
        candidate = socket.socket()
        with contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            sockets.append((candidate, port))
            continue
        candidate.close()
    for candidate, _ in sockets:
        candidate.close()
    return [port for _, port in sockets]


def wait_until_answered(port, path):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
                if b" 200 " in connection.recv(64):
                    return
        time.sleep(0.01)
    raise SystemExit(f"nothing answers 200 on port {port} at {path}")


class Machine:
    """The folder, the ports and the processes of one run; everything started is stopped."""

    def __init__(self, f2s):
        self.f2s = pathlib.Path(f2s).resolve()
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="f2s-bench-")))
        ports = free_ports(BACKENDS + 2)
        self.backends, self.port, self.operations = ports[:BACKENDS], ports[-2], ports[-1]
        (self.folder / "ten").write_text("x" * 10240)
        self.write_backend("backend.conf", self.backends)
        self.write_nginx()
        self.write_haproxy()
        self.write_function()
        self.goproxy = self.folder / "goproxy"
        subprocess.run(["go", "build", "-o", self.goproxy, "."], cwd=ROOT / "Benchmarks/goproxy", check=True)
        self.start(["taskset", "-c", LOAD_CORE, "nginx", "-c", str(self.folder / "backend.conf")])
        wait_until_answered(self.backends[0], "/get100")
        return self

    def __exit__(self, *error):
        self.stack.close()

    def start(self, command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.stack.callback(self.stop, process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def path(self, proxy, case):
        return f"/invoke/bench/{case}" if proxy == "f2s" else f"/{case}"

    @contextlib.contextmanager
    def proxy(self, name):
        """Runs one proxy on its core; yields the pid whose CPU counts."""
        process = self.start(["taskset", "-c", PROXY_CORE, *self.command(name)])
        try:
            wait_until_answered(self.port, self.path(name, "get100"))
            yield process.pid
        finally:
            self.stop(process)

    def command(self, name):
        return {
            "nginx": ["nginx", "-c", str(self.folder / "proxy.conf")],
            "haproxy": ["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")],
            "go": ["env", "GOMAXPROCS=1", str(self.goproxy), str(self.port), *map(str, self.backends)],
            "f2s": [str(self.f2s), "serve", "--folder", str(self.folder / "functions"),
                    "--listen", f"127.0.0.1:{self.port}", "--operations", f"127.0.0.1:{self.operations}",
                    "--config", str(self.folder / "config.yaml")],
        }[name]

    def nginx_common(self, kind):
        return f"""daemon off; master_process off; worker_processes 1; pid {self.folder}/{kind}.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {self.folder}/{kind}-body;
proxy_temp_path {self.folder}/{kind}-proxy; fastcgi_temp_path {self.folder}/{kind}-f; uwsgi_temp_path {self.folder}/{kind}-u;
scgi_temp_path {self.folder}/{kind}-s; client_max_body_size 0;
"""

    def write_backend(self, name, ports):
        listens = " ".join(f"listen 127.0.0.1:{port} reuseport;" for port in ports)
        (self.folder / name).write_text(self.nginx_common(name) + f"""server {{ {listens}
location /get100 {{ return 200 "{"x" * 100}"; }}
location /get10k {{ root {self.folder}; try_files /ten =404; }}
location / {{ return 200 "ok"; }} }} }}""")

    def write_nginx(self):
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self.backends)
        (self.folder / "proxy.conf").write_text(self.nginx_common("proxy") + f"""
upstream backend {{ least_conn; {servers} keepalive 512; }}
server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{ proxy_pass http://backend; proxy_http_version 1.1;
proxy_request_buffering off; proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host; proxy_set_header Forwarded "for=$remote_addr;proto=$scheme";
proxy_set_header X-Request-Id $request_id; proxy_set_header traceparent "00-$request_id-0000000000000001-00"; }} }} }}""")

    def write_haproxy(self):
        servers = "\n".join(f"  server s{port} 127.0.0.1:{port}" for port in self.backends)
        (self.folder / "haproxy.cfg").write_text(f"""global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{self.port}
  default_backend b
backend b
  balance leastconn
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Forwarded for=%[src];proto=http
  http-request set-header X-Request-Id %[uuid()]
{servers}
""")

    def write_function(self):
        """The function is the same backend: each replica an nginx on its $PORT, on the core of the load."""
        functions = self.folder / "functions"
        functions.mkdir()
        (self.folder / "config.yaml").write_text("f2s:\n  loops: 1\n")
        template = self.folder / "replica.template"
        self.write_backend("replica.template", ["@PORT@"])
        template.write_text(template.read_text().replace(str(self.folder) + "/replica.template", str(self.folder) + "/r@PORT@"))
        (functions / "bench.sh").write_text(f"""#!/bin/sh
sed "s/@PORT@/$PORT/g" {template} > {self.folder}/replica-$PORT.conf
exec taskset -c {LOAD_CORE} nginx -c {self.folder}/replica-$PORT.conf
""")
        (functions / "bench.sh").chmod(0o755)
        (functions / "bench.yaml").write_text(f"""apiVersion: f2s.opensight.ch/v1alpha1
kind: Function
metadata: {{name: bench}}
spec: {{endpoint: /bench}}
target: {{command: [./bench.sh], minReplicas: {BACKENDS}, maxReplicas: {BACKENDS}, concurrency: 1000}}
""")
