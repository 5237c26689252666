import AsyncHTTPClient
import F2SModel
import Glibc
import NIOCore
import NIOHTTP1

/// Checks a pod directly to find out why it is not ready: whether it accepts connections, on which other ports it does,
/// and how it responds to its readiness probe.
struct PodCheck: Sendable {
    private let http: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .milliseconds(500)
        // Kubernetes accepts a redirect as a response, whatever its target.
        configuration.redirectConfiguration = .disallow
        http = HTTPClient(configuration: configuration)
    }

    /// Closes every connection.
    func shutdown() async { try? await http.shutdown() }

    /// Default ports of common servers.
    private static let usualPorts = [80, 3000, 4000, 4567, 5000, 5173, 8000, 8080, 8081, 8501, 8888, 9000, 9292]
    /// Timeout of one attempt to connect.
    private static let connectTime = Duration.milliseconds(300)
    /// Returns the longest time to wait for a response: the timeout of the probe, and at most 5 seconds, because users
    /// wait for the finding.
    static func answerTime(of probe: ReadinessProbe?) -> Duration { min(probe?.timeout ?? .seconds(1), .seconds(5)) }

    /// Checks the pod and returns the findings.
    func findings(_ question: UnreadyPods.Question) async -> UnreadyPods.Finding {
        let address = question.address
        guard await Self.accepts(address) else {
            let open = await withTaskGroup(of: Int?.self) { group in
                for port in Self.usualPorts where port != address.port {
                    group.addTask { await Self.accepts(Replica.Address(ip: address.ip, port: port)) ? port : nil }
                }
                return await group.reduce(into: [Int]()) { open, port in if let port { open.append(port) } }
            }
            return UnreadyPods.Finding(answer: .refuses, otherPorts: open.sorted())
        }
        guard let probe = question.probe else { return UnreadyPods.Finding(answer: .accepts) }
        do {
            var request = HTTPClientRequest(url: "http://\(address)\(probe.path)")
            request.headers.add(name: "User-Agent", value: "f2s")
            request.headers.add(name: "Connection", value: "close")
            let response = try await http.execute(request, deadline: .now() + TimeAmount(Self.answerTime(of: probe)))
            return UnreadyPods.Finding(answer: .status(Int(response.status.code)))
        } catch {
            return UnreadyPods.Finding(answer: .silent)
        }
    }

    /// Returns true if a connection can be established. The socket is polled and never blocks, because the pool has few
    /// threads.
    static func accepts(_ address: Replica.Address) async -> Bool {
        let isIPv6 = address.ip.contains(":")
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        guard let isDone = begin(socket, address, isIPv6: isIPv6) else { return false }
        if isDone { return true }
        let clock = ContinuousClock()
        let end = clock.now + connectTime
        while clock.now < end {
            var entry = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            if poll(&entry, 1, 0) > 0 {
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                return getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return false }
        }
        return false
    }

    /// Begins to connect.
    /// - Returns: true if the connection is established at once, false if it is in progress, or `nil` if it failed.
    private static func begin(_ socket: Int32, _ address: Replica.Address, isIPv6: Bool) -> Bool? {
        let port = in_port_t(truncatingIfNeeded: address.port).bigEndian
        var result: Int32 = -1
        if isIPv6 {
            var target = sockaddr_in6()
            target.sin6_family = sa_family_t(AF_INET6)
            target.sin6_port = port
            guard inet_pton(AF_INET6, address.ip, &target.sin6_addr) == 1 else { return nil }
            result = withUnsafePointer(to: &target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = port
            guard inet_pton(AF_INET, address.ip, &target.sin_addr) == 1 else { return nil }
            result = withUnsafePointer(to: &target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        return result == 0 ? true : errno == EINPROGRESS ? false : nil
    }
}
