"""HTTP/1.1 over plain sockets, for exact control of connections and timing."""
import contextlib
import re
import socket
import ssl
import time


def message(path, body=b"", close=False):
    """Returns the bytes of one request, a POST if it has a body."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
    lines += [f"Content-Length: {len(body)}"] if body else []
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One keep-alive connection. `source` is a loopback address, to distribute many connections over several. With
    `tls`, it accepts any certificate."""

    def __init__(self, port, source="127.0.0.1", timeout=10, tls=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, source_address=(source, 0))
        # While no process listens, the system may connect a socket to itself: its own port is the one it connects to.
        if self.socket.getsockname() == self.socket.getpeername():
            self.socket.close()
            raise ConnectionRefusedError("the port is that of the connection itself")
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.received = b""

    def close(self):
        self.socket.close()

    def send(self, request):
        self.socket.sendall(request)

    def receive(self):
        """Reads one response and returns its status and body. It must have a Content-Length or chunks."""
        head = self.take_until(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length:
            return int(head[9:12]), self.take(int(length.group(1)))
        if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            raise OSError(f"a response without Content-Length or chunks: {head[:80]!r}")
        pieces = []
        while size := int(self.take_until(b"\r\n").partition(b";")[0], 16):
            pieces.append(self.take(size))
            self.take(2)
        while self.take_until(b"\r\n"):
            pass
        return int(head[9:12]), b"".join(pieces)

    def take_until(self, end):
        while end not in self.received:
            self.more()
        taken, _, self.received = self.received.partition(end)
        return taken

    def take(self, count):
        while len(self.received) < count:
            self.more()
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def more(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise OSError("the connection was closed before the response was complete")
        self.received += chunk

    def request(self, request):
        self.send(request)
        return self.receive()


class Bunch:
    """Several keep-alive connections. All of them send a request, then all of them read the response."""

    def __init__(self, port, count):
        self.connections = [Connection(port) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for connection in self.connections:
            connection.close()

    def requests(self, request, count):
        """Sends `count` requests, rounded up to the same number per connection, and returns their number."""
        laps = -(-count // len(self.connections))
        for _ in range(laps):
            for connection in self.connections:
                connection.send(request)
            for connection in self.connections:
                status, _ = connection.receive()
                if status != 200:
                    raise OSError(f"a response with status {status} instead of 200")
        return laps * len(self.connections)


def wait_for(port, path, accept=lambda status, body: status == 200, seconds=30, pause=0.01, tls=False):
    """Sends requests on new connections until `accept` returns true for a response, and returns its body."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = Connection(port, timeout=1, tls=tls)
            try:
                status, body = connection.request(message(path, close=True))
            finally:
                connection.close()
            if accept(status, body):
                return body
        time.sleep(pause)
    raise SystemExit(f"There was no acceptable response to {path} on port {port} within {seconds} s.")
