"""The backends of every proxy: ten processes of one kind, the same program that f2s starts as replicas."""
import pathlib
import shlex
import sys

from . import cores, proxies

COUNT = 10
# page: nginx, responds with 100 bytes or 10 KiB. sink: Go, reads a body. echo: Python, returns the received fields.
KINDS = ["page", "sink", "echo"]
ECHO = pathlib.Path(__file__).with_name("echo.py")


def write(folder, sink):
    """Writes a folder of functions for each kind, with one function and its script, which serves on $PORT."""
    (folder / "ten").write_text("x" * 10240)
    (folder / "page.template").write_text(page(folder))
    quoted = shlex.quote(str(folder))
    # With chrt, a backend is a batch process and does not preempt the load generator in the middle of a burst. A fast
    # proxy would otherwise cause this often, and the time on the load's core would dominate a request's time.
    commands = {
        "page": f'sed "s/@PORT@/$PORT/g" {quoted}/page.template > {quoted}/page-$PORT.conf\n'
                f"exec chrt -b 0 taskset -c {cores.LOAD} nginx -e /dev/null -p {quoted} -c {quoted}/page-$PORT.conf",
        "sink": f"exec env GOMAXPROCS=1 chrt -b 0 taskset -c {cores.LOAD} {shlex.quote(str(sink))}",
        "echo": f"exec taskset -c {cores.LOAD} {shlex.quote(sys.executable)} {shlex.quote(str(ECHO))}",
    }
    for kind, command in commands.items():
        functions(folder, kind).mkdir()
        script(folder, kind).write_text(f"#!/bin/sh\n{command}\n")
        script(folder, kind).chmod(0o755)
        (functions(folder, kind) / "bench.yaml").write_text(manifest("bench", "./serve.sh", COUNT))


def functions(folder, kind):
    return folder / f"functions-{kind}"


def script(folder, kind):
    return functions(folder, kind) / "serve.sh"


def manifest(name, command, replicas):
    return f"""apiVersion: f2s.opensight.ch/v1alpha1
kind: Function
metadata: {{name: {name}}}
spec: {{endpoint: /{name}}}
target: {{command: [{command}], minReplicas: {replicas}, maxReplicas: {COUNT}, concurrency: 1000}}
"""


def page(folder):
    return f"""{proxies.nginx_head(folder, "page-@PORT@", 4096)}
server {{ listen 127.0.0.1:@PORT@;
location /get100 {{ return 200 "{"x" * 100}"; }}
location /post1k {{ return 200 "ok"; }}
location /get10k {{ root {folder}; try_files /ten =404; }} }} }}
"""
