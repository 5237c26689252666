"""The configurations of the proxies. All do the same work: one loop, ten backends by least connections (Go: round
robin), keep-alive on both sides, the same forwarding fields, no access log. `fairness.py` checks this."""

NAMES = ["nginx", "haproxy", "go", "f2s"]
# The proxies of the cases with TLS.
TLS_NAMES = ["nginx", "f2s"]


def write(machine, backend_ports, connections):
    (machine.folder / "nginx.conf").write_text(nginx(machine, backend_ports, connections))
    (machine.folder / "haproxy.cfg").write_text(haproxy(machine, backend_ports, connections))
    tls = f"  tls: {{certificate_file: {machine.folder}/tls.crt, key_file: {machine.folder}/tls.key}}\n"
    (machine.folder / "config.yaml").write_text("f2s:\n  loops: 1\n" + (tls if machine.has_tls else ""))


def command(machine, name, backend_ports, functions):
    if name in machine.f2s:
        # An earlier f2s may not know the option.
        console = ["--console", "none"] if name == "f2s" else []
        return [str(machine.f2s[name]), "serve", "--folder", str(functions), "--listen", f"127.0.0.1:{machine.port}",
                "--operations", f"127.0.0.1:{machine.operations}", "--config", str(machine.folder / "config.yaml"),
                *console]
    return {
        "nginx": ["nginx", "-e", "/dev/null", "-p", str(machine.folder), "-c", str(machine.folder / "nginx.conf")],
        "haproxy": ["haproxy", "-db", "-f", str(machine.folder / "haproxy.cfg")],
        "go": [str(machine.folder / "goproxy"), str(machine.port), *map(str, backend_ports)],
    }[name]


def nginx_head(folder, kind, connections):
    """Returns the common configuration of nginx as a proxy and nginx as a backend."""
    places = " ".join(f"{use}_temp_path {folder}/{kind}-{use};" for use in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""daemon off; master_process off; worker_processes 1; pid {folder}/{kind}.pid; error_log /dev/null;
events {{ worker_connections {connections}; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; client_max_body_size 0; {places}
"""


def nginx(machine, backend_ports, connections):
    servers = " ".join(f"server 127.0.0.1:{port};" for port in backend_ports)
    tls = f" ssl; ssl_certificate {machine.folder}/tls.crt; ssl_certificate_key {machine.folder}/tls.key"
    tls = tls if machine.has_tls else ""
    return f"""{nginx_head(machine.folder, "proxy", connections)}
upstream backend {{ least_conn; {servers} keepalive 512; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{machine.port} backlog=4096{tls}; location / {{ proxy_pass http://backend; proxy_http_version 1.1;
proxy_request_buffering off; proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host; proxy_set_header Forwarded "for=$remote_addr;proto=$scheme";
proxy_set_header X-Request-Id $request_id; proxy_set_header traceparent "00-$request_id-0000000000000001-00"; }} }} }}
"""


def haproxy(machine, backend_ports, connections):
    servers = "\n".join(f"  server s{port} 127.0.0.1:{port}" for port in backend_ports)
    return f"""global
  nbthread 1
  maxconn {connections}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{machine.port} backlog 4096
  default_backend b
backend b
  balance leastconn
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Forwarded for=%[src];proto=http
  http-request set-header X-Request-Id %[uuid()]
{servers}
"""
