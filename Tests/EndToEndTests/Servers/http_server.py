"""Python's http.server with one thread. usage: http_server.py 1.0|1.1"""
import hashlib
import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/" + sys.argv[1]

    def answer(self, status, body=b"", fields=()):
        self.send_response(status)
        for field in fields:
            self.send_header(*field)
        # With HTTP/1.0 the end of the connection is the end of the body, as in http.server's directory listings.
        if self.protocol_version == "HTTP/1.1" and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/download":
            self.answer(200, b"x" * (20 << 20))
        elif path == "/cookies":
            self.answer(200, b"two\n", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/")])
        elif path.startswith("/status/"):
            self.answer(int(path[8:]), b"status\n")
        else:
            self.answer(200, b"hello\n")

    do_HEAD = do_GET

    def parts(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left and (part := self.rfile.read(min(left, 1 << 16))):
                left -= len(part)
                yield part

    def do_POST(self):
        count, digest = 0, hashlib.md5()
        for part in self.parts():
            count += len(part)
            digest.update(part)
        self.answer(200, f"{count} {digest.hexdigest()}\n".encode())

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
