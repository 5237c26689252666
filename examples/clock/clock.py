"""Sends the time once a second as server-sent events, until the client disconnects."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Clock(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                event = f"data: {time.strftime('%H:%M:%S')}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                time.sleep(1)
        except (BrokenPipeError, ConnectionResetError):
            # F2S closes the connection when its client disconnects. This ends the stream.
            self.close_connection = True


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Clock).serve_forever()
