"""Greets the name in the query. Uses only Python's standard library."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Hello(BaseHTTPRequestHandler):
    # Keeps connections open: F2S reuses them for the next invocation.
    protocol_version = "HTTP/1.1"
    # Sends head and body in one write, so no response waits for an acknowledgement of its first half.
    wbufsize = -1

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        name = query.get("name", ["world"])[0]
        body = f"{os.environ.get('GREETING', 'Hello')}, {name}!\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    # With the default of 5, the sixth client of a burst waits for a second.
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
