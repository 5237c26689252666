import CLinux
import F2SModel
import F2SSystem
import Glibc

/// One readiness probe of a replica: a GET request over a new connection.
struct ReadinessCheck: Sendable {
    let address: Replica.Address
    let probe: ReadinessProbe

    /// Sends the probe and returns true if the status of the response is 200 to 399. It returns false for any other
    /// response, for an error, and if no response arrives in time.
    func isAnswered() async -> Bool {
        let connection = f2s_connect_begin(address.ip, UInt16(clamping: address.port))
        guard connection >= 0 else { return false }
        defer { close(connection) }
        let deadline = Moment.now.steady + probe.timeout
        var unsent = Array(request.utf8)[...]
        var answer: [UInt8] = []
        var looks = 0
        while Moment.now.steady < deadline, !Task.isCancelled {
            if !unsent.isEmpty {
                guard
                    let sent = Self.result(
                        of: unsent.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Self.sendFlags) })
                else { return false }
                unsent = unsent.dropFirst(sent)
            }
            var piece = [UInt8](repeating: 0, count: 512)
            let received = unsent.isEmpty ? recv(connection, &piece, piece.count, 0) : -1
            if received == 0 { return false }
            if received > 0 { answer += piece[..<received] }
            if let isReady = Self.isReady(answer) { return isReady }
            looks += 1
            try? await Task.sleep(for: Self.pauses.pause(after: looks))
        }
        return false
    }

    /// The pauses between two looks for a response.
    private static let pauses = Backoff(base: .microseconds(500), maximum: .milliseconds(20))
    private static let sendFlags = Int32(MSG_NOSIGNAL)

    private var request: String {
        "GET \(probe.path) HTTP/1.1\r\nHost: \(address)\r\nUser-Agent: f2s-probe\r\nConnection: close\r\n\r\n"
    }

    /// Returns the number of bytes written, 0 if none could be written yet, or `nil` if the connection has failed.
    private static func result(of sent: Int) -> Int? {
        if sent >= 0 { return sent }
        return errno == EAGAIN || errno == EINTR || errno == ENOTCONN || errno == EINPROGRESS ? 0 : nil
    }

    /// Parses the start of a response (RFC 9112 section 4). Returns `nil` while its status has not arrived.
    static func isReady(_ answer: [UInt8]) -> Bool? {
        let start = Array("HTTP/1.".utf8)
        guard answer.prefix(start.count) == start[..<min(start.count, answer.count)] else { return false }
        guard answer.count >= 12 else { return nil }
        guard let status = Int(String(decoding: answer[9..<12], as: UTF8.self)) else { return false }
        return (200...399).contains(status)
    }
}
