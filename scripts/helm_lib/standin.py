"""A stand-in for the API server of an empty cluster: it serves discovery, has no objects, and accepts every object.

Helm's library renders a chart only during an installation, and requests the resource types of the cluster
(`.Capabilities`).
"""
import json
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Group and version, kind, plural, true if namespaced, first and last minor version of Kubernetes 1 that serves it.
NEVER = 10_000
SERVED = [
    ("v1", "Namespace", "namespaces", False, 0, NEVER),
    ("v1", "ServiceAccount", "serviceaccounts", True, 0, NEVER),
    ("v1", "ConfigMap", "configmaps", True, 0, NEVER),
    ("v1", "Secret", "secrets", True, 0, NEVER),
    ("v1", "Service", "services", True, 0, NEVER),
    ("apps/v1", "Deployment", "deployments", True, 0, NEVER),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", True, 0, NEVER),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True, 0, NEVER),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False, 0, NEVER),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", False, 0, NEVER),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True, 0, NEVER),
    ("policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets", True, 0, 24),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", True, 21, NEVER),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False, 0, NEVER),
    # A custom resource of the Prometheus operator.
    ("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", True, 0, NEVER),
]


class StandIn:
    """A context manager that runs the server on a free port of loopback."""

    def __init__(self, version: str):
        self.minor = int(version.split(".")[1])
        self.versions: dict[str, list] = {}
        for group_version, kind, plural, is_namespaced, first, last in SERVED:
            if first <= self.minor <= last:
                self.versions.setdefault(group_version, []).append(
                    {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": is_namespaced,
                     "verbs": ["create", "get", "list", "patch", "delete"]}
                )

    def __enter__(self) -> "StandIn":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"standin": self}))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.folder = tempfile.TemporaryDirectory()
        self.kubeconfig = os.path.join(self.folder.name, "kubeconfig")
        with open(self.kubeconfig, "w", encoding="utf-8") as file:
            json.dump(
                {"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
                 "clusters": [{"name": "c", "cluster": {"server": address}}],
                 "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]},
                file,
            )
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def answer(self, path: str) -> dict | None:
        """Returns the discovery document of a path, or `None` if there is none."""
        groups: dict[str, list[str]] = {}
        for group_version in self.versions:
            group, _, version = group_version.rpartition("/")
            groups.setdefault(group, []).append(version)
        if path == "/version":
            return {"major": "1", "minor": str(self.minor), "gitVersion": f"v1.{self.minor}.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            named = {
                group: [{"groupVersion": f"{group}/{version}", "version": version} for version in reversed(versions)]
                for group, versions in groups.items() if group
            }
            return {
                "kind": "APIGroupList", "apiVersion": "v1",
                "groups": [{"name": n, "versions": v, "preferredVersion": v[0]} for n, v in named.items()],
            }
        prefix, _, group_version = path[1:].partition("/")
        if prefix in ("api", "apis") and group_version in self.versions:
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
                    "resources": self.versions[group_version]}
        return None


class Handler(BaseHTTPRequestHandler):
    """The handler of one request."""

    standin: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = self.standin.answer(self.path.partition("?")[0])
        self.reply(200, found) if found is not None else self.reply(
            404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        )

    def do_POST(self) -> None:
        self.reply(201, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def reply(self, status: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass
