"""The cost of functions on Kubernetes, with an API server and its controllers, but without machines that run pods.

Must hold 5 of issue 5: idle CPU, calls of the API server while nothing changes, memory of a function, the time from an
edit to its Deployment, and the cost of reading every list again (410 Gone) after an outage of the API server. One
function has a pod: the benchmark writes its status in place of a kubelet, and serves its requests.
"""
import contextlib
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time

from . import cores, process, wire
from .machine import ROOT
from .verdict import quartiles

NAMESPACE = "f2s"
PODS_NAMESPACE = "f2s-containers"
FUNCTIONS = f"/apis/f2s.opensight.ch/v1alpha1/namespaces/{NAMESPACE}/functions"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{PODS_NAMESPACE}/deployments"
PODS = f"/api/v1/namespaces/{PODS_NAMESPACE}/pods"
# The resources that F2S uses, except leases, which it renews all the time.
RESOURCES = ["functions", "deployments", "services", "pods", "replicasets", "endpoints", "secrets", "configmaps", "events"]

CALLERS = 4
EDITS = 9
SETTLE_SECONDS = 10
LONGEST_SECONDS = 900
REQUESTS_PER_SECOND = 100
HEARTBEAT_SECONDS = 10
LOG_LINES = 20

IDLE_BAR_PERCENT = 1
CALLS_BAR = 0
EDIT_BAR_MS = 200
RELIST_BAR_SECONDS = 2
FUNCTION_BAR_KIB = 8


def seconds(options):
    return options.functions * 0.03 + options.idle_seconds + 60


def run(machine, options, verdicts):
    print()
    os.sched_setaffinity(0, cores.ALL)
    count = options.functions
    with Cluster(machine.folder) as cluster, node(cluster), program() as backend:
        running = serve(machine, cluster)
        try:
            cluster.create(FUNCTIONS, function("running", backend, 1))
            run_pod(cluster, "running")
            # Stop these controllers: their work on thousands of Deployments takes longer than that of F2S.
            cluster.script("stop", "controller-manager")
            cluster.script("stop", "scheduler")
            wire.wait_for(machine.port, "/invoke/running", seconds=60)
            few = process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
            began = time.monotonic()
            create_all(cluster, [function(f"many-{number}", backend, 0) for number in range(count)])
            created = time.monotonic() - began
            cluster.wait_for_statuses(count + 1)
            cluster.wait_for_calm()
            reconciled = time.monotonic() - began - SETTLE_SECONDS
            print(f"{count} Functions created in {created:.1f} s, "
                  f"all with Deployment, Service and status after {reconciled:.1f} s", flush=True)
            many = process.settled_rss_anon_kib(running.pid, SETTLE_SECONDS)
            judge = Judge(verdicts, count, options.tolerance)
            judge.at_most("memory of a function", (many - few) / count, FUNCTION_BAR_KIB, "KiB")
            idle(machine, cluster, running, options, judge)
            judge.at_most("edit to its Deployment", quartiles(edits(cluster, count))[1], EDIT_BAR_MS,
                          f"ms (median of {EDITS})")
            relist(machine, cluster, running, judge)
        finally:
            machine.stop(running)


class Judge:
    def __init__(self, verdicts, count, tolerance):
        self.verdicts, self.count, self.tolerance = verdicts, count, tolerance

    def at_most(self, figure, value, bar, unit):
        """Judges a time or a size, which fails at `tolerance` times its bar."""
        self.verdicts.judge(5, f"{figure}, {self.count} functions on Kubernetes", value, f"{value:.2f} {unit}", bar,
                            gate=bar * self.tolerance)

    def exactly(self, figure, value, bar):
        self.verdicts.judge(5, f"{figure}, {self.count} functions on Kubernetes", value, f"{value:.0f}", bar)


def log(machine):
    """Returns the file with the log of f2s."""
    return machine.folder / "f2s.log"


def idle(machine, cluster, running, options, judge):
    before, cpu, since = cluster.calls(), process.cpu_seconds(running.pid), time.monotonic()
    time.sleep(options.idle_seconds)
    used = process.cpu_seconds(running.pid) - cpu
    judge.at_most("idle CPU", 100 * used / (time.monotonic() - since), IDLE_BAR_PERCENT, "% of a core")
    calls = {what: count - before.get(what, 0) for what, count in cluster.calls().items()}
    for what, count in calls.items():
        if count:
            print(f"  {count:.0f} x {what}")
    if any(calls.values()):
        print("The last lines of f2s' log:\n" + "".join(log(machine).read_text().splitlines(True)[-LOG_LINES:]))
    judge.exactly("calls except leases and watches while nothing changes", sum(calls.values()), CALLS_BAR)


def edits(cluster, count):
    """Returns the milliseconds from the request for an edit until a watch shows the changed Deployment."""
    times = []
    for number in range(EDITS):
        name = f"many-{number * count // EDITS}"
        uid = cluster.get(f"{FUNCTIONS}/{name}")["metadata"]["uid"]
        deployment = cluster.find(DEPLOYMENTS, uid)["metadata"]
        image = f"nowhere.invalid/function:{time.monotonic_ns()}"
        with cluster.watch(DEPLOYMENTS, deployment["name"], deployment["resourceVersion"]) as lines:
            # The Deployment may have changed before the response to the edit arrives.
            began = time.monotonic()
            cluster.patch(f"{FUNCTIONS}/{name}", {"target": {"containerImage": image}})
            for line in lines:
                if image.encode() in line:
                    break
            times.append((time.monotonic() - began) * 1000)
    return times


def relist(machine, cluster, running, judge):
    """Restarts the API server. Its new watch cache does not know the resource versions that F2S has."""
    stop, outcome = threading.Event(), {"asked": 0, "failed": 0}
    caller = threading.Thread(target=call_steadily, args=(machine.port, stop, outcome))
    caller.start()
    time.sleep(1)
    began, asked = process.cpu_seconds(running.pid), outcome["asked"]
    cluster.restart()
    # The lists have been read when an edit takes effect again.
    answered = edits(cluster, 1)[-1]
    time.sleep(SETTLE_SECONDS)
    used = process.cpu_seconds(running.pid) - began
    during = outcome["asked"] - asked
    for resource in ("functions", "deployments", "services"):
        # The counters of the API server begin at its start.
        if not any('verb="LIST"' in what and f'resource="{resource}"' in what for what in cluster.calls()):
            raise SystemExit(f"The API server restarted, but {resource} were not listed again: nothing was measured.")
    stop.set()
    caller.join()
    # Subtract the cost of the invocations from that of the lists.
    began, asked = process.cpu_seconds(running.pid), outcome["asked"]
    stop.clear()
    caller = threading.Thread(target=call_steadily, args=(machine.port, stop, outcome))
    caller.start()
    time.sleep(SETTLE_SECONDS)
    each = (process.cpu_seconds(running.pid) - began) / max(1, outcome["asked"] - asked)
    stop.set()
    caller.join()
    judge.at_most(f"every list read again (an edit afterwards took {answered:.0f} ms)", used - during * each,
                  RELIST_BAR_SECONDS, f"s of CPU, without {during * each:.2f} s for {during} invocations")
    judge.exactly(f"failed of {outcome['asked']} invocations meanwhile", outcome["failed"], 0)


def call_steadily(port, stop, outcome):
    connection, due = wire.Connection(port), time.monotonic()
    try:
        while not stop.is_set():
            try:
                answer = connection.request(wire.message("/invoke/running"))[0]
            except OSError:
                answer, connection = 0, wire.Connection(port)
            outcome["asked"] += 1
            outcome["failed"] += answer != 200
            due += 1 / REQUESTS_PER_SECOND
            time.sleep(max(0, due - time.monotonic()))
    finally:
        connection.close()


@contextlib.contextmanager
def program():
    """Runs the program behind the pod, and yields its port."""
    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def serve(machine, cluster):
    return machine.start([
        str(machine.f2s["f2s"]), "serve", "--platform=kubernetes", f"--kubeconfig={cluster.kubeconfig}",
        f"--namespace={NAMESPACE}", f"--functions-namespace={PODS_NAMESPACE}", f"--listen=127.0.0.1:{machine.port}",
        "--console=none", f"--operations=127.0.0.1:{machine.operations}", "--internal=127.0.0.1:0",
    ], None, {"POD_NAME": "outside", "POD_NAMESPACE": NAMESPACE,
              # F2S keeps its leadership during the outage, because the lists are measured, not a failover.
              "F2S_TIMEOUTS_FAILOVER_TIMEOUT": "60000"}, output=log(machine).open("w"))


def function(name, port, replicas):
    return {"apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"endpoint": f"/{name}"},
            "target": {"containerImage": "nowhere.invalid/function:1", "port": port, "minReplicas": replicas, "maxReplicas": 1}}


def create_all(cluster, objects):
    def create(part):
        connection = cluster.connection()
        for number in range(part, len(objects), CALLERS):
            cluster.send("POST", FUNCTIONS, objects[number], connection=connection)
        connection.close()

    threads = [threading.Thread(target=create, args=(part,)) for part in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_pod(cluster, name):
    """Writes the status of the function's running pod, in place of a kubelet."""
    uid = cluster.get(f"{FUNCTIONS}/{name}")["metadata"]["uid"]
    end = time.monotonic() + 60
    while not (pod := cluster.find(PODS, uid)) or "nodeName" not in pod["spec"]:
        if time.monotonic() > end:
            raise SystemExit("A function with minReplicas 1 had no pod with a node within 60 s.")
        time.sleep(0.1)
    cluster.patch(f"{PODS}/{pod['metadata']['name']}/status", {"status": {
        "phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}],
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}],
        "containerStatuses": [{
            "name": "function", "image": "i", "imageID": "", "ready": True, "started": True, "restartCount": 0,
            "state": {"running": {"startedAt": timestamp()}}}]}})


@contextlib.contextmanager
def node(cluster):
    """A node without a machine. A thread reports it as ready, in place of a kubelet."""
    def tell():
        condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": timestamp()}
        room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
        # The API server is down for a while.
        with contextlib.suppress(OSError, SystemExit):
            cluster.patch("/api/v1/nodes/nowhere/status",
                          {"status": {"conditions": [condition], "capacity": room, "allocatable": room}})

    def keep_telling():
        while not over.wait(HEARTBEAT_SECONDS):
            tell()

    cluster.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "nowhere"}})
    tell()
    over = threading.Event()
    thread = threading.Thread(target=keep_telling)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def timestamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Cluster:
    """An API server with its controllers and without nodes, for this benchmark only."""

    def __init__(self, folder):
        self.environment = {**os.environ, "F2S_CLUSTER_RUN": str(folder / "cluster")}
        self.kubeconfig = folder / "cluster" / "kubeconfig"

    def __enter__(self):
        self.script("up", "--no-node")
        try:
            config = self.kubeconfig.read_text()
            self.host, self.port = re.search(r'https://([^:"]+):(\d+)', config).groups()
            authority = re.search(r"certificate-authority: ([^}\s]+)", config).group(1)
            self.token = re.search(r"token: (\w+)", config).group(1)
            self.context = ssl.create_default_context(cafile=authority)
            kubectl = ["kubectl", f"--kubeconfig={self.kubeconfig}"]
            subprocess.run([*kubectl, "apply", f"--filename={ROOT / 'deploy/crd-1.20.yaml'}"], check=True,
                           stdout=subprocess.DEVNULL)
            self.wait_until_established()
            for name in (NAMESPACE, PODS_NAMESPACE):
                self.create("/api/v1/namespaces",
                            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        except BaseException:
            self.script("down")
            raise
        return self

    def __exit__(self, *error):
        self.script("down")

    def script(self, *arguments):
        subprocess.run([str(ROOT / "scripts/cluster"), *arguments], env=self.environment, check=True,
                       stdin=subprocess.DEVNULL)

    def restart(self):
        self.script("stop", "apiserver")
        self.script("start", "apiserver")

    def connection(self):
        return http.client.HTTPSConnection(self.host, int(self.port), context=self.context, timeout=60)

    def send(self, method, path, body=None, kind="application/json", connection=None):
        """Sends a request and returns the content of the response."""
        with contextlib.closing(self.connection()) if connection is None else contextlib.nullcontext(connection) as used:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
            used.request(method, path, None if body is None else json.dumps(body), headers)
            answer = used.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text

    def get(self, path):
        return json.loads(self.send("GET", path))

    def create(self, path, body):
        return json.loads(self.send("POST", path, body))

    def patch(self, path, body):
        return json.loads(self.send("PATCH", path, body, "application/merge-patch+json"))

    def find(self, path, uid):
        """Returns the function's object in a list, or `None` if there is none."""
        items = self.get(f"{path}?labelSelector=f2s.opensight.ch%2Ffunction-uid%3D{uid}")["items"]
        return items[0] if items else None

    @contextlib.contextmanager
    def watch(self, path, name, version):
        """Yields the lines of a watch of one object."""
        connection = self.connection()
        try:
            connection.request(
                "GET", f"{path}?watch=1&fieldSelector=metadata.name%3D{name}&resourceVersion={version}",
                headers={"Authorization": f"Bearer {self.token}"})
            yield connection.getresponse()
        finally:
            connection.close()

    def wait_until_established(self):
        """Waits until the API server serves Functions. `kubectl wait` would fail while there are no conditions yet."""
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/functions.f2s.opensight.ch"
        end = time.monotonic() + LONGEST_SECONDS
        while not any(condition["type"] == "Established" and condition["status"] == "True"
                      for condition in self.get(path).get("status", {}).get("conditions") or []):
            if time.monotonic() > end:
                raise SystemExit(f"The API server does not serve Functions after {LONGEST_SECONDS} s.")
            time.sleep(0.1)

    def wait_for_statuses(self, count):
        """Waits until this number of Functions have a status of their newest generation, and a Deployment."""
        end = time.monotonic() + LONGEST_SECONDS
        while True:
            made = self.get(f"{DEPLOYMENTS}?resourceVersion=0&limit=1")
            total = len(made["items"]) + made["metadata"].get("remainingItemCount", 0)
            if total >= count:
                written = sum("observedGeneration" in item.get("status", {})
                              for item in self.get(f"{FUNCTIONS}?resourceVersion=0")["items"])
                if written >= count:
                    return
            if time.monotonic() > end:
                raise SystemExit(f"{count} functions were not all reconciled within {LONGEST_SECONDS} s.")
            time.sleep(1)

    def wait_for_calm(self):
        """Waits until F2S sends no calls for a while, so that later measurements do not include late work."""
        end, quiet_since, before = time.monotonic() + LONGEST_SECONDS, time.monotonic(), self.calls()
        while time.monotonic() < quiet_since + SETTLE_SECONDS:
            time.sleep(1)
            newest = self.calls()
            if newest != before:
                quiet_since, before = time.monotonic(), newest
            if time.monotonic() > end:
                raise SystemExit(f"F2S still sends calls to the API server after {LONGEST_SECONDS} s.")

    def calls(self):
        """Returns the number of F2S' calls, by labels. It excludes watches, and the calls of the API server and its
        controllers, which use protobuf, while F2S uses JSON."""
        counts = {}
        for line in self.send("GET", "/metrics").decode().splitlines():
            if line.startswith("apiserver_request_total") and 'verb="WATCH"' not in line and "protobuf" not in line \
                    and any(f'resource="{resource}"' in line for resource in RESOURCES):
                labels, _, count = line.rpartition(" ")
                counts[labels] = float(count)
        return counts
