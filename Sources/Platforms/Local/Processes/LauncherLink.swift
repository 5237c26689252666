import CLinux
import F2SSystem
import Glibc

/// A running launcher and F2S's end of the socket to it. Sending never waits: the link buffers the messages that the
/// socket did not accept.
struct LauncherLink {
    /// One message.
    private struct Packet {
        let kind: f2s_launcher_kind
        let replica: UInt32
        let bytes: [UInt8]
        /// The descriptors to pass. They are closed once they are sent.
        var descriptors: [Int32] = []
    }

    /// A message of the launcher.
    enum Report: Hashable {
        /// The replica's command runs as this process.
        case started(UInt32, process: Int32)
        case notStarted(UInt32, SystemFailure)
        /// No process of the replica is left.
        case ended(UInt32, status: Int)
    }

    /// The result of one receive.
    enum Receipt: Hashable {
        case report(Report)
        /// No message has arrived.
        case nothing
        /// The launcher has ended.
        case end
    }

    private static let textBytesMax = Int(f2s_launcher_message_bytes_max) - MemoryLayout<f2s_launcher_message>.size

    /// The process ID of the launcher.
    let process: Int32
    /// F2S's end of the socket.
    let socket: Int32
    private var packets: [Packet] = []

    /// Starts a launcher.
    /// - Throws: ``SystemFailure``. Then nothing runs and no descriptor is left open.
    init(program: String, arguments: [String]) throws(SystemFailure) {
        var process: pid_t = 0
        var socket: Int32 = -1
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let code = f2s_launcher_spawn(program, &words, &process, &socket)
        guard code == 0 else { throw SystemFailure(code: code) }
        self.process = process
        self.socket = socket
    }

    /// True while messages are buffered.
    var isWaiting: Bool { !packets.isEmpty }

    /// Requests a start. The link owns the descriptors from now on.
    mutating func start(_ replica: UInt32, mark: UInt64, _ command: ChildLoop.Command, outputs: [Int32]) {
        var texts: [UInt8] = []
        for text in [command.folder ?? ""] + command.arguments + command.environment {
            // A NUL inside a text would end it early.
            texts += text.utf8.filter { $0 != 0 }
            texts.append(0)
        }
        var rest = texts[...]
        repeat {
            let isFirst = rest.startIndex == 0
            let kind = isFirst ? f2s_launcher_start : f2s_launcher_more
            let head = f2s_launcher_message(
                mark: mark, kind: kind.rawValue, id: replica, value: UInt32(clamping: command.arguments.count),
                bytes: UInt32(clamping: texts.count))
            let bytes = Self.bytes(of: head) + rest.prefix(Self.textBytesMax)
            packets.append(Packet(kind: kind, replica: replica, bytes: bytes, descriptors: isFirst ? outputs : []))
            rest = rest.dropFirst(Self.textBytesMax)
        } while !rest.isEmpty
    }

    /// Sends a request other than a start.
    mutating func ask(_ kind: f2s_launcher_kind, of replica: UInt32, value: Int32 = 0) {
        let head = f2s_launcher_message(
            mark: 0, kind: kind.rawValue, id: replica, value: UInt32(bitPattern: value), bytes: 0)
        packets.append(Packet(kind: kind, replica: replica, bytes: Self.bytes(of: head)))
    }

    /// Sends as many messages as the socket accepts. Returns the starts that the system refused to send.
    mutating func flush() -> [(replica: UInt32, failure: SystemFailure)] {
        var failures: [(UInt32, SystemFailure)] = []
        var done = 0
        for packet in packets {
            let code = f2s_send(
                socket, packet.bytes, packet.bytes.count, packet.descriptors, packet.descriptors.count)
            // The launcher ignores the further parts of a start whose first part it did not receive.
            if code != 0, packet.kind == f2s_launcher_start, ![EAGAIN, EPIPE, ECONNRESET].contains(code) {
                failures.append((packet.replica, SystemFailure(code: code)))
            } else if code != 0 {
                break
            }
            for descriptor in packet.descriptors { close(descriptor) }
            done += 1
        }
        packets.removeFirst(done)
        return failures
    }

    /// Receives the next message of the launcher.
    func receive() -> Receipt {
        var message = f2s_launcher_message()
        var count: Int
        repeat {
            count = f2s_receive(socket, &message, MemoryLayout<f2s_launcher_message>.size, nil, 0)
            // If a launcher dies with unread requests, the socket reports a reset once. Its reports can still be read.
        } while count < 0 && [EINTR, ECONNRESET].contains(errno)
        if count < 0, errno == EAGAIN { return .nothing }
        guard count == MemoryLayout<f2s_launcher_message>.size else { return .end }
        let value = Int32(bitPattern: message.value)
        switch message.kind {
        case f2s_launcher_started.rawValue: return .report(.started(message.id, process: value))
        case f2s_launcher_failed.rawValue: return .report(.notStarted(message.id, SystemFailure(code: value)))
        case f2s_launcher_ended.rawValue: return .report(.ended(message.id, status: Int(value)))
        default: return .end
        }
    }

    /// Continues the launcher if it was stopped. A function can stop it.
    func resumeIfStopped() { _ = f2s_resume(process) }

    /// Closes the socket, upon which the launcher kills all its processes and ends. If it has not ended within the time
    /// limit, it is killed. Returns its exit status, or 128 + signal.
    mutating func end(within timeout: Duration) -> Int {
        for descriptor in packets.flatMap(\.descriptors) { close(descriptor) }
        packets = []
        close(socket)
        let deadline = Moment.now.steady + timeout
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if Moment.now.steady >= deadline { kill(process, SIGKILL) }
            resumeIfStopped()
            poll(nil, 0, 1)
        }
        return Int(status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
    }

    private static func bytes(of head: f2s_launcher_message) -> [UInt8] { withUnsafeBytes(of: head) { Array($0) } }
}
