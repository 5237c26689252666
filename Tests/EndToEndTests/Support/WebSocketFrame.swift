import ProcessSupport

/// Text frames of a WebSocket (RFC 6455 section 5.2), up to 65,535 bytes.
enum WebSocketFrame {
    /// Returns a masked frame, as clients send it.
    static func masked(_ text: String) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        let payload = text.utf8.enumerated().map { $0.element ^ mask[$0.offset % 4] }
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return [0x81] + length + mask + payload
    }

    /// Reads the next frame of the server and returns its text.
    static func text(from connection: HTTPConnection) throws -> String {
        let head = try bytes(2, from: connection)
        var length = Int(head[1] & 0x7F)
        if length == 126 { length = try bytes(2, from: connection).reduce(0) { $0 << 8 | Int($1) } }
        return String(decoding: try bytes(length, from: connection), as: UTF8.self)
    }

    private static func bytes(_ count: Int, from connection: HTTPConnection) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try connection.some(upTo: count - bytes.count) }
        return bytes
    }
}

/// A function that echoes the messages of a WebSocket.
enum WebSocketSource {
    static let python = #"""
        import base64, hashlib, os, socketserver


        class Echo(socketserver.StreamRequestHandler):
            def handle(self):
                fields = {}
                if not self.rfile.readline():
                    return
                for line in iter(self.rfile.readline, b"\r\n"):
                    name, _, value = line.partition(b":")
                    fields[name.strip().lower()] = value.strip()
                key = fields[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                accept = base64.b64encode(hashlib.sha1(key).digest())
                self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
                self.wfile.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
                while len(head := self.rfile.read(2)) == 2:
                    length = head[1] & 127
                    if length == 126:
                        length = int.from_bytes(self.rfile.read(2), "big")
                    mask = self.rfile.read(4)
                    data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))
                    size = bytes([length]) if length < 126 else b"\x7e" + length.to_bytes(2, "big")
                    self.wfile.write(head[:1] + size + data)


        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True


        Server(("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
        """#
}
