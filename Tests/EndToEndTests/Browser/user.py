#!/usr/bin/env python3
"""A function whose page shows its caller, and the cookies that it has received. $PORT is the port to listen on."""
import html
import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        user = html.escape(self.headers.get("X-F2S-User") or "none")
        cookies = html.escape(self.headers.get("Cookie") or "none")
        page = f"<!doctype html><title>user</title><p id=user>{user}</p><p id=cookies>{cookies}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
