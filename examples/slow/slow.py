"""Takes half a second for each request, and must never serve two at once: its manifest declares concurrency: 1."""

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

alone = threading.Lock()


class Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Sends head and body in one write, so no response waits for an acknowledgement of its first half.
    wbufsize = -1

    def answer(self):
        # The server must read the body even if it ignores it: the rest would be read as the next request.
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if alone.acquire(blocking=False):
            try:
                time.sleep(0.5)
                status, text = 200, f"process {os.getpid()} took its time\n"
            finally:
                alone.release()
        else:
            status, text = 500, "two at once\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Slow).serve_forever()
