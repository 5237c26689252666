import F2SModel
import F2SSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import F2SLocal

extension ProcessesSerial {
    /// Tests with real child processes.
    @Suite struct ChildProcessesTests {
        private func server(_ environment: [String: String] = [:]) throws -> Target {
            try Target(command: [Workshop.server.get()], environment: environment)
        }

        private func shell(_ script: String) -> Target { Target(command: ["sh", "-c", script]) }

        private func lines(_ platform: LocalPlatform, of function: Function) async -> [LogLine] {
            var lines: [LogLine] = []
            for await line in platform.replicas.logs(of: function.id, tail: 1000, follow: false) { lines.append(line) }
            return lines
        }

        @Test func `a replica is published when it listens, with an address that answers`() async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("hello", server())
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                let replica = try #require(try await platform.replicaSnapshot().replicas.first)
                let address = try #require(replica.address)
                #expect(address.ip == "127.0.0.1" && (20_000..<32_768).contains(address.port))
                #expect(await ReadinessCheck(address: address, probe: ReadinessProbe(path: "/")).isAnswered())
                let process = try #require(replica.processID)
                let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
                #expect(program == (try Workshop.server.get()), "the process ID is the program's, not the launcher's")
            }
        }

        @Test func `a cold start is published within milliseconds`() async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("hello", server())
                var delays: [Double] = []
                for _ in 0..<20 {
                    let seen = try await startAndStop(function, on: platform)
                    let log = await lines(platform, of: function).last?.text.split(separator: " ").last
                    let listened = try #require(log.flatMap { Double($0) })
                    delays.append(seen.steady.inSeconds * 1000 - listened / 1e6)
                }
                let median = delays.sorted()[delays.count / 2]
                print("published \(median) ms after listening, median of \(delays.count)")
                #expect(median < 10, "five times 2 ms")
            }
        }

        /// Starts one replica, waits in the same way as the operator, and retires it. Returns the moment at which the
        /// replica was ready.
        private func startAndStop(_ function: Function, on platform: LocalPlatform) async throws -> Moment {
            try await platform.replicas.withReplicas { snapshots in
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                var ready: Moment?
                for await snapshot in snapshots {
                    guard let replica = snapshot.replicas.first else {
                        if let ready { return ready }
                        continue
                    }
                    if replica.state == .ready, ready == nil {
                        ready = Moment.now
                        try await platform.replicas.apply(function, .fixed(0), retiring: [replica.id])
                    }
                }
                return Moment.now
            }
        }

        @Test func `fifty starts and stops leave no descriptor, no child and no zombie`() async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("hello", server())
                _ = try await startAndStop(function, on: platform)
                try await eventually("the first one is gone") { children() == [] }
                let before = try descriptors()
                for _ in 0..<50 { _ = try await startAndStop(function, on: platform) }
                try await eventually("no child is left") { children() == [] }
                try await eventually("no descriptor is left") { try descriptors() <= before }
            }
        }

        @Test(arguments: [
            (["./no/such"], "MissingProgram", 127), (["f2s-no-such-program"], "MissingProgram", 127),
            (["/etc/passwd"], "NotExecutable", 126), (["sh", "-c", "echo why >&2; exit 3"], "ExitedAtStart", 3),
            (["true"], "ExitedAtStart", 0), (["sh", "-c", "kill -SEGV $$$$"], "ExitedAtStart", 139),
        ])
        func `a failed start is reported and retried`(command: [String], reason: String, status: Int) async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("broken", Target(command: command))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                let startFailure = try await platform.startFailure(of: function)
                #expect(startFailure.reason == reason && startFailure.exitStatus == status && !startFailure.isTimeout)
                #expect(startFailure.nextAttempt > Moment.now.wall - 1)
                if status == 3 { #expect(startFailure.logTail == ["why"]) }
                try await eventually("it is tried again") {
                    try await platform.replicaSnapshot().startFailures[function.id]?.attempts == 2
                }
            }
        }

        @Test func `the command and the variables refer to the port and to each other`() async throws {
            try await withPlatform { platform, _ in
                let script = "echo $1 $2 $ALL; [ $1 = $PORT ] && exit 3"
                let function = try await platform.declare(
                    "expanding",
                    Target(
                        command: ["sh", "-c", script, "sh", "$(PORT)", "$(NAME)-$$(NAME)-$(NONE)"],
                        environment: ["NAME": "Ada", "ALL": "$(PORT)", "ZED": "$(NAME)"]))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                #expect(try await platform.startFailure(of: function).exitStatus == 3)
                let line = try #require(await lines(platform, of: function).first { $0.source == "stdout" }?.text)
                let words = line.split(separator: " ").map { String($0) }
                #expect(words.count == 3 && words[1] == "Ada-$(NAME)-$(NONE)", "\(line)")
                #expect(words.last == "$(PORT)", "a variable refers only to those before it, as on Kubernetes")
            }
        }

        @Test func `a beginner's mistake in the command is reported with its cause`() async throws {
            try await withPlatform { platform, folder in
                try "#!/bin/sh\r\nexec no-server\r\n".write(
                    toFile: "\(folder.path)/windows.sh", atomically: true, encoding: .utf8)
                try "#!/no/such/interpreter\n".write(toFile: "\(folder.path)/odd", atomically: true, encoding: .utf8)
                for name in ["windows.sh", "odd"] { chmod("\(folder.path)/\(name)", 0o755) }
                let cases: [(command: [String], reason: String, part: String)] = [
                    (["./windows.sh"], "CarriageReturns", "sed -i 's/\\r$//'"),
                    (["sh", "windows.sh"], "CarriageReturns", "\(folder.path)/windows.sh end with CR LF"),
                    (["./odd"], "MissingProgram", "the interpreter /no/such/interpreter"),
                    (["windows.sh"], "MissingProgram", "write `./windows.sh`"),
                    (["bin/server"], "MissingProgram", "There is no file \(folder.path)/bin/server"),
                    (["no-such-program-here"], "MissingProgram", "is in none of /"),
                    (["/tmp"], "NotExecutable", "/tmp is a folder"),
                    (["python3 hello.py"], "MissingProgram", "[python3, hello.py]"),
                    (["cat", "/no/such", "|", "tr"], "ExitedAtStart", "[sh, -c, 'cat /no/such | tr']"),
                    (["python3", "-m", "http.server", "$PORT"], "ExitedAtStart", "Write `$(PORT)`"),
                ]
                for (index, mistake) in cases.enumerated() {
                    let function = try await platform.declare("broken-\(index)", Target(command: mistake.command))
                    try await platform.replicas.apply(function, .fixed(1), retiring: [])
                    let startFailure = try await platform.startFailure(of: function)
                    #expect(startFailure.reason == mistake.reason, "\(mistake.command): \(startFailure.message)")
                    #expect(startFailure.message.contains(mistake.part), "\(mistake.command): \(startFailure.message)")
                }
            }
        }

        @Test func `a program that uses a fixed port of this process is reported at the first attempt`() async throws {
            try await withPlatform { platform, _ in
                let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(listener) }
                try #require(listen(listener, 1) == 0)
                var address = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                _ = withUnsafeMutableBytes(of: &address) { bytes in
                    getsockname(listener, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
                }
                let port = UInt16(bigEndian: address.sin_port)
                let command = ["python3", "-m", "http.server", "\(port)"]
                let function = try await platform.declare("fixed", Target(command: command))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                let startFailure = try await platform.startFailure(of: function)
                #expect(startFailure.reason == "PortInUse")
                #expect(
                    startFailure.message.contains("It tries to use port \(port), which F2S itself uses"),
                    "\(startFailure.message)")
                #expect(startFailure.message.contains("$(PORT)"))
                #expect(startFailure.attempts == 1)
            }
        }

        @Test func `a replica that listens on another port is stopped, and the failure names the port`() async throws {
            try await withPlatform({ $0.startTimeout = .seconds(3) }) { platform, _ in
                let script =
                    "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); "
                    + "print(s.getsockname()[1],flush=True); time.sleep(100)"
                let function = try await platform.declare("deaf", Target(command: ["python3", "-c", script]))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                let startFailure = try await platform.startFailure(of: function)
                #expect(startFailure.reason == "NeverListened" && startFailure.isTimeout)
                let written = await lines(platform, of: function)
                let port = try #require(written.first { $0.source == "stdout" }?.text)
                #expect(startFailure.message.contains("It listens on port \(port) instead"))
                #expect(written.contains { $0.source == "f2s" && $0.text.contains("port \(port)") })
                try await platform.replicas.apply(function, .fixed(0), retiring: [])
            }
        }

        @Test func `a replica starts on a distant port if another program takes ports in turn`() async throws {
            try await withPlatform { platform, folder in
                // The first three starts print the error of a server whose port is taken. The fourth one serves.
                let script =
                    "echo $PORT >>ports; test $(wc -l <ports) -gt 3 && exec \"$0\"; "
                    + "echo bind: Address already in use; exit 1"
                try folder.write(
                    "f.yaml", manifest("f", command: "[sh, -c, '\(script)', '\(Workshop.server.get())']"))
                try await eventually("it is declared") { try await !platform.functionSnapshot().functions.isEmpty }
                let function = try #require(try await platform.functionSnapshot().functions.first)
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                let snapshot = try await platform.replicaSnapshot()
                #expect(snapshot.replicas.map(\.id.text) == ["f-4"] && snapshot.startFailures.isEmpty)
                let text = try String(contentsOfFile: "\(folder.path)/ports", encoding: .utf8)
                let ports = text.split(separator: "\n").compactMap { Int($0) }
                let distance = try #require(ports.max()) - (try #require(ports.min()))
                #expect(ports.count == 4 && distance > 3, "\(ports)")
            }
        }

        @Test func `a replica is ready only when its readiness probe succeeds`() async throws {
            try await withPlatform { platform, folder in
                let script = """
                    import http.server, os
                    class H(http.server.BaseHTTPRequestHandler):
                        def do_GET(self):
                            self.send_response(200 if os.path.exists('go') and self.path == '/up' else 503)
                            self.end_headers()
                        def log_message(self, *a): pass
                    http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
                    """
                try folder.write("serve.py", script)
                var target = Target(command: ["python3", "serve.py"])
                target.readinessProbe = ReadinessProbe(path: "/up")
                let function = try await platform.declare("probed", target)
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("its address is known") {
                    try await platform.replicaSnapshot().replicas.first?.address != nil
                }
                let waiting = try #require(try await platform.replicaSnapshot().replicas.first)
                #expect(waiting.state == .starting && waiting.awaitsReadiness)
                try folder.write("go", "")
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
            }
        }

        @Test func `a crashed replica is replaced, and an event reports the crash`() async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("hello", server())
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                let first = try #require(try await platform.replicaSnapshot().replicas.first)
                kill(try #require(first.processID.map(Int32.init)), SIGKILL)
                try await eventually("another one is ready") {
                    let replicas = try await platform.replicaSnapshot().replicas
                    return replicas.count == 1 && replicas[0].id != first.id && replicas[0].state == .ready
                }
                let events = platform.platform.events.currentEvents(after: 0)
                #expect(events.map(\.reason) == ["ReplicaCrashed"] && events.allSatisfy(\.isWarning))
            }
        }

        @Test func `a replica that ignores SIGTERM is killed after its timeout, with its children`() async throws {
            try await withPlatform { platform, _ in
                var target = try shell("trap '' TERM; setsid sleep 1017 & \(Workshop.server.get()) & wait; wait; wait")
                target.timeout = .milliseconds(300)
                let function = try await platform.declare("stubborn", target)
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                let replica = try #require(try await platform.replicaSnapshot().replicas.first)
                let family = children()
                #expect(family.count >= 3)
                try await platform.replicas.apply(function, .fixed(0), retiring: [replica.id])
                #expect(try await platform.replicaSnapshot().replicas.first?.state == .draining)
                try await eventually("it is gone") { try await platform.replicaSnapshot().replicas.isEmpty }
                for process in family { #expect(kill(process, 0) != 0) }
            }
        }

        @Test func `a replica that writes continuously never blocks, and its newest lines are kept`() async throws {
            try await withPlatform { platform, _ in
                let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo >&2 done; "
                let function = try await platform.declare(
                    "chatty", shell(script + "exec " + (try Workshop.server.get())))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it listens") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                try await eventually("its last line has arrived") {
                    await lines(platform, of: function).contains { $0.text.hasPrefix("listens") }
                }
                let written = await lines(platform, of: function)
                #expect(written.count <= 1000 && written.contains { $0.text == "line 19999" })
                #expect(written.contains { $0.source == "stderr" && $0.text == "done" })
            }
        }

        @Test func `text without a line end is among the last lines`() async throws {
            try await withPlatform { platform, _ in
                let function = try await platform.declare("terse", shell("printf 'first\\nno end'; exit 4"))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                #expect(try await platform.startFailure(of: function).logTail == ["first", "no end"])
            }
            try await withPlatform({ $0.startTimeout = .seconds(1) }) { platform, _ in
                let function = try await platform.declare("stuck", shell("printf 'Password: '; exec sleep 1000"))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                let startFailure = try await platform.startFailure(of: function)
                #expect(startFailure.reason == "NeverListened" && startFailure.logTail == ["Password: "])
                try await platform.replicas.apply(function, .fixed(0), retiring: [])
            }
        }

        @Test func `a change of a file ends the wait for the next attempt`() async throws {
            try await withPlatform { platform, folder in
                try folder.write("serve.sh", "exit 1")
                let function = try await platform.declare("broken", Target(command: ["sh", "serve.sh"]))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("the wait is long", within: .seconds(40)) {
                    try await platform.replicaSnapshot().startFailures[function.id].map { $0.attempts >= 4 } ?? false
                }
                // There are two changes, because the first scan of the folder may follow the first change.
                try folder.write("serve.sh", "exec \(Workshop.server.get())")
                try folder.write("other.sh", "")
                let repaired = ContinuousClock.now
                try await eventually("it is ready") {
                    try folder.write("other.sh", "x\(ContinuousClock.now)")
                    return try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                print("ready \(ContinuousClock.now - repaired) after the repair")
                #expect(try await platform.replicaSnapshot().startFailures.isEmpty)
            }
        }

        @Test func `a second listener on a replica's port is detected, and the replica is replaced`() async throws {
            try await withPlatform({ $0.portInterval = .milliseconds(20) }) { platform, _ in
                let script = """
                    import os, socket
                    s = socket.socket()
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                    s.bind(('127.0.0.1', int(os.environ['PORT'])))
                    s.listen()
                    while True: s.accept()[0].close()
                    """
                let function = try await platform.declare("shared", Target(command: ["python3", "-c", script]))
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.first?.state == .ready
                }
                let replica = try #require(try await platform.replicaSnapshot().replicas.first)
                let foreign = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
                defer { close(foreign) }
                var one: Int32 = 1
                setsockopt(foreign, SOL_SOCKET, SO_REUSEPORT, &one, 4)
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(try #require(replica.address).port).bigEndian
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                let isBound = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(foreign, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    }
                }
                #expect(isBound && listen(foreign, 1) == 0)
                try await eventually("another one is ready") {
                    let replicas = try await platform.replicaSnapshot().replicas.filter { $0.state == .ready }
                    return replicas.count == 1 && replicas[0].id != replica.id
                }
                let reasons = platform.platform.events.currentEvents(after: 0).map(\.reason)
                #expect(reasons == ["PortShared"])
            }
        }

        @Test func `an image without a command is a failure, and secrets lead to a warning`() async throws {
            try await withPlatform { platform, _ in
                let image = try await platform.declare("image", Target(image: "registry/hello:1", secrets: ["s"]))
                try await platform.replicas.apply(image, .fixed(1), retiring: [])
                try await platform.replicas.apply(image, .fixed(1), retiring: [])
                #expect(try await platform.startFailure(of: image).reason == "NoCommand")
                #expect(platform.platform.events.currentEvents(after: 0).map(\.reason) == ["SecretsIgnored"])
                #expect(children() == [])
            }
        }

        @Test func `a missing working folder is a start failure that names the folder`() async throws {
            try await withPlatform { platform, folder in
                try folder.write("sub/f.yaml", manifest("f"))
                try await eventually("it is declared") { try await !platform.functionSnapshot().functions.isEmpty }
                let function = try #require(try await platform.functionSnapshot().functions.first)
                try folder.remove("sub")
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                let startFailure = try await platform.startFailure(of: function)
                #expect(startFailure.reason == "NotStarted" && startFailure.message.contains("/sub"))
            }
        }

        @Test(arguments: [false, true])
        func `every process ends when the platform ends`(isCancelled: Bool) async throws {
            let folder = try TemporaryFolder()
            try folder.write("a.yaml", manifest("a", command: "[sh, -c, 'setsid sleep 1019 & sleep 1019']"))
            var options = LocalOptions(
                folder: folder.path, launcher: try Workshop.launcher.get(), sourcesFolder: folder.path + ".sources",
                environment: ProcessInfo.processInfo.environment)
            options.launcherArguments = []
            let platform = try LocalPlatform(options, logger: quiet)
            try await withThrowingTaskGroup { group in
                group.addTask { try await platform.run() }
                await platform.waitUntilLoaded()
                let function = try #require(try await platform.functionSnapshot().functions.first)
                try await platform.replicas.apply(function, .fixed(3), retiring: [])
                try await eventually("all run") { children().count >= 9 }
                let family = launchers() + children()
                if isCancelled { group.cancelAll() } else { platform.stop() }
                try await group.waitForAll()
                for process in family { #expect(kill(process, 0) != 0) }
                #expect(launchers() == [])
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                #expect(try await platform.replicaSnapshot().replicas.isEmpty, "nothing starts after the end")
            }
        }

        @Test func `a thousand functions without replicas cost no descriptor and no process`() async throws {
            try await withPlatform { platform, _ in
                let before = try descriptors()
                let threads = try threadCount()
                for number in 0..<1000 {
                    let target = Target(command: ["sleep"])
                    let function = Function(
                        id: Function.ID("f\(number)"), draft: try draft("f\(number)", target), generation: 1,
                        storeRevision: StoreRevision("1"), age: 1,
                        origin: Function.Origin(location: "f", isWritable: true)
                    )
                    try await platform.replicas.apply(function, .fixed(0), retiring: [])
                }
                try await eventually("no descriptor") { try descriptors() <= before && children() == [] }
                #expect(try threadCount() <= threads + 4, "the pool may grow, but not with functions")
            }
        }

        /// The launchers of this process, zombies included.
        private func launchers() -> [Int32] {
            ListeningPortTable.children(of: getpid()).filter { process in
                (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) == "f2s-launcher\n"
            }
        }

        /// The processes of all replicas, zombies included.
        private func children() -> [Int32] { launchers().flatMap { ListeningPortTable.descendants(of: $0) } }

        private func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }

        private func threadCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        }
    }
}
