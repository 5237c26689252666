import CLinux
import Foundation
import Glibc
import Testing

/// Tests that look at the children and the descriptors of the test process, and so cannot run beside each other.
@Suite(.serialized) struct ProcessesSerial {}

extension ProcessesSerial {
    /// The supervisor as a program of its own, as F2S runs it.
    @Suite struct SupervisorTests {
        /// A supervisor under test: its process, and the lifeline that the test holds.
        private final class Supervised {
            let process = Process()
            let lifeline = Pipe()
            let output = Pipe()

            init(_ command: [String]) throws {
                process.executableURL = URL(filePath: try Workshop.supervisor.get())
                process.arguments = command
                process.standardInput = lifeline
                process.standardOutput = output
                process.standardError = output
                try process.run()
            }

            deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

            func cutLifeline() throws { try lifeline.fileHandleForWriting.close() }

            /// Exit status as a shell would say it.
            func status() -> Int32 {
                process.waitUntilExit()
                return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            }

            func line() -> String { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }

            func rest() throws -> String {
                String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            }
        }

        @Test(
            arguments: [
                (["sh", "-c", "exit 0"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137),
                (["sh", "-c", "kill -15 $$"], 143), (["f2s-no-such-program"], 127), (["./no/such/program"], 127),
                (["/etc/passwd"], 126), (["/"], 126),
            ] as [([String], Int32)])
        func `it exits as its command does`(command: [String], status: Int32) throws {
            #expect(try Supervised(command).status() == status)
        }

        @Test(arguments: [
            (["f2s-no-such-program"], "program not found: f2s-no-such-program"),
            (["/etc/passwd"], "program cannot be run: /etc/passwd: Permission denied"),
        ])
        func `it says which program it could not run`(command: [String], text: String) throws {
            let supervised = try Supervised(command)
            #expect(try supervised.rest().contains(text))
            #expect(supervised.status() != 0)
        }

        @Test func `the lifeline's end kills the group, daemons and sessions of their own`() async throws {
            let script =
                "(setsid sh -c 'trap \"\" TERM HUP; sleep 1007 & sleep 1007' &) ; sleep 1007 & echo up; sleep 1007"
            let supervised = try Supervised(["sh", "-c", script])
            #expect(supervised.line() == "up\n")
            let supervisor = supervised.process.processIdentifier
            try await eventually("everything runs") { tree(supervisor).count >= 6 }
            let family = tree(supervisor)
            try supervised.cutLifeline()
            #expect(supervised.status() == 137)
            for process in family { #expect(kill(process, 0) != 0, "process \(process) is still there") }
        }

        @Test func `what a command leaves behind is killed when it ends by itself`() async throws {
            let supervised = try Supervised(["sh", "-c", "setsid sleep 1008 & echo $!"])
            let left = try #require(Int32(supervised.line().split(separator: "\n").first ?? ""))
            #expect(supervised.status() == 0)
            #expect(kill(left, 0) != 0)
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2])
        func `a signal reaches the whole group`(signal: Int32) throws {
            let script = "trap 'echo got; exit 5' TERM INT HUP USR1 USR2; echo up; while :; do sleep 0.01; done"
            let supervised = try Supervised(["sh", "-c", script])
            #expect(supervised.line() == "up\n")
            kill(supervised.process.processIdentifier, signal)
            #expect(supervised.status() == 5)
            // The shell may add a line about the sleep that the signal ended.
            #expect(try supervised.rest().contains("got\n"))
        }

        @Test func `a command that ignores SIGTERM goes with the lifeline`() throws {
            let supervised = try Supervised(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"])
            #expect(supervised.line() == "up\n")
            kill(supervised.process.processIdentifier, SIGTERM)
            try supervised.cutLifeline()
            #expect(supervised.status() == 137)
        }

        @Test func `a killed supervisor takes its command along`() async throws {
            let supervised = try Supervised(["sh", "-c", "echo $$; exec sleep 1009"])
            let command = try #require(Int32(supervised.line().trimmingCharacters(in: .whitespacesAndNewlines)))
            kill(supervised.process.processIdentifier, SIGKILL)
            #expect(supervised.status() == 137)
            try await eventually("the command is gone") { kill(command, 0) != 0 || isZombie(command) }
        }

        @Test func `a command starts clean`() throws {
            let script = "ls /proc/self/fd; readlink /proc/self/fd/0; grep -E 'SigBlk|SigIgn' /proc/self/status"
            let supervised = try Supervised(["sh", "-c", script])
            let words = try supervised.rest().split(whereSeparator: \.isWhitespace)
            // 3 is the folder that ls reads.
            #expect(words.prefix(5) == ["0", "1", "2", "3", "/dev/null"])
            let masks = words.compactMap { UInt64($0, radix: 16) }.suffix(2)
            // Two signals are the C library's own, and nobody may change them.
            #expect(masks.allSatisfy { $0 & 0x7FFF_FFFF == 0 })
        }

        private func tree(_ root: Int32) -> [Int32] {
            var children = [Int32](repeating: 0, count: 64)
            let count = f2s_children(root, &children, 64)
            return children[..<count].flatMap { [$0] + tree($0) }
        }

        private func isZombie(_ process: Int32) -> Bool {
            let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            return status?.contains("State:\tZ") ?? true
        }
    }
}
