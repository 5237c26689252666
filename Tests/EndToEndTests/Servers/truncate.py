"""Sends incomplete responses of the kind in the path: /length, /chunked, /closed, /silent. Other paths get a complete
response."""
import array
import fcntl
import os
import socket
import socketserver
import struct
import termios
import threading
import time

HALF = b"x" * 50_000


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if not line:
            return
        path = line.split()[1].decode()
        while self.rfile.readline().strip():
            pass
        if path == "/length":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + HALF)
        elif path == "/chunked":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n" + HALF + b"\r\n")
        elif path == "/closed":
            # A body without a length ends with the connection. A reset makes it incomplete.
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + HALF)
            # Wait until the peer has received the half, because a reset discards unsent data.
            self.wait()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif path == "/silent":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + HALF)
            threading.Event().wait()
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + HALF)

    def wait(self):
        left = array.array("i", [1])
        while left[0]:
            fcntl.ioctl(self.connection, termios.TIOCOUTQ, left)
            time.sleep(0.001)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def shutdown_request(self, request):
        # Send only the reset: a FIN before it would be a regular end of the body.
        request.close()


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
