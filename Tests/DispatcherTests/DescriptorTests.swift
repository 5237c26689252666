import CLinux
import F2SModel
import Glibc
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Numbers of descriptors: they are used again, and they run out.
    @Suite struct DescriptorTests {
        /// Higher than any number that the rest of the process gets, so that nobody else uses them.
        private static let number: Int32 = 9000

        /// A pair of sockets, one of them under a number that the test has chosen.
        private func pair(_ number: Int32) throws -> (here: Int32, there: Int32) {
            var pair: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw SystemError.last("socketpair") }
            defer { close(pair[0]) }
            let got = fcntl(pair[0], F_DUPFD_CLOEXEC, number)
            guard got == number else { throw Late(description: "the number \(number) is in use; got \(got)") }
            return (number, pair[1])
        }

        /// While F2S starts a function, the new process holds all of its sockets for a moment: a connection that is
        /// closed just then lives on in the kernel, and so does what epoll watches it for.
        @Test(arguments: [true, false])
        func `news of a connection that is closed do not reach the next one with its number`(isPaused: Bool) throws {
            let loop = EventLoop(poll: try Poll())
            let (first, firstPeer) = try pair(Self.number)
            // What a process that was forked holds.
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
            // One round later its descriptor is closed.
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

        @Test func `connections that come and go under the same numbers never get each other's answers`() async throws {
            let replicas = try LeanReplicas(2)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports)
                let strangers = try await withThrowingTaskGroup(of: [String].self) { group in
                    for thread in 0..<2 {
                        group.addTask { try await onThread { try churn(port: bed.port, thread: thread, count: 1500) } }
                    }
                    return try await group.reduce([], +)
                }
                #expect(strangers == [])
                try await eventually("all is free") { bed.isIdle() && bed.clientConnections == 0 }
                report(5, "3000 connections that come and go, most of them in the middle: no stranger's answer")
            }
            replicas.stop()
        }

        /// Connections in turn, of which most break off somewhere; the others must get their own answers.
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

        @Test func `where descriptors run out, what is open works on, and all is well once there are some again`()
            async
        {
            // In a process of its own: the others would run out of them too.
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

/// Takes every descriptor of this process but one, and gives them back.
private func runOut(_ bed: Testbed) async throws {
    let client = try await bed.client()
    try check(try await client.ask(get()).status == 200, "at first")
    // As `f2s serve` does: without them libdispatch ends the process, which opens a file each second.
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
    // One descriptor is left for somebody at the door, none to let him in with.
    close(held.removeLast())
    let waiting = try Wire.connect(to: bed.port)
    Wire.send(waiting, Array(get().utf8))
    for _ in 0..<50 { try check(try await client.ask(get()).status == 200, "an open connection") }
    let (begun, spent) = (ContinuousClock.now, try processorTime())
    try await ContinuousClock().sleep(for: .milliseconds(400))
    let (elapsed, used) = (ContinuousClock.now - begun, try processorTime() - spent)
    try check(used < elapsed / 2, "the loop turns without end: \(used) of \(elapsed)")
    for descriptor in held { close(descriptor) }
    var answer: [UInt8] = []
    try await eventually("the one at the door is answered") {
        answer += Wire.receive(waiting) ?? []
        let text = String(decoding: answer, as: UTF8.self)
        // libdispatch gives a spare descriptor back when it likes. With that one the client gets in, and there is none
        // for a connection to the replica.
        return text.hasPrefix("HTTP/1.1 200") || text.hasPrefix("HTTP/1.1 502") || text.hasPrefix("HTTP/1.1 503")
    }
    try check(try await bed.client().ask(get()).status == 200, "a new connection")
}

/// What this process has used.
private func processorTime() throws -> Duration {
    var spent = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &spent) == 0 else { throw SystemError.last("getrusage") }
    return .seconds(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec)
        + .microseconds(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec)
}

/// An error that ends a process of its own is not shown by the test that began it.
private func complaining(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch {
        _ = Array("DescriptorTests: \(error)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        throw error
    }
}

/// For a process of its own, where an expectation that fails is not seen.
private func check(_ condition: Bool, _ what: String) throws {
    guard condition else { throw Late(description: what) }
}
