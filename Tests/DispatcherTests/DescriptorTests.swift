import CLinux
import F2SModel
import Glibc
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Tests the reuse and the exhaustion of descriptors.
    @Suite struct DescriptorTests {
        /// A descriptor that is higher than any other in this process, so that no other code uses it.
        private static let number: Int32 = 9000

        /// Returns a pair of sockets. The first has the given descriptor.
        private func pair(_ number: Int32) throws -> (here: Int32, there: Int32) {
            var pair: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw SystemError.last("socketpair") }
            defer { close(pair[0]) }
            let got = fcntl(pair[0], F_DUPFD_CLOEXEC, number)
            guard got == number else { throw Late(description: "the number \(number) is in use; got \(got)") }
            return (number, pair[1])
        }

        /// While F2S starts a replica, the new process briefly holds all sockets of F2S. A connection that F2S closes
        /// at this moment stays open in the kernel, and so does its registration with epoll.
        @Test(arguments: [true, false])
        func `events of a closed connection do not reach the next one with its descriptor`(isPaused: Bool) throws {
            let loop = EventLoop(poll: try Poll())
            let (first, firstPeer) = try pair(Self.number)
            // The duplicate that a forked process would hold.
            let forked = fcntl(first, F_DUPFD_CLOEXEC, Self.number + 100)
            let (old, new) = (RecordingHandler(), RecordingHandler())
            let stream = Stream(accepted: first, loop: loop)
            stream.start(old)
            if isPaused { stream.setReading(false) }
            var second: Stream?
            var secondPeer: Int32 = -1
            var failure: (any Error)?
            func next() {
                do {
                    let made = try pair(Self.number)
                    secondPeer = made.there
                    let next = Stream(accepted: made.here, loop: loop)
                    next.start(new)
                    next.setReading(!isPaused)
                    second = next
                    shutdown(firstPeer, Int32(SHUT_WR))
                } catch {
                    failure = error
                }
                loop.schedule(after: 20_000_000) { loop.stop() }
            }
            // The loop closes the descriptor one round later.
            loop.schedule(after: 0) {
                stream.close()
                loop.schedule(after: 10_000_000) { next() }
            }
            loop.run(tick: 1_000_000_000, mailArrived: {}, roundEnded: {}, timePassed: {})
            #expect(failure == nil)
            #expect(new.ends.isEmpty)
            #expect(new.received.isEmpty)
            second?.close()
            for descriptor in [forked, firstPeer, secondPeer, Self.number] where descriptor >= 0 { close(descriptor) }
        }

        @Test func `connections that reuse descriptors never get each other's responses`() async throws {
            let replicas = try LeanReplicas(2)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports)
                let foreign = try await withThrowingTaskGroup(of: [String].self) { group in
                    for thread in 0..<2 {
                        group.addTask { try await onThread { try churn(port: bed.port, thread: thread, count: 1500) } }
                    }
                    return try await group.reduce([], +)
                }
                #expect(foreign == [])
                try await eventually("no invocation is left") { bed.isIdle() && bed.clientConnections == 0 }
                report(5, "3000 short connections, most of them aborted: no client got another's response")
            }
            replicas.stop()
        }

        /// Opens connections one after another and aborts most of them. Returns the responses that do not belong to
        /// their requests.
        private func churn(port: Int, thread: Int, count: Int) throws -> [String] {
            var others: [String] = []
            for number in 0..<count {
                let path = "/\(thread)-\(number)"
                let text = Array(get("/hello" + path).utf8)
                let descriptor = try Wire.connect(to: port)
                switch number % 6 {
                case 0: close(descriptor)
                case 1:
                    Wire.send(descriptor, text.prefix(number % text.count))
                    Wire.reset(descriptor)
                case 2:
                    Wire.send(descriptor, text)
                    Wire.reset(descriptor)
                case 3:
                    Wire.send(descriptor, text)
                    Wire.finishSending(descriptor)
                    close(descriptor)
                default:
                    Wire.send(descriptor, text)
                    var bytes: [UInt8] = []
                    let end = Wire.now() + 5_000_000_000
                    while Wire.now() < end {
                        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                        poll(&one, 1, 100)
                        guard let more = Wire.receive(descriptor) else { continue }
                        if more.isEmpty { break }
                        bytes += more
                        if try Answer.parse(bytes, isClosed: false, isToHead: false) != nil { break }
                    }
                    let text = String(decoding: bytes, as: UTF8.self)
                    if !text.hasSuffix("\r\n\r\n" + path) { others.append("to \(path): \(text)") }
                    close(descriptor)
                }
            }
            return others
        }

        @Test func `open connections work without free descriptors, and new ones work once there are some again`()
            async
        {
            // Runs in its own process, because other tests would run out of descriptors too.
            _ = await #expect(processExitsWith: .success) {
                let server = try await StubServer.answering(ok())
                try await withTestbed { bed in
                    try await bed.serve(server)
                    try await complaining { try await runOut(bed) }
                }
                await server.stop()
            }
        }
    }
}

/// Uses all descriptors of this process but one, and closes them again.
private func runOut(_ bed: Testbed) async throws {
    let client = try await bed.client()
    try check(try await client.ask(get()).status == 200, "the first request failed")
    // `f2s serve` does the same. Without spare descriptors, libdispatch, which opens a file each second, ends the
    // process.
    f2s_keep_spare_descriptors()
    var held: [Int32] = []
    var limits = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    limits.rlim_cur = 200
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    while true {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { break }
        held.append(descriptor)
    }
    // Leaves one descriptor for a client's socket and none with which the dispatcher could accept the connection.
    close(held.removeLast())
    let waiting = try Wire.connect(to: bed.port)
    Wire.send(waiting, Array(get().utf8))
    for _ in 0..<50 { try check(try await client.ask(get()).status == 200, "an open connection failed") }
    let (begun, spent) = (ContinuousClock.now, try processorTime())
    try await ContinuousClock().sleep(for: .milliseconds(400))
    let (elapsed, used) = (ContinuousClock.now - begun, try processorTime() - spent)
    try check(used < elapsed / 2, "the loop is busy: it used \(used) of \(elapsed)")
    for descriptor in held { close(descriptor) }
    var answer: [UInt8] = []
    try await eventually("the waiting client gets a response") {
        answer += Wire.receive(waiting) ?? []
        let text = String(decoding: answer, as: UTF8.self)
        // libdispatch may free a spare descriptor at any time. The dispatcher then accepts the client with it, and has
        // no descriptor for a connection to the replica.
        return text.hasPrefix("HTTP/1.1 200") || text.hasPrefix("HTTP/1.1 502") || text.hasPrefix("HTTP/1.1 503")
    }
    try check(try await bed.client().ask(get()).status == 200, "a new connection failed")
}

/// Returns the processor time that this process has used.
private func processorTime() throws -> Duration {
    var spent = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &spent) == 0 else { throw SystemError.last("getrusage") }
    return .seconds(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec)
        + .microseconds(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec)
}

/// Prints an error of `body` to standard error, because the test that started this process does not show it.
private func complaining(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch {
        _ = Array("DescriptorTests: \(error)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        throw error
    }
}

/// Throws an error if a condition is false. An expectation in a child process would not be reported.
private func check(_ condition: Bool, _ what: String) throws {
    guard condition else { throw Late(description: what) }
}
