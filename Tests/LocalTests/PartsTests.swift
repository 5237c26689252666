import F2SModel
import F2SSystem
import Glibc
import Testing

@testable import F2SLocal

@Suite struct PortPoolTests {
    @Test(
        arguments: [
            ("32768\t60999\n", 20000...32767), ("15000 60999", 61000...65535), ("10000 65535", 1024...9999),
            ("1024 65535", 20000...65535), ("", 20000...32767),
        ] as [(String, ClosedRange<Int>)])
    func `ports lie outside the kernel's own range`(text: String, range: ClosedRange<Int>) {
        #expect(PortPool.range(besides: text) == range)
    }

    @Test func `no port is allocated twice, and none that is in use`() throws {
        var pool = PortPool(range: 20000...20004, start: 20003)
        let isFree: (Int) throws(SystemFailure) -> Bool = { port throws(SystemFailure) in port != 20001 }
        var taken: [Int?] = []
        for _ in 0..<5 { taken.append(try pool.allocate(isFree: isFree)) }
        #expect(taken == [20003, 20004, 20000, 20002, nil])
        pool.giveBack(20000)
        #expect(try pool.allocate(isFree: isFree) == 20000)
    }

    @Test func `after a jump the pool continues at a port that the generator chooses`() throws {
        struct Middle: RandomNumberGenerator {
            func next() -> UInt64 { 1 << 63 | 1 << 40 }
        }
        var pool = PortPool(range: 20000...29999, start: 20003)
        #expect(try pool.allocate { _ throws(SystemFailure) in true } == 20003)
        var generator = Middle()
        pool.jump(using: &generator)
        #expect(try pool.allocate { _ throws(SystemFailure) in true } == 25000)
    }

    @Test func `a port that cannot be checked does not count as taken`() {
        var pool = PortPool(range: 20000...32000, start: 20000)
        var scans = 0
        #expect(throws: SystemFailure(code: EMFILE)) {
            _ = try pool.allocate { _ throws(SystemFailure) in
                scans += 1
                throw SystemFailure(code: EMFILE)
            }
        }
        #expect(scans == 1)
    }
}

@Suite struct ListenerTests {
    @Test func `only sockets that listen are parsed, and parsing ends with the first other one`() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 77 1 0 100 0 0 10 0
               1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0  0 156 1 0 100 0 0 10 0
               2: 0100007F:4E21 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0  0 99 1 0 100 0 0 10 0
               3: 0100007F:4E22 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0  0 98 1 0 100 0 0 10 0
            """
        let (listeners, isComplete) = ListeningPort.parse(text[...])
        #expect(listeners.map(\.port) == [20000, 2024] && listeners.map(\.inode) == [77, 156])
        #expect(listeners.map(\.ip) == ["127.0.0.1", "127.0.0.1"] && isComplete)
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0], false, "127.0.0.1"), ([127, 0, 0, 1], false, "127.0.0.1"),
            ([10, 1, 2, 3], false, "10.1.2.3"),
            (Array(repeating: 0, count: 16), false, "127.0.0.1"), (Array(repeating: 0, count: 16), true, "::1"),
            (Array(repeating: 0, count: 15) + [1], true, "::1"),
            (Array(repeating: 0, count: 10) + [255, 255, 127, 0, 0, 1], false, "127.0.0.1"),
            ([0xFD, 0] + Array(repeating: 0, count: 13) + [9], true, "fd00:0:0:0:0:0:0:9"),
        ] as [([UInt8], Bool, String)])
    func `an address is one that a client on this machine reaches`(address: [UInt8], isV6Only: Bool, ip: String) {
        #expect(ListeningPort(port: 1, address: address, isV6Only: isV6Only, inode: 1).ip == ip)
    }

    @Test(arguments: [false, true])
    func `the kernel names this process as the owner of its listening socket`(isV6Only: Bool) throws {
        let listener = socket(isV6Only ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var only: Int32 = 1
        if isV6Only { setsockopt(listener, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &only, 4) }
        #expect(listen(listener, 1) == 0)
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &length) }
        }
        let port = Int(UInt16(bigEndian: address.sin6_port))
        let found = ListeningPortTable().current().filter { $0.port == port }
        #expect(found.map(\.ip) == [isV6Only ? "::1" : "127.0.0.1"])
        // The slow way finds the same sockets, but does not know which of them accept only IPv6.
        #expect(ListeningPortTable.fromFiles().filter { $0.port == port }.map(\.inode) == found.map(\.inode))
        let inodes = ListeningPortTable.socketInodes(of: getpid())
        #expect(found.allSatisfy { inodes.contains($0.inode) } && !found.isEmpty)
    }

    @Test func `a large number of sockets does not hide one that listens`() throws {
        var listeners: [Int32] = []
        defer { for listener in listeners { close(listener) } }
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        // As many as this process may have without harm to other tests. The response arrives in pieces of 32 KiB.
        for _ in 0..<min(600, Int(clamping: limit.rlim_cur) / 4) {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard listener >= 0, listen(listener, 1) == 0 else { break }
            listeners.append(listener)
        }
        let last = try #require(listeners.last)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(last, $0, &length) }
        }
        let port = Int(UInt16(bigEndian: address.sin_port))
        let table = ListeningPortTable()
        #expect(table.current(on: port...port).map(\.port) == [port])
        #expect(table.current().count >= listeners.count)
        #expect(table.current(on: 1...1).isEmpty)
    }
}

@Suite struct LogTests {
    private func logs(linesMax: Int = 3, bytesMax: Int = 100, goneMax: Int = 1) -> ReplicaLogs {
        ReplicaLogs(linesMax: linesMax, bytesMax: bytesMax, goneMax: goneMax)
    }

    private let function = Function.ID("hello")

    private func all(_ logs: ReplicaLogs, tail: Int = 1000) async -> [String] {
        var texts: [String] = []
        for await line in logs.lines(of: function, tail: tail, follow: false) { texts.append(line.text) }
        return texts
    }

    @Test func `a replica keeps its newest lines and bytes`() async {
        let byLines = logs(linesMax: 3)
        byLines.write((1...200).map { "\($0)" }, source: "stdout", of: Replica.ID("a"), of: function, at: 0)
        #expect(await all(byLines) == ["198", "199", "200"])
        #expect(await all(byLines, tail: 1) == ["200"])
        #expect(await all(byLines, tail: 0) == [])
        let byBytes = logs(linesMax: 100, bytesMax: 5)
        byBytes.write(["abc", "de", "fghijklmn"], source: "stdout", of: Replica.ID("a"), of: function, at: 0)
        #expect(await all(byBytes) == ["fghijklmn"], "the newest line stays, however long")
    }

    @Test func `lines of several replicas keep their order, and the logs of the last ended replicas are kept`() async {
        let logs = logs(goneMax: 1)
        for (replica, text) in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")] {
            logs.write([text], source: "stdout", of: Replica.ID(replica), of: function, at: 0)
        }
        #expect(await all(logs) == ["1", "2", "3", "4"])
        logs.end(Replica.ID("a"), of: function)
        #expect(await all(logs) == ["1", "2", "3", "4"])
        logs.end(Replica.ID("b"), of: function)
        #expect(await all(logs) == ["2", "4"])
        logs.forget(function)
        #expect(await all(logs) == [])
    }
}

@Suite struct ReadinessTests {
    @Test(
        arguments: [
            ("", nil), ("HTTP/1.1 20", nil), ("HTTP/1.1 200 OK", true), ("HTTP/1.0 399", true),
            ("HTTP/1.1 400 B", false),
            ("HTTP/1.1 503", false), ("SSH-2.0-x", false), ("HTTP/1.1 abc", false), ("HTTP/1.1 101", false),
        ] as [(String, Bool?)])
    func `a status of 200 to 399 means ready`(answer: String, isReady: Bool?) {
        #expect(ReadinessCheck.isReady(Array(answer.utf8)) == isReady)
    }
}

@Suite struct JournalTests {
    @Test func `events are numbered, and the oldest are dropped`() {
        let journal = EventJournal(eventsMax: 3)
        for number in 1...10 {
            journal.record(Event(time: 0, function: "f", reason: "R", message: "\(number)"))
        }
        #expect(journal.currentEvents(after: 0).map(\.sequence) == [8, 9, 10])
        #expect(journal.currentEvents(after: 9).map(\.message) == ["10"])
        #expect(journal.currentEvents(after: 10).isEmpty)
    }
}

@Suite struct LaunchTests {
    @Test func `a replica gets its own variables, a few safe ones and its port`() throws {
        let target = Target(
            command: ["run"], environment: ["A": "1", "PATH": "/own", "PORT": "9", "F2S_FUNCTION": "x"])
        let function = Function(
            id: Function.ID("hello"), draft: try draft("hello", target), generation: 1,
            storeRevision: StoreRevision("1"), age: 1, origin: Function.Origin(location: "p", isWritable: true))
        let variables = LaunchSpec(function, stopTimeout: .seconds(1)).environment(
            inherited: ["PATH": "/bin", "HOME": "/h", "SECRET": "s", "LD_PRELOAD": "x"], replica: Replica.ID("r"),
            port: 20_000)
        #expect(
            variables == [
                "A": "1", "PATH": "/own", "HOME": "/h", "PORT": "20000", "F2S_FUNCTION": "hello", "F2S_REPLICA": "r",
                "PYTHONUNBUFFERED": "1",
            ])
    }
}
