import F2SSystem
import Glibc

@testable import F2SDispatcher

/// Plain loopback sockets for tests that must not be a bottleneck or that need calls which no library offers.
enum Wire {
    /// Connects to a local port. The call blocks until the connection is established; later calls never block.
    /// - Parameters:
    ///   - port: The port on 127.0.0.1.
    ///   - source: The client's address, within 127.0.0.0/8.
    ///   - receiveBytes: The size of the kernel's receive buffer; `nil` uses the system's default.
    static func connect(to port: Int, from source: String? = nil, receiveBytes: Int32? = nil) throws -> Int32 {
        let descriptor = try checked(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0), "socket")
        do {
            set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            if let receiveBytes { set(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBytes) }
            if let source {
                _ = try with(SocketAddress(ip: source, port: 0)) {
                    try checked(bind(descriptor, $0, $1), "bind \(source)")
                }
            }
            _ = try with(SocketAddress(ip: "127.0.0.1", port: port)) {
                try checked(Glibc.connect(descriptor, $0, $1), "connect")
            }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Listens on a free port. The descriptor is non-blocking unless `type` is another socket type.
    static func listen(type: Int32? = nil) throws -> (descriptor: Int32, port: Int) {
        let (descriptor, port) = try occupy(type: type)
        _ = try checked(Glibc.listen(descriptor, 4096), "listen")
        return (descriptor, port)
    }

    /// Binds a free port without listening. The port refuses connections and stays reserved while the descriptor is
    /// open. An unbound free port could be used by another test or by the connecting socket itself.
    /// - Parameter isShared: True if a listener with `SO_REUSEPORT` may use the port.
    static func occupy(type: Int32? = nil, isShared: Bool = false) throws -> (descriptor: Int32, port: Int) {
        let usual = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = try checked(socket(AF_INET, type ?? Int32(usual), 0), "socket")
        if isShared { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        _ = try with(SocketAddress(ip: "127.0.0.1", port: 0)) { try checked(bind(descriptor, $0, $1), "bind") }
        return (descriptor, try (Socket.localAddress(descriptor)?.port).orThrow())
    }

    /// Sends as many bytes as the socket accepts.
    /// - Returns: The number of bytes sent, or -1 if the socket is full or the connection has ended.
    @discardableResult
    static func send(_ descriptor: Int32, _ bytes: some Collection<UInt8>) -> Int {
        let sent = bytes.withContiguousStorageIfAvailable {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        return sent ?? send(descriptor, Array(bytes))
    }

    /// Receives up to 64 KiB. Returns `nil` if no bytes are available, and an empty array at the end or after a reset.
    static func receive(_ descriptor: Int32) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
            count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            filled = max(0, count)
        }
        return count < 0 && errno == EAGAIN ? nil : bytes
    }

    /// The end of a connection: by a FIN or by a reset.
    enum End { case finished, reset }

    /// Discards all available bytes. Returns the end of the connection, or `nil` if it has not ended.
    static func end(of descriptor: Int32) -> End? {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK))
            guard count > 0 else { return count == 0 ? .finished : errno == ECONNRESET ? .reset : nil }
            _ = receive(descriptor)
        }
    }

    /// Waits until bytes are available or the connection ends. Returns false on a timeout.
    static func wait(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&polled, 1, milliseconds) > 0
    }

    static func finishSending(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes the connection so that the peer receives a reset.
    static func reset(_ descriptor: Int32) {
        var lingering = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    /// Returns the time of the monotonic clock in nanoseconds.
    static func now() -> UInt64 { SystemClock.monotonicNanoseconds() }

    /// Returns the number of bytes in use on this process's heap. Freed memory that the allocator keeps is not counted,
    /// so that earlier tests make no difference.
    static func heapBytes() throws -> Int {
        typealias Info = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
        guard let symbol = dlsym(nil, "malloc_info") else { throw Late(description: "no malloc_info") }
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        guard let stream = open_memstream(&text, &length) else { throw Late(description: "no memory stream") }
        _ = unsafeBitCast(symbol, to: Info.self)(0, stream)
        fclose(stream)
        defer { free(text) }
        // The last lines contain the sums over all arenas.
        let lines = try String(cString: text.orThrow()).split(separator: "\n")
        func size(_ start: String) throws -> Int {
            let line = try lines.last { $0.hasPrefix(start) }.orThrow()
            return try line.split(separator: "size=\"").last.flatMap { Int($0.prefix { $0.isNumber }) }.orThrow()
        }
        return try size("<system type=\"current\"") + size("<total type=\"mmap\"") - size("<total type=\"fast\"")
            - size("<total type=\"rest\"")
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func with<Result>(
        _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
    ) throws -> Result {
        try address.withPointer { pointer, length in Swift.Result { try body(pointer, length) } }.get()
    }

    private static func checked(_ result: Int32, _ call: String) throws -> Int32 {
        guard result >= 0 else { throw Late(description: "\(call): \(String(cString: strerror(errno)))") }
        return result
    }
}
