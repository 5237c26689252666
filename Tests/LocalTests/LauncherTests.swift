import CLinux
import F2SModel
import F2SSystem
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import F2SLocal

/// Tests that check the children and the descriptors of the test process. They cannot run in parallel.
@Suite(.serialized) struct ProcessesSerial {}

/// Runs a loop with a launcher during `body`, and then ends it.
private func withLoop(
    report: @escaping @Sendable (ChildLoop.Failure) -> Void = { _ in }, _ body: (ChildLoop) async throws -> Void
) async throws {
    let loop = try ChildLoop(program: Workshop.launcher.get(), arguments: [], report: report)
    loop.open()
    do {
        try await body(loop)
    } catch {
        for child in loop.launcher.map(tree) ?? [] { kill(child, SIGKILL) }
        await loop.close()
        throw error
    }
    await loop.close()
}

/// The output of a child.
private final class Output: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    var words: [String] { text.split(whereSeparator: \.isWhitespace).map { String($0) } }
    func take(_ piece: UnsafeRawBufferPointer) { bytes.withLock { $0 += piece } }
}

private func command(_ arguments: [String], _ more: [String] = []) -> ChildLoop.Command {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let replica = "F2S_REPLICA=r-\(UInt32.random(in: 0...UInt32.max))"
    return ChildLoop.Command(arguments: arguments, environment: ["PATH=\(path)", replica] + more, folder: nil)
}

private func start(
    _ arguments: [String], _ more: [String] = [], on loop: ChildLoop
) async throws -> (child: Child, output: Output) {
    let output = Output()
    let child = try await loop.start(command(arguments, more)) { _, bytes in output.take(bytes) }
    return (child, output)
}

private func tree(_ root: Int32) -> [Int32] { ListeningPortTable.descendants(of: root) }

/// Returns the processes below `root` that run `sleep seconds`.
private func sleepers(_ seconds: Int, below root: Int32?) -> [Int32] {
    (root.map(tree) ?? []).filter { process in
        let words = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8))?.split(separator: "\0")
        return words?.count == 2 && words?[0].hasSuffix("sleep") == true && words?[1] == "\(seconds)"
    }
}

/// Returns a script that starts five processes: a daemon with two children, one without any variable in a session of
/// its own, and one in the command's group. Four of them are `sleep seconds`.
private func family(_ seconds: Int) -> String {
    "(setsid sh -c 'trap \"\" TERM HUP; sleep \(seconds) & sleep \(seconds); :' &); "
        + "setsid env -i /bin/sleep \(seconds) & sleep \(seconds) & "
}

/// Returns true if a process does not run any more.
private func isGone(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 else { return true }
    let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    return status?.contains("State:\tZ") ?? true
}

extension ProcessesSerial {
    /// Tests of the launcher as a separate program, as F2S runs it.
    @Suite struct LauncherTests {
        @Test(
            arguments: [
                (["sh", "-c", "exit 0"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137),
                (["sh", "-c", "kill -15 $$"], 143), (["f2s-no-such-program"], 127), (["./no/such/program"], 127),
                (["/etc/passwd"], 126), (["/"], 126),
            ] as [([String], Int)])
        func `a replica's exit status is its command's`(command: [String], status: Int) async throws {
            try await withLoop { loop in
                let child = try await start(command, on: loop).child
                #expect(await child.ended() == status)
            }
        }

        @Test(arguments: [
            (["f2s-no-such-program"], "program not found: f2s-no-such-program"),
            (["/etc/passwd"], "program cannot be run: /etc/passwd: Permission denied"),
        ])
        func `the log names the program that could not run`(command: [String], text: String) async throws {
            try await withLoop { loop in
                let (child, output) = try await start(command, on: loop)
                #expect(await child.ended() != 0)
                #expect(output.text.contains(text))
            }
        }

        @Test func `a start without a command fails and has no other effect`() async throws {
            try await withLoop { loop in
                await #expect(throws: SystemFailure(code: EINVAL)) { try await start([], on: loop) }
                let (child, _) = try await start(["true"], on: loop)
                #expect(await child.ended() == 0)
            }
        }

        @Test func `a long environment arrives completely`() async throws {
            try await withLoop { loop in
                let long = (1...5).map { "V\($0)=" + String(repeating: "\($0)", count: 60_000 + $0) }
                let script = "echo ${#V1} ${#V2} ${#V3} ${#V4} ${#V5}"
                let (child, output) = try await start(["sh", "-c", script], long, on: loop)
                #expect(await child.ended() == 0)
                #expect(output.words == (1...5).map { "\(60_000 + $0)" })
                let tooLong = ["V=" + String(repeating: "x", count: 9 << 20)]
                await #expect(throws: SystemFailure(code: E2BIG)) { try await start(["true"], tooLong, on: loop) }
                #expect(try await start(["true"], on: loop).child.ended() == 0)
            }
        }

        @Test func `a command starts without other descriptors or blocked signals`() async throws {
            try await withLoop { loop in
                let script = "ls /proc/self/fd; readlink /proc/self/fd/0; grep -E 'SigBlk|SigIgn' /proc/self/status"
                let (child, output) = try await start(["sh", "-c", script], on: loop)
                #expect(await child.ended() == 0)
                // Descriptor 3 is the folder that ls reads.
                #expect(output.words.prefix(5) == ["0", "1", "2", "3", "/dev/null"])
                let masks = output.words.compactMap { UInt64($0, radix: 16) }.suffix(2)
                // The C library owns two signals, which may not be changed.
                #expect(masks.allSatisfy { $0 & 0x7FFF_FFFF == 0 })
            }
        }

        // MARK: The end of a command

        @Test(arguments: [SIGTERM, SIGKILL])
        func `only the processes that a command leaves behind are killed when it ends`(signal: Int32)
            async throws
        {
            try await withLoop { loop in
                let (other, _) = try await start(["sh", "-c", family(1006) + "exec sleep 1006"], on: loop)
                let script = "trap 'exit 3' TERM; " + family(1007) + "while :; do sleep 0.01; done"
                let (child, _) = try await start(["sh", "-c", script], on: loop)
                try await eventually("everything runs") {
                    sleepers(1007, below: loop.launcher).count == 4 && sleepers(1006, below: loop.launcher).count == 5
                }
                if signal == SIGTERM { child.send(signal) } else { kill(child.process, signal) }
                #expect(await child.ended() == (signal == SIGTERM ? 3 : 137))
                #expect(sleepers(1007, below: loop.launcher) == [])
                #expect(sleepers(1006, below: loop.launcher).count == 5)
                other.kill()
                #expect(await other.ended() == 137)
                #expect(loop.launcher.map(tree) == [], "not even a zombie")
            }
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2])
        func `a signal reaches the whole group`(signal: Int32) async throws {
            try await withLoop { loop in
                let script = "trap 'echo got; exit 5' TERM INT HUP USR1 USR2; echo up; while :; do sleep 0.01; done"
                let (child, output) = try await start(["sh", "-c", script], on: loop)
                try await eventually("it is up") { output.words.contains("up") }
                child.send(signal)
                #expect(await child.ended() == 5)
                // The shell may add a line about the sleep that the signal ended.
                #expect(output.words.contains("got"))
                // A signal after the end must not reach another process that now has the same process ID.
                child.send(SIGKILL)
            }
        }

        @Test func `a command that ignores SIGTERM can be killed`() async throws {
            try await withLoop { loop in
                let (child, output) = try await start(
                    ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"], on: loop)
                try await eventually("it is up") { output.words.contains("up") }
                child.send(SIGTERM)
                child.kill()
                #expect(await child.ended() == 137)
            }
        }

        @Test func `an end is detected even while the launcher reads messages`() async throws {
            try await withLoop { loop in
                await withTaskGroup(of: Int.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            var ended = 0
                            for _ in 0..<40 {
                                guard let (child, _) = try? await start(["true"], on: loop) else { continue }
                                // The launcher reads these messages at about the time when the command ends.
                                for _ in 0..<8 { child.send(SIGCONT) }
                                if await child.ended() == 0 { ended += 1 }
                            }
                            return ended
                        }
                    }
                    for await ended in group { #expect(ended == 40) }
                }
            }
        }

        @Test func `an abandoned replica counts as ended, and is killed`() async throws {
            try await withLoop { loop in
                let (child, _) = try await start(["sh", "-c", family(1009) + "exec sleep 1009"], on: loop)
                try await eventually("everything runs") { sleepers(1009, below: loop.launcher).count == 5 }
                child.abandon()
                #expect(await child.ended() == 137)
                try await eventually("no process of it is left") { loop.launcher.map(tree) == [] }
            }
        }

        @Test func `a cancelled wait kills the replica`() async throws {
            try await withLoop { loop in
                let (child, _) = try await start(["sh", "-c", family(1008) + "exec sleep 1008"], on: loop)
                let status = await withTaskGroup(of: Int.self) { group in
                    group.addTask { await child.ended() }
                    group.cancelAll()
                    return await group.next()
                }
                #expect(status == 137)
                #expect(loop.launcher.map(tree) == [])
            }
        }

        // MARK: The end of the launcher

        @Test func `the end of F2S ends all processes and the launcher`() async throws {
            var link = try LauncherLink(program: Workshop.launcher.get(), arguments: [])
            var pipes = f2s_output_pipes()
            try #require(f2s_open_output_pipes(&pipes) == 0)
            defer { for stream in [pipes.reads.0, pipes.reads.1] { close(stream) } }
            // The processes get no mark, so only the end of the socket leads to their end.
            link.start(
                1, mark: UInt64.max, command(["sh", "-c", family(1010) + "exec sleep 1010"]),
                outputs: [pipes.writes.0, pipes.writes.1])
            #expect(link.flush().isEmpty && !link.isWaiting)
            let launcher = link.process
            try await eventually("everything runs") { sleepers(1010, below: launcher).count == 5 }
            let everything = tree(launcher)
            #expect(everything.count == 6)
            #expect(link.end(within: .seconds(30)) == 0)
            for process in everything { #expect(kill(process, 0) != 0, "process \(process) is still there") }
        }

        @Test(arguments: [false, true])
        func `a killed launcher's commands end, and another launcher takes over`(isFunction: Bool) async throws {
            let lost = Mutex<[ChildLoop.Failure]>([])
            let note: @Sendable (ChildLoop.Failure) -> Void = { startFailure in
                lost.withLock { $0.append(startFailure) }
            }
            // The function kills the launcher only after its start was confirmed. A start without a confirmation would
            // be repeated, and the function would kill the next launcher too.
            let gate = FileManager.default.temporaryDirectory.appending(path: "f2s-gate-\(UUID().uuidString)").path
            try #require(mkfifo(gate, 0o600) == 0)
            defer { unlink(gate) }
            let open = Glibc.open(gate, O_RDWR | O_CLOEXEC)
            try #require(open >= 0)
            defer { Glibc.close(open) }
            let killing = "echo up; read go <'\(gate)'; kill -9 $PPID; exec sleep 1011"
            try await withLoop(report: note) { loop in
                let first = try #require(loop.launcher)
                let (bystander, _) = try await start(["sleep", "1011"], on: loop)
                let (child, output) = try await start(
                    ["sh", "-c", isFunction ? killing : "echo up; exec sleep 1011"], on: loop)
                try await eventually("it is up") { output.words == ["up"] }
                if isFunction { #expect(write(open, "\n", 1) == 1) } else { kill(first, SIGKILL) }
                #expect(await child.ended() == 137)
                #expect(await bystander.ended() == 137)
                try await eventually("the commands are gone") { isGone(child.process) && isGone(bystander.process) }
                try await eventually("the loss is reported") { lost.withLock { !$0.isEmpty } }
                #expect(lost.withLock { $0 } == [.ended(status: 137)])
                #expect(try await start(["sh", "-c", "exit 4"], on: loop).child.ended() == 4)
                #expect(loop.launcher != first)
            }
        }

        @Test func `a launcher that was stopped is continued`() async throws {
            try await withLoop { loop in
                let launcher = try #require(loop.launcher)
                // Nothing runs, so only the start can detect it.
                kill(launcher, SIGSTOP)
                let (child, _) = try await start(["sleep", "1012"], on: loop)
                kill(launcher, SIGSTOP)
                child.kill()
                #expect(await child.ended() == 137)
                #expect(loop.launcher == launcher)
            }
        }

        @Test func `a launcher without descriptors rejects a start with the reason, and recovers`() async throws {
            try await withLoop { loop in
                #expect(try await start(["true"], on: loop).child.ended() == 0)
                let before = try descriptors()
                let launcher = try #require(loop.launcher)
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(launcher)/fd").count
                try limit(launcher, open + 1)
                let failure = await #expect(throws: SystemFailure.self) { try await start(["true"], on: loop) }
                #expect(failure?.isOutOfDescriptors == true)
                try await eventually("no descriptor is left") { try descriptors() <= before }
                try limit(launcher, 1024)
                #expect(try await start(["true"], on: loop).child.ended() == 0)
            }
        }

        @Test func `each start fails if the launcher cannot be started`() async throws {
            let loop = try ChildLoop(program: "/no/such/launcher", arguments: []) { _ in }
            loop.open()
            await #expect(throws: SystemFailure(code: ENOENT)) { try await start(["true"], on: loop) }
            await loop.close()
        }

        @Test func `of 200 starts at once each runs once, and nothing is left over`() async throws {
            try await withLoop { loop in
                #expect(try await start(["true"], on: loop).child.ended() == 0)
                let before = try descriptors()
                let begun = ContinuousClock.now
                let outputs = try await withThrowingTaskGroup(of: String.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let (child, output) = try await start(["sh", "-c", "echo $N"], ["N=\(number)"], on: loop)
                            #expect(await child.ended() == 0)
                            return output.text
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let time = (ContinuousClock.now - begun).inSeconds
                print("200 shells started and ended in \(time) s, \(Int(200 / time)) per second")
                #expect(outputs.sorted() == (0..<200).map { "\($0)\n" }.sorted())
                try await eventually("no descriptor is left") { try descriptors() <= before }
                #expect(loop.launcher.map(tree) == [])
            }
        }

        /// Limits the descriptors of a process. It does not use Foundation, which leaves descriptors open when it runs
        /// a program.
        private func limit(_ process: Int32, _ descriptors: Int) throws {
            let arguments = ["prlimit", "--pid", "\(process)", "--nofile=\(descriptors):"]
            let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var program: pid_t = 0
            var status: Int32 = -1
            try #require(posix_spawnp(&program, "prlimit", nil, nil, words, environ) == 0)
            try #require(waitpid(program, &status, 0) == program && status == 0)
        }

        private func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
    }
}
